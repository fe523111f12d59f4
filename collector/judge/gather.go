package judge

import (
	"context"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// extract is a time of a trial's record that is to be read.
type extract struct {
	*trial
	Span
}

// extractRows bounds, about, what one query gives.
const extractRows = 150_000

// read makes the records of trials, at most one of a site, of all that they must reach to.
func (p *pass) read(ctx context.Context, trials []*trial) error {
	for _, t := range trials {
		s := p.reach(t)
		if !s.To.Before(p.now) {
			s.To = p.now.Add(time.Second) // of a clock that is a little ahead
		}
		t.record, t.long = &Record{Site: t.site, From: s.From, To: s.To}, true
	}
	return p.fill(ctx, trials)
}

// fill reads what records are of.
func (p *pass) fill(ctx context.Context, trials []*trial) error {
	if err := p.findDeaf(ctx, trials); err != nil {
		return err
	}
	extracts := make([]extract, len(trials))
	for i, t := range trials {
		t.record.Gateway, t.record.Deaf = p.gatewayOf(t.site.ID), p.deaf.within(Span{t.record.From, t.record.To})
		if t.late == nil {
			t.record.Away = p.deaf.away
		}
		extracts[i] = extract{t, Span{t.record.From, t.record.To}}
	}
	if err := p.gather(ctx, extracts); err != nil {
		return err
	}
	if err := p.readBefore(ctx, trials); err != nil {
		return err
	}
	for _, t := range trials {
		r := t.record.ordered()
		r.To = earlier(r.To, p.now)
		t.record = r
	}
	return p.readLooks(ctx, trials)
}

// gatewayOf is the address of an office's router, as the inventory has it.
func (p *pass) gatewayOf(site string) string {
	if p.gatewaysOf != p.inv {
		p.gatewaysOf, p.gateways = p.inv, map[string]string{}
	}
	address, known := p.gateways[site]
	if !known {
		document, _ := p.inv.Document(site) // one that cannot be made names no router
		for _, t := range document.Targets {
			if t.Role == api.RoleGateway {
				address = t.Address
				break
			}
		}
		p.gateways[site] = address
	}
	return address
}

// gather reads extracts: together those that are about as long and of about the same time.
func (p *pass) gather(ctx context.Context, extracts []extract) error {
	slices.SortStableFunc(extracts, func(a, b extract) int { return a.From.Compare(b.From) })
	for len(extracts) > 0 {
		n, all := 1, extracts[0].Span
		for ; n < len(extracts); n++ {
			wide := Span{all.From, later(all.To, extracts[n].To)}
			if length, own := wide.To.Sub(wide.From), extracts[n].To.Sub(extracts[n].From); length > 2*own+10*time.Minute ||
				length > 2*extracts[0].To.Sub(extracts[0].From)+10*time.Minute || p.rowsOf(extracts[:n+1], wide) > extractRows {
				break
			}
			all = wide
		}
		if err := p.gatherOne(ctx, extracts[:n], all); err != nil {
			return err
		}
		extracts = extracts[n:]
	}
	return nil
}

// early is how long before a record the last words are looked for with it: most offices
// said something then, and need not be asked for more.
func (t *trial) early() time.Duration { return t.policy.SilentAfter + t.policy.Interval }

func (p *pass) rowsOf(extracts []extract, all Span) int {
	rows := 0
	for i := range extracts {
		rows += p.weightOf(extracts[i].site.ID) * (1 + int(all.To.Sub(all.From)/extracts[i].policy.Interval))
	}
	return rows
}

// gatherOne reads all measurements of some sites over one time. What lies outside a
// site's own extract is left out, so that a record never depends on what was read with it.
func (p *pass) gatherOne(ctx context.Context, extracts []extract, all Span) error {
	at := make(map[string]extract, len(extracts))
	for _, one := range extracts {
		at[one.site.ID] = one
	}
	weight := map[string]int{}
	var early time.Duration
	for i := range extracts {
		early = max(early, extracts[i].early())
	}
	for i := range sources {
		q := store.Query{Measurement: sources[i].measurement, Select: sources[i].fields, Where: p.only(extracts), From: all.From, To: all.To, By: sources[i].by}
		if sources[i].word != "" {
			q.From = q.From.Add(-early)
		}
		series, err := p.j.deps.Store.Select(ctx, q)
		if err != nil {
			return err
		}
		for _, s := range series {
			site := s.Tags[api.TagSite]
			one, wanted := at[site]
			if !wanted {
				continue
			}
			weight[site]++
			p.rows += len(s.Rows)
			own := one.Span
			if sources[i].word != "" {
				own.From = own.From.Add(-one.early())
			}
			sources[i].add(one.record, s.Tags, rowsIn(s.Rows, own))
		}
	}
	for site, n := range weight {
		p.weight[site] = max(p.weight[site], n)
	}
	return nil
}

// only restricts a query to the sites, unless these are nearly all.
func (p *pass) only(extracts []extract) []store.Match {
	if len(extracts)*10 >= len(p.sites)*9 {
		return nil
	}
	sites := make([]string, len(extracts))
	for i := range extracts {
		sites[i] = extracts[i].site.ID
	}
	return []store.Match{{Tag: api.TagSite, Values: sites}}
}

func rowsIn(rows []store.Row, s Span) []store.Row {
	from, _ := slices.BinarySearchFunc(rows, s.From, func(r store.Row, t time.Time) int { return r.Time.Compare(t) })
	to, _ := slices.BinarySearchFunc(rows, s.To, func(r store.Row, t time.Time) int { return r.Time.Compare(t) })
	return rows[from:to]
}

// sources are the measurements that a record is made of.
var sources = []struct {
	measurement string
	fields      []store.Selector
	by          []string
	word        string // the field that every point has by which the last word is found; empty: none is needed
	add         func(*Record, map[string]string, []store.Row)
}{
	{"agent_health", []store.Selector{{Field: "spool_batches"}, {Field: "session"}, {Field: "machine_up_seconds"}}, []string{api.TagSite, api.TagAgent}, "spool_batches", addRuns},
	{"ping", roundFields, []string{api.TagSite, api.TagAgent, api.TagTarget, api.TagRole}, "", addRounds},
	{"device", []store.Selector{{Field: "up"}, {Field: batteryField}}, []string{api.TagSite, api.TagAgent, api.TagTarget}, batteryField, addDevice},
	{"receipt", []store.Selector{{Field: "lines"}, {Field: "first_time_ms"}, {Field: "last_time_ms"}, {Field: "goodbye"}, {Field: "every_seconds"}}, []string{api.TagSite, api.TagAgent}, "lines", addArrivals},
	{"path", lookFields, []string{api.TagSite, api.TagAgent, api.TagTarget}, "", addLooks},
}

var lookFields = []store.Selector{{Field: "cause"}, {Field: "reached"}, {Field: "address"}, {Field: "last_hop"}, {Field: "last_hop_number"}, {Field: "hops"}}

func addRuns(r *Record, _ map[string]string, rows []store.Row) {
	for _, row := range rows {
		r.Runs = append(r.Runs, Run{row.Time, row.Values["session"].Text(), time.Duration(row.Values["machine_up_seconds"].Integer()) * time.Second})
	}
}

func addRounds(r *Record, tags map[string]string, rows []store.Row) {
	t := r.target(tags[api.TagTarget], api.Role(tags[api.TagRole]), len(rows))
	for _, row := range rows {
		t.Rounds = append(t.Rounds, roundOf(row))
	}
}

// addDevice takes each question over SNMP as a round of one packet, as the live states
// do, and what a UPS says of its power.
func addDevice(r *Record, tags map[string]string, rows []store.Row) {
	t := r.target(tags[api.TagTarget]+snmpName, api.RoleDevice, len(rows))
	for _, row := range rows {
		if !row.Time.Before(r.From) {
			t.Rounds = append(t.Rounds, askedOf(row))
		}
		if count, tells := row.Values[batteryField]; tells {
			r.Power = append(r.Power, Power{row.Time, tags[api.TagTarget], count.Float() >= 1})
		}
	}
}

// target finds one, or makes it. One name is one thing, whichever agent measured it.
func (r *Record) target(name string, role api.Role, rounds int) *Target {
	i := slices.IndexFunc(r.Targets, func(t Target) bool { return t.Name == name && t.Role == role })
	if i < 0 {
		i = len(r.Targets)
		r.Targets = append(r.Targets, Target{Name: name, Role: role, Rounds: make([]Round, 0, rounds)})
	}
	return &r.Targets[i]
}

func addArrivals(r *Record, _ map[string]string, rows []store.Row) {
	for _, row := range rows {
		r.Arrivals = append(r.Arrivals, Arrival{row.Time, instant(row, "first_time_ms"), instant(row, "last_time_ms"), api.Goodbye(row.Values["goodbye"].Text()),
			time.Duration(row.Values["every_seconds"].Integer()) * time.Second})
	}
}

func addLooks(r *Record, tags map[string]string, rows []store.Row) {
	for _, row := range rows {
		v := row.Values
		r.Looks = append(r.Looks, Look{Time: row.Time, Target: tags[api.TagTarget], Cause: v["cause"].Text(), Reached: v["reached"].Integer() == 1,
			Address: v["address"].Text(), LastHop: v["last_hop"].Text(), LastHopNumber: int(v["last_hop_number"].Integer()), Hops: int(v["hops"].Integer())})
	}
}
