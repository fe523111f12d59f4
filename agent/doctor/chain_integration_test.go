//go:build integration

package doctor

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"communewatch/collector/api"
)

// kinds of sockets, and families.
var ways = []struct {
	name   string
	echoes bool
	to     string
}{{"echo 4", true, far4}, {"echo 6", true, far6}, {"udp 4", false, far4}, {"udp 6", false, far6}}

func TestEveryRouterOfAHealthyWayIsNamedAndAFullPacketArrives(t *testing.T) {
	t.Parallel()
	c := newChain(t, true)
	for _, w := range ways {
		c.echoes(w.echoes)
		if numbers, found := c.trace(w.to); numbers != "1 2 3 4" || !found.reached || found.failure != "" {
			t.Errorf("%s: %s: %+v", w.name, numbers, found)
		}
		if got, sent := c.mtu(w.to); got != (mtu{bytes: 1500}) || sent > 4 {
			t.Errorf("%s: %+v with %d packets", w.name, got, sent)
		}
	}
}

func TestAWayThatIsCutNamesTheLastRouterThatAnswered(t *testing.T) {
	t.Run("a router says that the line is gone", func(t *testing.T) {
		t.Parallel()
		c := newChain(t, true)
		c.run("", "ip", "-n", c.names[2], "link", "set", "right", "down")
		for _, w := range ways {
			c.echoes(w.echoes)
			if numbers, found := c.trace(w.to); numbers != "1 2" || found.reached || !found.done || found.failure != api.PathUnreachable {
				t.Errorf("%s: %s: %+v", w.name, numbers, found)
			}
		}
	})
	t.Run("a router refuses what goes on", func(t *testing.T) {
		t.Parallel()
		c := newChain(t, true)
		c.filter(2, "forward", "reject with icmpx type admin-prohibited")
		for _, w := range ways {
			c.echoes(w.echoes)
			if numbers, found := c.trace(w.to); numbers != "1 2" || found.reached || !found.done || found.failure != api.PathUnreachable {
				t.Errorf("%s: %s: %+v", w.name, numbers, found)
			}
		}
	})
	for _, w := range ways[1:3] {
		t.Run("nobody says anything, "+w.name, func(t *testing.T) {
			t.Parallel()
			c := newChain(t, w.echoes)
			c.filter(2, "forward", "oif right drop")
			if numbers, found := c.trace(w.to); numbers != "1 2" || found.reached || !found.done || found.failure != api.PathNoAnswer {
				t.Errorf("%s: %+v", numbers, found)
			}
		})
	}
}

func TestASilentRouterIsPassedOver(t *testing.T) {
	t.Parallel()
	c := newChain(t, true)
	c.filter(2, "output", "meta l4proto icmp drop")
	if numbers, found := c.trace(far4); numbers != "1 3 4" || !found.reached {
		t.Errorf("%s: %+v", numbers, found)
	}
}

func TestThisMachineWithoutAWayIsNotABrokenWay(t *testing.T) {
	t.Parallel()
	c := newChain(t, true)
	for _, to := range []string{"203.0.113.9", "fd99::1"} {
		if numbers, found := c.trace(to); numbers != "" || found.done || found.failure != api.PathNoRoute {
			t.Errorf("%s: %q %+v", to, numbers, found)
		}
	}
}

func TestTheSmallestLineOfTheWayIsFound(t *testing.T) {
	for name, change := range map[string]struct {
		do   func(*chain)
		want int
		most int // packets, some more than it takes for what a busy machine answers late
	}{
		"a router says so": {func(c *chain) { c.run("", "ip", "-n", c.names[2], "link", "set", "right", "mtu", "1400") }, 1400, 6},
		"two of them": {func(c *chain) {
			c.run("", "ip", "-n", c.names[1], "link", "set", "right", "mtu", "1480")
			c.run("", "ip", "-n", c.names[2], "link", "set", "right", "mtu", "1400")
		}, 1400, 6},
		"it is this machine's own": {func(c *chain) { c.run("", "ip", "-n", c.names[0], "link", "set", "right", "mtu", "1450") }, 1450, 6},
		"its router keeps silent": {func(c *chain) {
			c.run("", "ip", "-n", c.names[2], "link", "set", "right", "mtu", "1400")
			c.filter(2, "output", "icmp type destination-unreachable drop\nicmpv6 type packet-too-big drop")
		}, 1400, mtuSizes * mtuTries},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newChain(t, true)
			change.do(c)
			for i, w := range ways {
				if name == "its router keeps silent" && i > 0 {
					break // each takes its time
				}
				c.echoes(w.echoes)
				got, sent := c.mtu(w.to)
				if got != (mtu{bytes: change.want}) || sent > change.most {
					t.Errorf("%s: %+v with %d packets, want %d with at most %d", w.name, got, sent, change.want, change.most)
				}
			}
		})
	}
}

// What a router once said is remembered by the kernel for minutes; the line may be whole again.
func TestWhatTheKernelBelievesOfTheWayIsNotTaken(t *testing.T) {
	t.Parallel()
	c := newChain(t, true)
	c.run("", "ip", "-n", c.names[2], "link", "set", "right", "mtu", "1400")
	if got, _ := c.mtu(far4); got.bytes != 1400 {
		t.Fatalf("%+v", got)
	}
	c.run("", "ip", "-n", c.names[2], "link", "set", "right", "mtu", "1500")
	if got, _ := c.mtu(far4); got.bytes != 1500 {
		t.Errorf("%+v", got)
	}
}

func TestATraceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	c := newChain(t, true)
	c.filter(1, "prerouting", "drop")
	c.inside(0, func() {
		ctx, cancel := context.WithCancel(t.Context())
		sent := 0
		found := findHops(ctx, func(ctx context.Context, p packet) (reply, error) {
			if sent++; sent == 2 {
				cancel()
			}
			return sendPacket(ctx, p)
		}, netip.MustParseAddr(far4))
		if sent != 2 || found.failure != api.PathOther && found.failure != api.PathTimeout {
			t.Errorf("%d packets, %+v", sent, found)
		}
		cancel()
		if _, err := sendPacket(ctx, packet{to: netip.MustParseAddr(far4), hops: 1, size: smallest, wait: time.Hour}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}
