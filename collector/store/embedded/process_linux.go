package embedded

import (
	"os"
	"os/exec"
	"syscall"
)

// bind ties the child's life to ours: it is killed with the thread that starts it.
// It is in a process group of its own, so that Ctrl-C at a terminal reaches it only
// through Stop, after what was accepted is stored. It holds the lock as long as it
// lives, so that a successor waits for a child that is just being killed.
func bind(cmd *exec.Cmd, lock *os.File) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	cmd.ExtraFiles = []*os.File{lock}
}
