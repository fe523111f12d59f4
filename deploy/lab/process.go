package lab

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Process is a child that is ended politely, and by force after a while. What it
// says goes to a file.
type Process struct {
	Log string
	cmd *exec.Cmd
	end chan struct{}
}

// Start runs the program at path; its log is appended to.
func Start(log, path string, args ...string) (*Process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p := &Process{Log: log, cmd: exec.Command(path, args...), end: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	tie(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	go func() {
		p.cmd.Wait()
		close(p.end)
	}()
	return p, nil
}

// Ended is closed when the process is no more.
func (p *Process) Ended() <-chan struct{} { return p.end }

// Pid of the process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Stop asks the process to end and waits; after 20 s it is killed.
func (p *Process) Stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.end:
	case <-time.After(20 * time.Second):
		p.Kill()
	}
}

// Kill ends it without a word, as kill -9 does.
func (p *Process) Kill() {
	p.cmd.Process.Kill()
	<-p.end
}
