package judge

import (
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// How far a record reaches.
const (
	liveWhole = time.Hour           // an outage that goes on for longer is only looked after by the live look, until something speaks against it
	maxRecord = 14 * 24 * time.Hour // of one record; an outage that lasts longer is judged by its end
	cheap     = 3_000               // rows: for so few nothing waits
	batteryIn = 10 * time.Minute    // before a gap a UPS may have told of a power cut
)

// liveBack is how far back every pass judges every site.
func liveBack(interval time.Duration) time.Duration {
	return max(5*time.Minute, SilentAfter(interval)+2*interval)
}

// trial is a time of a site that is judged anew.
type trial struct {
	site   *inventory.Site
	policy Policy
	live   bool     // it is the time until now, and nothing need have come
	span   lateSpan // of late data; zero for a live one
	window Span     // what is judged
	fixed  bool     // the window is not to grow any more
	record *Record
	until  time.Time // when it is judged as of: nothing is known of what is later
	prev   time.Time // the last round before the record; zero: there is none, or it was not asked for
}

// lead is what the rules need to know of the time before a moment.
func (t *trial) lead() time.Duration {
	rounds := max(t.policy.LossRounds, t.policy.FreshRounds, t.policy.DeadRounds+1, t.policy.RecoverRounds)
	return time.Duration(rounds+1) * t.policy.Interval
}

// joins is how far apart two losses may be and still have to do with each other.
func (t *trial) joins() time.Duration {
	return max(t.policy.Rejoin, t.policy.Calm) + 2*t.policy.Interval
}

// live are the trials of every pass: what goes on at each site that was ever heard.
func (p *pass) liveTrials() []*trial {
	trials := make([]*trial, 0, len(p.sites))
	for i := range p.sites {
		site := &p.sites[i]
		if p.hearing.newest[site.ID].Time.IsZero() {
			continue
		}
		t := p.trial(site)
		t.live = true
		t.window = Span{p.now.Add(-liveBack(t.policy.Interval)), p.now}
		p.reach(t, liveWhole)
		trials = append(trials, t)
	}
	return trials
}

func (p *pass) trial(site *inventory.Site) *trial {
	return &trial{site: site, policy: p.j.policy(site), until: p.now}
}

// reach widens a window to the stored outages that it touches, so that they are judged as a whole: a
// part of one is another outage. One for which that would be longer than most is left
// to be joined.
func (p *pass) reach(t *trial, most time.Duration) {
	for widened := true; widened; {
		widened = false
		for _, o := range p.outages[t.site.ID] {
			s := o.span(p.now)
			if o.Status == api.StatusWithdrawn || s.To.Before(t.window.From.Add(-t.joins())) || s.From.After(t.window.To.Add(t.joins())) {
				continue
			}
			wide := Span{earlier(t.window.From, s.From), later(t.window.To, earlier(s.To, p.now))}
			if wide != t.window && wide.To.Sub(wide.From) <= most {
				t.window, widened = wide, true
			}
		}
	}
}

// takeLate gives what late data is to be judged in this pass, the oldest receipt first,
// one span of a site. A site whose line brings a long backlog bit by bit is not judged anew with
// each bit: it waits in proportion to what that costs.
func (p *pass) takeLate() []*trial {
	var trials []*trial
	for i := range p.sites {
		site := &p.sites[i]
		for _, span := range p.hearing.late[site.ID] {
			t := p.trial(site)
			t.span, t.window = span, span.Span
			p.reach(t, maxRecord)
			if cost := p.cost(t); cost > cheap && p.now.Sub(p.hearing.judged[site.ID]) < time.Duration(cost)*time.Millisecond {
				continue
			}
			trials = append(trials, t)
			break
		}
	}
	slices.SortStableFunc(trials, func(a, b *trial) int { return a.span.receipt.Compare(b.span.receipt) })
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
	rows := p.weight[t.site.ID]
	if rows == 0 {
		rows = 8
	}
	return rows * (1 + int((t.window.To.Sub(t.window.From)+2*t.lead())/t.policy.Interval))
}

// sitting is trials that are judged, and written, at once.
type sitting struct {
	trials []*trial
	from   time.Time
	rows   int
}

// sittings puts trials of about the same time together, so that few queries read them.
func (p *pass) sittings(trials []*trial) []sitting {
	slices.SortStableFunc(trials, func(a, b *trial) int { return a.window.From.Compare(b.window.From) })
	var all []sitting
	for _, t := range trials {
		cost := p.cost(t)
		if n := len(all); n > 0 && all[n-1].rows+cost <= p.bound {
			b := &all[n-1]
			b.trials, b.rows = append(b.trials, t), b.rows+cost
			continue
		}
		all = append(all, sitting{[]*trial{t}, t.window.From, cost})
	}
	return all
}

// done forgets a span that was judged, unless more came of it since.
func (p *pass) done(t *trial) {
	h := &p.hearing
	h.late[t.site.ID] = slices.DeleteFunc(h.late[t.site.ID], func(s lateSpan) bool { return s == t.span })
	if len(h.late[t.site.ID]) == 0 {
		delete(h.late, t.site.ID)
	}
	h.judged[t.site.ID] = p.now
	p.schedule.touch(p.now, t.site.ID, []Span{t.span.Span}, t.span.receipt)
}

// narrow makes the next sittings smaller: one of these was too large for the database, or
// one site's data cannot be read and must not keep the others from being judged.
func (p *pass) narrow() { p.bound = max(p.bound/4, 1) }
