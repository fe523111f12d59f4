//go:build integration

package icmp

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
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
	p := newProber(t, cfg)
	c := &crowd{prober: p}
	for _, address := range addresses {
		c.probes = append(c.probes, p.Target(api.Target{Name: "x", Address: address, Role: api.RoleUplink}))
	}
	return c
}

// rounds makes one of each target, all at the same time, through sockets that are open
// in the agent's namespace.
func (n *network) rounds(ctx context.Context, c *crowd) []*api.Point {
	n.t.Helper()
	defer n.hold(c)()
	return c.rounds(ctx)
}

func (c *crowd) rounds(ctx context.Context) []*api.Point {
	points := make([]*api.Point, len(c.probes))
	var group sync.WaitGroup
	for i, probe := range c.probes {
		group.Go(func() { points[i] = probe(ctx)[0] })
	}
	group.Wait()
	return points
}

// hold opens the crowd's sockets in the agent's namespace, as if a round were under way
// until release.
func (n *network) hold(c *crowd) (release func()) {
	n.t.Helper()
	both := []*shared{c.prober.wide.ipv4, c.prober.wide.ipv6}
	n.inAgent(func() error {
		for _, s := range both {
			if err := s.open(); err != nil {
				return err
			}
			s.sweep.rounds++
			go s.drive()
		}
		return nil
	})
	return func() {
		for _, s := range both {
			s.mu.Lock()
			s.sweep.rounds--
			s.mu.Unlock()
			until(n.t, "the socket is closed", func() bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.line == nil
			})
		}
	}
}

// swift is a wide round's order for tests in which many answer and many do not.
var swift = Config{Packets: 3, Spacing: 40 * ms, Timeout: 500 * ms, Pace: 200 * time.Microsecond, Now: fixed}

// totals are the sums over all points.
func totals(points []*api.Point) map[string]int {
	sums := map[string]int{}
	for _, p := range points {
		for _, f := range p.Fields {
			if f.Value.Kind() == api.Integer {
				sums[f.Name] += int(f.Value.Integer())
			}
		}
	}
	return sums
}

func TestAThousandTargetsOfWhichHalfAreSilent(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newFarNetwork(t, kind)
			n.atOffice("icmp type echo-request counter name seen\nip daddr 198.18.130.0/23 counter name hit drop")
			addresses := farAddresses(1_000)
			points := n.rounds(t.Context(), newCrowd(t, swift, addresses...))
			dead := netip.MustParsePrefix("198.18.130.0/23")
			var least []float64
			for i, p := range points {
				got := fields(t, points[i:i+1])
				if dead.Contains(netip.MustParseAddr(addresses[i])) {
					if want := `sent=3i,received=0i,result="timeout" 7`; got != want {
						t.Errorf("%s is dead: got %s, want %s", addresses[i], got, want)
					}
					continue
				}
				if !strings.HasPrefix(got, "sent=3i,received=3i,rtt_min_ms=") || strings.Contains(got, "result") || strings.Contains(got, "duplicates") {
					t.Errorf("%s: got %s", addresses[i], got)
				}
				v, _ := p.FieldNamed("rtt_min_ms")
				least = append(least, v.Float())
			}
			if seen, hit := n.counted("seen"), n.counted("hit"); seen != 3_000 || hit != 3*(1_000-len(least)) {
				t.Errorf("%d echoes were seen and %d dropped, want 3000 and those to the dead", seen, hit)
			}
			// Replies are read a beat after their echo was sent. The kernel's stamp knows better.
			slices.Sort(least)
			if median := least[len(least)/2]; median > 5 {
				t.Errorf("half of the round trips are over %v ms on a cable", median)
			}
		})
	}
}

func TestATenthOfLossIsMeasuredAsATenthInAWideRound(t *testing.T) {
	t.Parallel()
	n := newFarNetwork(t, datagram)
	n.atOffice("icmp type echo-request counter name seen\nicmp type echo-request numgen random mod 100 < 10 counter name hit drop")
	got := totals(n.rounds(t.Context(), newCrowd(t, swift, farAddresses(400)...)))
	lost := got["sent"] - got["received"]
	if got["sent"] != 1_200 || n.counted("seen") != 1_200 || lost != n.counted("hit") {
		t.Errorf("%d sent and %d lost; the office saw %d and dropped %d", got["sent"], lost, n.counted("seen"), n.counted("hit"))
	}
	if lost < 60 || lost > 190 { // seven standard deviations of a binomial distribution
		t.Errorf("%d of 1,200 are lost", lost)
	}
}

// mayRefuseOften lifts the limit of ICMP errors that a kernel writes, one a second.
func (n *network) mayRefuseOften() {
	n.t.Helper()
	n.must("lift the limits", within(n.office, func() error {
		return errors.Join(os.WriteFile("/proc/sys/net/ipv4/icmp_ratelimit", []byte("0"), 0), os.WriteFile("/proc/sys/net/ipv6/icmp/ratelimit", []byte("0"), 0))
	}))
}

// A dead neighbour, a refusal by a router, one by this machine and no route are each
// told by their own result, and fail no echo to anybody else: an ICMP error makes
// the datagram socket's next send fail.
func TestTroublesOfOneTargetAreNotThoseOfAnother(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newFarNetwork(t, kind)
			n.route("198.18.91.0/24", syscall.RTN_PROHIBIT)
			n.route("198.18.92.0/24", syscall.RTN_UNREACHABLE)
			n.atOffice("ip daddr 198.18.128.2 reject with icmp type admin-prohibited\nip6 daddr fd44::3 reject with icmpv6 type admin-prohibited")
			n.address(n.otherLink, "fd44::3/64")
			n.mayRefuseOften()
			const plain = "sent=3i,received=3i,rtt_min_ms="
			targets := []struct{ address, want string }{
				{"198.18.128.1", plain},
				{"198.18.128.2", `sent=3i,received=0i,icmp_errors=3i,result="icmp_error" 7`},
				{"10.44.0.99", `sent=3i,received=0i,result="timeout" 7`},
				{"198.18.91.1", `sent=0i,received=0i,send_errors=3i,result="not_probed" 7`},
				{"198.18.92.1", `sent=0i,received=0i,send_errors=3i,result="no_route" 7`},
				{"fd44::2", plain},
				{"fd44::3", `sent=3i,received=0i,icmp_errors=3i,result="icmp_error" 7`},
				{"fd44::99", `sent=3i,received=0i,result="timeout" 7`},
				{"::ffff:10.44.0.2", plain},
				{"10.44.0.255", `sent=0i,received=0i,send_errors=3i,result="not_probed" 7`}, // broadcast
			}
			var addresses []string
			for range 12 { // of each, all mixed; a kernel writes 50 errors in a row at most
				for _, target := range targets {
					addresses = append(addresses, target.address)
				}
			}
			cfg := swift
			cfg.Timeout = 4 * time.Second // the kernel says after 3 s that a neighbour is not there
			points := n.rounds(t.Context(), newCrowd(t, cfg, addresses...))
			for i := range points {
				want := targets[i%len(targets)].want
				if got := fields(t, points[i:i+1]); !strings.HasPrefix(got, want) || strings.Count(want, "=") == 3 && strings.Contains(got, "send_errors") {
					t.Errorf("%s: got %s, want %s", addresses[i], got, want)
				}
			}
		})
	}
}

// The zone is a number here: the name of an interface would be looked up in another
// namespace.
func TestALinkLocalAddressIsATargetOfAWideRound(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			n.address(n.otherLink, "fe80::44/64")
			n.address(n.agentLink, "fe80::45/64")
			zone := strconv.Itoa(n.link(n.agentLink, "lan").Attrs().Index)
			patient := swift
			patient.Timeout = 3 * time.Second // the first question for the neighbour may come too early, and is asked again after 1 s
			c := newCrowd(t, patient, "fe80::44%"+zone, "fe80::44%no-such")
			points := n.rounds(t.Context(), c)
			if got := fields(t, points[:1]); !strings.HasPrefix(got, "sent=3i,received=3i,rtt") {
				t.Error(got)
			}
			if got := fields(t, points[1:]); !strings.HasPrefix(got, "sent=0i,received=0i,send_errors=3i,result=") {
				t.Errorf("without an interface: %s", got)
			}
		})
	}
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
