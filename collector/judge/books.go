package judge

import (
	"context"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// How long outages and incidents are remembered, and read from the store at the start:
// nothing that is older can be judged again, but what still goes on can be.
const (
	remembered = api.MaxBehind
	openBack   = 2 * api.MaxBehind   // an outage that began this long ago and goes on is still known
	readSlice  = 30 * 24 * time.Hour // of them, at a time
	reread     = time.Hour
)

// books are what Review remembers between two calls. All of it can be had from the
// store again: after a failure, or when another judge has written, it is.
type books struct {
	metrics *reviewMetrics

	stale    bool      // what is remembered may not be what is stored
	loaded   time.Time // when it was read
	last     time.Time // of the newest judgement, ours
	until    time.Time // receipts before it are judged
	since    time.Time // before it there was no judge, as far as is known
	lived    time.Time // until when all sites have been judged by the live look
	complete bool      // all outages have been through Incidents since they were read

	outages   map[string]map[string]Outage // by site, then id
	incidents map[string]Incident          // by id

	hearing    hearing
	words      map[string]*lastWord // by site
	deaf       deafness
	schedule   schedule
	whole      map[string]time.Time // when a site's longest outage was last judged as a whole
	gateways   map[string]string    // addresses, by site
	gatewaysOf *inventory.Inventory
	weight     map[string]int // rows of a site in a round, as last seen
	bound      int            // rows of a group of late trials; less after one was too large
}

func newBooks(deps *Deps) (*books, error) {
	metrics, err := newReviewMetrics(deps.Registry)
	if err != nil {
		return nil, err
	}
	b := &books{metrics: metrics}
	b.forget()
	return b, nil
}

// forget is a new judge.
func (b *books) forget() {
	*b = books{metrics: b.metrics, stale: true, bound: passRows,
		words: map[string]*lastWord{}, whole: map[string]time.Time{}, weight: map[string]int{}}
	b.hearing.forget()
	b.schedule.forget()
}

// resume makes sure that what is remembered is what is stored: it reads it at first, when
// another judge has written since, after a failure, and now and then.
func (p *pass) resume(ctx context.Context) error {
	last, until, err := p.newestJudgement(ctx)
	if err != nil {
		return err
	}
	if !last.Equal(p.last) || p.last.IsZero() {
		p.forget()
		p.last, p.until = last, until
	}
	if !p.stale && p.now.Sub(p.loaded) < reread {
		return nil
	}
	if p.hearing.cursor.IsZero() {
		if p.until.IsZero() {
			p.until, p.since = p.now.Add(-firstBack), p.now
			p.j.deps.Log.Info("no judgement is stored yet: the last day is judged, older history can be asked for", "from", p.until)
		}
		p.until = later(p.until, p.now.Add(-retention))
		p.hearing.cursor = p.until
	}
	if err := p.load(ctx); err != nil {
		return err
	}
	p.schedule.resume(p)
	p.stale, p.complete, p.loaded = false, false, p.now
	return nil
}

// newestJudgement asks for what was written last, by whichever judge.
func (p *pass) newestJudgement(ctx context.Context) (at, until time.Time, err error) {
	series, err := p.j.deps.Store.Select(ctx, store.Query{
		Measurement: "judgement",
		Select:      []store.Selector{{Func: "last", Field: "until_ms"}},
		From:        p.now.Add(-2 * retention), To: p.now.Add(time.Second),
	})
	if err != nil || len(series) == 0 || len(series[0].Rows) == 0 {
		return time.Time{}, time.Time{}, err
	}
	row := series[0].Rows[len(series[0].Rows)-1]
	return row.Time, instant(row, "until_ms"), nil
}

// load reads the outages and incidents that can still matter.
func (p *pass) load(ctx context.Context) error {
	p.outages, p.incidents = map[string]map[string]Outage{}, map[string]Incident{}
	for to := p.now.Add(api.MaxAhead); to.After(p.now.Add(-openBack)); to = to.Add(-readSlice) {
		if err := p.loadSlice(ctx, Span{to.Add(-readSlice), to}); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) loadSlice(ctx context.Context, s Span) error {
	series, err := p.j.deps.Store.Select(ctx, store.Query{
		Measurement: "outage", Select: OutageColumns(), From: s.From, To: s.To, By: []string{api.TagSite, api.TagID},
	})
	if err != nil {
		return err
	}
	for _, one := range series {
		for _, row := range one.Rows {
			if o := OutageOf(one.Tags, row); o.goesOn() || later(o.Ended, o.At).After(p.now.Add(-remembered)) {
				p.remember(o)
			}
		}
	}
	series, err = p.j.deps.Store.Select(ctx, store.Query{
		Measurement: "incident", Select: IncidentColumns(), From: s.From, To: s.To, By: []string{api.TagID},
	})
	if err != nil {
		return err
	}
	for _, one := range series {
		for _, row := range one.Rows {
			if i := IncidentOf(one.Tags, row, p.inv); i.Status == api.StatusOpen || later(i.Ended, i.At).After(p.now.Add(-remembered)) {
				p.incidents[i.ID] = i
			}
		}
	}
	return nil
}

func (b *books) remember(o Outage) {
	if b.outages[o.Site] == nil {
		b.outages[o.Site] = map[string]Outage{}
	}
	b.outages[o.Site][o.ID] = o
}

func (o *Outage) goesOn() bool { return o.Status == api.StatusOpen }
