//go:build integration

package icmp

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// byHand opens the crowd's socket without its goroutine, so that each turn is the test's.
func (n *network) byHand(c *crowd) *sweep {
	n.t.Helper()
	s := c.prober.wide.ipv4
	n.inAgent(s.open)
	n.t.Cleanup(s.close)
	return s.sweep
}

func (s *sweep) addTarget(address string) *wideRound {
	r := newWideRound(netip.MustParseAddr(address), newAccount(s.cfg.Packets, s.cfg.Timeout), s.cfg.Packets)
	s.add(r)
	return r
}

// A crowd that comes at once is served at the pace, a beat's echoes in a row.
func TestACrowdMakesNoBurst(t *testing.T) {
	t.Parallel()
	n := newFarNetwork(t, datagram)
	n.atOffice("icmp type echo-request counter name seen")
	s := n.byHand(newCrowd(t, Config{Packets: 2, Spacing: time.Millisecond}, "10.44.0.2"))
	for _, address := range farAddresses(300) {
		s.addTarget(address)
	}
	for turn := range 10 {
		s.turn(nil)
		if seen := n.counted("seen"); seen != (turn+1)*20 {
			t.Fatalf("%d echoes after %d beats of 20 ms at a pace of 1 ms", seen, turn+1)
		}
	}
	if waiting := len(s.fresh.rounds); waiting < 190 || waiting > 210 {
		t.Errorf("%d of 300 rounds have not begun after 200 echoes: those that have should be finished first", waiting)
	}
}

// Rounds that begin while others hold the last numbers would all stop half-way.
func TestARoundBeginsOnlyWhenItCanBeFinished(t *testing.T) {
	t.Parallel()
	n := newFarNetwork(t, datagram)
	s := n.byHand(newCrowd(t, Config{Packets: 5, Spacing: time.Millisecond, Timeout: time.Minute}, "10.44.0.2"))
	s.most = 2
	var rounds []*wideRound
	for _, address := range farAddresses(6) {
		rounds = append(rounds, s.addTarget(address))
	}
	until(t, "all rounds are over", func() bool {
		s.turn(nil)
		if len(s.flights) > 2*5 {
			t.Fatalf("%d echoes are under way", len(s.flights))
		}
		return s.rounds == 0
	})
	for i, r := range rounds {
		if len(r.books.echoes) != 5 {
			t.Errorf("round %d: %d of 5 echoes left", i, len(r.books.echoes))
		}
	}
	if s.begun != 0 {
		t.Errorf("%d rounds have begun and not ended", s.begun)
	}
}

func TestARoundOfWhichEverySendIsRefusedEndsAtOnce(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	s := n.byHand(newCrowd(t, Config{Packets: 3, Spacing: 20 * ms, Timeout: time.Minute}, "10.44.0.2"))
	r := s.addTarget("10.44.0.255") // broadcast
	until(t, "the round is over", func() bool {
		s.turn(nil)
		return s.rounds == 0
	})
	if r.books.refused != 3 {
		t.Errorf("%d of 3 sends were refused", r.books.refused)
	}
}

// What is under way when the machine sleeps is open, what is sent after that counts.
func TestASleepInAWideRoundIsNoLoss(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	n.atOffice("icmp type echo-request drop")
	s := n.byHand(newCrowd(t, Config{Packets: 2, Spacing: 20 * ms, Timeout: 50 * ms}, "10.44.0.2"))
	r := s.addTarget("10.44.0.2")
	s.turn(nil)
	s.alive -= 2 * s.bears
	until(t, "the round is over", func() bool { return len(s.turn(nil)) > 0 })
	if o := r.books.settle(monotonic()); len(r.books.echoes) != 2 || o.sent != 1 {
		t.Errorf("%d echoes left, of which %d count", len(r.books.echoes), o.sent)
	}
}

// Echoes to a neighbour whose hardware address is still asked for fill the socket. That
// is a pause, no failure.
func TestAnEchoThatTheSocketHasNoRoomForWaits(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	s := n.byHand(newCrowd(t, Config{Packets: 30, Spacing: time.Millisecond, Timeout: time.Minute}, "10.44.0.2"))
	n.must("make the buffer small", unix.SetsockoptInt(s.line.fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 1))
	r := s.addTarget("10.44.0.99")
	for deadline := monotonic() + 200*ms; monotonic() < deadline; {
		s.turn(nil)
	}
	if tried := r.books.attempts(); tried == 0 || tried == 30 {
		t.Errorf("%d of 30 echoes were tried", tried)
	}
	n.address(n.otherLink, "10.44.0.99/24")
	until(t, "all are answered", func() bool { return len(s.turn(nil)) > 0 })
	if len(r.books.echoes) != 30 || r.replies != 30 {
		t.Errorf("%d echoes, %d replies, %d refused", len(r.books.echoes), r.replies, r.books.refused)
	}
}
