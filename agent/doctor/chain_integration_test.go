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

// everyWay does the same with each; no test of it may leave another kind of socket behind.
func (c *chain) everyWay(do func(name, to string)) {
	c.t.Helper()
	for _, w := range ways {
		c.echoes(w.echoes)
		do(w.name, w.to)
	}
	c.echoes(true)
}

// finds holds what a trace of every way finds.
func (c *chain) finds(what, wantHops, wantFailure string) {
	c.t.Helper()
	c.everyWay(func(name, to string) {
		numbers, found := c.trace(to)
		if numbers != wantHops || !found.done || found.reached != (wantFailure == "") || found.failure != wantFailure {
			c.t.Errorf("%s, %s: %q, %+v", what, name, numbers, found)
		}
	})
}

// takes holds the largest packet of every way. When somebody says what is too large, four
// packets are enough; a busy machine may be late with an answer or two.
func (c *chain) takes(what string, want int) {
	c.t.Helper()
	c.everyWay(func(name, to string) {
		if got, sent := c.mtu(to); got != (mtu{bytes: want}) || sent > 6 {
			c.t.Errorf("%s, %s: %+v with %d packets, want %d", what, name, got, sent, want)
		}
	})
}

func TestEveryRouterOfAWayIsNamedUnlessItKeepsSilent(t *testing.T) {
	t.Parallel()
	c := newChain(t, true)
	c.finds("a healthy way", "1 2 3 4", "")
	c.takes("a healthy way", 1500)
	c.run("", "ip", "-n", c.names[0], "link", "set", "right", "mtu", "1450")
	c.takes("this machine's own line", 1450)
	for _, to := range []string{"203.0.113.9", "fd99::1"} {
		if numbers, found := c.trace(to); numbers != "" || found.done || found.failure != api.PathNoRoute {
			t.Errorf("this machine has no way to %s: %q %+v", to, numbers, found)
		}
	}
	c.filter(2, "output", "meta l4proto icmp drop")
	if numbers, found := c.trace(far4); numbers != "1 3 4" || !found.reached {
		t.Errorf("a silent router: %s: %+v", numbers, found)
	}
	c.filter(1, "prerouting", "drop")
	c.endsWithItsContext()
}

func (c *chain) endsWithItsContext() {
	c.t.Helper()
	c.inside(0, func() {
		ctx, cancel := context.WithCancel(c.t.Context())
		sent := 0
		found := findHops(ctx, func(ctx context.Context, p packet) (reply, error) {
			if sent++; sent == 2 {
				cancel()
			}
			return sendPacket(ctx, p)
		}, netip.MustParseAddr(far4))
		if sent != 2 || found.done || found.failure == "" {
			c.t.Errorf("%d packets, %+v", sent, found)
		}
		cancel()
		if _, err := sendPacket(ctx, packet{to: netip.MustParseAddr(far4), hops: 1, size: smallest, wait: time.Hour}); !errors.Is(err, context.Canceled) {
			c.t.Error(err)
		}
	})
}

func TestAWayThatIsCutNamesTheLastRouterThatAnswered(t *testing.T) {
	t.Parallel()
	c := newChain(t, true)
	c.filter(2, "forward", "reject with icmpx type admin-prohibited")
	c.finds("a router refuses what goes on", "1 2", api.PathUnreachable)

	c = newChain(t, true)
	c.run("", "ip", "-n", c.names[2], "link", "set", "right", "down")
	c.finds("a router says that its line is gone", "1 2", api.PathUnreachable)
}

func TestAWayOfWhichNobodySaysThatItIsCutNamesTheLastRouterThatAnswered(t *testing.T) {
	t.Parallel()
	c := newChain(t, true)
	c.filter(2, "forward", "oif right drop")
	if numbers, found := c.trace(far6); numbers != "1 2" || found.reached || !found.done || found.failure != api.PathNoAnswer {
		t.Errorf("%s: %+v", numbers, found)
	}
}

func TestTheSmallestLineOfTheWayIsFoundWhateverTheKernelBelieves(t *testing.T) {
	t.Parallel()
	c := newChain(t, true)
	c.run("", "ip", "-n", c.names[2], "link", "set", "right", "mtu", "1400")
	c.takes("a router says so", 1400)
	c.run("", "ip", "-n", c.names[1], "link", "set", "right", "mtu", "1480")
	c.takes("two say so", 1400)
	// The kernel remembers for minutes what a router once said.
	c.run("", "ip", "-n", c.names[2], "link", "set", "right", "mtu", "1500")
	c.takes("one says so no longer", 1480)
}
