package judge

import (
	"context"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// aliasBack is how far back a name of an interface is looked for: agents say it once a day.
const aliasBack = 26 * time.Hour

// sums reads what is counted by measured time alike for an hour and for a day.
type sums struct {
	figures *Figures
	sites   []inventory.Site
	from    time.Time
	to      time.Time
	every   time.Duration
	whole   bool                       // from..to is one period, wherever the database's interval begins
	office  map[string]map[string]bool // of each site, the targets within it that it was told to measure
	found   map[periodKey]*Period
}

type periodKey struct {
	site string
	from int64
}

func (f *Figures) sumsOf(sites []inventory.Site, from, to time.Time, every time.Duration) *sums {
	return &sums{figures: f, sites: sites, from: from, to: to, every: every, office: f.offices(sites), found: map[periodKey]*Period{}}
}

// offices are the targets within each office: an uplink target is nothing that it has.
func (f *Figures) offices(sites []inventory.Site) map[string]map[string]bool {
	all := make(map[string]map[string]bool, len(sites))
	for i := range sites {
		names := map[string]bool{}
		if f.Document != nil {
			document, err := f.Document(sites[i].ID) // a site that it does not know has nothing written down
			if err != nil {
				document.Targets = nil
			}
			for _, t := range document.Targets {
				if t.Role != api.RoleUplink {
					names[t.Name] = true
				}
			}
		}
		all[sites[i].ID] = names
	}
	return all
}

// read asks for everything.
func (s *sums) read(ctx context.Context) error {
	for _, read := range []func(context.Context) error{s.readEchoes, s.readTrips, s.readDevices, s.readInterfaces, s.readDelays} {
		if err := read(ctx); err != nil {
			return err
		}
	}
	return nil
}

// query is a question on these sites, in intervals.
func (s *sums) query(measurement string, by []string, columns ...store.Selector) store.Query {
	return store.Query{
		Measurement: measurement, Select: columns, Where: []store.Match{sitesOf(s.sites)},
		From: s.from, To: s.to, Every: s.every, By: append([]string{api.TagSite}, by...),
	}
}

func sitesOf(sites []inventory.Site) store.Match {
	m := store.Match{Tag: api.TagSite, Values: make([]string, len(sites))}
	for i := range sites {
		m.Values[i] = sites[i].ID
	}
	return m
}

// each asks and hands out the rows, each with its period.
func (s *sums) each(ctx context.Context, q store.Query, take func(p *Period, tags map[string]string, row store.Row)) error {
	series, err := s.figures.Store.Select(ctx, q)
	if err != nil {
		return err
	}
	for _, one := range series {
		for _, row := range one.Rows {
			take(s.period(one.Tags[api.TagSite], row.Time), one.Tags, row)
		}
	}
	return nil
}

func (s *sums) period(site string, at time.Time) *Period {
	if s.whole {
		at = s.from
	}
	key := periodKey{site, at.Unix()}
	if s.found[key] == nil {
		s.found[key] = &Period{Site: site, From: at}
	}
	return s.found[key]
}

func (s *sums) readEchoes(ctx context.Context) error {
	q := s.query("ping", []string{api.TagRole, api.TagTarget}, store.Selector{Func: "sum", Field: "sent"}, store.Selector{Func: "sum", Field: "received"},
		store.Selector{Func: "max", Field: "sent", As: "round"})
	return s.each(ctx, q, func(p *Period, tags map[string]string, row store.Row) {
		sent, received := row.Values["sent"].Integer(), row.Values["received"].Integer()
		switch api.Role(tags[api.TagRole]) {
		case api.RoleUplink:
			p.Sent, p.Received = p.Sent+sent, p.Received+received
		case api.RoleGateway, api.RoleLAN:
			p.LANSent, p.LANReceived = p.LANSent+sent, p.LANReceived+received
		}
		s.answered(p, tags[api.TagTarget], received > 0)
		p.note(tags[api.TagTarget], row.Values["round"].Integer())
	})
}

// note keeps how many echoes a round of a target sent at most.
func (p *Period) note(target string, round int64) {
	if p.round == nil {
		p.round = map[string]int64{}
	}
	p.round[target] = max(p.round[target], round)
}

// answered notes that a target was there, once.
func (s *sums) answered(p *Period, target string, yes bool) {
	if !yes || !s.office[p.Site][target] {
		return
	}
	if p.present == nil {
		p.present = map[string]bool{}
	}
	p.present[target] = true
	p.Devices = int64(len(p.present))
}

func (s *sums) readTrips(ctx context.Context) error {
	var columns []store.Selector
	for _, at := range quantiles {
		columns = append(columns, store.Selector{Func: "percentile", Field: "rtt_median_ms", Arg: at.percent, As: at.field})
	}
	q := s.query("ping", nil, columns...)
	q.Where = append(q.Where, store.Match{Tag: api.TagRole, Values: []string{string(api.RoleUplink)}})
	return s.each(ctx, q, func(p *Period, _ map[string]string, row store.Row) {
		for i, at := range quantiles {
			p.RTT[i] = row.Values[at.field].Float()
		}
	})
}

// readDevices adds what answers SNMP, though perhaps no echo.
func (s *sums) readDevices(ctx context.Context) error {
	q := s.query("device", []string{api.TagTarget}, store.Selector{Func: "max", Field: "up"})
	return s.each(ctx, q, func(p *Period, tags map[string]string, row store.Row) {
		s.answered(p, tags[api.TagTarget], row.Values["up"].Integer() > 0)
	})
}

type interfaceKey struct{ site, target, name string }

func interfaceOf(tags map[string]string) interfaceKey {
	return interfaceKey{tags[api.TagSite], tags[api.TagTarget], tags[api.TagInterface]}
}

// readInterfaces counts those that were up: a port without a plug needs no name.
func (s *sums) readInterfaces(ctx context.Context) error {
	named, err := s.aliases(ctx)
	if err != nil {
		return err
	}
	q := s.query("interface", []string{api.TagTarget, api.TagInterface}, store.Selector{Func: "max", Field: "oper_up"})
	return s.each(ctx, q, func(p *Period, tags map[string]string, row store.Row) {
		if row.Values["oper_up"].Integer() == 0 {
			return
		}
		p.Interfaces++
		end := p.From.Add(s.length())
		if !slices.ContainsFunc(named[interfaceOf(tags)], func(at time.Time) bool {
			return at.Before(end) && !at.Before(end.Add(-s.length()-aliasBack))
		}) {
			p.Unnamed++
		}
	})
}

// length of one period.
func (s *sums) length() time.Duration {
	if s.whole {
		return s.to.Sub(s.from)
	}
	return s.every
}

// aliases are the hours in which an interface said its name.
func (s *sums) aliases(ctx context.Context) (map[interfaceKey][]time.Time, error) {
	q := s.query("interface", []string{api.TagTarget, api.TagInterface}, store.Selector{Func: "count", Field: "alias"})
	q.From, q.Every = s.from.Add(-aliasBack), time.Hour
	series, err := s.figures.Store.Select(ctx, q)
	if err != nil {
		return nil, err
	}
	named := make(map[interfaceKey][]time.Time, len(series))
	for _, one := range series {
		for _, row := range one.Rows {
			named[interfaceOf(one.Tags)] = append(named[interfaceOf(one.Tags)], row.Time)
		}
	}
	return named, nil
}

func (s *sums) readDelays(ctx context.Context) error {
	q := s.query("receipt", nil, store.Selector{Func: "percentile", Field: "delay_ms", Arg: delayIs})
	return s.each(ctx, q, func(p *Period, _ map[string]string, row store.Row) {
		p.Delay = max(0, row.Values["delay_ms"].Integer()) // a clock may be ahead of ours by what its uncertainty allows
	})
}
