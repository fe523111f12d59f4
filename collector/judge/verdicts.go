package judge

import (
	"context"
	"time"

	"communewatch/collector/api"
)

// judgeAll judges trials, at most one of a site, and gives the outages that are to be
// written. Where an outage turns out to reach beyond what was read, more is read, a few times.
func (p *pass) judgeAll(ctx context.Context, trials []*trial) ([]ruling, error) {
	var rulings []ruling
	for round := 1; len(trials) > 0; round++ {
		if err := p.read(ctx, trials); err != nil {
			return nil, err
		}
		var again []*trial
		for _, t := range trials {
			t.fixed = t.fixed || round == maxRounds
			found, wider := p.judge(t)
			if wider != nil {
				again = append(again, wider)
				continue
			}
			rulings = append(rulings, found...)
		}
		trials = again
	}
	return rulings, nil
}

// judge holds what a record shows against what is stored. Where it begins or ends within an
// outage, it gives a trial of more time instead.
func (p *pass) judge(t *trial) ([]ruling, *trial) {
	timeline := Timeline(t.record, t.policy, t.until)
	found := Outages(t.record, timeline, t.policy, t.until)
	old := p.beyond(t)
	if !t.fixed {
		if wider := p.widen(t, timeline, found, old); wider != nil {
			return nil, wider
		}
	}
	found = p.join(t, found, old, timeline)
	kept := found[:0]
	for _, o := range found {
		if touches(o.span(p.now), t.window) {
			kept = append(kept, o)
		}
	}
	var stored []Outage
	for id, o := range p.outages[t.site.ID] {
		if _, left := old[id]; !left || t.fixed && !t.live {
			stored = append(stored, o)
		}
	}
	byID(stored)
	var rulings []ruling
	for _, o := range Reconcile(stored, kept, t.window, p.now) {
		was := p.outages[t.site.ID][o.ID]
		rulings = append(rulings, ruling{was, o, !t.live || !t.span.receipt.IsZero()})
	}
	return rulings, nil
}

// touches is true for spans that have a moment in common, their ends included.
func touches(a, b Span) bool { return !a.To.Before(b.From) && !a.From.After(b.To) }

// beyond are the stored outages that reach into the window from before the record: of
// what they were before, this record cannot tell.
func (p *pass) beyond(t *trial) map[string]Outage {
	old := map[string]Outage{}
	for id, o := range p.outages[t.site.ID] {
		s := o.span(p.now)
		s.To = s.To.Add(t.joins())
		if o.Status != api.StatusWithdrawn && s.From.Before(t.record.From) && touches(s, t.window) {
			old[id] = o
		}
	}
	return old
}

// widen gives a trial of more time where this one's record does not show both ends of
// an outage, and that matters: nothing speaks against one that goes on. From time to time
// it is judged as a whole even so, ever more seldom the longer it lasts.
func (p *pass) widen(t *trial, timeline []Segment, found []Outage, old map[string]Outage) *trial {
	window := t.window
	for id, o := range old {
		if !o.goesOn() && !t.begins(found, o) {
			continue
		}
		if o.goesOn() && !t.speaksAgainst(o, timeline) && p.now.Sub(later(p.whole[id], p.loaded)) < p.now.Sub(o.Started)/10 {
			continue
		}
		if o.goesOn() {
			p.whole[id] = p.now
		}
		window.From = earlier(window.From, o.Started)
	}
	for _, o := range found {
		s := o.span(t.until)
		if !touches(s, t.window) || p.isOf(o, old) {
			continue
		}
		if s.From.Before(t.record.From.Add(2*t.policy.Interval)) && p.hasBefore(t) {
			window.From = earlier(window.From, t.window.From.Add(-2*t.window.To.Sub(t.window.From)-time.Hour))
		}
		if o.Ended.IsZero() && t.record.To.Before(p.now) {
			window.To = later(window.To, t.window.To.Add(2*t.window.To.Sub(t.window.From)+time.Hour))
		}
	}
	window.From, window.To = later(window.From, p.now.Add(-retention)), earlier(window.To, p.now)
	if window == t.window {
		return nil
	}
	wider := *t
	wider.window = window
	p.reach(&wider, maxRecord)
	if wider.window.To.Sub(wider.window.From) > maxRecord {
		wider.window.From, wider.fixed = later(wider.window.From, wider.window.To.Add(-maxRecord)), true
	}
	return &wider
}

// hasBefore tells whether there are rounds before the record's own.
func (p *pass) hasBefore(t *trial) bool {
	return t.record.From.After(p.now.Add(-retention)) && (len(t.record.Runs) == 0 || t.record.Runs[0].Time.Sub(t.record.From) < 2*t.policy.Interval)
}

// begins tells whether one was found that may belong to an earlier one of the same target.
func (t *trial) begins(found []Outage, o Outage) bool {
	for i := range found {
		if found[i].Target == o.Target && touches(found[i].span(t.until), t.window) && found[i].Started.Before(o.Ended.Add(t.joins())) {
			return true
		}
	}
	return false
}

// isOf tells whether an outage that begins with the record is the rest of an old one.
func (p *pass) isOf(o Outage, old map[string]Outage) bool {
	for _, of := range old {
		if of.Target == o.Target {
			return true
		}
	}
	return false
}

// speaksAgainst tells whether the record shows a good moment in what goes on, as it is stored: a
// device answers, or the office is up.
func (t *trial) speaksAgainst(o Outage, timeline []Segment) bool {
	if o.Target == "" {
		for _, s := range timeline {
			if (s.State == api.StateOK || s.State == api.StateDegraded) && s.To.After(t.window.From) {
				return true
			}
		}
		return false
	}
	for i := range t.record.Targets {
		if of := &t.record.Targets[i]; of.Name == o.Target && of.Role == api.RoleDevice {
			for _, round := range of.Rounds {
				if round.Received > 0 && !round.Time.Before(t.window.From) {
					return true
				}
			}
		}
	}
	return false
}

// join puts what began before the record to what was found of it, where no more can be
// read. One that goes on, and that nothing speaks against, is left as it is stored.
func (p *pass) join(t *trial, found []Outage, old map[string]Outage, timeline []Segment) []Outage {
	var out []Outage
	rest := map[string]bool{}
	for _, o := range old {
		rest[o.Target] = true
	}
	for _, o := range found {
		if !rest[o.Target] || !o.Started.Before(t.record.From.Add(2*t.policy.Interval)) {
			out = append(out, o)
		}
	}
	if !t.fixed || t.live {
		return out
	}
	for _, o := range old {
		whole := o
		if o.goesOn() && t.speaksAgainst(o, timeline) {
			whole.Status, whole.Ended = api.StatusClosed, t.firstGood(o, found, timeline)
		}
		out = append(out, whole)
	}
	return out
}

// firstGood is when the rest of an old outage ended.
func (t *trial) firstGood(o Outage, found []Outage, timeline []Segment) time.Time {
	for _, f := range found {
		if f.Target == o.Target && f.Started.Before(t.record.From.Add(2*t.policy.Interval)) && !f.Ended.IsZero() {
			return f.Ended
		}
	}
	for _, s := range timeline {
		if o.Target == "" && (s.State == api.StateOK || s.State == api.StateDegraded) {
			return later(s.From, t.record.From)
		}
	}
	return later(o.Started, t.record.From)
}
