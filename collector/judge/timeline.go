package judge

import (
	"sort"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// Segment is a time in which a site was in one state.
type Segment struct {
	State    api.State
	From, To time.Time // To is the next one's From; of the last: until when is known
	Reason   say.Key
	Evidence string
}

// Timeline is a site's states over a record, without a hole and without two alike in a
// row, as they were measured: a backlog counts as if it had come in time. Where nothing
// was measured the state is closed, silent or power_lost, by what stands around the gap.
//
// A tick is the end of one round of the office. At each tick the rules of [Decide] hold,
// on the rounds up to it. A loss begins with the first round that failed, and ends with
// the first of RecoverRounds in a row that were answered over the line. What a record
// begins with began before it.
func Timeline(r *Record, p Policy, now time.Time) []Segment {
	return timeline(r.ordered(), p, now)
}

func timeline(r *Record, p Policy, now time.Time) []Segment {
	t := &line{r: r, p: p, until: earlier(r.To, now), goods: r.goods(p)}
	for i := range r.Arrivals {
		if r.Arrivals[i].Goodbye != "" {
			t.byes = append(t.byes, &r.Arrivals[i])
		}
	}
	ticks := t.cut(r.ticks(p.Interval))
	walk := newWalk(r, p)
	for i, at := range ticks {
		prev := t.sign
		verdict, first := walk.step(at)
		if i == 0 {
			t.begin(first)
		} else if prev = ticks[i-1]; first.Sub(prev) > p.SilentAfter {
			t.gap(gap{from: prev, to: first})
		}
		t.tick(verdict, prev, at, first)
	}
	t.end(ticks)
	return clip(t.segments, r.From)
}

// line is a timeline in the making.
type line struct {
	r        *Record
	p        Policy
	until    time.Time
	goods    *goods
	byes     []*Arrival
	segments []Segment
	sign     time.Time // the last of the site from before the record; zero: none is known
	floor    time.Time // nothing that is judged now began before it
	opening  time.Time // the first tick since the record's beginning, or since a gap
	bare     bool      // nothing is laid since then
	left     time.Time // the first tick since a loss that was not judged to be one; zero: none
	good     int       // good rounds in a row since then
	since    time.Time // the first of them
}

// cut leaves out the ticks before the record of which no round is known, and remembers
// when the last sign of the site before it was.
func (t *line) cut(ticks []time.Time) []time.Time {
	from := t.r.From
	for i := range t.r.Targets {
		if rounds := t.r.Targets[i].Rounds; len(rounds) > 0 {
			from = earlier(from, rounds[0].Time)
		}
	}
	rest := after(ticks, from)
	if n := len(ticks) - len(rest); n > 0 {
		t.sign = ticks[n-1]
	}
	for _, a := range t.r.Arrivals {
		sign := a.Last
		if sign.IsZero() {
			sign = a.Time
		}
		if !sign.After(from) {
			t.sign = later(t.sign, sign)
		}
	}
	return rest
}

// begin lays what came before the first round.
func (t *line) begin(first time.Time) {
	t.floor, t.bare = earlier(t.r.From, first), true
	if g := t.head(first); g.to.Sub(g.from) > t.p.SilentAfter {
		t.gap(g)
	}
}

// head is the gap between the last that is known from before the record, if anything
// is, and its first round.
func (t *line) head(to time.Time) gap {
	if t.sign.IsZero() {
		return gap{from: earlier(t.r.From, to), to: to, headless: true}
	}
	return gap{from: t.sign, to: to}
}

// gap lays the states of a gap that a round ended.
func (t *line) gap(g gap) {
	if !g.headless {
		g.bye = t.goodbye(g)
	}
	if n := sort.Search(len(t.r.Runs), func(i int) bool { return !t.r.Runs[i].Time.Before(g.to) }); n < len(t.r.Runs) {
		g.next = &t.r.Runs[n]
	}
	t.lay(g)
	t.floor, t.bare, t.good, t.left = g.to, true, 0, time.Time{}
}

func (t *line) lay(g gap) {
	was := Segment{State: api.StateClosed}
	if n := len(t.segments); n > 0 {
		was = t.segments[n-1]
	}
	for _, s := range t.r.judgeGap(g, was, t.p) {
		t.put(s)
	}
}

// tick lays what is judged at a tick.
func (t *line) tick(v Verdict, prev, at, first time.Time) {
	s := Segment{State: v.State, From: v.Since, Reason: v.Reason, Evidence: v.Evidence}
	var was Segment
	if n := len(t.segments); n > 0 {
		was = t.segments[n-1]
	}
	switch {
	case t.bare:
		t.bare, t.opening, s.From = false, at, t.floor
	case was.State == s.State && was.From.Before(first):
		t.good, t.left = 0, time.Time{}
		return
	case measuredLoss(was.State) && measuredLoss(s.State):
		if s.State == api.StateUplinkDown || !s.From.After(was.From) {
			s.From = first // the line was dead before, behind a dead LAN
			if !t.left.IsZero() {
				s.From = t.left
			}
		}
	case measuredLoss(was.State):
		if s.From = t.back(s, was.From, prev, at, first); s.From.IsZero() {
			return
		}
		t.floor = s.From
	}
	t.good, t.left = 0, time.Time{}
	s.From = later(s.From, t.floor)
	if isLost(s.State) && !s.From.After(t.opening) {
		s.From = t.floor
	}
	t.put(s)
}

// back is since when what was lost is not any more: the first of RecoverRounds good rounds
// in a row; zero before the last of them. What cannot be measured any more ends at once
// what was measured.
func (t *line) back(s Segment, lost, prev, at, first time.Time) time.Time {
	if s.Reason == "reason.no_targets" || s.Reason == "reason.cannot_probe" {
		return first
	}
	if t.left.IsZero() {
		t.left = first
	}
	good := t.goods.of(lost).first(prev, at)
	if good.IsZero() {
		t.good = 0
		return good
	}
	if t.good++; t.good == 1 {
		t.since = good
	}
	if t.good < t.p.RecoverRounds {
		return time.Time{}
	}
	return t.since
}

// put lays a segment over the newest, which ends with it; what it covers whole goes.
func (t *line) put(s Segment) {
	for n := len(t.segments); n > 0 && !t.segments[n-1].From.Before(s.From); n-- {
		t.segments = t.segments[:n-1]
	}
	n := len(t.segments)
	if n > 0 && t.segments[n-1].State == s.State {
		return
	}
	if n > 0 {
		t.segments[n-1].To = s.From
	}
	t.segments = append(t.segments, s)
}

// end lays what came after the last round.
func (t *line) end(ticks []time.Time) {
	g := t.head(t.until)
	if n := len(ticks); n > 0 {
		g = gap{from: ticks[n-1], to: t.until}
	}
	if g.goesOn = true; !g.headless {
		g.bye = t.goodbye(g)
	}
	switch {
	case g.headless && len(t.r.Arrivals) == 0:
		t.put(Segment{State: api.StateNotInstalled, From: t.r.From, Reason: "reason.never_heard", Evidence: "> 90 d"})
	case g.bye != nil:
		t.lay(g)
	case g.to.Sub(g.from) > t.p.SilentAfter:
		t.trail(g)
	}
	if n := len(t.segments); n > 0 {
		t.segments[n-1].To = t.until
	}
}

// trail lays a gap that goes on. As long as the site may still be heard of, it is in what
// it was last, or late.
func (t *line) trail(g gap) {
	newest := before(t.r.Arrivals, t.until, timeOfArrival)
	if newest == nil {
		t.lay(g)
		return
	}
	since := Span{newest.Time, t.until}
	patience := Receipt{Every: newest.Every}.patience(t.p.SilentAfter)
	switch waited := since.To.Sub(since.From); {
	case waited >= patience:
		g.unheard = waited-max(t.r.deaf(since), t.r.Away.overlap(since)) < patience
		t.lay(g)
	case newest.Every == 0 || len(t.segments) == 0:
		t.put(Segment{State: api.StateDegraded, From: g.from, Reason: "reason.late_data", Evidence: moment(g.from)})
	}
}

// clip cuts off what lies before a record.
func clip(segments []Segment, from time.Time) []Segment {
	for len(segments) > 0 && !segments[0].To.After(from) {
		segments = segments[1:]
	}
	if len(segments) > 0 {
		segments[0].From = later(segments[0].From, from)
	}
	return segments
}

// isLost tells the states that make an outage of a site.
func isLost(s api.State) bool {
	return measuredLoss(s) || s == api.StatePowerLost || s == api.StateSilent
}
