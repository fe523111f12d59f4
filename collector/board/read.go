package board

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
)

// How far back is looked for the newest of something, and over how many rounds the
// present figures go.
const (
	retention     = api.MaxBehind
	presentRounds = 6
	queriesAtOnce = 4
)

// siteNow is a site as it is now.
type siteNow struct {
	state         api.State // empty: never judged
	since, judged time.Time
	reason        string // a key of the catalogue
	evidence      string
	incident      string // id of the one it is in; empty: none

	newest         time.Time     // of its points; zero: there are none
	every          time.Duration // between two sends of a metered line; 0: after each round
	rtt            float64       // median of the uplink's last rounds, ms; negative: none came back
	sent, received int64         // likewise
}

// province is every site at one time, by id.
type province struct {
	at    time.Time
	sites map[string]siteNow
}

func (b *board) readProvince(ctx context.Context, now time.Time) (province, error) {
	p := province{at: now, sites: make(map[string]siteNow)}
	var states, uplinks, newest []store.Series
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(queriesAtOnce)
	b.ask(ctx, group, &states, b.stateQuery(now, nil))
	b.ask(ctx, group, &uplinks, store.Query{
		Measurement: "ping",
		Select:      []store.Selector{{Field: "sent"}, {Field: "received"}, {Field: "rtt_median_ms"}},
		Where:       []store.Match{{Tag: api.TagRole, Values: []string{string(api.RoleUplink)}}},
		From:        now.Add(-presentRounds * b.deps.Interval), To: now.Add(b.deps.Interval),
		By: []string{api.TagSite},
	})
	b.ask(ctx, group, &newest, store.Query{
		Measurement: "agent_health",
		Select:      []store.Selector{{Func: "last", Field: "spool_batches"}, {Field: "every_seconds"}},
		From:        now.Add(-retention), To: now.Add(b.deps.Interval),
		By: []string{api.TagSite},
	})
	if err := group.Wait(); err != nil {
		return province{}, err
	}
	for _, s := range states {
		p.change(s, func(n *siteNow, row store.Row) { n.judgedBy(row) })
	}
	for _, s := range uplinks {
		var rtts []float64
		p.change(s, func(n *siteNow, row store.Row) {
			n.newest = later(n.newest, row.Time)
			n.sent, n.received = n.sent+row.Values["sent"].Integer(), n.received+row.Values["received"].Integer()
			if v, ok := row.Values["rtt_median_ms"]; ok {
				rtts = append(rtts, v.Float())
				n.rtt = median(rtts)
			}
		})
	}
	for _, s := range newest {
		p.change(s, func(n *siteNow, row store.Row) {
			n.newest = later(n.newest, row.Time)
			n.every = time.Duration(row.Values["every_seconds"].Integer()) * time.Second
		})
	}
	return p, nil
}

// median of the values, which it sorts; there is at least one.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// ask runs a query within the group.
func (b *board) ask(ctx context.Context, group *errgroup.Group, into *[]store.Series, q store.Query) {
	group.Go(func() (err error) {
		*into, err = b.deps.Store.Select(ctx, q)
		return err
	})
}

// stateQuery is for all sites, or the one.
func (b *board) stateQuery(now time.Time, where []store.Match) store.Query {
	return store.Query{
		Measurement: "site_state",
		Select:      []store.Selector{{Func: "last", Field: "state"}, {Field: "since_ms"}, {Field: "reason"}, {Field: "evidence"}, {Field: "incident"}},
		Where:       where,
		From:        now.Add(-retention), To: now.Add(b.deps.Interval),
		By: []string{api.TagSite},
	}
}

func (p *province) change(s store.Series, f func(*siteNow, store.Row)) {
	n, ok := p.sites[s.Tags[api.TagSite]]
	if !ok {
		n.rtt = -1
	}
	for _, row := range s.Rows {
		f(&n, row)
	}
	p.sites[s.Tags[api.TagSite]] = n
}

func (n *siteNow) judgedBy(row store.Row) {
	n.state, n.judged = api.State(row.Values["state"].Text()), row.Time
	n.reason, n.evidence = row.Values["reason"].Text(), row.Values["evidence"].Text()
	n.incident = row.Values["incident"].Text()
	if v, ok := row.Values["since_ms"]; ok {
		n.since = time.UnixMilli(v.Integer())
	}
}

// siteFile is what is known of one site.
type siteFile struct {
	at     time.Time
	site   inventory.Site
	period period
	now    siteNow

	receipts   []store.Series // the newest of each agent
	uplinks    []store.Series // by target: figures of each interval of the period
	lost       []store.Series // by target, role: packets of the period, in parts
	targets    []store.Series // by target, role: the newest round
	interfaces []store.Series // by target, interface: the last rounds
	aliases    []store.Series // likewise: the newest alias
	devices    []store.Series // by target: the newest answer
	models     []store.Series // by target: what it says it is
	health     []store.Series // by agent: the newest
	outages    []store.Series // by id: of openedDays
}

func (b *board) readSite(ctx context.Context, site inventory.Site, p period) (siteFile, error) {
	now := b.deps.Now()
	f := siteFile{at: now, site: site, period: p}
	here := []store.Match{{Tag: api.TagSite, Values: []string{site.ID}}}
	uplink := append(here[:1:1], store.Match{Tag: api.TagRole, Values: []string{string(api.RoleUplink)}})
	soon := now.Add(b.deps.Interval)
	begin, every := p.window(now, b.deps.Interval)
	var states []store.Series
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(queriesAtOnce)
	b.ask(ctx, group, &states, b.stateQuery(now, here))
	for _, q := range []struct {
		into        *[]store.Series
		measurement string
		where       []store.Match
		from        time.Time
		every       time.Duration
		by          []string
		columns     []store.Selector
	}{
		{&f.receipts, "receipt", here, now.Add(-retention), 0, []string{api.TagAgent},
			[]store.Selector{{Func: "last", Field: "lines"}, {Field: "last_time_ms"}, {Field: "goodbye"}}},
		{&f.uplinks, "ping", uplink, begin, every, []string{api.TagTarget}, chartColumns},
		{&f.lost, "ping", here, begin, p.length / 6, []string{api.TagTarget, api.TagRole},
			[]store.Selector{{Func: "sum", Field: "sent"}, {Func: "sum", Field: "received"}}},
		{&f.targets, "ping", here, now.Add(-retention), 0, []string{api.TagTarget, api.TagRole},
			[]store.Selector{{Func: "last", Field: "sent"}, {Field: "received"}, {Field: "rtt_median_ms"}, {Field: "result"}}},
		{&f.interfaces, "interface", here, now.Add(-presentRounds * b.deps.Interval), 0, []string{api.TagTarget, api.TagInterface},
			fields("oper_up", "speed_bps", "in_octets", "out_octets", "in_errors", "out_errors")},
		{&f.aliases, "interface", here, now.Add(-49 * time.Hour), 0, []string{api.TagTarget, api.TagInterface},
			[]store.Selector{{Func: "last", Field: "alias"}}},
		{&f.devices, "device", here, now.Add(-retention), 0, []string{api.TagTarget},
			[]store.Selector{{Func: "last", Field: "up"}, {Field: "uptime_seconds"}, {Field: "error"}}},
		{&f.models, "device", here, now.Add(-retention), 0, []string{api.TagTarget},
			[]store.Selector{{Func: "last", Field: "model"}, {Func: "last", Field: "name"}}},
		{&f.health, "agent_health", here, now.Add(-retention), 0, []string{api.TagAgent}, append(
			[]store.Selector{{Func: "last", Field: "spool_batches"}},
			fields("spool_bytes", "memory_batches", "aside_batches", "dropped_batches", "icmp_untrusted", "rss_bytes", "clock_offset_ms", "clock_uncertainty_ms", "version", "os", "arch")...)},
		{&f.outages, "outage", here, now.AddDate(0, 0, -openedDays), 0, []string{api.TagSite, api.TagID}, judge.OutageColumns()},
	} {
		b.ask(ctx, group, q.into, store.Query{
			Measurement: q.measurement, Select: q.columns, Where: q.where,
			From: q.from, To: soon, Every: q.every, By: q.by,
		})
	}
	if err := group.Wait(); err != nil {
		return siteFile{}, err
	}
	for _, s := range states {
		for _, row := range s.Rows {
			f.now.judgedBy(row)
		}
	}
	return f, nil
}

func fields(names ...string) []store.Selector {
	out := make([]store.Selector, len(names))
	for i, name := range names {
		out[i] = store.Selector{Field: name}
	}
	return out
}
