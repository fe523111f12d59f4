package lab

import (
	"os/exec"
	"syscall"
)

// tie ends the child when this process ends, however it ends, and keeps the
// terminal's Ctrl-C from it: we end our children in order.
func tie(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
}
