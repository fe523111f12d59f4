package judge

import (
	"context"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// counted is what one site's agents said of themselves in a quarter of an hour.
type counted struct {
	rounds    int64
	clockTold int64         // of these
	unsure    time.Duration // of the worst of them
}

// quarters are those in which something was measured, by their beginning.
type quarters map[int64]counted

// readQuarters reads the rounds of these sites, by the time at which they were measured.
func (s *sums) readQuarters(ctx context.Context, from, to time.Time) (map[string]quarters, error) {
	q := s.query("agent_health", nil,
		store.Selector{Func: "count", Field: "spool_batches", As: "rounds"},
		store.Selector{Func: "count", Field: "clock_uncertainty_ms", As: "told"},
		store.Selector{Func: "max", Field: "clock_uncertainty_ms", As: "unsure"})
	q.From, q.To, q.Every = from, to, quarter
	series, err := s.figures.Store.Select(ctx, q)
	if err != nil {
		return nil, err
	}
	all := make(map[string]quarters, len(series))
	for _, one := range series {
		of := make(quarters, len(one.Rows))
		for _, row := range one.Rows {
			of[row.Time.Unix()] = counted{
				row.Values["rounds"].Integer(), row.Values["told"].Integer(),
				time.Duration(row.Values["unsure"].Float() * float64(time.Millisecond)),
			}
		}
		all[one.Tags[api.TagSite]] = of
	}
	return all, nil
}

// heard is when rounds were measured, to a quarter of an hour.
func (q quarters) heard() stretch {
	times := make([]Span, 0, len(q))
	for at, c := range q {
		if c.rounds > 0 {
			times = append(times, Span{time.Unix(at, 0), time.Unix(at, 0).Add(quarter)})
		}
	}
	return stretchOf(times...)
}

// countRounds counts the rounds of a period that were due. Two agents, or a round more
// by chance, do not make up for a quarter of an hour in which there were too few.
func (p *Period) countRounds(q quarters, due stretch, t Span, policy Policy) {
	p.RoundsDue = p.Due / int64(max(policy.Interval, time.Second)/time.Second)
	for at := t.From; at.Before(t.To); at = at.Add(quarter) {
		c := q[at.Unix()]
		if c.clockTold > 0 {
			p.ClockTold += c.clockTold
			if c.unsure > clockBound(policy) {
				p.ClockWrong += c.clockTold
			}
		}
		open := due.and(stretchOf(Span{at, at.Add(quarter)}))
		if len(open) == 0 {
			continue
		}
		room := int64(time.Duration(open.seconds())*time.Second/policy.Interval) + 2
		p.Rounds += min(c.rounds, room)
	}
	p.Rounds = min(p.Rounds, p.RoundsDue)
}

// readJoined finds when each of these sites was heard first, by measured time or by the
// collector's, whichever is earlier, as far back as points are kept.
func (s *sums) readJoined(ctx context.Context) (map[string]time.Time, error) {
	first := map[string]time.Time{}
	for _, of := range []struct{ measurement, field string }{{"receipt", "lines"}, {"agent_health", "spool_batches"}} {
		q := s.query(of.measurement, nil, store.Selector{Func: "first", Field: of.field})
		q.From, q.Every = s.to.Add(-retention), 0
		err := s.rows(ctx, q, func(site string, row store.Row) {
			if t := first[site]; t.IsZero() || row.Time.Before(t) {
				first[site] = row.Time
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return first, nil
}

// freshWithin is within what time before an hour its newest point is looked for; where
// nothing came in it, the last request of all tells.
const freshWithin = 24 * time.Hour

// freshness is what was known of a site's newest point: by the hours in which it came,
// and by the last request before all of them.
type freshness struct {
	hours map[int64]time.Time
	last  time.Time
}

func (s *sums) readFreshness(ctx context.Context) (map[string]*freshness, error) {
	all := map[string]*freshness{}
	of := func(site string) *freshness {
		if all[site] == nil {
			all[site] = &freshness{hours: map[int64]time.Time{}}
		}
		return all[site]
	}
	newest := s.query("receipt", nil, store.Selector{Func: "max", Field: "last_time_ms"})
	newest.From, newest.Every = s.from.Add(-freshWithin), time.Hour
	err := s.rows(ctx, newest, func(site string, row store.Row) {
		of(site).hours[row.Time.Unix()] = instant(row, "last_time_ms")
	})
	if err != nil {
		return nil, err
	}
	last := s.query("receipt", nil, store.Selector{Func: "last", Field: "last_time_ms"})
	last.From, last.To, last.Every = s.from.Add(-retention), s.from, 0
	return all, s.rows(ctx, last, func(site string, row store.Row) { of(site).last = instant(row, "last_time_ms") })
}

// before is the newest point that was known when an hour began; zero: none.
func (k *freshness) before(hour time.Time) time.Time {
	if k == nil {
		return time.Time{}
	}
	var newest time.Time
	for at := hour.Add(-freshWithin); at.Before(hour); at = at.Add(time.Hour) {
		newest = later(newest, k.hours[at.Unix()])
	}
	if newest.IsZero() {
		return k.last
	}
	return newest
}

func (s *sums) rows(ctx context.Context, q store.Query, take func(site string, row store.Row)) error {
	series, err := s.figures.Store.Select(ctx, q)
	for _, one := range series {
		for _, row := range one.Rows {
			take(one.Tags[api.TagSite], row)
		}
	}
	return err
}

// inOrder sorts what several agents of a site sent.
func inOrder(all []delivery) []delivery {
	slices.SortStableFunc(all, func(a, b delivery) int { return a.at.Compare(b.at) })
	return all
}
