package judge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	j       *Judge
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

func newBooks(j *Judge) (*books, error) {
	metrics, err := newReviewMetrics(j.deps.Registry)
	if err != nil {
		return nil, err
	}
	b := &books{j: j, metrics: metrics}
	b.forget()
	return b, nil
}

// forget is a new judge.
func (b *books) forget() {
	*b = books{j: b.j, metrics: b.metrics, stale: true, bound: passRows,
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

// ruling is an outage that is to be written, and what it was before.
type ruling struct {
	was  Outage // zero: it is new
	is   Outage
	late bool // late data made it, not the time that passed
}

// write stores outages, then their incidents, then what of the outages follows from these.
// Another order would leave, where it breaks off, incidents that nothing belongs to.
func (p *pass) write(ctx context.Context, rulings []ruling) error {
	outages := make([]Outage, len(rulings))
	for i := range rulings {
		outages[i] = rulings[i].is
	}
	if err := p.writeOutages(ctx, outages); err != nil {
		return err
	}
	p.rulings = append(p.rulings, rulings...)
	for i := range rulings {
		p.schedule.touch(p.now, rulings[i].is.Site, rulings[i].spans(p.now), time.Time{})
	}
	if len(rulings) == 0 && p.complete {
		return nil
	}
	return p.group(ctx, outages)
}

// spans are the times over which the outage was and is.
func (c *ruling) spans(now time.Time) []Span {
	spans := []Span{c.is.span(now)}
	if c.was.ID != "" {
		spans = append(spans, c.was.span(now))
	}
	return spans
}

func (o *Outage) span(now time.Time) Span {
	if o.goesOn() || o.Ended.IsZero() {
		return Span{o.Started, later(o.Started, now)}
	}
	return Span{o.Started, o.Ended}
}

func (p *pass) writeOutages(ctx context.Context, outages []Outage) error {
	var lines []byte
	for i := range outages {
		site, known := p.inv.Site(outages[i].Site)
		if !known {
			continue // it has left the inventory: what is stored of it stays as it is
		}
		provider, _ := p.inv.Provider(site.Provider)
		outages[i].Provider = provider.Name
		var err error
		if lines, err = outages[i].Point(&site).AppendLine(lines); err != nil {
			return fmt.Errorf("outage of %s: %w", site.ID, err)
		}
	}
	if err := p.store(ctx, api.Events, lines); err != nil {
		return err
	}
	for i := range outages {
		p.remember(outages[i])
	}
	return nil
}

// group puts outages into incidents: those near the changed ones, or, the first time, all.
func (p *pass) group(ctx context.Context, changed []Outage) error {
	outages, stored := p.near(changed)
	incidents, links := Incidents(stored, outages, p.inv, p.j.cfg.Policies, p.now)
	if err := p.writeIncidents(ctx, incidents); err != nil {
		return err
	}
	if err := p.writeOutages(ctx, links); err != nil {
		return err
	}
	p.complete = true
	return nil
}

// togetherBack is how long before one outage another may have begun that is grouped anew with it.
const togetherBack = 30 * time.Minute

// near are all outages that began not long before the first of the changed ones, or
// later, the others of their incidents, and these incidents: who judges a part of a group
// must see all of it.
func (p *pass) near(changed []Outage) ([]Outage, []Incident) {
	from := p.now
	for i := range changed {
		from = earlier(from, earlier(changed[i].Started, changed[i].At))
	}
	if !p.complete {
		from = time.Time{}
	}
	from = from.Add(-togetherBack)
	in := map[string]bool{} // incidents
	for widened := true; widened; {
		widened = false
		for _, of := range p.outages {
			for id := range of {
				o := of[id]
				switch {
				case !o.Started.Before(from):
					if o.Incident != "" {
						in[o.Incident] = true
					}
				case in[o.Incident]:
					from, widened = o.Started.Add(-togetherBack), true
				}
			}
		}
	}
	var outages []Outage
	for _, of := range p.outages {
		for _, o := range of {
			if !o.Started.Before(from) {
				outages = append(outages, o)
			}
		}
	}
	slices.SortFunc(outages, func(a, b Outage) int {
		if c := a.Started.Compare(b.Started); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	var stored []Incident
	for _, id := range slices.Sorted(maps.Keys(p.incidents)) {
		if i := p.incidents[id]; i.Kind != api.KindCollector && (in[id] || !i.Started.Before(from)) {
			stored = append(stored, i)
		}
	}
	return outages, stored
}

func (p *pass) writeIncidents(ctx context.Context, incidents []Incident) error {
	var lines []byte
	for i := range incidents {
		var err error
		if lines, err = incidents[i].Point(p.inv).AppendLine(lines); err != nil {
			return fmt.Errorf("incident %s: %w", incidents[i].ID, err)
		}
	}
	if err := p.store(ctx, api.Events, lines); err != nil {
		return err
	}
	for _, i := range incidents {
		p.incidents[i.ID] = i
	}
	return nil
}

// alarm writes what people shall be told of.
func (p *pass) alarm(ctx context.Context) error {
	recent := p.now.Add(-time.Hour)
	var outages []Outage
	for _, of := range p.outages {
		for _, o := range of {
			if o.goesOn() || o.Ended.After(recent) || o.Judged.After(recent) {
				outages = append(outages, o)
			}
		}
	}
	slices.SortFunc(outages, func(a, b Outage) int { return strings.Compare(a.ID, b.ID) })
	var incidents []Incident
	for _, id := range slices.Sorted(maps.Keys(p.incidents)) {
		if i := p.incidents[id]; i.Status == api.StatusOpen || i.Ended.After(recent) || i.Judged.After(recent) {
			incidents = append(incidents, i)
		}
	}
	points, err := Alarms(ctx, p.j.deps.Store, p.inv, p.j.cfg.Policies, outages, incidents, p.now)
	if err != nil {
		return fmt.Errorf("alarms: %w", err)
	}
	return p.writePoints(ctx, api.Raw, points)
}

func (p *pass) writePoints(ctx context.Context, retention api.Retention, points []*api.Point) error {
	var lines []byte
	for _, point := range points {
		var err error
		if lines, err = point.AppendLine(lines); err != nil {
			return err
		}
	}
	return p.store(ctx, retention, lines)
}

// maxBlock is how much of the judge's is written at once: as much as ingest does.
const maxBlock = 8 << 20

// store writes a block. Lines that the database refuses for good are told of, and are no
// reason to do the rest again.
func (p *pass) store(ctx context.Context, retention api.Retention, lines []byte) error {
	for len(lines) > 0 {
		extract := lines
		if len(extract) > maxBlock {
			extract = lines[:1+strings.LastIndexByte(string(lines[:maxBlock]), '\n')]
		}
		lines = lines[len(extract):]
		err := p.j.deps.Store.Write(ctx, retention, extract)
		var refused *store.Refused
		if errors.As(err, &refused) {
			p.j.deps.Log.Error("the database refused what the judge wrote", "error", err)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
