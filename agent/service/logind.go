//go:build !windows && !mipsle

package service

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	// SleepTime is how long a sleep is held up for the agent: logind grants five seconds
	// unless it is told otherwise (InhibitDelayMaxSec of logind.conf(5)).
	SleepTime = 4 * time.Second

	askTime   = 500 * time.Millisecond // for asking the system whether it shuts down
	busAgain  = time.Minute            // until the bus is tried again
	login     = "org.freedesktop.login1"
	loginPath = "/org/freedesktop/login1"
	manager   = login + ".Manager"
)

// power listens to logind: it delays each sleep until the work is ready, and knows
// whether the machine shuts down. Where there is no D-Bus or no logind (a small box,
// a container), nothing is heard, and every end is a stop.
type power struct {
	sleeper  *sleeper
	shutting atomic.Bool
	log      *slog.Logger
	stop     context.CancelFunc
	running  sync.WaitGroup

	mu   sync.Mutex
	conn *dbus.Conn // nil: none
}

func watchPower(log *slog.Logger) *power {
	ctx, stop := context.WithCancel(context.Background())
	p := &power{sleeper: newSleeper(), log: log, stop: stop}
	p.running.Go(func() { p.run(ctx) })
	return p
}

// run keeps a connection to the bus, which may come later than we do, and come again.
func (p *power) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := p.listen(ctx); err != nil {
			p.log.Debug("no word of the machine's sleep", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(busAgain):
		}
	}
}

func (p *power) close() {
	p.stop()
	p.running.Wait()
}

// listen until ctx or the connection ends.
func (p *power) listen(ctx context.Context) error {
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return err
	}
	defer conn.Close()
	heard := make(chan *dbus.Signal, 16)
	conn.Signal(heard)
	for _, name := range []string{"PrepareForSleep", "PrepareForShutdown"} {
		match := []dbus.MatchOption{dbus.WithMatchSender(login), dbus.WithMatchInterface(manager), dbus.WithMatchMember(name)}
		if err := conn.AddMatchSignalContext(ctx, match...); err != nil {
			return err
		}
	}
	p.keep(conn)
	defer p.keep(nil)
	night := &night{power: p, conn: conn}
	night.hold(ctx)
	defer night.let()
	for {
		select {
		case signal, more := <-heard:
			if !more {
				return ctx.Err()
			}
			p.hear(ctx, night, signal)
		case <-night.ready:
			night.let()
		case <-night.over:
			p.log.Warn("the machine sleeps before everything is said")
			night.let()
		}
	}
}

func (p *power) keep(conn *dbus.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn = conn
}

// hear a signal: both carry true before, and false after (or if it came to nothing).
func (p *power) hear(ctx context.Context, n *night, signal *dbus.Signal) {
	if len(signal.Body) != 1 {
		return
	}
	begins, ok := signal.Body[0].(bool)
	switch {
	case !ok:
	case signal.Name == manager+".PrepareForShutdown":
		p.shutting.Store(begins)
	case signal.Name == manager+".PrepareForSleep" && begins:
		n.begin()
	case signal.Name == manager+".PrepareForSleep":
		n.end(ctx)
	}
}

// why the agent is told to end: systemd says so before it stops its services.
func (p *power) why() error {
	if p.shutting.Load() || p.stopping() {
		return ErrShutdown
	}
	return ErrStop
}

// stopping asks systemd itself, since not every shutdown goes by logind.
func (p *power) stopping() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	var state dbus.Variant
	err := p.conn.Object("org.freedesktop.systemd1", "/org/freedesktop/systemd1").
		CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", dbus.FlagNoAutoStart, "org.freedesktop.systemd1.Manager", "SystemState").Store(&state)
	word, _ := state.Value().(string)
	return err == nil && word == "stopping"
}

// night is the delay of one sleep: a file of logind's that is held open.
type night struct {
	power *power
	conn  *dbus.Conn
	lock  *os.File // nil: no delay is granted
	ready <-chan struct{}
	over  <-chan time.Time
}

// hold takes the delay. Without a right to it the sleep is still told, and said in time
// if the line is fast.
func (n *night) hold(ctx context.Context) {
	n.let()
	limited, cancel := context.WithTimeout(ctx, busAgain)
	defer cancel()
	var fd dbus.UnixFD
	err := n.conn.Object(login, loginPath).
		CallWithContext(limited, manager+".Inhibit", 0, "sleep", Name, "says that the office goes to sleep", "delay").Store(&fd)
	if err != nil {
		n.power.log.Debug("sleep is not delayed", "error", err)
		return
	}
	n.lock = os.NewFile(uintptr(fd), "inhibitor")
}

// let the machine sleep.
func (n *night) let() {
	n.ready, n.over = nil, nil
	if n.lock != nil {
		_ = n.lock.Close()
		n.lock = nil
	}
}

func (n *night) begin() {
	n.ready = n.power.sleeper.fallAsleep()
	n.over = time.After(SleepTime)
}

func (n *night) end(ctx context.Context) {
	n.power.sleeper.wake()
	n.hold(ctx)
}
