//go:build integration

package icmp

import (
	"context"
	"math"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"communewatch/collector/api"
)

// brief has time-outs short enough for tests in which nothing comes back, patient for
// those in which everything must, also on a busy machine.
var (
	brief   = Config{Packets: 10, Spacing: 10 * ms, Timeout: 150 * ms, Now: fixed}
	patient = Config{Packets: 10, Spacing: 10 * ms, Timeout: 5 * time.Second, Now: fixed}
)

func fixed() time.Time { return time.Unix(0, 7) }

func TestAHealthyTargetAnswersEveryEcho(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		for _, address := range []string{"10.44.0.2", "fd44::2", "::ffff:10.44.0.2"} {
			t.Run(name+" "+address, func(t *testing.T) {
				t.Parallel()
				got := newNetwork(t, kind).ping(patient, address)
				if !strings.HasPrefix(got, "sent=10i,received=10i,rtt_min_ms=") || !strings.HasSuffix(got, " 7") ||
					strings.Contains(got, "result") || strings.Contains(got, "send_errors") {
					t.Error(got)
				}
			})
		}
	}
}

// The zone is a number here: the name of an interface would be looked up by a
// goroutine in another namespace.
func TestTheLinkLocalAddressOfAnInterfaceIsATarget(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	n.address(n.otherLink, "fe80::44/64")
	n.address(n.agentLink, "fe80::45/64")
	zone := strconv.Itoa(n.link(n.agentLink, "lan").Attrs().Index)
	if got := n.ping(patient, "fe80::44%"+zone); !strings.HasPrefix(got, "sent=10i,received=10i") {
		t.Error(got)
	}
}

func TestTotalLossIsATimeout(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	n.atOffice("icmp type echo-request counter name hit drop")
	if got, want := n.ping(brief, "10.44.0.2"), `sent=10i,received=0i,result="timeout" 7`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if hits := n.counted("hit"); hits != 10 {
		t.Errorf("the office dropped %d echoes, want 10", hits)
	}
}

func TestADeadTargetIsATimeout(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			n.route("10.99.0.0/24", unicast)
			for _, address := range []string{"10.44.0.99", "10.99.0.1", "fd44::99"} {
				if got, want := n.ping(brief, address), `sent=10i,received=0i,result="timeout" 7`; got != want {
					t.Errorf("%s: got %s, want %s", address, got, want)
				}
			}
		})
	}
}

// One tenth of 400 echoes is dropped at random. What the rounds call lost must be
// what the filter dropped, to the packet; and within the 99 % interval of a binomial
// distribution. Dice fall outside of that once in a hundred throws: three in a row,
// with exact books each time, are no accident.
func TestATenthOfLossIsMeasuredAsATenth(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	n.atOffice("icmp type echo-request counter name seen\nicmp type echo-request numgen random mod 100 < 10 counter name hit drop")
	seenBefore, hitBefore := 0, 0
	for range 3 {
		sent, received := manyEchoes(n, 4)
		seen, hit := n.counted("seen"), n.counted("hit")
		if sent != 400 || seen-seenBefore != sent || hit-hitBefore != sent-received {
			t.Fatalf("%d sent and %d lost; the office saw %d and dropped %d", sent, sent-received, seen-seenBefore, hit-hitBefore)
		}
		seenBefore, hitBefore = seen, hit
		low, high := interval(sent, 0.1)
		t.Logf("%d of %d lost, 99 %% interval %d to %d", sent-received, sent, low, high)
		if lost := sent - received; low <= lost && lost <= high {
			return
		}
	}
	t.Error("loss is outside of the 99 % interval three times")
}

// manyEchoes pings the office in several rounds of 100 echoes at once.
func manyEchoes(n *network, rounds int) (sent, received int) {
	probe := newProbe(n.t, Config{Packets: 100, Spacing: 5 * ms, Timeout: 2 * time.Second}, "10.44.0.2")
	points := make([]*api.Point, rounds)
	var group sync.WaitGroup
	for i := range rounds {
		group.Go(func() { points[i] = n.round(n.t.Context(), probe)[0] })
	}
	group.Wait()
	for _, p := range points {
		sent, received = sent+number(p, "sent"), received+number(p, "received")
	}
	return sent, received
}

// interval is the smallest central one that a binomial count is in with 99 %.
func interval(n int, p float64) (low, high int) {
	cumulated, low, high := 0.0, -1, n
	for k := range n + 1 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		cumulated += math.Exp(a - b - c + float64(k)*math.Log(p) + float64(n-k)*math.Log(1-p))
		if low < 0 && cumulated > 0.005 {
			low = k
		}
		if cumulated >= 0.995 {
			return low, k
		}
	}
	return low, high
}

func TestAHostThatGoesDownInMidRoundLosesTheRest(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	n.atOffice("icmp type echo-request counter name seen")
	var point *api.Point
	var group sync.WaitGroup
	group.Go(func() {
		point = n.round(t.Context(), newProbe(t, Config{Packets: 40, Spacing: 50 * ms, Timeout: 2 * time.Second}, "10.44.0.2"))[0]
	})
	until(t, "five echoes have arrived", func() bool { return n.counted("seen") >= 5 })
	n.noAddress(n.otherLink, "10.44.0.2/24") // it neither answers nor is found any more
	group.Wait()
	sent, received := number(point, "sent"), number(point, "received")
	if _, odd := point.FieldNamed("result"); sent != 40 || received < 4 || received >= 40 || odd {
		t.Errorf("%d sent, %d received, %v", sent, received, point.Fields)
	}
}

func TestSendsThatFailInMidRoundAreNoLoss(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	n.atOffice("icmp type echo-request counter name seen")
	var point *api.Point
	var group sync.WaitGroup
	group.Go(func() {
		point = n.round(t.Context(), newProbe(t, Config{Packets: 40, Spacing: 50 * ms, Timeout: 2 * time.Second}, "10.44.0.2"))[0]
	})
	until(t, "five echoes have arrived", func() bool { return n.counted("seen") >= 5 })
	n.setDown(n.agentLink, "lan")
	group.Wait()
	sent, received, refused := number(point, "sent"), number(point, "received"), number(point, "send_errors")
	// The echo under way at that moment may be lost for good.
	if sent+refused != 40 || refused == 0 || received < 4 || sent-received > 1 {
		t.Errorf("%d sent, %d received, %d refused", sent, received, refused)
	}
}

func TestALinkThatIsDownIsNoRoute(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			n.setDown(n.agentLink, "lan")
			for _, address := range []string{"10.44.0.2", "fd44::2"} {
				if got, want := n.ping(brief, address), `sent=0i,received=0i,send_errors=10i,result="no_route" 7`; got != want {
					t.Errorf("%s: got %s, want %s", address, got, want)
				}
			}
		})
	}
}

func TestALinkThatComesBackInMidRoundIsMeasuredFromThenOn(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	n.setDown(n.agentLink, "lan")
	var point *api.Point
	var group sync.WaitGroup
	group.Go(func() {
		point = n.round(t.Context(), newProbe(t, Config{Packets: 20, Spacing: 100 * ms, Timeout: 3 * time.Second}, "10.44.0.2"))[0]
	})
	until(t, "a send has found no route", func() bool { return n.withoutRoute() > 0 })
	n.setUp(n.agentLink, "lan")
	group.Wait()
	sent, refused := number(point, "sent"), number(point, "send_errors")
	if sent+refused != 20 || refused == 0 || sent == 0 || number(point, "received") != sent {
		t.Errorf("%v", point.Fields)
	}
}

// A send to a prohibited net fails with EACCES, which pro-bing alone answers by
// sending again, for ever. A filter gives EPERM.
func TestSendsThatTheMachineRefusesAreNotProbed(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	n.route("10.91.0.0/24", syscall.RTN_PROHIBIT)
	n.route("10.92.0.0/24", syscall.RTN_UNREACHABLE)
	n.route("10.93.0.0/24", unicast)
	n.nft(n.agent, "table inet cut {\nchain out {\ntype filter hook output priority 0\nip daddr 10.93.0.0/24 drop\n}\n}\n")
	var out lines
	cfg := brief
	cfg.Log = out.log()
	for address, result := range map[string]string{
		"10.91.0.1": "not_probed", "10.92.0.1": "no_route", "10.93.0.1": "not_probed",
		"10.44.0.255": "not_probed", // broadcast
	} {
		got, want := n.ping(cfg, address), `sent=0i,received=0i,send_errors=10i,result="`+result+`" 7`
		if got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
	if got := strings.Count(strings.Join(out.all(), "\n"), "refused by this machine"); got != 3 {
		t.Errorf("said %d times why, want 3: %q", got, out.all())
	}
}

func TestWhatIsOpenWhenTheContextEndsIsNotLost(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	n.atOffice("icmp type echo-request counter name seen drop")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got string
	var group sync.WaitGroup
	probe := newProbe(t, Config{Packets: 100, Spacing: 20 * ms, Timeout: time.Minute, Now: fixed}, "10.44.0.2")
	group.Go(func() { got = fields(t, n.round(ctx, probe)) })
	until(t, "three echoes have arrived", func() bool { return n.counted("seen") >= 3 })
	cancel()
	group.Wait()
	if want := `sent=0i,received=0i,result="not_probed" 7`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * ms) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 20 s until %s", what)
		}
	}
}
