package doctor

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"communewatch/collector/api"
)

// Bounds of a trace: eight silent seconds end it.
const (
	tries      = 2           // for a hop
	patience   = time.Second // for each answer: two satellites
	silentHops = 4           // in a row: nobody will answer
	traceLimit = 20 * time.Second
	smallest   = 64 // bytes of a packet
)

// errNotProbed: this system has no way to do it without more rights.
var errNotProbed = errors.New("cannot be probed on this system")

// errNoRoute: this machine has no way to the address.
var errNoRoute = errors.New("no route")

// packet is one that goes out, never to be divided.
type packet struct {
	to   netip.Addr
	hops int // so many routers on it dies; at most 255
	size int // bytes, of the whole IP packet
	wait time.Duration
}

// fate is what became of a packet, as far as anybody told.
type fate uint8

const (
	silent  fate = iota // nobody told in time
	arrived             // the address itself answered
	expired             // a router says that its hops were used up
	tooBig              // a router, or this machine, says that the next line takes no such packet
	refused             // a router says that it has no way on, or may not
)

// reply is what came back.
type reply struct {
	fate fate
	from netip.Addr
	rtt  time.Duration
	mtu  int // with tooBig: what the next line takes; 0: not told
	// rationed: hosts give such answers sparingly, one a second or so (RFC 1812 §4.3.2.8).
	rationed bool
}

// sendFunc sends a packet and waits for what becomes of it; an error says that it never left.
type sendFunc func(context.Context, packet) (reply, error)

// trace is the routers of a way.
type trace struct {
	hops    []hop // that answered, the address itself included
	reached bool
	done    bool   // it was made at all
	failure string // why it was not reached
}

type hop struct {
	number  int
	address netip.Addr
	rtt     time.Duration
}

// follow traces the way, and finds out what gets through.
func (w *way) follow(ctx context.Context) {
	if !w.address.IsValid() {
		w.trace.failure = api.PathNoName
		return
	}
	w.trace = findHops(ctx, sendPacket, w.address)
	if w.trace.reached {
		w.mtu = findMTU(ctx, sendPacket, w.address)
	} else if w.trace.failure == api.PathNotProbed {
		w.mtu.failure = api.PathNotProbed
	}
}

// findHops sends packets that die after one router, two, and so on, each of which should
// say so (RFC 792, RFC 4443).
func findHops(ctx context.Context, send sendFunc, to netip.Addr) trace {
	ctx, cancel := context.WithTimeout(ctx, traceLimit)
	defer cancel()
	t := trace{failure: api.PathNoAnswer}
	for number, unheard := 1, 0; number <= api.MaxHops && unheard < silentHops; number++ {
		r, err := insist(ctx, send, packet{to: to, hops: number, size: smallest, wait: patience}, tries)
		if err != nil {
			t.failure = failureOf(err)
			return t
		}
		t.done = true
		if r.fate == silent {
			unheard++
			continue
		}
		unheard = 0
		if n := len(t.hops); r.fate != refused || n == 0 || t.hops[n-1].address != r.from { // not one that refuses what goes on
			t.hops = append(t.hops, hop{number, r.from, r.rtt})
		}
		switch r.fate {
		case arrived:
			t.reached, t.failure = true, ""
			return t
		case refused, tooBig:
			t.failure = api.PathUnreachable
			return t
		}
	}
	return t
}

// insist sends until something comes back.
func insist(ctx context.Context, send sendFunc, p packet, tries int) (reply, error) {
	for range tries {
		if err := ctx.Err(); err != nil {
			return reply{}, err
		}
		r, err := send(ctx, p)
		if err != nil || r.fate != silent {
			return r, err
		}
	}
	return reply{}, ctx.Err()
}

func failureOf(err error) string {
	switch {
	case errors.Is(err, errNotProbed):
		return api.PathNotProbed
	case errors.Is(err, errNoRoute):
		return api.PathNoRoute
	case timedOut(err):
		return api.PathTimeout
	}
	return api.PathOther
}

func (t *trace) addTo(p *api.Point) {
	switch {
	case t.reached:
		p.Int("reached", 1).Int("hops", int64(t.hops[len(t.hops)-1].number))
	case t.done:
		p.Int("reached", 0)
	}
	if n := len(t.hops); n > 0 {
		last := t.hops[n-1]
		p.Text("last_hop", last.address.String()).Int("last_hop_number", int64(last.number))
	}
	p.Text("trace_error", t.failure)
}
