package judge

import (
	"context"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/store"
)

// How long nobody must have been heard, and no judge have written, before the collector or
// its database was away. It is less than a site's silence, or its absence would be booked on
// the sites; and more than lies between two passes.
const (
	deafLongest  = 2 * time.Minute
	deafShortest = 45 * time.Second
)

func (p *pass) deafAfter() time.Duration {
	silent := p.j.policy(&inventory.Site{}).SilentAfter
	return min(deafLongest, max(deafShortest, silent))
}

// awayAfter is how long nobody must have judged before it is taken that perhaps nobody
// listened either. That is too short to call it the collector's outage, and to know; but
// agents that met nobody wait before they try again, and all of them would be missed at once.
const awayAfter = time.Minute

// deafness is when nobody listened, as far as it was looked for.
type deafness struct {
	known Span
	spans []Span // in order of time, apart
	away  Span   // the newest time longer than awayAfter in which no judge judged
	told  time.Time
}

// within are the parts of it that lie in a time.
func (d *deafness) within(s Span) []Span {
	var in []Span
	for _, one := range d.spans {
		if cut := (Span{later(one.From, s.From), earlier(one.To, s.To)}); cut.To.After(cut.From) {
			in = append(in, cut)
		}
	}
	return in
}

// findDeaf makes known when nobody listened within the records of trials. What is known is not asked
// again; while one pass follows another there is nothing to ask.
func (p *pass) findDeaf(ctx context.Context, trials []*trial) error {
	from := p.now.Add(-time.Hour)
	if !p.last.IsZero() {
		from = earlier(from, p.last.Add(-p.deafAfter()))
	}
	for _, t := range trials {
		from = earlier(from, t.record.From)
		if newest := p.hearing.newest[t.site.ID].Time; t.late == nil && newest.After(p.now.Add(-firstBack)) {
			from = earlier(from, newest)
		}
	}
	d := &p.deaf
	if !p.last.IsZero() && p.now.Sub(p.last) > awayAfter {
		d.away = Span{p.last, p.now}
	}
	from = later(from, p.now.Add(-retention))
	if d.known.To.IsZero() {
		spans, err := p.deafWithin(ctx, Span{from, p.now})
		if err != nil {
			return err
		}
		d.known, d.spans = Span{from, p.now}, spans
		return nil
	}
	if from.Before(d.known.From) {
		spans, err := p.deafWithin(ctx, Span{from.Add(-p.deafAfter()), d.known.From.Add(p.deafAfter())})
		if err != nil {
			return err
		}
		d.spans, d.known.From = joined(append(spans, d.spans...)), from
	}
	if p.now.Sub(d.known.To) > p.deafAfter() {
		spans, err := p.deafWithin(ctx, Span{d.known.To.Add(-p.deafAfter()), p.now})
		if err != nil {
			return err
		}
		d.spans = joined(append(d.spans, spans...))
	}
	d.known.To = later(d.known.To, p.now)
	return nil
}

// deafWithin asks in turn for what is cheap and what is dear: the judgements, and only
// where these are missing the sites' states and what came in.
func (p *pass) deafWithin(ctx context.Context, s Span) ([]Span, error) {
	quiet := []Span{s}
	for _, sign := range []struct{ measurement, field string }{{"judgement", "until_ms"}, {"site_state", "state"}, {"receipt", "lines"}} {
		var left []Span
		for _, q := range quiet {
			heard, err := p.signs(ctx, sign.measurement, sign.field, q)
			if err != nil {
				return nil, err
			}
			last := q.From
			for _, t := range append(heard, q.To.Truncate(step)) {
				if t.Sub(last) > p.deafAfter() {
					left = append(left, Span{last, t})
				}
				last = later(last, t)
			}
		}
		quiet = left
	}
	return quiet, nil
}

// step is how finely it is told.
const step = 10 * time.Second

// signs are when there was one, to a step.
func (p *pass) signs(ctx context.Context, measurement, field string, s Span) ([]time.Time, error) {
	var at []time.Time
	for from := s.From.Truncate(step); from.Before(s.To); from = from.Add(7 * 24 * time.Hour) {
		series, err := p.j.deps.Store.Select(ctx, store.Query{
			Measurement: measurement, Select: []store.Selector{{Func: "count", Field: field}},
			From: from, To: earlier(s.To, from.Add(7*24*time.Hour)), Every: step,
		})
		if err != nil {
			return nil, err
		}
		for _, one := range series {
			for _, row := range one.Rows {
				if t := later(row.Time, s.From); t.Before(s.To) {
					at = append(at, t)
				}
			}
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	return at, nil
}

// collectorIncident writes the collector's own outages: of which the sites are not to blame.
func (p *pass) collectorIncident(ctx context.Context) error {
	var incidents []Incident
	for _, s := range p.deaf.spans {
		// What reaches back to where nobody has looked, or to before there was a judge, has no known beginning.
		if !s.To.After(later(p.deaf.told, p.now.Add(-firstBack))) || !s.From.After(p.deaf.known.From) || s.From.Before(p.since) {
			continue
		}
		incidents = append(incidents, collectorAway(s))
	}
	if len(incidents) == 0 {
		return nil
	}
	if err := p.writeIncidents(ctx, incidents); err != nil {
		return err
	}
	p.deaf.told = p.now
	return nil
}

// collectorAway is the incident of a time in which nobody listened. It says the same
// whoever finds it.
func collectorAway(s Span) Incident {
	from, to := s.From.Truncate(step).UTC(), s.To.Truncate(step).UTC()
	return Incident{
		ID: "collector-" + from.Format("20060102-150405"), At: from, Kind: api.KindCollector, Status: api.StatusClosed,
		Started: from, Ended: to, Cause: api.CollectorGone, Title: say.Vietnamese.Text("review.collector"),
		Evidence: moment(from) + " – " + moment(to), Judged: to,
	}
}
