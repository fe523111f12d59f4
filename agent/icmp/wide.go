package icmp

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"communewatch/collector/api"
)

// # Why pro-bing is not used for a wide round
//
// pro-bing opens a socket and starts goroutines for each target. For an office that is
// a fair price. For an agent at the province, which asks a thousand uplinks from
// outside, it is not: raw sockets each see the replies to all the others, so the work
// grows with the square of the targets (1.7 CPU seconds a round of 5 echoes to 1,000
// targets), datagram sockets still need a wake-up for each packet (0.8 s; fping 0.16 s),
// and the time of a reply is that of its reading, which on a busy machine is milliseconds
// after its arrival.
//
// So more than [Narrow] targets share one socket a family on Linux. The kernel stamps
// what arrives, hence nobody need be awake then: one goroutine looks once a beat, takes
// what has come and sends the few echoes that are due. The books are those of any
// round (account.go). What is sent when is in sweep.go, the socket in line_linux.go, what
// is written on it in message.go.

// Narrow is how many targets have a pinger each. An agent with more makes wide rounds
// on Linux; elsewhere only so many of its rounds are under way at a time.
const Narrow = 64

// wide makes the rounds of many targets.
type wide struct {
	ipv4, ipv6 *shared
	turns      chan struct{} // where there is no shared socket: bounds the pingers
}

func newWide(p *Prober) *wide {
	if !canShare {
		return &wide{turns: make(chan struct{}, Narrow)}
	}
	return &wide{ipv4: &shared{prober: p}, ipv6: &shared{prober: p, ipv6: true}}
}

// measure makes one round of a target's and writes it into its point.
func (w *wide) measure(ctx context.Context, t *target, address netip.Addr, p *api.Point) {
	if w.turns != nil {
		w.takeTurn(ctx, t, address, p)
		return
	}
	cfg := &t.prober.cfg
	books := newAccount(cfg.Packets, cfg.Timeout)
	s := w.ipv6
	if address.Is4() {
		s = w.ipv4
	}
	if err := s.round(ctx, address, books); err != nil {
		s.family().complain(cfg.Log, err)
	} else {
		s.family().trouble.over()
		t.explain(books, nil)
	}
	books.addTo(p, monotonic())
}

// takeTurn makes a round through pro-bing when there is a turn. Without one until ctx
// ends nothing is sent.
func (w *wide) takeTurn(ctx context.Context, t *target, address netip.Addr, p *api.Point) {
	select {
	case w.turns <- struct{}{}:
		defer func() { <-w.turns }()
		t.measure(ctx, address, p)
	case <-ctx.Done():
		notProbed(p, api.ResultNotProbed)
	}
}

// shared is the socket of one family. It is open, and its goroutine runs, while a round
// is under way; the last round to end has waited for both.
type shared struct {
	prober *Prober
	ipv6   bool

	mu      sync.Mutex
	line    *line // nil while no round is under way
	id      int   // of the line's echoes
	sweep   *sweep
	leaving []*wideRound // whose context has ended
}

func (s *shared) family() *sockets {
	if s.ipv6 {
		return &s.prober.ipv6
	}
	return &s.prober.ipv4
}

// round waits until the round is over, or ctx is. An error says that it could not begin.
func (s *shared) round(ctx context.Context, address netip.Addr, books *account) error {
	r := newWideRound(address, books, s.prober.cfg.Packets)
	if err := s.join(r); err != nil {
		return err
	}
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	s.leaving = append(s.leaving, r)
	s.mu.Unlock()
	<-r.done // within a beat
	return nil
}

// join adds a round. The first opens the socket and starts the goroutine.
func (s *shared) join(r *wideRound) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line == nil {
		if err := s.open(); err != nil {
			return err
		}
		go s.drive()
	}
	s.sweep.add(r)
	return nil
}

func (s *shared) open() error {
	raw, err := s.family().kind(s.prober.cfg.Log)
	if err != nil {
		return err
	}
	id, free := s.prober.ids.take()
	if !free {
		return errors.New("all 65,536 echo identifiers are taken")
	}
	s.line, err = openLine(s.ipv6, raw, uint16(id))
	if err != nil {
		s.prober.ids.release(id)
		return err
	}
	s.id, s.sweep = id, newSweep(&s.prober.cfg, s.line, s.prober.bears)
	return nil
}

// close gives the socket back. The memory goes with it, whatever a bad hour has made
// of it.
func (s *shared) close() {
	if err := s.line.close(); err != nil {
		s.prober.cfg.Log.Warn("echo socket does not close", "error", err)
	}
	s.prober.ids.release(s.id)
	s.line, s.sweep = nil, nil
}

const (
	// beat is the time between two looks at the socket. A reply waits so long in the
	// socket's buffer, which holds a few hundred; its round trip is the kernel's. At
	// the standard pace 20 echoes leave in a row, as much as one full frame. Half the
	// beat costs a third more CPU, since Go's scheduler sleeps and wakes with us.
	beat = 20 * time.Millisecond
	// behind is how much of its time a goroutine that was held up makes up for: two
	// beats' echoes at most leave in a row.
	behind = beat
)

// drive turns until no round is left. It sleeps first: the kernel needs a moment from the
// first wish for time stamps to stamping.
func (s *shared) drive() {
	for next := monotonic(); ; {
		next = max(next+beat, monotonic()-behind)
		time.Sleep(next - monotonic())
		if !s.turn() {
			return
		}
	}
}

// turn is one beat. Who waits for a round that has ended is told at the very end, so
// that with the last round the socket is closed as well.
func (s *shared) turn() (more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := s.sweep.turn(s.leaving)
	s.leaving = s.leaving[:0]
	more = s.sweep.rounds > 0
	if !more {
		s.close()
	}
	for _, r := range ended {
		close(r.done)
	}
	return more
}
