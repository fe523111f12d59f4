//go:build integration

package icmp

import (
	"context"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"communewatch/collector/api"
)

// A wide round's target behind the TUN device of [respond] answers falsely, late,
// twice, or out of order.
func TestWhatAHostileNetworkSendsIsToldApart(t *testing.T) {
	t.Parallel()
	neighbour := netip.MustParseAddr("10.45.0.77")
	for name, c := range map[string]struct {
		answers func(echo int) []reply
		want    map[string]int
	}{
		"another address answers": {
			func(int) []reply { return []reply{{from: neighbour}} },
			map[string]int{"sent": 4, "forged": 4},
		},
		"a reply without our cookie": {
			func(int) []reply { return []reply{{change: func(body []byte) { body[8] ^= 1 }}} },
			map[string]int{"sent": 4, "forged": 4},
		},
		"another answers before the target": {
			func(int) []reply { return []reply{{from: neighbour}, {}} },
			map[string]int{"sent": 4, "received": 4, "forged": 4},
		},
		"everything comes three times, the last soon after": {
			func(int) []reply { return []reply{{}, {}, {after: 30 * ms}} },
			map[string]int{"sent": 4, "received": 4, "duplicates": 8},
		},
		"the first reply comes after its deadline": {
			func(echo int) []reply { return [][]reply{{{after: 2300 * ms}}, {{}}, {{}}, nil}[echo] },
			map[string]int{"sent": 4, "received": 2, "late": 1, "reordered": 1},
		},
		"silence": {
			func(int) []reply { return nil },
			map[string]int{"sent": 4},
		},
	} {
		for socket, kind := range map[string]string{"datagram": datagram, "raw": raw} {
			t.Run(name+" "+socket, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, kind)
				respond(n, func(_ byte, echo int) []reply { return c.answers(echo) })
				one := newCrowd(t, Config{Packets: 4, Spacing: 250 * ms, Timeout: 2 * time.Second}, "10.45.0.2")
				got := totals([]*api.Point{n.round(t.Context(), one.probes[0])[0]})
				for _, field := range []string{"sent", "received", "forged", "duplicates", "late", "reordered", "send_errors", "icmp_errors"} {
					if got[field] != c.want[field] {
						t.Errorf("%s: got %d, want %d (%v)", field, got[field], c.want[field], got)
					}
				}
			})
		}
	}
}

func TestAWideRoundIsNotCreditedWithTheRepliesToTheOneBefore(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	respond(n, func(_ byte, echo int) []reply {
		if echo < 4 {
			return []reply{{after: 400 * ms}, {after: 2 * time.Second}}
		}
		return nil
	})
	one := newCrowd(t, Config{Packets: 4, Spacing: 20 * ms, Timeout: 3 * time.Second}, "10.45.0.2")
	defer n.hold(one)() // the same socket for both rounds, else the kernel would tell them apart
	first := totals(one.rounds(t.Context()))
	if first["received"] != 4 || first["duplicates"] != 0 {
		t.Errorf("first round: %v", first)
	}
	if second := totals(one.rounds(t.Context())); second["sent"] != 4 || len(second) != 2 || second["received"] != 0 {
		t.Errorf("second round: %v", second)
	}
}

func TestALinkThatFailsInAWideRoundIsNoLoss(t *testing.T) {
	t.Parallel()
	n := newFarNetwork(t, datagram)
	n.atOffice("icmp type echo-request counter name seen")
	c := newCrowd(t, Config{Packets: 10, Spacing: 100 * ms, Timeout: time.Second}, farAddresses(100)...)
	var got map[string]int
	var group sync.WaitGroup
	group.Go(func() { got = totals(n.rounds(t.Context(), c)) })
	until(t, "some echoes have arrived", func() bool { return n.counted("seen") >= 300 })
	n.setDown(n.agentLink, "lan")
	group.Wait()
	// The beat's echoes that were under way at that moment may be lost for good.
	if got["sent"]+got["send_errors"] != 1_000 || got["send_errors"] == 0 || got["sent"]-got["received"] > 40 {
		t.Errorf("%v", got)
	}
}

func TestWhatIsOpenWhenTheContextEndsAWideRoundIsNotLost(t *testing.T) {
	t.Parallel()
	n := newFarNetwork(t, datagram)
	n.atOffice("icmp type echo-request counter name seen drop")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := newCrowd(t, Config{Packets: 100, Spacing: 20 * ms, Timeout: time.Minute, Now: fixed}, farAddresses(70)...)
	var points []*api.Point
	var group sync.WaitGroup
	group.Go(func() { points = n.rounds(ctx, c) })
	until(t, "a hundred echoes have arrived", func() bool { return n.counted("seen") >= 100 })
	cancel()
	group.Wait()
	for i := range points {
		if got, want := fields(t, points[i:i+1]), `sent=0i,received=0i,result="not_probed" 7`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if s := c.prober.wide.ipv4; s.line != nil || len(s.leaving) > 0 {
		t.Errorf("the socket is open, or %d rounds are kept", len(s.leaving))
	}
}

func TestAWideRoundWithoutTheRightToPingIsNotProbed(t *testing.T) {
	t.Parallel()
	n := newFarNetwork(t, raw)
	var out lines
	cfg := swift
	cfg.Log = out.log()
	c := newCrowd(t, cfg, farAddresses(2)...)
	withoutRights(n, func() {
		for _, probe := range c.probes {
			if got, want := fields(t, probe(t.Context())), `sent=0i,received=0i,result="not_probed" 7`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	})
	if said := out.all(); len(said) != 1 || !strings.Contains(said[0], "CAP_NET_RAW") {
		t.Errorf("said %q, want one line with what to do", said)
	}
	if got := totals(n.rounds(t.Context(), c)); got["received"] != 6 {
		t.Errorf("with the right: %v", got)
	}
}

// A name that does not resolve fails no address.
func TestANameInAWideRoundIsLookedUpInEveryRound(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	names := newNameServer(t)
	cfg := swift
	cfg.Resolver = names.resolver()
	c := newCrowd(t, cfg, officeName, "10.44.0.2")
	for _, step := range []struct{ address, want string }{
		{"", `sent=0i,received=0i,result="no_name" 7`},
		{"10.44.0.2", "sent=3i,received=3i,rtt_min_ms="},
	} {
		names.set(step.address)
		points := n.rounds(t.Context(), c)
		if got := fields(t, points[:1]); !strings.HasPrefix(got, step.want) {
			t.Errorf("name is at %q: got %s, want %s", step.address, got, step.want)
		}
		if got := fields(t, points[1:]); !strings.HasPrefix(got, "sent=3i,received=3i,rtt_min_ms=") {
			t.Errorf("address beside it: %s", got)
		}
	}
}

// Two agents and this one's own office rounds on one host, all on raw sockets, of which
// each sees the replies to all.
func TestWideRoundsOfTwoAgentsAndOfficeRoundsDoNotDisturbOneAnother(t *testing.T) {
	t.Parallel()
	n := newFarNetwork(t, raw)
	n.atOffice("ip daddr 198.18.130.0/23 drop")
	alive, dead := farAddresses(1_000)[:100], farAddresses(1_000)[600:700]
	ours, other := newCrowd(t, swift, alive...), newCrowd(t, swift, append(dead, alive...)...)
	other.prober.ids.next = ours.prober.ids.next
	var mine, others []*api.Point
	var foreign string
	var group sync.WaitGroup
	group.Go(func() { mine = n.rounds(t.Context(), ours) })
	group.Go(func() { others = n.rounds(t.Context(), other) })
	group.Go(func() { foreign = n.ping(patient, alive[0]) })
	group.Wait()
	if got := totals(mine); got["received"] != 300 || got["duplicates"] != 0 || got["forged"] != 0 {
		t.Errorf("ours: %v", got)
	}
	if got := totals(others[:100]); got["sent"] != 300 || got["received"] != 0 || got["forged"] != 0 {
		t.Errorf("the other's dead: %v", got)
	}
	if got := totals(others[100:]); got["received"] != 300 || got["duplicates"] != 0 {
		t.Errorf("the other's living: %v", got)
	}
	if !strings.HasPrefix(foreign, "sent=10i,received=10i") {
		t.Errorf("the office round: %s", foreign)
	}
}

// What the socket's buffer could not hold was perhaps answered.
func TestRepliesThatThisMachineDropsAreNotLoss(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newFarNetwork(t, kind)
			c := newCrowd(t, Config{Packets: 5, Spacing: 20 * ms, Timeout: time.Second, Pace: 100 * time.Microsecond}, farAddresses(200)...)
			defer n.hold(c)()
			n.must("make the buffer small", unix.SetsockoptInt(c.prober.wide.ipv4.line.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 10_000))
			got := totals(c.rounds(t.Context()))
			if got["sent"] == 1_000 || got["received"] == 0 || got["received"] != got["sent"] {
				t.Errorf("%v", got)
			}
		})
	}
}

// Twenty rounds of a thousand targets, half of them silent, through one socket. Not parallel:
// what others hold would be counted.
func TestMemoryDoesNotGrowWithTheRounds(t *testing.T) {
	n := newFarNetwork(t, datagram)
	n.atOffice("ip daddr 198.18.130.0/23 drop")
	c := newCrowd(t, Config{Packets: 1, Spacing: time.Millisecond, Timeout: 20 * ms, Pace: 100 * time.Microsecond}, farAddresses(1_000)...)
	defer n.hold(c)()
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	var before int64
	for round := range 20 {
		if got := totals(c.rounds(t.Context())); got["sent"] != 1_000 {
			t.Fatalf("round %d: %v", round, got)
		}
		s := c.prober.wide.ipv4
		s.mu.Lock()
		flights, waiting := len(s.sweep.flights), cap(s.sweep.awaiting.rounds)+cap(s.sweep.again.rounds)+cap(s.sweep.answered.rounds)
		s.mu.Unlock()
		if flights > 0 || waiting > 20_000 {
			t.Fatalf("round %d: %d echoes are still under way, the queues are %d long", round, flights, waiting)
		}
		if round == 4 {
			before = heap()
		}
	}
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("the heap grew by %d bytes in 15 rounds", grown)
	}
}
