package judge

import (
	"slices"
	"time"

	"communewatch/collector/api"
)

// newestKnown is how far a record may end before now and still say what goes on.
const newestKnown = 5 * time.Minute

// Reconcile holds what a record shows against what is stored of the same site: an outage
// that overlaps one of the same target keeps its id, its time and its first judgement; one
// that nothing shows any more is withdrawn; one that is new gets an id. Out come those
// to be written, and nothing else: a second run over the same gives none. Only stored
// ones that overlap the window are judged again.
//
// Of two that turn out to be one the earliest stays, and the other is withdrawn and names
// it. One that was withdrawn and comes back is opened again. What the window does not hold
// whole is not known whole: of that the beginning is never moved, and the end only by
// an end that is seen; and it is never withdrawn. What is silent since the window's very
// beginning, and is not stored, is none: there may never have been an agent.
func Reconcile(stored, found []Outage, window Span, now time.Time) []Outage {
	r := &reconciling{window: window, now: now}
	for i := range stored {
		if s := &stored[i]; r.touches(s) {
			r.stored = append(r.stored, &match{was: s})
		}
	}
	slices.SortStableFunc(r.stored, func(a, b *match) int { return a.was.At.Compare(b.was.At) })
	found = slices.Clone(found)
	slices.SortStableFunc(found, func(a, b Outage) int { return a.Started.Compare(b.Started) })
	for i := range found {
		if f := &found[i]; f.Status == api.StatusWithdrawn {
			r.excuses = append(r.excuses, f)
		} else {
			r.place(f)
		}
	}
	for _, m := range r.stored {
		if m.was != nil && len(m.found) == 0 {
			r.withdraw(m)
		}
	}
	return r.changed(stored)
}

// match is a stored outage and what was found of it.
type match struct {
	was   *Outage // nil: a new one
	found []*Outage
	now   *Outage // as it is judged now; nil: as it was
}

type reconciling struct {
	window  Span
	now     time.Time
	stored  []*match  // by At
	fresh   []*match  // not stored yet
	excuses []*Outage // withdrawn as they were found: why something is none
}

func (r *reconciling) touches(o *Outage) bool {
	return o.Started.Before(r.window.To) && (o.Ended.IsZero() || o.Ended.After(r.window.From))
}

// holds tells whether the window shows an outage from before it began until it ended.
func (r *reconciling) holds(o *Outage) bool {
	return r.holdsStart(o) && (!o.Ended.IsZero() && !o.Ended.After(r.window.To) || r.holdsNow())
}

func (r *reconciling) holdsStart(o *Outage) bool { return !o.Started.Before(r.window.From) }
func (r *reconciling) holdsNow() bool            { return !r.window.To.Before(r.now.Add(-newestKnown)) }

// place finds the stored outage that a found one is: the earliest that it overlaps and
// that is not withdrawn; else one that is. One that the window does not hold whole may
// be several that were found.
func (r *reconciling) place(f *Outage) {
	var mine *match
	headless := f.Reason == "because.headless"
	for _, m := range r.stored {
		if headless && (r.holdsStart(m.was) || m.was.Status == api.StatusWithdrawn) {
			continue
		}
		if !sameLoss(m.was, f) || len(m.found) > 0 && !r.goesOn(m, f) {
			continue
		}
		if mine == nil || mine.was.Status == api.StatusWithdrawn && m.was.Status != api.StatusWithdrawn {
			mine = m
		}
	}
	if mine == nil && headless {
		return
	}
	if mine == nil {
		mine = &match{}
		r.fresh = append(r.fresh, mine)
	}
	mine.found = append(mine.found, f)
}

// goesOn tells whether one more that was found belongs to a stored outage. The window does
// not hold it whole, and it had not ended before.
func (r *reconciling) goesOn(m *match, f *Outage) bool {
	last := m.found[len(m.found)-1].Ended
	return !r.holds(m.was) && m.was.Status != api.StatusWithdrawn && (!m.was.Ended.IsZero() || last.IsZero() || f.Started.Before(last))
}

// sameLoss tells whether two of one target overlap.
func sameLoss(a, b *Outage) bool {
	return a.Target == b.Target && overlapping(a, b)
}

func overlapping(a, b *Outage) bool {
	return (b.Ended.IsZero() || a.Started.Before(b.Ended)) && (a.Ended.IsZero() || b.Started.Before(a.Ended))
}

// withdraw takes back what is not shown any more.
func (r *reconciling) withdraw(m *match) {
	if m.was.Status == api.StatusWithdrawn || !r.holds(m.was) {
		return
	}
	o := *m.was
	if by := r.joinedTo(m); by != nil {
		o.Reason, o.Evidence = "because.joined", by.was.ID
	} else {
		r.excuse(&o)
	}
	o.Status = api.StatusWithdrawn
	if o.Ended.IsZero() {
		o.Ended = later(o.Started, earlier(r.window.To, r.now)).Truncate(time.Millisecond)
	}
	m.now = &o
}

// excuse says why an outage is none.
func (r *reconciling) excuse(o *Outage) {
	f := found("because.not_lost", "")
	o.Cause, o.Reason, o.Evidence = f.cause, f.reason, f.evidence
	for _, e := range r.excuses {
		if o.Target == "" && overlapping(o, e) {
			o.Cause, o.Reason, o.Evidence = e.Cause, e.Reason, e.Evidence
			return
		}
	}
}

// joinedTo is the stored outage to which what was found of this one belongs.
func (r *reconciling) joinedTo(m *match) *match {
	for _, other := range r.stored {
		for _, f := range other.found {
			if sameLoss(m.was, f) {
				return other
			}
		}
	}
	return nil
}

// judge gives a stored outage what was found of it.
func (r *reconciling) judge(m *match) Outage {
	o, first, last := *m.was, m.found[0], m.found[len(m.found)-1]
	if r.holds(m.was) || o.Status == api.StatusWithdrawn && r.holdsStart(m.was) {
		o.Kind, o.Cause, o.Reason, o.Evidence = first.Kind, first.Cause, first.Reason, first.Evidence
		o.Ended, o.Down, o.Interruptions, o.Status = first.Ended, first.Down, first.Interruptions, first.Status
		if first.Started.After(r.window.From) {
			o.Started = first.Started // else it began as far back as the record goes, or before
		}
		return o
	}
	if r.holdsStart(m.was) && first.Started.After(r.window.From) {
		o.Started = first.Started
	}
	if !last.Ended.IsZero() && (o.Ended.IsZero() || !o.Ended.After(r.window.To)) || last.Ended.IsZero() && r.holdsNow() {
		o.Ended = last.Ended
	}
	if o.Status = api.StatusClosed; o.Ended.IsZero() {
		o.Status = api.StatusOpen
	}
	for _, f := range m.found {
		o.Down, o.Interruptions = max(o.Down, f.Down), max(o.Interruptions, f.Interruptions)
		if o.Cause == api.Unknown && f.Cause != api.Unknown && f.Kind == o.Kind {
			o.Cause, o.Reason, o.Evidence = f.Cause, f.Reason, f.Evidence
		}
	}
	return o
}

// changed are those to be written.
func (r *reconciling) changed(stored []Outage) []Outage {
	var out []Outage
	for _, m := range r.stored {
		if len(m.found) > 0 {
			o := r.judge(m)
			m.now = &o
		}
		if m.now == nil || m.now.same(m.was) && m.now.Down == m.was.Down {
			continue
		}
		if !m.now.same(m.was) {
			m.now.Judged = r.now.Truncate(time.Millisecond)
		}
		out = append(out, *m.now)
	}
	for _, m := range r.fresh {
		out = append(out, r.fill(*m.found[0], stored))
	}
	return out
}

// same tells whether two judgements of one outage say the same, but for how long it has
// been down so far.
func (o *Outage) same(p *Outage) bool {
	return o.Status == p.Status && o.Kind == p.Kind && o.Started.Equal(p.Started) && o.Ended.Equal(p.Ended) && o.Interruptions == p.Interruptions &&
		o.Cause == p.Cause && o.Reason == p.Reason && o.Evidence == p.Evidence
}

// fill makes a new outage of what was found. Its moment may be taken by another that
// began then as it was first judged: it is stored a little later.
func (r *reconciling) fill(o Outage, stored []Outage) Outage {
	now := r.now.Truncate(time.Millisecond)
	o.At, o.First, o.Judged = o.Started, now, now
	o.FirstKind, o.FirstCause = o.Kind, o.Cause
	for o.identify(); slices.ContainsFunc(stored, func(s Outage) bool { return s.ID == o.ID }); o.identify() {
		o.At = o.At.Add(time.Millisecond)
	}
	return o
}
