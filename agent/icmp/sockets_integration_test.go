//go:build integration

package icmp

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"communewatch/collector/api"
)

// withoutRights takes CAP_NET_RAW from the thread for as long as f runs on it.
func withoutRights(n *network, f func()) {
	n.t.Helper()
	n.inAgent(func() error {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var sets [2]unix.CapUserData
		if err := unix.Capget(&header, &sets[0]); err != nil {
			return fmt.Errorf("read capabilities: %w", err)
		}
		sets[0].Effective &^= 1 << unix.CAP_NET_RAW
		if err := unix.Capset(&header, &sets[0]); err != nil {
			return fmt.Errorf("drop CAP_NET_RAW: %w", err)
		}
		f()
		return nil
	})
}

func TestAnAgentWithoutTheRightToPingSaysSoAndClaimsNoLoss(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, raw)
	var out lines
	cfg := patient
	cfg.Log = out.log()
	prober := newProber(n.t, cfg)
	first := prober.Target(api.Target{Name: "x", Address: "10.44.0.2", Role: api.RoleUplink})
	second := prober.Target(api.Target{Name: "y", Address: "10.44.0.99", Role: api.RoleLAN})

	withoutRights(n, func() {
		for range 3 {
			for _, probe := range []func() string{
				func() string { return fields(t, first(t.Context())) },
				func() string { return fields(t, second(t.Context())) },
			} {
				if got, want := probe(), `sent=0i,received=0i,result="not_probed" 7`; got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		}
	})
	if said := out.all(); len(said) != 1 || !strings.Contains(said[0], "CAP_NET_RAW") || !strings.Contains(said[0], "ping_group_range") {
		t.Errorf("said %q, want one line with what to do", said)
	}
	// The right is given while the agent runs.
	if got := fields(t, n.round(t.Context(), first)); !strings.HasPrefix(got, "sent=10i,received=10i") {
		t.Errorf("with the right: %s", got)
	}
}

func TestEitherRightSufficesAndTheDatagramSocketIsPreferred(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		group string
		ping  func(*network, func() string) string
		raw   bool
	}{
		"group alone": {datagram, func(n *network, ping func() string) (got string) {
			withoutRights(n, func() { got = ping() })
			return got
		}, false},
		"capability alone": {raw, inAgentsNamespace, true},
		"both":             {datagram, inAgentsNamespace, false},
	} {
		n := newNetwork(t, c.group)
		prober := newProber(n.t, patient)
		probe := prober.Target(api.Target{Name: "x", Address: "10.44.0.2", Role: api.RoleUplink})
		got := c.ping(n, func() string { return fields(t, probe(t.Context())) })
		if !strings.HasPrefix(got, "sent=10i,received=10i") || prober.ipv4.useRaw != c.raw {
			t.Errorf("%s: raw %v, %s", name, prober.ipv4.useRaw, got)
		}
	}
}

func inAgentsNamespace(n *network, ping func() string) (got string) {
	n.t.Helper()
	n.inAgent(func() error {
		got = ping()
		return nil
	})
	return got
}

// Raw sockets see every reply on the host. Every fifth of 100 targets is dead while
// 80 answer, and a second pinger uses the very same identifiers on living ones.
// Not parallel: 150 rounds at once are enough for any machine.
func TestARawSocketNeverTakesTheReplyToAnother(t *testing.T) {
	n := newNetwork(t, raw)
	n.route("10.50.0.0/16", unicast)
	n.answerFor("10.50.0.0/16")
	n.atOffice("ip daddr 10.50.1.0/24 drop")
	cfg := Config{Packets: 5, Spacing: 20 * ms, Timeout: time.Second}
	prober := newProber(n.t, cfg)
	other := newProber(n.t, cfg)
	other.ids.next = prober.ids.next

	const targets = 100
	received := make([]int, targets)
	dead := func(i int) bool { return i%5 == 0 }
	var group sync.WaitGroup
	for i := range targets {
		third := 2
		if dead(i) {
			third = 1
		}
		address := fmt.Sprintf("10.50.%d.%d", third, i+1)
		group.Go(func() {
			received[i] = number(n.round(t.Context(), prober.Target(api.Target{Name: "x", Address: address, Role: api.RoleDevice}))[0], "received")
		})
		if i%2 == 0 {
			group.Go(func() {
				n.round(t.Context(), other.Target(api.Target{Name: "y", Address: fmt.Sprintf("10.50.3.%d", i+1), Role: api.RoleDevice}))
			})
		}
	}
	group.Wait()
	for i, got := range received {
		if alive := got > 0; alive == dead(i) {
			t.Errorf("target %d is dead: %v, and has %d replies", i, dead(i), got)
		}
	}
}
