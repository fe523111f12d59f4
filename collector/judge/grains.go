package judge

import (
	"context"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// grain is how finely it is told when something was measured: of an hour, it is a
// twelfth of what each round would cost to read.
const grain = 5 * time.Minute

// counted is what one site's agents said of themselves in one grain.
type counted struct {
	rounds    int64         // of the agent that made most: two do not make up for each other
	clockTold int64         // of all of them
	unsure    time.Duration // of the worst of them
}

// grains are those in which something was measured, by their beginning.
type grains map[int64]counted

// readGrains reads the rounds of these sites, by the time at which they were measured.
func (s *sums) readGrains(ctx context.Context, from, to time.Time) (map[string]grains, error) {
	q := s.query("agent_health", []string{api.TagAgent},
		store.Selector{Func: "count", Field: "spool_batches", As: "rounds"},
		store.Selector{Func: "count", Field: "clock_uncertainty_ms", As: "told"},
		store.Selector{Func: "max", Field: "clock_uncertainty_ms", As: "unsure"})
	q.From, q.To, q.Every = from, to, grain
	all := make(map[string]grains, len(s.sites))
	return all, s.rows(ctx, q, func(site string, row store.Row) {
		if all[site] == nil {
			all[site] = grains{}
		}
		c := all[site][row.Time.Unix()]
		c.rounds = max(c.rounds, row.Values["rounds"].Integer())
		c.clockTold += row.Values["told"].Integer()
		c.unsure = max(c.unsure, time.Duration(row.Values["unsure"].Float()*float64(time.Millisecond)))
		all[site][row.Time.Unix()] = c
	})
}

// heard is when rounds were measured.
func (g grains) heard() stretch {
	times := make([]Span, 0, len(g))
	for at, c := range g {
		if c.rounds > 0 {
			times = append(times, Span{time.Unix(at, 0), time.Unix(at, 0).Add(grain)})
		}
	}
	return stretchOf(times...)
}

// countRounds counts the rounds of a period that were due.
func (p *Period) countRounds(g grains, due stretch, t Span, policy Policy) {
	for at := t.From; at.Before(t.To); at = at.Add(grain) {
		c := g[at.Unix()]
		p.ClockTold += c.clockTold
		if c.unsure > clockBound(policy) {
			p.ClockWrong += c.clockTold
		}
		if len(due.and(stretch{{at, at.Add(grain)}})) > 0 {
			p.Rounds += c.rounds
		}
	}
	p.RoundsDue = p.Due * int64(time.Second) / int64(policy.Interval)
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
		of(site).hours[row.Time.Unix()] = milliseconds(row, "last_time_ms")
	})
	if err != nil {
		return nil, err
	}
	last := s.query("receipt", nil, store.Selector{Func: "last", Field: "last_time_ms"})
	last.From, last.To, last.Every = s.from.Add(-retention), s.from, 0
	return all, s.rows(ctx, last, func(site string, row store.Row) { of(site).last = milliseconds(row, "last_time_ms") })
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
