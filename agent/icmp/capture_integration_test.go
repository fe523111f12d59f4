//go:build integration

package icmp

import (
	"encoding/binary"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"communewatch/collector/api"
)

// setBack makes a reply look to pro-bing as if the wall clock had been put forward by
// that much while its echo was under way: its stamp, the payload's first eight octets,
// is the older by it. The clock of this machine is not touched.
func setBack(by time.Duration) func([]byte) {
	return func(body []byte) {
		stamp := body[8:16]
		binary.BigEndian.PutUint64(stamp, binary.BigEndian.Uint64(stamp)-uint64(by))
	}
}

// What the wire saw is the truth, to within 5 ms: that is what the scheduler of a busy
// machine may take. It may take more now and then, but not in ten rounds in a row.
// Not parallel: other tests would make the machine busier.
func TestRoundTripsAreThoseOfTheWireAlsoWhenTheClockIsSetInMidRound(t *testing.T) {
	for socket, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(socket, func(t *testing.T) {
			n := newNetwork(t, kind)
			respond(n, func(_ byte, echo int) []reply {
				r := reply{after: time.Duration(5+echo*7%40) * ms}
				switch echo % 10 {
				case 4, 5, 6:
					r.change = setBack(time.Hour)
				case 7, 8, 9:
					r.change = setBack(-24 * time.Hour)
				}
				return []reply{r}
			})
			jumping := jumpingClock()
			probe := newProbe(t, Config{Packets: 10, Spacing: 30 * ms, Timeout: 5 * time.Second, Now: jumping}, "10.45.0.2")
			var worst float64
			for range 10 {
				capture := n.capture("line")
				p := n.round(t.Context(), probe)[0]
				if number(p, "sent") != 10 || number(p, "received") != 10 {
					t.Fatalf("%v", p.Fields)
				}
				if worst = furthest(p, capture.roundTrips(10)); worst <= 5 {
					return
				}
			}
			t.Errorf("a round trip is %.3f ms from the wire's", worst)
		})
	}
}

// jumpingClock is put an hour back at each reading.
func jumpingClock() func() time.Time {
	at := time.Unix(1_700_000_000, 0)
	return func() time.Time {
		at = at.Add(-time.Hour)
		return at
	}
}

// furthest is how far the point's figures are from those of the capture, in ms.
func furthest(p *api.Point, wire []time.Duration) float64 {
	slices.Sort(wire)
	worst := 0.0
	for field, q := range map[string]float64{"rtt_min_ms": 0, "rtt_p25_ms": 0.25, "rtt_median_ms": 0.5, "rtt_p75_ms": 0.75, "rtt_max_ms": 1} {
		v, there := p.FieldNamed(field)
		if !there {
			return math.Inf(1)
		}
		worst = max(worst, math.Abs(v.Float()-quantile(wire, q)/1e6))
	}
	return worst
}

type capture struct{ *program }

// capture listens to a link of the agent's.
func (n *network) capture(link string) capture {
	n.t.Helper()
	c := capture{n.start("tcpdump", []string{"-i", link, "-n", "-tt", "-l", "--immediate-mode", "icmp"})}
	until(n.t, "tcpdump listens (make setup installs it)", func() bool {
		return strings.Contains(strings.Join(c.err.all(), " "), "listening on")
	})
	return c
}

// tcpdump prints: 1700000000.123456 IP a > b: ICMP echo request, id 7, seq 0, length 32
var captured = regexp.MustCompile(`^(\d+)\.(\d{6}) .*ICMP echo (request|reply), id \d+, seq (\d+),`)

// roundTrips ends the capture when so many echoes are answered in it.
func (c capture) roundTrips(echoes int) []time.Duration {
	c.t.Helper()
	var all []time.Duration
	until(c.t, "the capture is complete", func() bool {
		all = roundTripsOf(c.out.all())
		return len(all) == echoes
	})
	c.signal(syscall.SIGTERM)
	c.cmd.Wait()
	return all
}

func roundTripsOf(capture []string) (all []time.Duration) {
	sent := make(map[string]time.Duration)
	for _, line := range capture {
		found := captured.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		seconds, _ := strconv.Atoi(found[1])
		microseconds, _ := strconv.Atoi(found[2])
		at := time.Duration(seconds)*time.Second + time.Duration(microseconds)*time.Microsecond
		if found[3] == "request" {
			sent[found[4]] = at
		} else {
			all = append(all, at-sent[found[4]])
		}
	}
	return all
}
