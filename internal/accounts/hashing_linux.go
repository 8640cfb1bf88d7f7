package accounts

import "syscall"

// niceness halves a thread's share twice: one that hashes beside three others
// that are busy gets a tenth of the time, and all of it when nobody else wants it.
const niceness = 5

// giveWay lowers the priority of the calling thread; Linux knows one for each.
func giveWay() {
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, niceness) // lowering is always permitted; without it all works, only less politely
}
