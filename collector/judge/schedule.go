package judge

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// When hours and days are computed: the one that runs again and again, one that ended
// once when its last requests have come in, and every other when something came late.
const (
	runningEvery = 10 * time.Minute
	startMargin  = 15 * time.Minute // before the newest judgement: what ended then may not have been computed
)

// schedule is which hours and days are to be computed. What is owed for late data holds back the
// judgement's until; the rest a new judge finds by the clock.
type schedule struct {
	hours, days owing
	hour, day   time.Time // the last that was computed after it had ended
	ran         time.Time // when the running ones were
}

// owing is which sites are to be computed, by the beginning of an hour or a day, and by
// which receipt; the zero time: by none.
type owing map[time.Time]map[string]time.Time

func (o owing) add(at time.Time, site string, receipt time.Time) {
	if o[at] == nil {
		o[at] = map[string]time.Time{}
	}
	if known, owed := o[at][site]; owed && !known.IsZero() && (receipt.IsZero() || known.Before(receipt)) {
		receipt = known
	}
	o[at][site] = receipt
}

func (s *schedule) forget() { *s = schedule{hours: owing{}, days: owing{}} }

// resume is for a judge that goes on where another stopped: what that one may not have
// computed any more, and the hours of the outages that it wrote last.
func (s *schedule) resume(p *pass) {
	if !s.hour.IsZero() {
		return
	}
	from := p.until.Add(-startMargin)
	s.hour, s.day = hourOf(from).Add(-time.Hour), dayBefore(dayOf(from))
	if p.last.IsZero() { // nobody has computed anything: late data tells what there is
		s.hour, s.day = hourOf(p.now).Add(-time.Hour), dayBefore(dayOf(p.now))
	}
	for site, of := range p.outages {
		for _, o := range of {
			if !o.Judged.Before(from) {
				s.touch(p.now, site, []Span{o.span(p.now)}, time.Time{})
			}
		}
	}
}

// touch owes the hours of a site that lie in spans and have been computed, or will not be by the clock.
func (s *schedule) touch(now time.Time, site string, spans []Span, receipt time.Time) {
	for _, span := range spans {
		from := later(span.From, now.Add(-retention))
		for at := hourOf(from); at.Before(span.To) && !at.After(s.hour); at = at.Add(time.Hour) {
			s.hours.add(at, site, receipt)
		}
	}
}

// owes is the oldest receipt for which hours or days are still to be computed; far ahead if there is none.
func (s *schedule) owes() time.Time {
	oldest := time.Unix(1<<40, 0)
	for _, all := range []owing{s.hours, s.days} {
		for _, sites := range all {
			for _, receipt := range sites {
				if !receipt.IsZero() {
					oldest = earlier(oldest, receipt)
				}
			}
		}
	}
	return oldest
}

// computePeriods computes what is due, the newest first, as much as a pass may.
func (p *pass) computePeriods(ctx context.Context) error {
	s := &p.schedule
	p.plan()
	left, err := p.work(ctx, s.hours, passPeriods, p.hoursOf)
	p.computed = passPeriods - left
	if err != nil {
		return fmt.Errorf("hours: %w", err)
	}
	ready := owing{}
	for day, sites := range s.days {
		for site, receipt := range sites {
			if !s.owesHourOf(day, site) {
				ready.add(day, site, receipt)
			}
		}
	}
	_, err = p.work(ctx, ready, passPeriods, p.daysOf)
	if err != nil {
		return fmt.Errorf("days: %w", err)
	}
	return nil
}

// plan owes what the clock says.
func (p *pass) plan() {
	s := &p.schedule
	all := p.heardSites()
	for at := s.hour.Add(time.Hour); !at.Add(time.Hour + receiptIn).After(p.now); at = at.Add(time.Hour) {
		for _, site := range all {
			s.hours.add(at, site, time.Time{})
		}
		s.hour = at
	}
	for at := dayAfter(s.day); !dayAfter(at).Add(receiptIn).After(p.now); at = dayAfter(at) {
		for _, site := range all {
			s.days.add(at, site, time.Time{})
		}
		s.day = at
	}
	if p.now.Sub(s.ran) < runningEvery {
		return
	}
	s.ran = p.now
	for _, site := range all {
		s.hours.add(hourOf(p.now), site, time.Time{})
		s.days.add(dayOf(p.now), site, time.Time{})
	}
}

func (p *pass) heardSites() []string {
	var all []string
	for i := range p.sites {
		if id := p.sites[i].ID; !p.hearing.newest[id].Time.IsZero() {
			all = append(all, id)
		}
	}
	return all
}

func (s *schedule) owesHourOf(day time.Time, site string) bool {
	for at := day; at.Before(dayAfter(day)); at = at.Add(time.Hour) {
		if _, owed := s.hours[at][site]; owed {
			return true
		}
	}
	return false
}

// work computes up to most periods of sites, the newest first, those of the same sites in one go.
func (p *pass) work(ctx context.Context, owed owing, most int, compute func(context.Context, []string, Span) error) (left int, err error) {
	times := slices.SortedFunc(maps.Keys(owed), func(a, b time.Time) int { return b.Compare(a) })
	for i := 0; i < len(times) && most > 0; {
		sites := slices.Sorted(maps.Keys(owed[times[i]]))
		if len(sites) > most {
			sites = sites[:most]
		}
		span, n := Span{times[i], times[i]}, 1
		for i+n < len(times) && (n+1)*len(sites) <= most && times[i+n-1].Sub(times[i+n]) <= 24*time.Hour && slices.Equal(sites, slices.Sorted(maps.Keys(owed[times[i+n]]))) {
			span.From = times[i+n]
			n++
		}
		if err := compute(ctx, sites, span); err != nil {
			return most, err
		}
		most, i = most-n*len(sites), i+n
	}
	return most, nil
}

// hoursOf computes the hours that begin in from..to, both included.
func (p *pass) hoursOf(ctx context.Context, ids []string, span Span) error {
	sites, outages := p.of(ids)
	points, err := NewFigures(p.j.deps.Store, p.inv, sites, p.j.policy, outages).Hours(ctx, span.From, span.To.Add(time.Hour), p.now)
	if err != nil {
		return err
	}
	if err := p.writePoints(ctx, api.Hourly, points); err != nil {
		return err
	}
	s := &p.schedule
	for at := span.From; !at.After(span.To); at = at.Add(time.Hour) {
		for _, id := range ids {
			receipt := s.hours[at][id]
			s.hours.drop(at, id)
			if day := dayOf(at); !day.After(s.day) { // the day that runs comes by the clock
				s.days.add(day, id, receipt)
			}
		}
	}
	return nil
}

func (p *pass) daysOf(ctx context.Context, ids []string, span Span) error {
	sites, outages := p.of(ids)
	points, err := NewFigures(p.j.deps.Store, p.inv, sites, p.j.policy, outages).Days(ctx, span.From, dayAfter(span.To), p.now)
	if err != nil {
		return err
	}
	if err := p.writePoints(ctx, api.Hourly, points); err != nil {
		return err
	}
	for at := span.From; !at.After(span.To); at = dayAfter(at) {
		for _, id := range ids {
			p.schedule.days.drop(at, id)
		}
	}
	return nil
}

func (o owing) drop(at time.Time, site string) {
	delete(o[at], site)
	if len(o[at]) == 0 {
		delete(o, at)
	}
}

// of gives sites and all their outages.
func (p *pass) of(ids []string) ([]inventory.Site, []Outage) {
	var sites []inventory.Site
	var outages []Outage
	for _, id := range ids {
		site, known := p.inv.Site(id)
		if !known {
			continue
		}
		sites = append(sites, site)
		for _, o := range p.outages[id] {
			outages = append(outages, o)
		}
	}
	byID(outages)
	return sites, outages
}

func byID(outages []Outage) {
	slices.SortFunc(outages, func(a, b Outage) int { return strings.Compare(a.ID, b.ID) })
}

func hourOf(t time.Time) time.Time { return t.Truncate(time.Hour).UTC() }

// In Vietnam no day is longer than another.
func dayAfter(day time.Time) time.Time  { return day.Add(oneDay) }
func dayBefore(day time.Time) time.Time { return day.Add(-oneDay) }
