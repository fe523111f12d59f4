package judge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// How much is asked for at once: the requests of so many sites, one a minute in each of so
// many hours, are well within what the store reads at a time. Few sites are asked for in
// longer pieces, but not beyond what [freshness] tells apart.
const (
	sitesAtOnce     = 200
	siteHoursAtOnce = 800
	longestPiece    = freshWithin
)

func pieceOf(sites int) time.Duration {
	return min(time.Duration(max(1, siteHoursAtOnce/sites))*time.Hour, longestPiece)
}

// Figures computes the hours and days of sites (QUALITY.md), from what is stored and
// from their outages. It keeps nothing: the same store and outages give the same.
type Figures struct {
	Store       Store
	Sites       []inventory.Site
	Policy      func(*inventory.Site) Policy
	Outages     []Outage                                                    // of these sites; others, of devices, and withdrawn ones are passed over
	Maintenance func(site string, from, until time.Time) []inventory.Window // nil: there is none
	Document    func(site string) (api.Document, error)                     // nil: nobody wrote down what an office has
}

// NewFigures takes maintenance and documents from an inventory.
func NewFigures(s Store, inv *inventory.Inventory, sites []inventory.Site, policy func(*inventory.Site) Policy, outages []Outage) *Figures {
	return &Figures{Store: s, Sites: sites, Policy: policy, Outages: outages, Maintenance: inv.Maintenance, Document: inv.Document}
}

// Hours computes site_hour for all hours that touch from..to. A site that was not yet
// installed has none, nor has an hour that is not begun; of the one that goes on, what
// has passed is counted.
func (f *Figures) Hours(ctx context.Context, from, to, now time.Time) ([]*api.Point, error) {
	periods, err := f.hours(ctx, f.Sites, from.Truncate(time.Hour), to.Add(time.Hour-1).Truncate(time.Hour), now)
	return pointsOf(siteHour, periods), err
}

func pointsOf(measurement string, periods []*Period) []*api.Point {
	points := make([]*api.Point, len(periods))
	for i, p := range periods {
		points[i] = p.Point(measurement)
	}
	return points
}

// hours in pieces, by site within a piece and then by time.
func (f *Figures) hours(ctx context.Context, sites []inventory.Site, from, to, now time.Time) ([]*Period, error) {
	var all []*Period
	for some := range slices.Chunk(sites, sitesAtOnce) {
		length := pieceOf(len(some))
		for at := from; at.Before(to) && at.Before(now); at = at.Add(length) {
			periods, err := f.piece(ctx, some, at, earlier(to, at.Add(length)), now)
			if err != nil {
				return nil, fmt.Errorf("hours from %s: %w", at.UTC().Format(time.RFC3339), err)
			}
			all = append(all, periods...)
		}
	}
	return all, nil
}

// piece is what was read of some sites over a few hours.
type piece struct {
	*sums
	now        time.Time
	window     Span // of the rounds, a whole silence more on both sides
	joined     map[string]time.Time
	fresh      map[string]*freshness
	grains     map[string]grains
	deliveries map[string][]delivery
	equipment  *equipment
	flows      flows
	open       openings
	outages    map[string][]Outage
}

func (f *Figures) piece(ctx context.Context, sites []inventory.Site, from, to, now time.Time) ([]*Period, error) {
	p, err := f.readPiece(ctx, sites, from, to, now)
	if err != nil {
		return nil, err
	}
	var all []*Period
	for i := range sites {
		all = append(all, p.site(&sites[i])...)
	}
	return all, nil
}

func (f *Figures) readPiece(ctx context.Context, sites []inventory.Site, from, to, now time.Time) (p *piece, err error) {
	p = &piece{sums: f.sumsOf(sites, from, to, time.Hour), now: now, open: openings{}, outages: map[string][]Outage{}}
	for _, o := range f.Outages {
		p.outages[o.Site] = append(p.outages[o.Site], o)
	}
	if p.joined, err = p.readJoined(ctx); err != nil {
		return nil, err
	}
	if p.fresh, err = p.readFreshness(ctx); err != nil {
		return nil, err
	}
	if p.deliveries, err = p.readDeliveries(ctx, from.Add(-doubledWithin), to); err != nil {
		return nil, err
	}
	reach := p.reach()
	p.window = Span{from.Add(-reach), to.Add(reach)}
	if p.grains, err = p.readGrains(ctx, p.window.From, p.window.To); err != nil {
		return nil, err
	}
	if err = p.read(ctx); err != nil {
		return nil, err
	}
	if p.equipment, err = p.readEquipment(ctx, now); err != nil {
		return nil, err
	}
	p.flows, err = p.readFlows(ctx, p.equipment)
	return p, err
}

// reach is how far beyond the hours a silence is followed, to tell that it is one, and
// office hours, to tell where they begin and end.
func (p *piece) reach() time.Duration {
	longest := quarter
	for i := range p.sites {
		policy := p.figures.Policy(&p.sites[i])
		longest = max(longest, policy.Opening, policy.Closing, Receipt{Every: everyOf(p.deliveries[p.sites[i].ID])}.patience(policy.SilentAfter))
	}
	return (longest + time.Hour - 1).Truncate(time.Hour)
}

// everyOf is how rarely these requests came on purpose.
func everyOf(all []delivery) time.Duration {
	longest := time.Duration(0)
	for i := range all {
		longest = max(longest, all[i].every)
	}
	return longest
}

// site gives the hours of one site.
func (p *piece) site(site *inventory.Site) []*Period {
	joined := p.joined[site.ID]
	if joined.IsZero() {
		return nil
	}
	policy := p.figures.Policy(site)
	inOrder(p.deliveries[site.ID])
	var all []*Period
	for at := p.from; at.Before(p.to) && at.Before(p.now); at = at.Add(time.Hour) {
		if end := at.Add(time.Hour); joined.Before(end) {
			all = append(all, p.hour(site, policy, Span{at, end}))
		}
	}
	return all
}

func (p *piece) hour(site *inventory.Site, policy Policy, t Span) *Period {
	one := p.period(site.ID, t.From)
	recent := during(p.deliveries[site.ID], Span{t.From.Add(-doubledWithin), t.To})
	limit := Receipt{Every: everyOf(recent)}.patience(policy.SilentAfter)

	s := p.split(site, policy, limit).in(t)
	one.Due, one.Down, one.Unknown, one.Maintenance = s.due.seconds(), s.down.seconds(), s.unknown.seconds(), s.maintenance.seconds()
	one.countRounds(p.grains[site.ID], s.due, t, policy)
	if one.Due > 0 {
		one.DevicesDue = int64(len(p.office[site.ID]))
	} else {
		one.Devices = 0
	}
	one.countEquipment(p.equipment, s.due.less(s.maintenance), t)
	one.countPeaks(p.flows[site.ID], t, policy.Interval)
	one.PowerCuts = powerCuts(p.outages[site.ID], t)
	came := during(recent, Span{t.From, earlier(t.To, p.now)})
	one.countDeliveries(came, limit)
	one.countAges(s.due, p.calendar(site), came, later(p.fresh[site.ID].before(t.From), p.joined[site.ID]), limit, policy.Opening)
	return one
}

// split divides the time of a site around these hours, since it joined and until now.
func (p *piece) split(site *inventory.Site, policy Policy, patience time.Duration) split {
	there := Span{later(p.joined[site.ID], p.window.From), earlier(p.now, p.window.To)}
	heard := p.grains[site.ID].heard()
	due := dueOf(p.calendar(site), heard, policy).and(stretchOf(there))
	lost, silent := lostOf(p.outages[site.ID], p.now)
	silent = silent.or(unheardOf(heard, there, policy.SilentAfter, patience))
	return splitOf(due, lost, silent, p.maintenance(site.ID))
}

// calendar is when the site is open, from a day before.
func (p *piece) calendar(site *inventory.Site) stretch {
	return p.open.of(site.Calendar, p.window.From.Add(-oneDay), p.window.To)
}

func (p *piece) maintenance(site string) stretch {
	if p.figures.Maintenance == nil {
		return nil
	}
	var all []Span
	for _, w := range p.figures.Maintenance(site, p.window.From, p.window.To) {
		all = append(all, Span{w.From, w.Until})
	}
	return stretchOf(all...)
}

// during are the deliveries within a time.
func during(all []delivery, t Span) []delivery {
	from, _ := slices.BinarySearchFunc(all, t.From, func(d delivery, at time.Time) int { return d.at.Compare(at) })
	to, _ := slices.BinarySearchFunc(all, t.To, func(d delivery, at time.Time) int { return d.at.Compare(at) })
	return all[from:max(from, to)]
}
