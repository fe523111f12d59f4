package judge

import (
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// How much of late data one pass takes up.
const (
	passRows   = 150_000 // about: half a second of the database
	passTrials = 60      // sites
	cheap      = 3_000   // rows: for so few nothing waits
	maxWindow  = 14 * 24 * time.Hour
)

// liveBack is how far back every pass judges every site.
func liveBack(interval time.Duration) time.Duration {
	return max(5*time.Minute, 6*interval)
}

// trial is a time of a site that is judged anew.
type trial struct {
	site   *inventory.Site
	policy Policy
	late   *lateSpan // what came late; nil: it is the time until now, and nothing need have come
	window Span      // what is judged
	record *Record
	long   bool // the record reaches as far as the rules want, and is not the live look's short one
	wider  bool // more is to be read, as far as the next round after it
}

func (p *pass) trial(site *inventory.Site, window Span) *trial {
	return &trial{site: site, policy: p.j.policy(site), window: window}
}

// reach is what a trial's record must be of.
func (p *pass) reach(t *trial) Span {
	s := Reach(t.window, p.storedOf(t.site.ID), t.policy, p.now)
	return Span{later(s.From, p.now.Add(-retention)), s.To}
}

// storedOf are the outages of a site, by id.
func (p *pass) storedOf(site string) []Outage {
	all := make([]Outage, 0, len(p.outages[site]))
	for _, o := range p.outages[site] {
		all = append(all, o)
	}
	byID(all)
	return all
}

// takeLate gives what late data is to be judged in this pass, the oldest receipt first,
// one span of a site. A site whose line brings a long backlog bit by bit is not judged
// anew with each bit: it waits in proportion to what that costs.
func (p *pass) takeLate() []*trial {
	var trials []*trial
	for i := range p.sites {
		site := &p.sites[i]
		for _, span := range p.hearing.late[site.ID] {
			t := p.trial(site, span.Span)
			t.late = &span
			if cost := p.cost(t); cost > cheap && p.now.Sub(p.hearing.judged[site.ID]) < time.Duration(cost)*time.Millisecond {
				continue
			}
			trials = append(trials, t)
			break
		}
	}
	slices.SortStableFunc(trials, func(a, b *trial) int { return a.late.receipt.Compare(b.late.receipt) })
	rows := 0
	for i, t := range trials {
		if rows += p.cost(t); i > 0 && (rows > passRows || i >= passTrials) {
			return trials[:i]
		}
	}
	return trials
}

// cost is about how many rows a trial reads.
func (p *pass) cost(t *trial) int {
	s := p.reach(t)
	return p.weightOf(t.site.ID) * (1 + int(s.To.Sub(s.From)/t.policy.Interval))
}

// weightOf is about how many rows a round of a site is.
func (p *pass) weightOf(site string) int { return max(8, p.weight[site]) }

// sitting is trials that are judged, and written, at once.
type sitting struct {
	trials []*trial
	rows   int
}

// sittings puts trials of about the same time together, so that few queries read them.
func (p *pass) sittings(trials []*trial) []sitting {
	slices.SortStableFunc(trials, func(a, b *trial) int { return a.window.From.Compare(b.window.From) })
	var all []sitting
	for _, t := range trials {
		cost := p.cost(t)
		if n := len(all); n > 0 && all[n-1].rows+cost <= p.bound {
			all[n-1].trials, all[n-1].rows = append(all[n-1].trials, t), all[n-1].rows+cost
			continue
		}
		all = append(all, sitting{[]*trial{t}, cost})
	}
	return all
}

// done forgets a span that was judged.
func (p *pass) done(t *trial) {
	h, site := &p.hearing, t.site.ID
	h.late[site] = slices.DeleteFunc(h.late[site], func(s lateSpan) bool { return s == *t.late })
	if len(h.late[site]) == 0 {
		delete(h.late, site)
	}
	h.judged[site] = p.now
	p.schedule.touch(p.now, site, []Span{t.late.Span}, t.late.receipt)
}

// narrow makes the next sittings smaller: one of these was too large for the database, or
// one site's data cannot be read and must not keep the others from being judged.
func (p *pass) narrow() { p.bound = max(p.bound/4, 1) }

// liveTrials are of every site that was ever heard.
func (p *pass) liveTrials() []*trial {
	trials := make([]*trial, 0, len(p.sites))
	for i := range p.sites {
		site := &p.sites[i]
		if p.hearing.newest[site.ID].Time.IsZero() {
			continue
		}
		t := p.trial(site, Span{})
		t.window = Span{p.now.Add(-liveBack(t.policy.Interval)), p.now}
		trials = append(trials, t)
	}
	return trials
}

// troubled tells whether what a short record shows needs a longer one: something was lost
// that is not stored as going on, or something speaks against what is. What goes on is judged
// as a whole now and then all the same, ever more seldom the longer it lasts.
func (p *pass) troubled(t *trial) bool {
	timeline := Timeline(t.record, t.policy, p.now)
	goesOn := map[string]bool{} // by target
	trouble := false
	for _, o := range p.storedOf(t.site.ID) {
		if !o.goesOn() {
			continue
		}
		goesOn[o.Target] = true
		if t.speaksAgainst(o, timeline) || p.now.Sub(p.whole[o.ID]) >= p.now.Sub(o.Started)/10 {
			p.whole[o.ID] = p.now
			trouble = true
		}
	}
	if trouble {
		return true
	}
	for _, o := range Outages(t.record, timeline, t.policy, p.now) {
		if o.Status != api.StatusWithdrawn && o.span(p.now).To.After(t.window.From) && !goesOn[o.Target] {
			return true
		}
	}
	return false
}

// speaksAgainst tells whether the window shows a good moment in what goes on, as it is
// stored: a device answers, or the office is up.
func (t *trial) speaksAgainst(o Outage, timeline []Segment) bool {
	if o.Target == "" {
		return slices.ContainsFunc(timeline, func(s Segment) bool {
			return (s.State == api.StateOK || s.State == api.StateDegraded) && s.To.After(t.window.From)
		})
	}
	for i := range t.record.Targets {
		of := &t.record.Targets[i]
		if of.Name == o.Target && of.Role == api.RoleDevice && slices.ContainsFunc(of.Rounds, func(r Round) bool {
			return r.Received > 0 && !r.Time.Before(t.window.From)
		}) {
			return true
		}
	}
	return false
}
