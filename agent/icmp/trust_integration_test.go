//go:build integration

package icmp

import (
	"strings"
	"testing"
	"time"
)

// trusting has a prober check whether ICMP can be believed, in the agent's namespace.
func trusting(t *testing.T, n *network, out *lines) (*Prober, func()) {
	t.Helper()
	p := newProber(n.t, Config{Spacing: 20 * ms, Timeout: trustTimeout, Log: out.log()})
	return p, func() {
		t.Helper()
		n.inAgent(func() error {
			p.Trust(t.Context())
			return nil
		})
	}
}

func TestAWayThatAnswersForEveryoneIsNotToBeTrustedUntilItStops(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	for _, net := range []string{"192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32"} {
		n.route(net, unicast)
		n.answerFor(net)
	}
	var out lines
	p, check := trusting(t, n, &out)
	if p.Untrusted() != 0 {
		t.Error("doubted before it was asked")
	}
	check()
	if p.Untrusted() != 3 {
		t.Errorf("%d dead addresses answer, want 3", p.Untrusted())
	}

	// The box is taken away. For an hour nobody asks again.
	n.atOffice("icmp type echo-request counter name seen drop\nicmpv6 type echo-request counter name seen drop")
	check()
	if p.Untrusted() != 3 || n.counted("seen") != 0 {
		t.Errorf("asked again at once: %d, %d echoes", p.Untrusted(), n.counted("seen"))
	}
	p.trust.last -= time.Hour
	check()
	if p.Untrusted() != 0 || n.counted("seen") != 6 {
		t.Errorf("%d dead addresses answer after %d echoes, want 0 after 6", p.Untrusted(), n.counted("seen"))
	}
	if said := strings.Join(out.all(), "\n"); strings.Count(said, "answers for everyone") != 1 || strings.Count(said, "trusted") != 1 {
		t.Errorf("said %q", out.all())
	}
}

func TestDeadAddressesThatStayDeadLeaveTrust(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	n.route("0.0.0.0/0", unicast) // the office is no router: silence
	var out lines
	p, check := trusting(t, n, &out)
	check()
	if p.Untrusted() != 0 || !p.trust.asked {
		t.Errorf("%d dead addresses answer, asked: %v", p.Untrusted(), p.trust.asked)
	}
	if strings.Contains(strings.Join(out.all(), "\n"), "answers for everyone") {
		t.Errorf("said %q", out.all())
	}
}

// At start the uplink may be down: that is no reason to trust for an hour.
func TestWithoutAWayOutTrustIsAskedAgainInTheNextRound(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	var out lines
	p, check := trusting(t, n, &out)
	check()
	if p.trust.asked {
		t.Error("asked without a way out")
	}
	n.route("0.0.0.0/0", unicast)
	n.answerFor("192.0.2.0/24")
	check()
	if p.Untrusted() != 1 {
		t.Errorf("%d dead addresses answer, want 1", p.Untrusted())
	}
}
