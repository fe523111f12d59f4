package judge

import (
	"sort"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// gap is a time without a tick: more than SilentAfter from the last round to the next.
// What it was is told by what stands around it, in this order:
//
//   - a goodbye at its beginning: closed, the whole of it.
//   - each UPS that was read within Battery before it said "on battery" last: power_lost, the whole of it.
//   - what of it is not due by the calendar (for Opening after the office opens, and for
//     Closing before it closes, nobody is missed), and what was due at its beginning for no
//     longer than SilentAfter: closed.
//   - the rest: silent. The cause is known once the agent is heard again: another session
//     on a machine that booted within the gap is machine_stopped, another session on a machine
//     that was up all the time agent_stopped. All else is unknown, and so it is while
//     the gap goes on, or if nothing is known of before it. While no collector listened,
//     a gap of which the cause is not known is not the site's: its state stays what it was.
type gap struct {
	from, to time.Time
	bye      *Arrival // the goodbye at its beginning; nil: none was said
	next     *Run     // the first after it; nil: it goes on, or no point of the agent's came
	goesOn   bool
	headless bool // nothing is known of before it
	unheard  bool // since the site was last heard, nobody listened for long enough to miss it
}

// judgeGap gives the states of a gap, oldest first; was is what the site was in before.
func (r *Record) judgeGap(g gap, was Segment, p Policy) []Segment {
	if g.bye != nil {
		return []Segment{{api.StateClosed, g.from, g.to, "reason.goodbye", moment(g.from)}}
	}
	if evidence := r.onBattery(g.from, p); !g.headless && evidence != "" {
		return []Segment{{api.StatePowerLost, g.from, g.to, "because.on_battery", evidence}}
	}
	silent := r.silence(g)
	var out []Segment
	at := g.from
	for _, open := range dueSpans(*r.Site, g.from, g.to, p) {
		if open.From.Equal(g.from) && open.To.Before(g.to) && open.To.Sub(open.From) < p.SilentAfter && !g.headless {
			continue // when it could have been missed it was closed already
		}
		if open.From.After(at) {
			out = append(out, closedHours(at, open.From, g))
		}
		if n := len(out); n > 0 {
			was = out[n-1]
		}
		out = append(out, r.judgeSilence(open, g, silent, was, p)...)
		at = open.To
	}
	if at.Before(g.to) {
		out = append(out, closedHours(at, g.to, g))
	}
	return out
}

func closedHours(from, to time.Time, g gap) Segment {
	return Segment{api.StateClosed, from, to, "reason.closed_hours", moment(g.from)}
}

// goodbye finds the one with which a gap began: what came with it ended with the last
// round before the gap; or it came alone after that round, before the agent could be missed;
// or it was the last that was heard then, whatever came with it.
func (t *line) goodbye(g gap) *Arrival {
	slack := min(t.p.Interval/2, 30*time.Second) // clocks differ a little
	for i := range t.byes {
		if bye := t.byes[i]; !bye.Last.IsZero() && bye.Last.Sub(g.from).Abs() <= slack {
			return bye
		}
	}
	missed := earlier(g.to, g.from.Add(t.p.SilentAfter))
	for i := range t.byes {
		if bye := t.byes[i]; bye.Last.IsZero() && !bye.Time.Before(g.from) && bye.Time.Before(missed) {
			return bye
		}
	}
	last := before(t.r.Arrivals, missed, timeOfArrival)
	if last == nil || last.Goodbye == "" || last.Time.Before(g.from.Add(-slack)) {
		return nil
	}
	if !last.Last.IsZero() && !t.r.ranOn(last.Last.Add(slack)) {
		return nil // it ended another run, and came late
	}
	return last
}

// ranOn tells whether the session of a time went on after it.
func (r *Record) ranOn(at time.Time) bool {
	n := r.runsUntil(at)
	return n > 0 && n < len(r.Runs) && r.Runs[n].Session == r.Runs[n-1].Session
}

// runsUntil is how many runs are not after a time.
func (r *Record) runsUntil(at time.Time) int {
	return sort.Search(len(r.Runs), func(i int) bool { return r.Runs[i].Time.After(at) })
}

// onBattery says which UPS was on battery when a gap began; empty if none was, or if two
// of them said otherwise.
func (r *Record) onBattery(from time.Time, p Policy) string {
	newest := map[string]Power{}
	evidence := ""
	for i := len(r.Power) - 1; i >= 0 && r.Power[i].Time.After(from.Add(-p.Battery)); i-- {
		reading := r.Power[i]
		if _, known := newest[reading.Target]; known || reading.Time.After(from.Add(p.Interval)) {
			continue
		}
		newest[reading.Target] = reading
		if !reading.OnBattery {
			return ""
		}
		evidence = reading.Target + " " + moment(reading.Time)
	}
	return evidence
}

// silence is what a gap is that nothing explains, but for its times.
func (r *Record) silence(g gap) Segment {
	s := Segment{State: api.StateSilent, Reason: "because.not_heard", Evidence: moment(g.from)}
	last := before(r.Runs, g.from, timeOfRun)
	switch {
	case g.headless:
		s.Reason, s.Evidence = "because.headless", moment(g.to)
	case g.goesOn:
	case g.next != nil && last != nil && g.next.Session != "" && g.next.Session == last.Session:
		s.Reason = "because.data_missing"
	case g.next == nil || g.next.MachineUp == 0 || last == nil:
		s.Reason = "because.no_trace"
	default:
		booted := g.next.Time.Add(-g.next.MachineUp)
		s.Reason, s.Evidence = "because.ran_on", moment(g.from)+" – "+moment(g.to)+", "+moment(booted)
		if booted.After(g.from) {
			s.Reason = "because.booted"
		}
	}
	return s
}

// judgeSilence parts a silence into what a collector would have heard of, and what nobody
// listened to: there the state stays what it was. A silence whose cause is known was one,
// whoever listened. Less than SilentAfter, before or after nobody listened, is not enough to
// miss a site.
func (r *Record) judgeSilence(s Span, g gap, silent, was Segment, p Policy) []Segment {
	var out []Segment
	put := func(one Segment, from, to time.Time) {
		if from.Before(to) {
			one.From, one.To = from, to
			out, was = append(out, one), one
		}
	}
	waiting := func() Segment { return Segment{State: was.State, Reason: "reason.waiting", Evidence: moment(g.from)} }
	at := s.From
	switch {
	case causeOf[silent.Reason] != api.Unknown || g.headless:
		put(silent, s.From, s.To)
		return out
	case g.unheard:
		put(waiting(), s.From, s.To)
		return out
	}
	for _, d := range r.Deaf {
		from, to := later(d.From, at), earlier(d.To, s.To)
		if !from.Before(to) {
			continue
		}
		if from.Sub(at) >= p.SilentAfter {
			put(silent, at, from)
			at = from
		}
		put(waiting(), at, to)
		at = to
	}
	if at.After(s.From) && s.To.Sub(at) < p.SilentAfter {
		silent = waiting()
	}
	put(silent, at, s.To)
	return out
}

// deaf is for how long of a time nobody listened.
func (r *Record) deaf(s Span) time.Duration {
	var sum time.Duration
	at := s.From
	for _, d := range r.Deaf {
		sum += Span{later(at, d.From), d.To}.overlap(s)
		at = later(at, d.To)
	}
	return sum
}

// dueSpans are the times within from..to in which an office is due to be heard: open by
// its calendar, for Opening already and for Closing still.
func dueSpans(site inventory.Site, from, to time.Time, p Policy) []Span {
	var turns []time.Time
	add := func(t time.Time) {
		if t.After(from) && t.Before(to) {
			turns = append(turns, t)
		}
	}
	start := from.Add(-p.Opening).Truncate(quarter)
	was := site.Due(start)
	for t := start.Add(quarter); t.Before(to.Add(p.Closing + quarter)); t = t.Add(quarter) {
		if now := site.Due(t); now != was {
			was = now
			add(t)
			add(t.Add(p.Opening))
			add(t.Add(-p.Closing))
		}
	}
	turns = sorted(append(turns, from), time.Time.Compare)
	var out []Span
	for i, t := range turns {
		until := to
		if i+1 < len(turns) {
			until = turns[i+1]
		}
		switch n := len(out); {
		case !due(site, t, p) || !t.Before(until):
		case n > 0 && out[n-1].To.Equal(t):
			out[n-1].To = until
		default:
			out = append(out, Span{t, until})
		}
	}
	return out
}
