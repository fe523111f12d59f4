package judge

import (
	"context"
	"maps"
	"slices"
	"time"

	"communewatch/collector/api"
)

// maxRounds bounds how often more is read of what turns out to reach farther.
const maxRounds = 4

// judgeLive judges what goes on at every site: all by short records, and those where
// these show that something may change by what reaches far enough.
func (p *pass) judgeLive(ctx context.Context) error {
	trials := p.liveTrials()
	for _, t := range trials {
		t.record = &Record{Site: t.site, From: t.window.From.Add(-t.policy.sight()), To: p.now.Add(time.Second)}
	}
	if err := p.fill(ctx, trials); err != nil {
		return err
	}
	var troubled []*trial
	for _, t := range trials {
		if p.troubled(t) {
			troubled = append(troubled, t)
		}
	}
	troubled = p.affordable(troubled)
	for _, s := range p.sittings(troubled) {
		if err := p.judgeAndWrite(ctx, s.trials); err != nil {
			return err
		}
	}
	return nil
}

// closeDeparted ends what goes on of sites that have left the inventory: nobody will measure
// its end, and it would stand on every wall for good. If the site comes back, so does its outage.
func (p *pass) closeDeparted(ctx context.Context) error {
	var rulings []ruling
	for _, site := range slices.Sorted(maps.Keys(p.outages)) {
		if _, known := p.inv.Site(site); known {
			continue
		}
		for _, was := range p.storedOf(site) {
			if !was.goesOn() {
				continue
			}
			is, now := was, p.now.Truncate(time.Millisecond)
			is.Status, is.Ended, is.Judged, is.Reason, is.Evidence = api.StatusClosed, later(was.Started, now), now, "because.left", moment(now)
			rulings = append(rulings, ruling{was, is, false})
		}
	}
	if len(rulings) == 0 {
		return nil
	}
	return p.write(ctx, rulings)
}

// affordable are the cheaper ones, as many as one pass may read; the others, of which each
// reaches back for days, wait their turn with what came late.
func (p *pass) affordable(trials []*trial) []*trial {
	slices.SortStableFunc(trials, func(a, b *trial) int { return p.cost(a) - p.cost(b) })
	rows := 0
	for i, t := range trials {
		if rows += p.cost(t); rows > passRows && p.cost(t) > cheap {
			for _, waits := range trials[i:] {
				p.hearing.add(waits.site.ID, lateSpan{waits.window, p.now})
			}
			return trials[:i]
		}
	}
	return trials
}

// judgeAndWrite is one sitting of trials, at most one of a site.
func (p *pass) judgeAndWrite(ctx context.Context, trials []*trial) error {
	rulings, err := p.judgeAll(ctx, trials)
	if err != nil {
		return err
	}
	return p.write(ctx, rulings)
}

// judgeAll judges trials, at most one of a site, and gives the outages that are to be
// written. Where one turns out to reach beyond what was read, more is read, a few times.
func (p *pass) judgeAll(ctx context.Context, trials []*trial) ([]ruling, error) {
	var rulings []ruling
	for round := 1; len(trials) > 0; round++ {
		if err := p.read(ctx, trials); err != nil {
			return nil, err
		}
		var again []*trial
		for _, t := range trials {
			found := Outages(t.record, Timeline(t.record, t.policy, p.now), t.policy, p.now)
			if round < maxRounds && p.widen(t, found) {
				again = append(again, t)
				continue
			}
			for _, o := range Reconcile(p.storedOf(t.site.ID), found, Span{t.record.From, t.record.To}, p.now) {
				o.Maintenance = len(p.inv.Maintenance(o.Site, o.Started, o.Started)) > 0
				rulings = append(rulings, ruling{p.outages[t.site.ID][o.ID], o, t.late != nil})
			}
		}
		if err := p.toNext(ctx, again); err != nil {
			return nil, err
		}
		trials = again
	}
	return rulings, nil
}

// widen makes a trial's window longer where its record begins or ends within an outage that is
// not stored, so that nothing tells how far that reaches. False: the record shows all.
func (p *pass) widen(t *trial, found []Outage) bool {
	window, length := t.window, t.window.To.Sub(t.window.From)
	for i := range found {
		o := &found[i]
		if o.Status == api.StatusWithdrawn || p.isStored(o) {
			continue
		}
		if o.Started.Before(t.record.From.Add(2*t.policy.Interval)) && p.hasBefore(t) {
			window.From = earlier(window.From, t.window.From.Add(-2*length-time.Hour))
		}
		if o.Ended.IsZero() && t.record.To.Before(p.now) {
			t.wider = true
		}
	}
	window.From = later(later(window.From, p.now.Add(-retention)), window.To.Add(-maxWindow))
	if !window.From.Before(t.window.From) && !t.wider {
		return false
	}
	t.window.From = earlier(t.window.From, window.From)
	return true
}

// isStored tells whether something is stored that an outage which was found is a part of.
func (p *pass) isStored(o *Outage) bool {
	for _, was := range p.outages[o.Site] {
		if was.Status != api.StatusWithdrawn && sameLoss(&was, o) {
			return true
		}
	}
	return false
}

// hasBefore tells whether there may be rounds right before the record's first.
func (p *pass) hasBefore(t *trial) bool {
	return t.record.From.After(p.now.Add(-retention)) && len(t.record.Runs) > 0 && t.record.Runs[0].Time.Before(t.record.From.Add(t.policy.SilentAfter))
}

// toNext makes windows reach to the next round after them, or until now if there is none.
func (p *pass) toNext(ctx context.Context, trials []*trial) error {
	asked := map[string]time.Time{}
	for _, t := range trials {
		if t.wider {
			asked[t.site.ID] = t.record.To
		}
	}
	next, err := p.nextRuns(ctx, asked)
	if err != nil {
		return err
	}
	for _, t := range trials {
		if !t.wider {
			continue
		}
		t.wider = false
		length := t.window.To.Sub(t.window.From)
		to, heard := next[t.site.ID]
		switch {
		case !heard:
			to = p.now
		case to.Sub(t.record.To) < t.policy.SilentAfter: // no gap: it was measured to be lost
			to = t.record.To.Add(2*length + time.Hour)
		}
		t.window.To = earlier(p.now, to)
	}
	return nil
}
