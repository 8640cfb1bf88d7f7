//go:build !linux

package postgres

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent has no counterpart outside Linux: the next start ends a server
// whose owner was killed.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}

// serves reports whether a process is the postmaster of a data folder, by its
// arguments; the number may belong to somebody else by now.
func serves(pid int, data string) bool {
	out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), "-D "+data)
}
