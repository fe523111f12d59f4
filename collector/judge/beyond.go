package judge

import (
	"context"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// runEnds is what is known of a site's rounds before the live record, so that it need
// not be asked for by each pass.
type runEnds struct {
	before time.Time   // the last round before upTo; zero: there is none
	upTo   time.Time   // where the record began that it was found for
	runs   []time.Time // of that record
	to     time.Time   // where it ended
}

// last is the last round before a moment, if that is known.
func (e *runEnds) last(at time.Time) (time.Time, bool) {
	if e.upTo.IsZero() || at.Before(e.upTo) || at.After(e.to) {
		return time.Time{}, false
	}
	last := e.before
	for _, t := range e.runs {
		if t.Before(at) {
			last = later(last, t)
		}
	}
	return last, true
}

// island is what was read around the last round before a gap: while the gap goes on, it
// is the same.
type island struct {
	at     time.Time
	record *Record
}

// readBefore adds to the records that begin within a gap, or may, what there was before it.
func (p *pass) readBefore(ctx context.Context, trials []*trial) error {
	asked := map[string]time.Time{}
	var open []*trial
	for _, t := range trials {
		if n := len(t.record.Runs); n > 0 && t.firstRun().Sub(t.record.From) <= t.policy.SilentAfter {
			p.keepEnds(t, time.Time{}, false)
			continue
		}
		open = append(open, t)
		if last, known := p.lastKnown(t); known {
			t.prev = last
			continue
		}
		asked[t.site.ID] = t.record.From
	}
	found, err := p.runsAround(ctx, asked, true)
	if err != nil {
		return err
	}
	var extracts []extract
	for _, t := range open {
		if at, was := asked[t.site.ID]; was && !at.IsZero() {
			t.prev = found[t.site.ID]
		}
		p.keepEnds(t, t.prev, true)
		if t.prev.IsZero() {
			continue
		}
		around := Span{t.prev.Add(-max(batteryIn, t.lead())), earlier(t.prev.Add(t.lead()), t.record.From)}
		from := t.record.From
		t.record.From = around.From
		if known := p.islands[t.site.ID]; t.live && known != nil && known.at.Equal(t.prev) && !around.To.Equal(from) {
			t.record.add(known.record)
			continue
		}
		extracts = append(extracts, extract{&trial{site: t.site, policy: t.policy, record: &Record{Site: t.site}}, around})
	}
	if err := p.gather(ctx, extracts); err != nil {
		return err
	}
	read := map[string]*Record{}
	for _, one := range extracts {
		read[one.site.ID] = one.record
	}
	for _, t := range open {
		if r := read[t.site.ID]; r != nil {
			t.record.add(r)
			if t.live {
				p.islands[t.site.ID] = &island{t.prev, r}
			}
		}
	}
	return nil
}

func (t *trial) firstRun() time.Time {
	first := t.record.Runs[0].Time
	for _, run := range t.record.Runs {
		first = earlier(first, run.Time)
	}
	return first
}

func (t *trial) lastRun() time.Time {
	var last time.Time
	for _, run := range t.record.Runs {
		last = later(last, run.Time)
	}
	return last
}

// lastKnown is the last round before a live record, if no late data can have changed that.
func (p *pass) lastKnown(t *trial) (time.Time, bool) {
	if !t.live || len(p.hearing.late[t.site.ID]) > 0 {
		return time.Time{}, false
	}
	ends := p.ends[t.site.ID]
	return ends.last(t.record.From)
}

// keepEnds remembers for the next pass.
func (p *pass) keepEnds(t *trial, before time.Time, known bool) {
	if !t.live {
		return
	}
	if !known {
		if before, known = p.lastKnown(t); !known && len(p.hearing.late[t.site.ID]) == 0 {
			// There is a round within the record: what was before it is not needed, as long
			// as the next record begins later than that round.
			before, known = t.record.From, true
		}
	}
	if !known || len(p.hearing.late[t.site.ID]) > 0 {
		delete(p.ends, t.site.ID)
		return
	}
	ends := runEnds{before: before, upTo: t.record.From, to: t.record.To}
	for _, run := range t.record.Runs {
		ends.runs = append(ends.runs, run.Time)
	}
	p.ends[t.site.ID] = ends
}

// add puts another record's points to these.
func (r *Record) add(other *Record) {
	for _, t := range other.Targets {
		own := r.target(t.Name, t.Role, len(t.Rounds))
		own.Rounds = append(own.Rounds, t.Rounds...)
	}
	r.Arrivals = append(r.Arrivals, other.Arrivals...)
	r.Runs = append(r.Runs, other.Runs...)
	r.Power = append(r.Power, other.Power...)
	r.Looks = append(r.Looks, other.Looks...)
}

// readAfter adds to the records of the past that end within a gap what there was after it.
func (p *pass) readAfter(ctx context.Context, trials []*trial) error {
	asked := map[string]time.Time{}
	for _, t := range trials {
		if t.record.To.Before(p.now) && t.record.To.Sub(t.lastRun()) > t.policy.SilentAfter {
			asked[t.site.ID] = t.record.To
		}
	}
	found, err := p.runsAround(ctx, asked, false)
	if err != nil {
		return err
	}
	var extracts []extract
	for _, t := range trials {
		if _, was := asked[t.site.ID]; !was {
			continue
		}
		next := found[t.site.ID]
		from, to := t.record.To, earlier(next.Add(t.lead()), p.now)
		if next.IsZero() {
			to = p.now // the gap goes on
		}
		t.record.To = to
		if !next.IsZero() && to.After(from) {
			extracts = append(extracts, extract{t, Span{later(from, next.Add(-t.lead())), to}})
		}
	}
	return p.gather(ctx, extracts)
}

// runsAround gives of each site the last round before a time, or the first at or after it.
func (p *pass) runsAround(ctx context.Context, at map[string]time.Time, before bool) (map[string]time.Time, error) {
	type one struct {
		site string
		at   time.Time
	}
	all := make([]one, 0, len(at))
	for site, t := range at {
		all = append(all, one{site, t})
	}
	slices.SortFunc(all, func(a, b one) int { return a.at.Compare(b.at) })
	found := map[string]time.Time{}
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].at.Sub(all[0].at) <= time.Hour {
			n++
		}
		sites := make([]string, n)
		for i := range n {
			sites[i] = all[i].site
		}
		if err := p.runsNear(ctx, sites, Span{all[0].at, all[n-1].at}, at, before, found); err != nil {
			return nil, err
		}
		all = all[n:]
	}
	return found, nil
}

// runsNear is of sites whose times lie within an hour: one query for what is beyond all
// of these, one for what lies among them.
func (p *pass) runsNear(ctx context.Context, sites []string, among Span, at map[string]time.Time, before bool, found map[string]time.Time) error {
	q := store.Query{
		Measurement: "agent_health", Where: []store.Match{{Tag: api.TagSite, Values: sites}}, By: []string{api.TagSite},
		Select: []store.Selector{{Func: "last", Field: "spool_batches"}}, From: p.now.Add(-retention), To: among.From,
	}
	if !before {
		q.Select[0].Func, q.From, q.To = "first", among.To, p.now
	}
	queries := []store.Query{q}
	if among.To.After(among.From) {
		q.Select, q.From, q.To = []store.Selector{{Field: "spool_batches"}}, among.From, among.To
		queries = append(queries, q)
	}
	for _, q := range queries {
		if !q.To.After(q.From) {
			continue
		}
		series, err := p.j.deps.Store.Select(ctx, q)
		if err != nil {
			return err
		}
		for _, s := range series {
			site := s.Tags[api.TagSite]
			for _, row := range s.Rows {
				switch known, has := found[site]; {
				case before && row.Time.Before(at[site]):
					found[site] = later(known, row.Time)
				case !before && !row.Time.Before(at[site]) && (!has || row.Time.Before(known)):
					found[site] = row.Time
				}
			}
		}
	}
	return nil
}

// readLooks adds the newest earlier look at each path that reached its end, of those
// sites whose line may be down: with what the line was like an outage is compared.
func (p *pass) readLooks(ctx context.Context, trials []*trial) error {
	at := map[string]*trial{}
	var sites []string
	to := time.Time{}
	for _, t := range trials {
		if slices.ContainsFunc(t.record.Looks, func(l Look) bool { return l.Cause == api.CauseUplinkDown }) {
			at[t.site.ID], sites, to = t, append(sites, t.site.ID), later(to, t.record.From)
		}
	}
	if len(sites) == 0 {
		return nil
	}
	series, err := p.j.deps.Store.Select(ctx, store.Query{
		Measurement: "path", Where: []store.Match{{Tag: api.TagSite, Values: sites}}, By: []string{api.TagSite, api.TagAgent, api.TagTarget},
		Select: append([]store.Selector{{Func: "last", Field: "hops"}}, slices.DeleteFunc(slices.Clone(lookFields), func(s store.Selector) bool { return s.Field == "hops" })...),
		From:   p.now.Add(-retention), To: to,
	})
	if err != nil {
		return err
	}
	for _, s := range series {
		if t := at[s.Tags[api.TagSite]]; t != nil {
			addLooks(t.record, s.Tags, rowsIn(s.Rows, Span{p.now.Add(-retention), t.record.From}))
			slices.SortStableFunc(t.record.Looks, func(a, b Look) int { return a.Time.Compare(b.Time) })
		}
	}
	return nil
}
