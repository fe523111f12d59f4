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
// collector that can be cut and mended, and reset at any byte.
type Line struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	cut   bool
	conns map[*net.TCPConn]bool
	up    int64 // bytes that went to the collector
	down  int64 // bytes that came from it
	left  int64 // bytes towards the collector until the line resets; negative: no reset is set
}

// NewLine listens on a free port of loopback and relays to target (host:port).
func NewLine(target string) (*Line, error) { return newLineAt("127.0.0.1", target) }

func newLineAt(host, target string) (*Line, error) {
	unprobed := net.ListenConfig{KeepAlive: -1} // as the collector's own door
	listener, err := unprobed.Listen(context.Background(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	return &Line{listener: listener, target: target, conns: map[*net.TCPConn]bool{}, left: -1}, nil
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
		group.Go(func() error { l.relay(conn.(*net.TCPConn)); return nil })
	}
}

// Cut ends every connection and refuses new ones, as a broken line does.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	l.end(false)
}

// Mend lets connections through again.
func (l *Line) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
}

// Reset resets every connection at once; new ones are let through.
func (l *Line) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = -1
	l.end(true)
}

// ResetAfter lets so many more bytes pass towards the collector, over whichever
// connections they come, and then resets all of them, once.
func (l *Line) ResetAfter(bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = bytes
}

// end closes all connections, hard with RST instead of FIN (SO_LINGER of zero).
func (l *Line) end(hard bool) {
	for c := range l.conns {
		if hard {
			c.SetLinger(0)
		}
		c.Close()
	}
}

// pass says how many of n bytes may go on before the reset that is set, if one is.
func (l *Line) pass(n int) (allowed int, resets bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left < 0 {
		return n, false
	}
	allowed = int(min(int64(n), l.left))
	l.left -= int64(allowed)
	return allowed, l.left == 0
}

func (l *Line) relay(near *net.TCPConn) {
	defer near.Close()
	conn, err := net.Dial("tcp", l.target)
	if err != nil {
		return
	}
	far := conn.(*net.TCPConn)
	defer far.Close()
	if !l.register(near, far) {
		return
	}
	defer l.forget(near, far)
	var group errgroup.Group
	group.Go(func() error { defer far.Close(); io.Copy(upward{l, far}, near); return nil })
	group.Go(func() error { defer near.Close(); io.Copy(downward{l, near}, far); return nil })
	group.Wait()
}

// upward is the way to the collector.
type upward struct {
	line *Line
	far  *net.TCPConn
}

func (u upward) Write(b []byte) (int, error) {
	allowed, resets := u.line.pass(len(b))
	n, err := u.far.Write(b[:allowed])
	u.line.count(&u.line.up, n)
	if resets {
		u.line.Reset()
		return n, net.ErrClosed
	}
	return n, err
}

// downward is the way from it.
type downward struct {
	line *Line
	near *net.TCPConn
}

func (d downward) Write(b []byte) (int, error) {
	n, err := d.near.Write(b)
	d.line.count(&d.line.down, n)
	return n, err
}

func (l *Line) count(way *int64, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*way += int64(n)
}

// Bytes is what went over the line, TLS included, without TCP's and IP's own.
func (l *Line) Bytes() (up, down int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up, l.down
}

func (l *Line) register(conns ...*net.TCPConn) bool {
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

func (l *Line) forget(conns ...*net.TCPConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		delete(l.conns, c)
	}
}
