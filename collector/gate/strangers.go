package gate

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// strangers ends connections that wait between two requests and on which nobody has
// said yet who he is. Agents keep theirs for minutes; a stranger who asks for the time
// on each of thousands and then waits would leave no room for them.
type strangers struct {
	patience time.Duration // an agent asks for the time, and sends at once

	mu sync.Mutex
	of map[net.Conn]*caller // open connections
}

// caller is the other end of a connection.
type caller struct {
	known atomic.Bool
	end   *time.Timer // runs while a stranger waits; guarded by strangers.mu
}

type callerKey struct{}

// introduce notes that a request's caller has said who he is.
func introduce(r *http.Request) {
	if c, ok := r.Context().Value(callerKey{}).(*caller); ok {
		c.known.Store(true)
	}
}

// context is http.Server's ConnContext.
func (s *strangers) context(ctx context.Context, conn net.Conn) context.Context {
	c := &caller{}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of[conn] = c
	return context.WithValue(ctx, callerKey{}, c)
}

// state is http.Server's ConnState.
func (s *strangers) state(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.of[conn]
	if c == nil {
		return
	}
	if c.end != nil {
		c.end.Stop()
	}
	switch state {
	case http.StateIdle:
		if !c.known.Load() {
			c.end = time.AfterFunc(s.patience, func() { _ = conn.Close() })
		}
	case http.StateClosed, http.StateHijacked:
		delete(s.of, conn)
	}
}
