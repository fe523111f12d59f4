// Package service is the agent's place on its machine: it keeps the agent running, and
// tells it how the machine lives. In comes what to run; out go the end of its context
// with the reason (stopped, or the machine shuts down) and a word before each sleep, so
// that the agent can say goodbye in time. It runs the same under Windows' service
// manager, under systemd, in the background of one user, and in a terminal (run_*.go,
// logind.go, power_windows.go).
//
// It also puts the agent there and takes it away again (install.go): as a service where
// the caller is an administrator, else as something that starts with one user. Both may be
// repeated at any point of the other, and an update is an install over what is there.
//
// It never looks into what runs, never talks to the collector, never holds a secret,
// and reports to the service manager before it touches disk or network: an old PC
// after a power cut takes longer to read a file than the manager waits.
//
// What only a real Windows shows (how long it waits at a sleep, whether the manager
// restarts, what the event viewer says) is in deploy/windows-checklist.md.
package service

import (
	"context"
	"errors"
	"io"
	"log/slog"
)

// Name is that of the service, of its user and of its program.
const Name = "communewatch-agent"

// Why a running agent's context ended, as its cause.
var (
	ErrStop     = errors.New("the agent is stopped")
	ErrShutdown = errors.New("the machine shuts down")
)

// Config is how the agent is run.
type Config struct {
	Folder     string    // where the log goes that nobody else keeps
	Service    bool      // started by Windows' service manager
	Background bool      // started with a user's session: no console, log to a file
	Err        io.Writer // the terminal
}

// Host is what the agent is told by the machine.
type Host struct {
	Log    *slog.Logger
	Sleeps <-chan Sleep // one each time, before the machine sleeps
}

// Work is the agent. It is called when the service manager knows already that it runs.
type Work func(ctx context.Context, host Host) error

// Run runs the work until it ends. The work's context ends with ctx, or when the system
// says so; its cause is then [ErrStop] or [ErrShutdown].
func Run(ctx context.Context, cfg Config, work Work) error {
	return run(ctx, cfg, work)
}
