package icmp

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"communewatch/collector/api"
)

// deadAddresses are of nets that exist in documents only (RFC 5737, RFC 3849), with hosts
// that nobody would think of. An answer from one comes from a box on the way that
// answers for everyone: a captive portal, a satellite modem, a filter.
var deadAddresses = []netip.Addr{
	netip.MustParseAddr("192.0.2.213"),
	netip.MustParseAddr("198.51.100.87"),
	netip.MustParseAddr("2001:db8:5ee:d::4a7"),
}

const (
	trustEvery   = time.Hour
	trustPackets = 2
	trustTimeout = 1500 * time.Millisecond // a satellite's round trip twice
)

// trust knows whether replies prove anything on this agent's way.
type trust struct {
	answered atomic.Int64 // dead addresses, in the last check that said something
	asked    bool         // once a check said something; one goroutine's
	last     time.Duration
}

// Untrusted counts the addresses that cannot exist and yet answered; 0 is as it should be.
func (p *Prober) Untrusted() int { return int(p.trust.answered.Load()) }

// Trust asks the addresses that cannot exist, in its first call and then once an hour;
// called more often it does nothing. It makes no points: Untrusted has what it found.
// Only one call at a time.
func (p *Prober) Trust(ctx context.Context) []*api.Point {
	now := monotonic()
	if p.trust.asked && now-p.trust.last < trustEvery {
		return nil
	}
	answered, asked := p.askTheDead(ctx)
	if !asked {
		return nil // no way out yet: the next round asks again
	}
	p.trust.asked, p.trust.last = true, now
	if was := p.trust.answered.Swap(int64(answered)); (was > 0) != (answered > 0) {
		p.sayTrust(answered)
	}
	return nil
}

func (p *Prober) sayTrust(answered int) {
	if answered == 0 {
		p.cfg.Log.Info("addresses that cannot exist do not answer any more, replies are trusted")
		return
	}
	p.cfg.Log.Warn("an address that cannot exist answers: something on the way answers for everyone, and no reply proves anything",
		"addresses", deadAddresses, "answered", answered)
}

// askTheDead sends to one after the other. asked is false when no echo had its time.
func (p *Prober) askTheDead(ctx context.Context) (answered int, asked bool) {
	for _, address := range deadAddresses {
		t := &target{Target: api.Target{Name: "nobody", Address: address.String()}, prober: p}
		books := newAccount(trustPackets, min(p.cfg.Timeout, trustTimeout))
		t.run(ctx, address, books) // that it cannot send is said by the targets' own rounds
		o := books.settle(monotonic())
		if len(o.rtts)+o.late > 0 {
			answered++
		}
		asked = asked || o.sent > 0
	}
	return answered, asked
}
