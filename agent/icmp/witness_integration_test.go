//go:build integration

package icmp

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/ipv4"

	"communewatch/collector/api"
)

// giveUp makes the office write back about every echo to three nets, as a router does that
// knows no way to the first and third and lets nobody into the second.
func giveUp(n *network) {
	n.t.Helper()
	for _, cidr := range []string{"10.81.0.0/24", "10.82.0.0/24", "fd81::/64"} {
		n.route(cidr, unicast)
		n.answerFor(cidr)
	}
	n.must("let it write without pause", within(n.office, func() error {
		return errors.Join(os.WriteFile("/proc/sys/net/ipv4/icmp_ratelimit", []byte("0"), 0), os.WriteFile("/proc/sys/net/ipv6/icmp/ratelimit", []byte("0"), 0))
	}))
	n.atOffice("ip daddr 10.81.0.0/24 counter name seen reject with icmp type host-unreachable\n" +
		"ip daddr 10.82.0.0/24 counter name seen reject with icmp type admin-prohibited\n" +
		"ip6 daddr fd81::/64 counter name seen reject with icmpv6 type no-route")
}

func TestARouterThatGivesUpIsAnICMPErrorNotATimeout(t *testing.T) {
	t.Parallel()
	for socket, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(socket, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			giveUp(n)
			for address, reason := range map[string]string{
				"10.81.0.1": "10.81.0.1, ICMP type 3 code 1", "10.82.0.1": "10.82.0.1, ICMP type 3 code 13", "fd81::1": "fd44::2, ICMP type 1 code 0",
			} {
				var out lines
				cfg := brief
				cfg.Timeout, cfg.Log = time.Second, out.log()
				if got, want := n.ping(cfg, address), `sent=10i,received=0i,icmp_errors=10i,result="icmp_error" 7`; got != want {
					t.Errorf("%s: got %s, want %s", address, got, want)
				}
				if said := strings.Join(out.all(), "\n"); !strings.Contains(said, reason) {
					t.Errorf("%s: want %s in %s", address, reason, said)
				}
			}
		})
	}
}

// Each host of this net has a router before it that says something else.
func TestEachKindOfICMPErrorIsToldApart(t *testing.T) {
	t.Parallel()
	const whole, oldRouters = 1 << 10, 28
	gaveUp, silent := `sent=3i,received=0i,icmp_errors=3i,result="icmp_error" 7`, `sent=3i,received=0i,result="timeout" 7`
	cases := []struct {
		what   string
		answer func([]byte) []byte
		want   string
	}{
		{"net unreachable", failure(ipv4.ICMPTypeDestinationUnreachable, 0, whole, nil), gaveUp},
		{"host unreachable, from an old router", failure(ipv4.ICMPTypeDestinationUnreachable, 1, oldRouters, nil), gaveUp},
		{"too big", failure(ipv4.ICMPTypeDestinationUnreachable, 4, whole, nil), gaveUp},
		{"administratively prohibited", failure(ipv4.ICMPTypeDestinationUnreachable, 13, oldRouters, nil), gaveUp},
		{"source quench", failure(4, 0, oldRouters, nil), gaveUp},
		{"time exceeded", failure(ipv4.ICMPTypeTimeExceeded, 0, oldRouters, nil), gaveUp},
		{"parameter problem", failure(ipv4.ICMPTypeParameterProblem, 0, whole, nil), gaveUp},
		{"redirect", failure(ipv4.ICMPTypeRedirect, 1, oldRouters, nil), `sent=3i,received=0i,redirects=3i,result="timeout" 7`},
		{"about an echo not yet sent", failure(ipv4.ICMPTypeTimeExceeded, 0, whole, add(26, 900)), `sent=3i,received=0i,forged=3i,result="timeout" 7`},
		// Far away: the kernel gives identifiers in a row, and the next ones are this program's too.
		{"about another's echo to the same target", failure(ipv4.ICMPTypeTimeExceeded, 0, whole, add(24, 1<<15)), silent},
		{"about an echo to another target", failure(ipv4.ICMPTypeTimeExceeded, 0, whole, add(18, 100)), silent},
		{"about a TCP segment to the target", failure(ipv4.ICMPTypeDestinationUnreachable, 3, whole, func(q []byte) { q[9] = 6 }), silent},
		{"about an echo reply", failure(ipv4.ICMPTypeDestinationUnreachable, 1, whole, func(q []byte) { q[20] = 0 }), silent},
		{"with a quote that ends in its head", failure(ipv4.ICMPTypeDestinationUnreachable, 1, 19, nil), silent},
		{"with a quote that claims a longer head", failure(ipv4.ICMPTypeDestinationUnreachable, 1, oldRouters, func(q []byte) { q[0] = 0x4f }), silent},
		{"without a quote", failure(ipv4.ICMPTypeDestinationUnreachable, 1, 0, nil), silent},
	}
	for socket, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(socket, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			respond(n, func(host byte, _ int) []reply {
				return []reply{{instead: cases[host-2].answer, from: router}}
			})
			var group sync.WaitGroup
			defer group.Wait()
			for i, c := range cases {
				group.Go(func() {
					cfg := Config{Packets: 3, Spacing: 20 * ms, Timeout: 2 * time.Second, Now: fixed}
					if got := n.ping(cfg, fmt.Sprintf("10.45.0.%d", i+2)); got != c.want {
						t.Errorf("%s: got %s, want %s", c.what, got, c.want)
					}
				})
			}
		})
	}
}

func TestAnICMPErrorBesideRepliesIsACountAndARedirectIsNoLoss(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	redirect := reply{instead: failure(ipv4.ICMPTypeRedirect, 1, 28, nil), from: router}
	unreachable := reply{instead: failure(ipv4.ICMPTypeDestinationUnreachable, 1, 28, nil), from: router}
	respond(n, func(_ byte, echo int) []reply {
		if echo == 0 {
			return []reply{unreachable}
		}
		return []reply{redirect, {}}
	})
	p := n.round(t.Context(), newProbe(t, Config{Packets: 4, Spacing: 20 * ms, Timeout: 3 * time.Second}, "10.45.0.2"))[0]
	if number(p, "sent") != 4 || number(p, "received") != 3 || number(p, "icmp_errors") != 1 || number(p, "redirects") != 3 {
		t.Errorf("%v", p.Fields)
	}
	if _, odd := p.FieldNamed("result"); odd {
		t.Errorf("%v", p.Fields)
	}
}

// The kernel writes itself an ICMP error when a neighbour's hardware address is not found.
func TestANeighbourThatIsOffIsATimeoutThoughThisMachineTellsItselfOtherwise(t *testing.T) {
	t.Parallel()
	for socket, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(socket, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			n.inAgent(func() error {
				for _, family := range []string{"ipv4", "ipv6"} {
					neigh := "/proc/sys/net/" + family + "/neigh/lan/"
					if err := os.WriteFile(neigh+"retrans_time_ms", []byte("20"), 0); err != nil {
						return err
					}
					if err := os.WriteFile(neigh+"mcast_solicit", []byte("1"), 0); err != nil {
						return err
					}
				}
				return nil
			})
			for _, address := range []string{"10.44.0.99", "fd44::99"} {
				cfg := brief
				cfg.Timeout = 600 * ms
				if got, want := n.ping(cfg, address), `sent=10i,received=0i,result="timeout" 7`; got != want {
					t.Errorf("%s: got %s, want %s", address, got, want)
				}
			}
		})
	}
}

func TestWithoutARawSocketICMPErrorsAreTimeoutsAndThatIsSaidOnce(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	giveUp(n)
	var out lines
	cfg := brief
	cfg.Log = out.log()
	prober := newProber(n.t, cfg)
	probe := prober.Target(api.Target{Name: "x", Address: "10.81.0.1", Role: api.RoleUplink})
	withoutRights(n, func() {
		for range 2 {
			if got, want := fields(t, probe(t.Context())), `sent=10i,received=0i,result="timeout" 7`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	})
	if got := strings.Count(strings.Join(out.all(), "\n"), "ICMP errors are not heard"); got != 1 {
		t.Errorf("said %d times, want once: %q", got, out.all())
	}
}
