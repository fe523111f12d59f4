package doctor

import (
	"context"
	"net/netip"
	"time"

	"communewatch/collector/api"
)

// Bounds of the search for the largest packet.
const (
	largest   = 1500 // Ethernet's; larger ones cross no provider's line
	mtuTries  = 4    // of a size, until it is taken for too large: a fifth of packets lost each way makes that one time in 60
	fewTries  = 2    // where answers are rationed, a patience each
	mtuSizes  = 16   // tried at most: halving needs 10
	mtuLimit  = 20 * time.Second
	leastWait = 250 * time.Millisecond
)

// mtu is the largest packet that arrives; 0 is unknown.
type mtu struct {
	bytes   int
	failure string
}

// findMTU sends packets that must not be divided. A router that does not take one should
// say what it takes, and that is tried next (RFC 1191, RFC 8201); where none speaks,
// the size is found by halving, from what every host takes (RFC 791, RFC 8200) on.
func findMTU(ctx context.Context, send sendFunc, to netip.Addr) mtu {
	ctx, cancel := context.WithTimeout(ctx, mtuLimit)
	defer cancel()
	p := packet{to: to, hops: 64, size: 576, wait: patience}
	if to.Is6() {
		p.size = 1280
	}
	first, err := insist(ctx, send, p, mtuTries)
	switch {
	case err != nil:
		return mtu{failure: failureOf(err)}
	case first.fate == tooBig: // a line that takes less than it should
		p.size = 68
		if first, err = insist(ctx, send, p, mtuTries); err != nil {
			return mtu{failure: failureOf(err)}
		}
	}
	if first.fate != arrived {
		return mtu{failure: api.PathNoAnswer}
	}
	if first.rationed { // in a hurry, silence would only say that it was too soon
		return narrow(ctx, send, p, fewTries)
	}
	p.wait = min(patience, max(leastWait, 4*first.rtt))
	return narrow(ctx, send, p, mtuTries)
}

// narrow searches between a size that arrives and one that is taken not to.
func narrow(ctx context.Context, send sendFunc, p packet, tries int) mtu {
	good, bad := p.size, largest+1
	p.size = largest
	for range mtuSizes {
		r, err := insist(ctx, send, p, tries)
		if err != nil {
			return mtu{failure: failureOf(err)}
		}
		next := 0
		switch r.fate {
		case arrived:
			good = p.size
		case tooBig:
			bad, next = p.size, r.mtu
		default:
			bad = p.size
		}
		if bad-good <= 1 {
			return mtu{bytes: good}
		}
		if next > good && next < bad {
			p.size, bad = next, next+1
			continue
		}
		p.size = good + (bad-good)/2
	}
	return mtu{failure: api.PathTimeout}
}
