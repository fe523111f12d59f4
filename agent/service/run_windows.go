package service

import (
	"context"
	"fmt"
	"log/slog"
	"os/signal"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// SleepTime is how long a sleep is held up for the agent: Windows gives every program
// together some two seconds before it sleeps all the same.
const SleepTime = 2 * time.Second

// stopTime is what the service manager is asked to wait for; it kills after 20 s when it
// shuts down.
const stopTime = 20 * time.Second

// run as a service, in a user's session without a window, or in a console. Everything
// that touches the disk comes after the service manager was told that we run.
func run(ctx context.Context, cfg Config, work Work) error {
	if cfg.Service { // told and not guessed: what can be seen of it differs
		// Windows tells services of every user who logs off, as a console does; Go makes a
		// SIGTERM of that. Only the service manager ends a service.
		signal.Reset()
		s := &windowsService{ctx: context.WithoutCancel(ctx), cfg: cfg, work: work}
		if err := svc.Run(Name, s); err != nil {
			return err
		}
		return s.err
	}
	if !cfg.Background {
		sleeper, forget := watchPower()
		defer forget()
		living, end := context.WithCancelCause(context.WithoutCancel(ctx))
		defer end(nil)
		defer context.AfterFunc(ctx, func() { end(ErrStop) })()
		return work(living, Host{Log: slog.New(slog.NewTextHandler(cfg.Err, nil)), Sleeps: sleeper.out})
	}
	return runInSession(ctx, cfg, work)
}

// runInSession is started with a user's session. Its console goes; a window that nobody
// sees hears when the session ends and when an installer wants it to stop. Nobody but the
// log hears of a failure.
func runInSession(ctx context.Context, cfg Config, work Work) error {
	freeConsole()
	file := newLogFile(cfg.Folder)
	defer file.Close()
	log := slog.New(slog.NewTextHandler(file, nil))
	err := inSession(ctx, cfg, log, work)
	if err != nil {
		log.Error("agent failed", "error", err)
	}
	return err
}

func inSession(ctx context.Context, cfg Config, log *slog.Logger, work Work) error {
	sleeper, forget := watchPower()
	defer forget()
	living, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	defer context.AfterFunc(ctx, func() { end(ErrStop) })()
	ended := make(chan struct{})
	closeWindow, err := openWindow(cfg.Folder, end, ended)
	if err != nil {
		return err
	}
	defer closeWindow()
	defer close(ended)
	return work(living, Host{Log: log, Sleeps: sleeper.out})
}

// windowsService is a svc.Handler.
type windowsService struct {
	ctx  context.Context
	cfg  Config
	work Work
	err  error
}

// Shutdown comes late, when the network may be gone; preshutdown before that, and the
// system waits for it. Which comes first counts.
const accepted = svc.AcceptStop | svc.AcceptShutdown | svc.AcceptPreShutdown

// failed is the exit code by which the manager knows to restart.
const failed = 1

func (s *windowsService) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	status <- svc.Status{State: svc.Running, Accepts: accepted}
	living, end := context.WithCancelCause(s.ctx)
	defer end(nil)
	done := make(chan error, 1)
	go func() { done <- s.live(living) }()
	for {
		select {
		case err := <-done:
			if s.err = err; err != nil {
				return true, failed
			}
			return false, 0
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				status <- r.CurrentStatus
			case svc.Stop:
				status <- svc.Status{State: svc.StopPending, WaitHint: uint32(stopTime.Milliseconds())}
				end(ErrStop)
			case svc.Shutdown, svc.PreShutdown:
				status <- svc.Status{State: svc.StopPending, WaitHint: uint32(stopTime.Milliseconds())}
				end(ErrShutdown)
			}
		}
	}
}

// live does the work, with one line in the event log for each start, stop and failure;
// everything else is in the log file.
func (s *windowsService) live(ctx context.Context) error {
	file := newLogFile(s.cfg.Folder)
	defer file.Close()
	log := slog.New(slog.NewTextHandler(file, nil))
	events := openEvents()
	defer events.close()
	sleeper, forget := watchPower()
	defer forget()
	events.info("The agent has started.")
	err := s.work(ctx, Host{Log: log, Sleeps: sleeper.out})
	if err != nil {
		log.Error("agent failed", "error", err)
		events.failure(fmt.Sprintf("The agent failed and will be restarted: %v", err))
		return err
	}
	events.info(fmt.Sprintf("The agent has stopped: %v.", context.Cause(ctx)))
	return nil
}

// events is Windows' event log; it may be closed to us, which stops nothing.
type events struct{ log *eventlog.Log }

func openEvents() events {
	log, err := eventlog.Open(Name)
	if err != nil {
		return events{}
	}
	return events{log}
}

// event is the only number that we use; EventCreate.exe shows the text of 1 to 1000.
const event = 1

func (e events) info(text string) {
	if e.log != nil {
		_ = e.log.Info(event, text)
	}
}

func (e events) failure(text string) {
	if e.log != nil {
		_ = e.log.Error(event, text)
	}
}

func (e events) close() {
	if e.log != nil {
		_ = e.log.Close()
	}
}

var procFreeConsole = windows.NewLazySystemDLL("kernel32.dll").NewProc("FreeConsole")

// freeConsole closes the console that Windows opened for us, if nobody else uses it.
func freeConsole() { _, _, _ = procFreeConsole.Call() }
