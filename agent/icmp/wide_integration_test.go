//go:build integration

package icmp

import (
	"context"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"communewatch/collector/api"
)

// farNet is a net whose every address the office answers for.
const farNet = "198.18.128.0/22"

// newFarNetwork is one with a thousand offices behind the cable.
func newFarNetwork(t testing.TB, kind string) *network {
	t.Helper()
	n := newNetwork(t, kind)
	n.route(farNet, syscall.RTN_UNICAST)
	n.answerFor(farNet)
	return n
}

// farAddresses are the first of that net.
func farAddresses(count int) []string {
	var all []string
	for a := netip.MustParsePrefix(farNet).Addr().Next(); len(all) < count; a = a.Next() {
		all = append(all, a.String())
	}
	return all
}

// crowd is many targets of one prober.
type crowd struct {
	prober *Prober
	probes []func(context.Context) []*api.Point
}

func newCrowd(t testing.TB, cfg Config, addresses ...string) *crowd {
	t.Helper()
	cfg.Targets = max(len(addresses), Narrow+1)
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{prober: p}
	for _, address := range addresses {
		c.probes = append(c.probes, p.Target(api.Target{Name: "x", Address: address, Role: api.RoleUplink}))
	}
	return c
}

// rounds makes one of each target, all at the same time. The first opens the socket in
// the agent's namespace; the others come when it is open, or that round is over.
func (n *network) rounds(ctx context.Context, c *crowd) []*api.Point {
	n.t.Helper()
	points := make([]*api.Point, len(c.probes))
	var group sync.WaitGroup
	first := make(chan struct{})
	group.Go(func() {
		defer close(first)
		points[0] = n.round(ctx, c.probes[0])[0]
	})
	for over := false; !over && !c.prober.wide.open(); {
		select {
		case <-first:
			over = true
		case <-time.After(ms):
		}
	}
	for i, probe := range c.probes[1:] {
		group.Go(func() { points[i+1] = probe(ctx)[0] })
	}
	group.Wait()
	return points
}

// open tells whether a socket is.
func (w *wide) open() bool {
	for _, s := range []*shared{w.ipv4, w.ipv6} {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.line != nil {
			return true
		}
	}
	return false
}

// BenchmarkWideRound is a round of 5 echoes to each of 1,000 targets, which takes five
// seconds by its pace. It reports CPU, of user and system, the kernel's far side included.
func BenchmarkWideRound(b *testing.B) {
	n := newFarNetwork(b, datagram)
	c := newCrowd(b, Config{Packets: 5, Timeout: time.Second}, farAddresses(1_000)...)
	b.ReportAllocs()
	before := usedCPU(b)
	for b.Loop() {
		for _, p := range n.rounds(b.Context(), c) {
			if number(p, "received") != 5 {
				b.Fatal(p.Fields)
			}
		}
	}
	b.ReportMetric((usedCPU(b)-before).Seconds()/float64(b.N), "cpu-s/op")
}

func usedCPU(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
