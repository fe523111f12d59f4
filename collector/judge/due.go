package judge

import (
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// quarter is how finely calendars are made and rounds are counted.
const quarter = closing

// openings finds when offices are open; those with the same calendar share the work.
type openings map[inventory.Calendar]stretch

// of is when a calendar says open, from..to being whole quarters.
func (o openings) of(c inventory.Calendar, from, to time.Time) stretch {
	if known, ok := o[c]; ok {
		return known
	}
	var open []Span
	for at := from; at.Before(to); at = at.Add(quarter) {
		if c.Due(at) {
			open = append(open, Span{at, at.Add(quarter)})
		}
	}
	o[c] = stretchOf(open...)
	return o[c]
}

// dueOf is when an office is due: open by its calendar, less the time after it opens and
// before it closes in which people may not be there, unless something was heard then.
func dueOf(open, heard stretch, p Policy) stretch {
	sure := make([]Span, 0, len(open))
	for _, o := range open {
		sure = append(sure, Span{o.From.Add(p.Opening), o.To.Add(-p.Closing)})
	}
	return open.and(heard).or(stretchOf(sure...))
}

// unheardOf is where for so long no round was measured; at its end, where more may come
// in yet, with more patience.
func unheardOf(heard stretch, window Span, silent, patience time.Duration) stretch {
	return slices.DeleteFunc(stretchOf(window).less(heard), func(gap Span) bool {
		limit := silent
		if !gap.To.Before(window.To.Truncate(time.Second)) {
			limit = patience
		}
		return gap.To.Sub(gap.From) < limit
	})
}

// split is how the due time of a site divides: into down, unknown, maintenance, and up,
// which is the rest.
type split struct{ due, down, unknown, maintenance stretch }

func splitOf(due, lost, silent, maintenance stretch) split {
	s := split{due: due, maintenance: due.and(maintenance)}
	s.down = due.and(lost).less(s.maintenance)
	s.unknown = due.and(silent).less(s.maintenance).less(s.down)
	return s
}

// in is the part of it within a time.
func (s split) in(t Span) split {
	w := stretchOf(t)
	return split{s.due.and(w), s.down.and(w), s.unknown.and(w), s.maintenance.and(w)}
}

// lostOf divides a site's outages into those of which it is known that the office was
// cut off, and those of which nothing is known: nobody measured while it was silent,
// whatever made it so.
func lostOf(outages []Outage, now time.Time) (lost, silent stretch) {
	var down, unknown []Span
	for i := range outages {
		o := &outages[i]
		t := Span{o.Started, o.Ended}
		if o.Ended.IsZero() {
			t.To = now
		}
		switch {
		case o.Status == api.StatusWithdrawn || o.Kind == api.KindDevice:
		case o.Kind == string(api.StateSilent):
			unknown = append(unknown, t)
		default:
			down = append(down, t)
		}
	}
	return stretchOf(down...), stretchOf(unknown...)
}
