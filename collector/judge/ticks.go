package judge

import (
	"slices"
	"sort"
	"time"

	"communewatch/collector/api"
)

// ticks are the ends of an office's rounds, oldest first: the agent's points on itself,
// each of which ends a round. Rounds without one after them (it was lost, or a foreign
// sender makes none) are gathered by the interval in which they fall, unless the record
// ends before it can have come.
func (r *Record) ticks(interval time.Duration) []time.Time {
	at := make([]time.Time, 0, len(r.Runs))
	for i := range r.Runs {
		at = append(at, r.Runs[i].Time)
	}
	at = append(at, r.loneRounds(interval)...)
	slices.SortFunc(at, time.Time.Compare)
	at = slices.CompactFunc(at, time.Time.Equal)
	return at[:len(at)-len(after(at, r.To))]
}

// after are those of the times that do not lie before t.
func after(times []time.Time, t time.Time) []time.Time {
	n, _ := slices.BinarySearchFunc(times, t, time.Time.Compare)
	return times[n:]
}

// loneRounds are, for each interval in which there are some, the newest round that no
// point of the agent's follows in time.
func (r *Record) loneRounds(interval time.Duration) []time.Time {
	newest := map[int64]time.Time{}
	patience := interval + interval/2
	for i := range r.Targets {
		next := 0
		for j := range r.Targets[i].Rounds {
			t := r.Targets[i].Rounds[j].Time
			for next < len(r.Runs) && r.Runs[next].Time.Before(t) {
				next++
			}
			switch {
			case next < len(r.Runs) && r.Runs[next].Time.Sub(t) <= patience:
				continue
			case next == len(r.Runs) && next > 0 && r.To.Sub(t) <= patience:
				continue
			}
			key := t.UnixNano() / int64(interval)
			newest[key] = later(newest[key], t)
		}
	}
	out := make([]time.Time, 0, len(newest))
	for _, t := range newest {
		out = append(out, t)
	}
	return out
}

// walk goes over a record tick by tick, with the few rounds before each that a living
// judge would see.
type walk struct {
	p      Policy
	all    []Target
	lo, hi []int // of each target's rounds: those in sight
	alike  []int // so many of each, the newest included, say the same
	sight  time.Duration
	e      Evidence
	last   Verdict
}

func newWalk(r *Record, p Policy) *walk {
	w := &walk{p: p, all: r.Targets, lo: make([]int, len(r.Targets)), hi: make([]int, len(r.Targets)), alike: make([]int, len(r.Targets)), sight: p.sight()}
	w.e.Targets = make([]Target, len(r.Targets))
	for i := range r.Targets {
		w.e.Targets[i] = Target{Name: r.Targets[i].Name, Role: r.Targets[i].Role}
	}
	return w
}

// sight is how far back a judge looks from a tick: as far as one that lives does.
func (p Policy) sight() time.Duration {
	return p.SilentAfter + time.Duration(max(p.LossRounds, p.DeadRounds, p.FreshRounds))*p.Interval
}

// step judges the rounds up to a tick, as if they had been received at once. first is
// when the first of them was made that the tick before did not see; the tick itself if
// none was.
func (w *walk) step(at time.Time) (v Verdict, first time.Time) {
	first = at
	same := true
	var newest time.Time
	for i := range w.all {
		if next := w.advance(i, at); !next.IsZero() {
			first = earlier(first, next)
		}
		if n := w.hi[i]; n > w.lo[i] {
			newest = later(newest, w.all[i].Rounds[n-1].Time)
		}
		same = same && w.same(i, at)
	}
	if same && w.last.State != "" {
		return w.last, first
	}
	w.e.Receipt = Receipt{Time: at, Newest: newest}
	v = w.e.judgeRounds(w.p)
	if isLost(v.State) {
		v.Since = w.afterLastAnswer(v.Since)
	}
	w.last = v
	return v, first
}

// advance brings a target's rounds up to a tick into sight, and tells when the first new
// one was made; zero if none was.
func (w *walk) advance(i int, at time.Time) (first time.Time) {
	rounds := w.all[i].Rounds
	for ; w.hi[i] < len(rounds) && !rounds[w.hi[i]].Time.After(at); w.hi[i]++ {
		n := w.hi[i]
		if first.IsZero() {
			first = rounds[n].Time
		}
		if n > 0 && rounds[n].saysAs(rounds[n-1], w.p) {
			w.alike[i]++
		} else {
			w.alike[i] = 1
		}
	}
	for w.lo[i] < w.hi[i] && !rounds[w.lo[i]].Time.After(at.Add(-w.sight)) {
		w.lo[i]++
	}
	w.e.Targets[i].Rounds = rounds[w.lo[i]:w.hi[i]]
	return first
}

// same tells whether a target's rounds in sight say at a tick what they said at the one
// before it: then so does the judge, who need not be asked. So it is most of the time.
func (w *walk) same(i int, at time.Time) bool {
	n := w.hi[i] - w.lo[i]
	if n == 0 {
		return w.hi[i] == 0 || w.all[i].Rounds[w.hi[i]-1].Time.Before(at.Add(-2*w.sight))
	}
	return w.alike[i] > n+1 && n >= max(w.p.LossRounds, w.p.DeadRounds) && at.Sub(w.all[i].Rounds[w.hi[i]-1].Time) <= w.p.Interval
}

// saysAs tells whether two rounds differ in nothing but their time, and a delay that is
// slow in both or in neither.
func (r Round) saysAs(other Round, p Policy) bool {
	if slow := milliseconds(p.Slow); (r.RTT >= slow) == (other.RTT >= slow) {
		r.RTT = other.RTT
	}
	r.Time = other.Time
	return r == other
}

// afterLastAnswer moves the beginning of a loss behind the last answer over the line: a
// router that never answered pings was not lost when its LAN was.
func (w *walk) afterLastAnswer(since time.Time) time.Time {
	var answer time.Time
	for i := range w.e.Targets {
		if t := &w.e.Targets[i]; t.Role == api.RoleUplink {
			answer = later(answer, lastAnswer(t.Rounds))
		}
	}
	if !since.Before(answer) {
		return since
	}
	next := w.e.Receipt.Time
	for i := range w.e.Targets {
		if t := &w.e.Targets[i]; t.Role == api.RoleUplink {
			for j := len(t.Rounds) - 1; j >= 0 && t.Rounds[j].Time.After(answer); j-- {
				next = earlier(next, t.Rounds[j].Time)
			}
		}
	}
	return next
}

func lastAnswer(rounds []Round) time.Time {
	for i := len(rounds) - 1; i >= 0; i-- {
		if rounds[i].kind() == answered {
			return rounds[i].Time
		}
	}
	return time.Time{}
}

// goods tells when a site that is lost was seen to work.
type goods struct {
	r      *Record
	p      Policy
	since  time.Time   // it is lost
	probed []time.Time // of each target, the first round since shortly before that which could be made; zero: none could
}

func (r *Record) goods(p Policy) *goods {
	return &goods{r: r, p: p, probed: make([]time.Time, len(r.Targets))}
}

// of is for a loss that began then. What could be probed is looked for from a judge's
// sight before it on: what lies farther back another record may not hold.
func (g *goods) of(since time.Time) *goods {
	if g.since.Equal(since) {
		return g
	}
	g.since = since
	for i := range g.r.Targets {
		g.probed[i] = time.Time{}
		rounds := g.r.Targets[i].Rounds
		from := sort.Search(len(rounds), func(j int) bool { return !rounds[j].Time.Before(since.Add(-g.p.sight())) })
		if n := slices.IndexFunc(rounds[from:], func(r Round) bool { return r.probed() }); n >= 0 {
			g.probed[i] = rounds[from+n].Time
		}
	}
	return g
}

// first is when, after one tick and up to the next, the site was first seen to work: an
// uplink target answered; or, where none is measured, something near did; or, where
// nothing is, the agent was heard. Zero: it was not. A target that could not be probed yet
// is not measured.
func (g *goods) first(prev, at time.Time) time.Time {
	for _, far := range []bool{true, false} {
		measured, good := false, time.Time{}
		for i := range g.r.Targets {
			t := &g.r.Targets[i]
			if t.Role == api.RoleDevice || (t.Role == api.RoleUplink) != far || g.probed[i].IsZero() || g.probed[i].After(at) {
				continue
			}
			last := before(t.Rounds, at, timeOfRound)
			if !last.Time.After(at.Add(-time.Duration(g.p.FreshRounds) * g.p.Interval)) {
				continue
			}
			measured = true
			if answer := firstAnswer(t.Rounds, prev, at); !answer.IsZero() && (good.IsZero() || answer.Before(good)) {
				good = answer
			}
		}
		if measured {
			return good
		}
	}
	return at
}

// firstAnswer is the first after prev, up to at; zero if there is none.
func firstAnswer(rounds []Round, prev, at time.Time) time.Time {
	n, _ := slices.BinarySearchFunc(rounds, at, func(r Round, t time.Time) int {
		if r.Time.After(t) {
			return 1
		}
		return -1
	})
	var first time.Time
	for n--; n >= 0 && rounds[n].Time.After(prev); n-- {
		if rounds[n].kind() == answered {
			first = rounds[n].Time
		}
	}
	return first
}
