package postgres

import (
	"os"
	"strconv"
	"syscall"
)

// dieWithParent lets the kernel signal the child when our thread ends.
func dieWithParent(attr *syscall.SysProcAttr, signal syscall.Signal) { attr.Pdeathsig = signal }

// serves reports whether a process is the postmaster of a data folder, where
// it works; the number may belong to somebody else by now.
func serves(pid int, data string) bool {
	cwd, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
	return err == nil && cwd == data
}
