package lab

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Line is an office's uplink on this machine: a TCP relay on loopback to the
// collector that can be cut and mended.
type Line struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

// NewLine listens on a free port of loopback and relays to target (host:port).
func NewLine(target string) (*Line, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &Line{listener: listener, target: target, conns: map[net.Conn]bool{}}, nil
}

// URL is what the office is configured with.
func (l *Line) URL() string { return "https://" + l.listener.Addr().String() }

// Run relays until ctx ends.
func (l *Line) Run(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { l.listener.Close(); l.Cut() })()
	var group errgroup.Group
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			l.Cut()
			group.Wait()
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		group.Go(func() error { l.relay(conn); return nil })
	}
}

// Cut ends every connection and refuses new ones, as a broken line does.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for c := range l.conns {
		c.Close()
	}
}

// Mend lets connections through again.
func (l *Line) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
}

func (l *Line) relay(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", l.target)
	if err != nil {
		return
	}
	defer far.Close()
	if !l.register(near, far) {
		return
	}
	defer l.forget(near, far)
	var group errgroup.Group
	group.Go(func() error { defer far.Close(); io.Copy(far, near); return nil })
	group.Go(func() error { defer near.Close(); io.Copy(near, far); return nil })
	group.Wait()
}

func (l *Line) register(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return false
	}
	for _, c := range conns {
		l.conns[c] = true
	}
	return true
}

func (l *Line) forget(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		delete(l.conns, c)
	}
}
