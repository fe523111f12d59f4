package judge

import (
	"context"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// lastWord is what a site said last before a time: that tells what a gap is with which a
// record begins.
type lastWord struct {
	before time.Time
	record Record  // its newest arrival, run, and reading of each UPS
	since  *Record // of the live look that it was asked for: with it, it is known for a later time too
}

// readBefore adds the last words of before to the records that do not begin amid rounds.
func (p *pass) readBefore(ctx context.Context, trials []*trial) error {
	var asked []*trial
	for _, t := range trials {
		if !t.beginsInGap() {
			p.keepWord(t, nil)
			continue
		}
		if word := p.knownWord(t); word != nil {
			t.record.prepend(word)
			p.keepWord(t, word)
			continue
		}
		asked = append(asked, t)
	}
	slices.SortStableFunc(asked, func(a, b *trial) int { return a.record.From.Compare(b.record.From) })
	for len(asked) > 0 {
		n := 1
		for n < len(asked) && asked[n].record.From.Sub(asked[0].record.From) <= time.Hour {
			n++
		}
		if err := p.askWords(ctx, asked[:n]); err != nil {
			return err
		}
		asked = asked[n:]
	}
	return nil
}

// beginsInGap tells whether nothing was heard right before a record.
func (t *trial) beginsInGap() bool {
	return !slices.ContainsFunc(t.record.Runs, func(run Run) bool { return run.Time.Before(t.record.From) })
}

// knownWord is the last word before a live record, from what the look before has read.
func (p *pass) knownWord(t *trial) *Record {
	word := p.words[t.site.ID]
	if t.late != nil || word == nil || len(p.hearing.late[t.site.ID]) > 0 || t.record.From.Before(word.before) || t.record.From.After(word.since.To) {
		return nil
	}
	all := word.record
	all.prepend(word.since)
	return all.newestBefore(t.record.From)
}

// keepWord remembers it for the next live look; nil: there are rounds, and nothing before
// them matters as long as the next record begins after the first.
func (p *pass) keepWord(t *trial, word *Record) {
	switch {
	case t.late != nil || t.long:
	case word != nil:
		p.words[t.site.ID] = &lastWord{t.record.From, *word, t.record}
	case len(t.record.Runs) > 0:
		first := slices.MinFunc(t.record.Runs, func(a, b Run) int { return a.Time.Compare(b.Time) }).Time
		p.words[t.site.ID] = &lastWord{first.Add(time.Nanosecond), Record{}, t.record}
	}
}

// newestBefore is the newest arrival and run, and the newest reading of each UPS, before a time.
func (r *Record) newestBefore(at time.Time) *Record {
	out := &Record{}
	for _, a := range r.Arrivals {
		if a.Time.Before(at) && (len(out.Arrivals) == 0 || a.Time.After(out.Arrivals[0].Time)) {
			out.Arrivals = []Arrival{a}
		}
	}
	for _, run := range r.Runs {
		if run.Time.Before(at) && (len(out.Runs) == 0 || run.Time.After(out.Runs[0].Time)) {
			out.Runs = []Run{run}
		}
	}
	newest := map[string]Power{}
	for _, reading := range r.Power {
		if reading.Time.Before(at) && !reading.Time.Before(newest[reading.Target].Time) {
			newest[reading.Target] = reading
		}
	}
	for _, reading := range newest {
		out.Power = append(out.Power, reading)
	}
	return out
}

// prepend puts another record's arrivals, runs and readings before these.
func (r *Record) prepend(other *Record) {
	r.Arrivals = append(slices.Clone(other.Arrivals), r.Arrivals...)
	r.Runs = append(slices.Clone(other.Runs), r.Runs...)
	r.Power = append(slices.Clone(other.Power), r.Power...)
}

// askWords is for trials whose records begin within an hour: of each measurement the last
// before all of these, and what lies among them.
func (p *pass) askWords(ctx context.Context, trials []*trial) error {
	found := make(map[string]*Record, len(trials))
	sites := make([]string, len(trials))
	for i, t := range trials {
		sites[i], found[t.site.ID] = t.site.ID, &Record{}
	}
	first, last := trials[0].record.From, trials[len(trials)-1].record.From
	for i := range sources {
		s := &sources[i]
		if s.word == "" {
			continue
		}
		fields := []store.Selector{{Func: "last", Field: s.word}}
		for _, f := range s.fields {
			if f.Field != s.word {
				fields = append(fields, f)
			}
		}
		queries := []store.Query{{Measurement: s.measurement, Select: fields, From: p.now.Add(-retention), To: first}}
		if last.After(first) {
			queries = append(queries, store.Query{Measurement: s.measurement, Select: s.fields, From: first, To: last})
		}
		for _, q := range queries {
			q.By, q.Where = s.by, []store.Match{{Tag: api.TagSite, Values: sites}}
			if !q.To.After(q.From) {
				continue
			}
			series, err := p.j.deps.Store.Select(ctx, q)
			if err != nil {
				return err
			}
			for _, one := range series {
				if r := found[one.Tags[api.TagSite]]; r != nil {
					s.add(r, one.Tags, one.Rows)
				}
			}
		}
	}
	for _, t := range trials {
		word := found[t.site.ID].newestBefore(t.record.From)
		p.keepWord(t, word)
		t.record.prepend(word)
	}
	return nil
}

// nextRuns gives of each site its first round at or after a time.
func (p *pass) nextRuns(ctx context.Context, at map[string]time.Time) (map[string]time.Time, error) {
	found := map[string]time.Time{}
	for site, from := range at {
		if !from.Before(p.now) {
			continue
		}
		series, err := p.j.deps.Store.Select(ctx, store.Query{
			Measurement: "agent_health", Where: []store.Match{{Tag: api.TagSite, Values: []string{site}}}, By: []string{api.TagSite},
			Select: []store.Selector{{Func: "first", Field: "spool_batches"}}, From: from, To: p.now,
		})
		if err != nil {
			return nil, err
		}
		for _, s := range series {
			if len(s.Rows) > 0 {
				found[site] = s.Rows[0].Time
			}
		}
	}
	return found, nil
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
