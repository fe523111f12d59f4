package icmp

import (
	"math"
	"slices"
	"time"

	"communewatch/collector/api"
)

// account is the books of one round: what was sent, refused and answered, in the
// order in which it happened. It knows no socket and reads no clock; times are
// given to it as durations on one monotonic clock (see monotonic). One goroutine
// writes at a time.
type account struct {
	packets int           // to try
	timeout time.Duration // of each echo, from its own sending

	echoes      []echo // by sequence number: a send that failed uses none
	refused     int    // sends that failed
	unreachable int    // of these, for want of a way to the target
	reason      error  // of the last of the others
	duplicates  int
	reordered   int // first replies that a reply to a later echo overtook (RFC 4737)
	newest      int // the highest sequence number answered so far
	forged      int // what claims to be a reply or an error, and cannot be to an echo of ours
	redirects   int
	last        *notice // of an echo that was given up
}

type echo struct {
	sent     time.Duration
	rtt      time.Duration // once answered
	answered bool
	returned bool // an ICMP error came back for it
}

func newAccount(packets int, timeout time.Duration) *account {
	return &account{packets: packets, timeout: timeout, echoes: make([]echo, 0, packets)}
}

// attempts counts the sends that were tried.
func (a *account) attempts() int { return len(a.echoes) + a.refused }

// open counts the sends that are still to be tried.
func (a *account) open() int { return a.packets - a.attempts() }

// left is told when an echo has left; it has the next sequence number.
func (a *account) left(at time.Duration) {
	a.echoes = append(a.echoes, echo{sent: at})
}

// failed is told when the system refused to send.
func (a *account) failed(err error) {
	a.refused++
	if noWay(err) {
		a.unreachable++
		return
	}
	a.reason = err
}

// replied is told of every reply from the target, the second and third to one echo
// too.
func (a *account) replied(sequence int, at time.Duration) {
	if !a.knows(sequence) {
		a.forged++
		return
	}
	e := &a.echoes[sequence]
	if e.answered {
		a.duplicates++
		return
	}
	e.answered, e.rtt = true, max(0, at-e.sent)
	if sequence < a.newest {
		a.reordered++
	}
	a.newest = max(a.newest, sequence)
}

// noticed is told of every ICMP error that quotes an echo of ours. A redirect (RFC 792)
// says nothing of its echo's fate, since the router has sent that on; any other says
// that a router, or the target itself, gave it up.
func (a *account) noticed(n notice) {
	switch {
	case !a.knows(n.sequence):
		a.forged++
	case n.redirect:
		a.redirects++
	default:
		a.echoes[n.sequence].returned = true
		a.last = &n
	}
}

// disowned is told of a reply that somebody else than the target sent.
func (a *account) disowned() { a.forged++ }

func (a *account) knows(sequence int) bool { return sequence >= 0 && sequence < len(a.echoes) }

// complete tells whether every echo was tried and answered.
func (a *account) complete() bool {
	return a.open() == 0 && !slices.ContainsFunc(a.echoes, func(e echo) bool { return !e.answered })
}

// outcome is a round's counts. An echo that is open when the round ends, before its
// deadline, is in none of them: it is neither lost nor answered.
type outcome struct {
	sent, late int
	returned   int             // echoes that an ICMP error came back for
	rtts       []time.Duration // of the echoes answered in time, in the order of sending
}

func (a *account) settle(ended time.Duration) outcome {
	o := outcome{rtts: make([]time.Duration, 0, len(a.echoes))}
	for _, e := range a.echoes {
		switch {
		case e.answered && e.rtt <= a.timeout:
			o.rtts = append(o.rtts, e.rtt)
		case e.answered:
			o.late++
		case ended-e.sent < a.timeout && !e.returned:
			continue
		}
		o.sent++
		if e.returned {
			o.returned++
		}
	}
	return o
}

// addTo writes the round, which ended then, into its point.
func (a *account) addTo(p *api.Point, ended time.Duration) {
	o := a.settle(ended)
	p.Int("sent", int64(o.sent)).Int("received", int64(len(o.rtts)))
	addRoundTrips(p, o.rtts)
	p.Count("duplicates", int64(a.duplicates)).
		Count("late", int64(o.late)).
		Count("reordered", int64(a.reordered)).
		Count("forged", int64(a.forged)).
		Count("icmp_errors", int64(o.returned)).
		Count("redirects", int64(a.redirects)).
		Count("send_errors", int64(a.refused)).
		Text("result", a.result(o))
}

// result is empty when anything came back in time: loss is a number then.
func (a *account) result(o outcome) string {
	switch {
	case len(o.rtts) > 0:
		return ""
	case o.returned > 0:
		return api.ResultICMPError
	case o.sent > 0:
		return api.ResultTimeout
	case len(a.echoes) == 0 && a.refused > 0 && a.refused == a.unreachable:
		return api.ResultNoRoute
	}
	return api.ResultNotProbed
}

// addRoundTrips adds quantiles and jitter. One reply has no jitter: zero would be a claim.
func addRoundTrips(p *api.Point, rtts []time.Duration) {
	if len(rtts) == 0 {
		return
	}
	variation := jitter(rtts)
	slices.Sort(rtts)
	p.Float("rtt_min_ms", milliseconds(float64(rtts[0]))).
		Float("rtt_p25_ms", milliseconds(quantile(rtts, 0.25))).
		Float("rtt_median_ms", milliseconds(quantile(rtts, 0.5))).
		Float("rtt_p75_ms", milliseconds(quantile(rtts, 0.75))).
		Float("rtt_max_ms", milliseconds(float64(rtts[len(rtts)-1])))
	if len(rtts) > 1 {
		p.Float("jitter_ms", milliseconds(variation))
	}
}

// jitter is the mean absolute difference of round trips that follow one another,
// lost echoes passed over; in nanoseconds.
func jitter(rtts []time.Duration) float64 {
	if len(rtts) < 2 {
		return 0
	}
	sum := 0.0
	for i := 1; i < len(rtts); i++ {
		sum += math.Abs(float64(rtts[i] - rtts[i-1]))
	}
	return sum / float64(len(rtts)-1)
}

// quantile interpolates linearly between the two nearest ranks, as most tools do
// (Hyndman and Fan's type 7), so that the median of an even number is the middle.
func quantile(sorted []time.Duration, q float64) float64 {
	rank := q * float64(len(sorted)-1)
	below := int(rank)
	value := float64(sorted[below])
	if below+1 < len(sorted) {
		value += (rank - float64(below)) * float64(sorted[below+1]-sorted[below])
	}
	return value
}

// milliseconds rounds to 1 µs: finer is noise of the scheduler, and costs bytes.
func milliseconds(ns float64) float64 { return math.Round(ns/1e3) / 1e3 }
