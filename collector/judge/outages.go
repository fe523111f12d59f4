package judge

import (
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
)

// Outages are those of a record: of the site, from its timeline, and of its devices. They
// have no id yet and no first judgement.
//
// A site is lost while it is in uplink_down, lan_down, power_lost or silent. Losses that
// touch are one outage, of the kind that lasted longest. It goes on, whatever the
// state, until RecoverRounds good rounds in a row are seen, and ends with the first of
// these. If the site is lost again within Rejoin it is the same outage, interrupted once
// more; from Flaps interruptions on, within Calm. Down is the time in which it was lost, of
// gaps only what was due.
//
// One that looked like silence while it lasted, and was a backlog, is given as withdrawn:
// [Reconcile] tells by it why one that is stored is none.
func Outages(r *Record, timeline []Segment, p Policy, now time.Time) []Outage {
	r = r.ordered()
	until := earlier(r.To, now)
	all := r.siteOutages(timeline, p, until)
	all = append(all, r.deviceOutages(timeline, p, until)...)
	all = append(all, r.backlogs(p)...)
	for i := range all {
		all[i].Site = r.Site.ID
		all[i].Started = all[i].Started.Truncate(time.Millisecond)
		all[i].Ended = all[i].Ended.Truncate(time.Millisecond)
		all[i].Down = all[i].Down.Truncate(time.Second)
		all[i].Evidence = api.CleanText(all[i].Evidence)
	}
	slices.SortStableFunc(all, func(a, b Outage) int {
		if d := a.Started.Compare(b.Started); d != 0 {
			return d
		}
		return strings.Compare(a.Target, b.Target)
	})
	return all
}

// spell is one outage in the making, of a site or a device.
type spell struct {
	Outage
	good  int       // rounds in a row
	first time.Time // of these
	over  time.Time // when it was first over since it was lost last; zero: it is not
	alone bool      // nothing that comes after belongs to it
}

// spells makes outages of losses and rounds, told in the order of time.
type spells struct {
	p   Policy
	all []*spell
}

// lost tells that a loss begins; the outage that it belongs to comes back.
func (s *spells) lost(at time.Time) *spell {
	if n := len(s.all); n > 0 {
		now := s.all[n-1]
		now.good = 0
		switch {
		case now.alone && now.over.IsZero():
			now.over = at
		case now.alone:
		case now.over.IsZero():
			return now
		case at.Sub(now.over) < s.p.rejoin(now.Interruptions):
			now.over = time.Time{}
			now.Interruptions++
			return now
		}
	}
	now := &spell{Outage: Outage{Started: at, Interruptions: 1}}
	s.all = append(s.all, now)
	return now
}

// rejoin is how soon after it another loss belongs to an outage.
func (p Policy) rejoin(interruptions int) time.Duration {
	if p.Flaps > 0 && interruptions >= p.Flaps {
		return max(p.Rejoin, p.Calm)
	}
	return p.Rejoin
}

// round tells of a round that was no loss: when it was first seen to be good, zero if it
// was neither.
func (s *spells) round(good time.Time) {
	n := len(s.all)
	if n == 0 || !s.all[n-1].over.IsZero() {
		return
	}
	now := s.all[n-1]
	if good.IsZero() {
		now.good = 0
		return
	}
	if now.good == 0 {
		now.first = good
	}
	if now.good++; now.good >= s.p.RecoverRounds {
		now.over = now.first
	}
}

// open tells whether one goes on.
func (s *spells) open() bool {
	n := len(s.all)
	return n > 0 && s.all[n-1].over.IsZero()
}

// end settles what is over at a time. One that flaps is not before Calm has passed.
func (s *spells) end(until time.Time) []Outage {
	out := make([]Outage, len(s.all))
	for i, one := range s.all {
		newest := i == len(s.all)-1
		flapping := s.p.Flaps > 0 && one.Interruptions >= s.p.Flaps
		if one.Status = api.StatusClosed; one.over.IsZero() || newest && flapping && until.Sub(one.over) < s.p.Calm {
			one.Status = api.StatusOpen
		} else {
			one.Ended = one.over
		}
		out[i] = one.Outage
	}
	return out
}

// siteOutages are those of the site itself.
func (r *Record) siteOutages(timeline []Segment, p Policy, until time.Time) []Outage {
	s := &spells{p: p}
	parts := map[*spell][]Segment{}
	ticks, good := r.ticks(p.Interval), r.goods(p)
	next := 0
	rounds := func(to time.Time, last bool) {
		for ; next < len(ticks) && (ticks[next].Before(to) || last && ticks[next].Equal(to)); next++ {
			if s.open() {
				since := s.all[len(s.all)-1].Started
				s.round(good.of(since).first(previous(ticks, next, p), ticks[next]))
			}
		}
	}
	for i, seg := range timeline {
		if !isLost(seg.State) {
			continue
		}
		rounds(seg.From, true)
		from := seg.From
		if i == 0 {
			from = r.beganBefore(seg, p)
		}
		now := s.lost(from)
		now.alone = seg.Reason == "because.headless"
		parts[now] = append(parts[now], seg)
		for next < len(ticks) && ticks[next].Before(seg.To) {
			next++
		}
	}
	rounds(until, true)
	for _, one := range s.all {
		r.judgeSpell(one, parts[one], p)
	}
	return s.end(until)
}

// previous is the tick before one; of the first, as far back as a judge looks.
func previous(ticks []time.Time, i int, p Policy) time.Time {
	if i == 0 {
		return ticks[0].Add(-p.sight())
	}
	return ticks[i-1]
}

// beganBefore is when a gap began with which a record begins.
func (r *Record) beganBefore(s Segment, p Policy) time.Time {
	if measuredLoss(s.State) || !s.From.Equal(r.From) {
		return s.From
	}
	t := &line{r: r}
	t.cut(r.ticks(p.Interval))
	if t.sign.IsZero() {
		return s.From
	}
	return earlier(t.sign, s.From)
}

// judgeSpell says what an outage was: the kind that lasted longest, for as long as the site
// was lost, and the cause that is first known of a loss of that kind.
func (r *Record) judgeSpell(one *spell, parts []Segment, p Policy) {
	lasted := map[api.State]time.Duration{}
	var kind api.State
	for _, s := range parts {
		lasted[s.State] += s.To.Sub(s.From)
		one.Down += r.down(s, p)
	}
	for _, s := range parts {
		if kind == "" || lasted[s.State] > lasted[kind] {
			kind = s.State
		}
	}
	one.Kind = string(kind)
	var f finding
	for _, s := range parts {
		if s.State != kind {
			continue
		}
		if other := r.explain(s, p); f.reason == "" || f.cause == api.Unknown && other.cause != api.Unknown {
			f = other
		}
	}
	one.Cause, one.Reason, one.Evidence = f.cause, f.reason, f.evidence
}

// down is for how long of a loss the site was down: while it was measured, or due.
func (r *Record) down(s Segment, p Policy) time.Duration {
	if measuredLoss(s.State) {
		return s.To.Sub(s.From)
	}
	var sum time.Duration
	for _, due := range dueSpans(*r.Site, s.From, s.To, p) {
		sum += due.To.Sub(due.From)
	}
	return sum
}

// backlogs are the times in which nothing of a site was heard though it measured: what a
// living judge called silent. If nobody listened for most of it, it was the collector's doing,
// else the way to it.
func (r *Record) backlogs(p Policy) []Outage {
	var out []Outage
	ticks := r.ticks(p.Interval)
	for i := 1; i < len(r.Arrivals); i++ {
		last, next := &r.Arrivals[i-1], &r.Arrivals[i]
		quiet := Span{last.Time, next.Time}
		if last.Goodbye != "" || quiet.To.Sub(quiet.From) <= (Receipt{Every: last.Every}).patience(p.SilentAfter) {
			continue
		}
		if measured := after(ticks, quiet.From); len(measured) == 0 || quiet.To.Sub(measured[0]) <= p.SilentAfter {
			continue
		}
		f := found("because.only_us", moment(quiet.From)+" – "+moment(quiet.To))
		if deaf := r.deaf(quiet); deaf > 0 && 2*deaf >= quiet.To.Sub(quiet.From) {
			f = found("because.we_were_deaf", f.evidence)
		}
		out = append(out, Outage{Status: api.StatusWithdrawn, Kind: string(api.StateSilent), Started: quiet.From, Ended: quiet.To,
			Interruptions: 1, Cause: f.cause, Reason: f.reason, Evidence: f.evidence})
	}
	return out
}
