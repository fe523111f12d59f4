package judge

import (
	"context"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// doubledWithin is how far back a batch is looked for that comes in again: whoever
// missed an acknowledgement sends again within minutes.
const doubledWithin = time.Hour

// delivery is one request that the collector took, with what figures need of it.
type delivery struct {
	at          time.Time
	newest      time.Time // point in it; zero: it had none
	late        bool      // what it brought was not the newest that the agent had
	delay       time.Duration
	clock       api.ClockState
	every       time.Duration
	lines       int64
	rejected    int64
	batches     int64
	again       int64 // batches of it that had come in before
	agent       string
	session     string
	first, last int64
}

// readDeliveries reads the requests of these sites that came from..to, by site, oldest first.
func (s *sums) readDeliveries(ctx context.Context, from, to time.Time) (map[string][]delivery, error) {
	q := s.query("receipt", []string{api.TagAgent},
		store.Selector{Field: "batches"}, store.Selector{Field: "session"}, store.Selector{Field: "first_sequence"}, store.Selector{Field: "last_sequence"},
		store.Selector{Field: "lines"}, store.Selector{Field: "rejected"}, store.Selector{Field: "backlog"}, store.Selector{Field: "last_time_ms"},
		store.Selector{Field: "delay_ms"}, store.Selector{Field: "clock"}, store.Selector{Field: "every_seconds"})
	q.From, q.To, q.Every = from, to, 0
	series, err := s.figures.Store.Select(ctx, q)
	if err != nil {
		return nil, err
	}
	all := map[string][]delivery{}
	for _, one := range series {
		site := one.Tags[api.TagSite]
		of := make([]delivery, len(one.Rows))
		for i, row := range one.Rows {
			of[i] = deliveryOf(one.Tags[api.TagAgent], row)
		}
		countDoubled(of)
		all[site] = append(all[site], of...)
	}
	return all, nil
}

func deliveryOf(agent string, row store.Row) delivery {
	v := row.Values
	return delivery{
		at: row.Time, newest: milliseconds(row, "last_time_ms"), late: v["backlog"].Boolean(),
		delay: time.Duration(v["delay_ms"].Integer()) * time.Millisecond, clock: api.ClockState(v["clock"].Text()),
		every: time.Duration(v["every_seconds"].Integer()) * time.Second,
		lines: v["lines"].Integer(), rejected: v["rejected"].Integer(), batches: v["batches"].Integer(),
		agent: agent, session: v["session"].Text(), first: v["first_sequence"].Integer(), last: v["last_sequence"].Integer(),
	}
}

// A receipt names the newest session's batches by the smallest and the largest number.
// Where there are as many batches as numbers, it is just these. Where not, what lies
// between is not known, and only the very same request is known to have come before.
type (
	batchKey struct {
		session  string
		sequence int64
	}
	requestKey struct {
		session                     string
		first, last, batches, lines int64
	}
)

// countDoubled finds which batches of one agent's requests, oldest first, had come in
// within doubledWithin before.
func countDoubled(all []delivery) {
	batches, requests := map[batchKey]time.Time{}, map[requestKey]time.Time{}
	for i := range all {
		d := &all[i]
		if d.session == "" || d.batches == 0 {
			continue
		}
		recent := func(t time.Time) bool { return !t.IsZero() && d.at.Sub(t) < doubledWithin }
		if d.last-d.first+1 != d.batches {
			key := requestKey{d.session, d.first, d.last, d.batches, d.lines}
			if recent(requests[key]) {
				d.again = d.batches
			}
			requests[key] = d.at
			continue
		}
		for n := d.first; n <= d.last; n++ {
			key := batchKey{d.session, n}
			if recent(batches[key]) {
				d.again++
			}
			batches[key] = d.at
		}
	}
}

// countDeliveries puts what came in within a period into it.
func (p *Period) countDeliveries(all []delivery, limit time.Duration) {
	for i := range all {
		d := &all[i]
		p.Points, p.Rejected = p.Points+d.lines, p.Rejected+d.rejected
		p.Batches, p.Duplicates = p.Batches+d.batches, p.Duplicates+d.again
		if d.clock != "" {
			p.ClockTold++
			if d.clock == api.ClockBounded {
				p.ClockWrong++
			}
		}
		if d.newest.IsZero() {
			continue
		}
		p.Requests++
		if d.late || d.delay > limit {
			p.Late++
		}
	}
}

// countAges says how old the newest point was in due time, and for how long it was older
// than the limit. Before the first request it is the one of before. In the morning nobody
// has a point of now: what is from before the office opened, within the last day, ages
// from when it is due.
func (p *Period) countAges(due, open stretch, all []delivery, before time.Time, limit, opening time.Duration) {
	for _, o := range open {
		part := due.and(stretch{o})
		newest := before
		if o.From.After(p.From.Add(-oneDay)) {
			newest = later(before, o.From.Add(opening))
		}
		for i := range all {
			if d := &all[i]; d.newest.After(newest) {
				passed := stretch{{time.Time{}, d.at.Truncate(time.Second)}}
				p.age(part.and(passed), newest, limit)
				part, newest = part.less(passed), d.newest
			}
		}
		p.age(part, newest, limit)
	}
}

func (p *Period) age(due stretch, newest time.Time, limit time.Duration) {
	for _, t := range due {
		p.Age = max(p.Age, int64(t.To.Sub(newest)/time.Second))
		p.Stale += stretchOf(Span{later(t.From, newest.Add(limit)), t.To}).seconds()
	}
}
