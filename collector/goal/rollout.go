package goal

import (
	"context"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
)

// keptDays is how long days and judgements are kept.
const keptDays = 3 * 365

// RolloutOf is one site's.
type RolloutOf struct {
	Stage string    // NotInstalled, Installed or Reporting
	Heard time.Time // zero: never
}

// rolloutIn is the stage of each site in a month, by the days that were read from a time
// on; those before are asked only whether there are any. A day is stored from the first
// on which a site was heard.
func (d *Desk) rolloutIn(ctx context.Context, month Month, days map[string][]judge.Period, inv *inventory.Inventory, from, now time.Time) (map[string]string, error) {
	stages := make(map[string]string)
	unheard := false
	for _, site := range inv.Sites() {
		stages[site.ID] = stageIn(month, days[site.ID])
		unheard = unheard || stages[site.ID] == NotInstalled
	}
	if !unheard {
		return stages, nil
	}
	before, err := d.lastDays(ctx, later(now.AddDate(0, 0, -keptDays), firstDay), earlier(from, now))
	for id := range before {
		if stages[id] == NotInstalled {
			stages[id] = Installed
		}
	}
	return stages, err
}

func stageIn(month Month, days []judge.Period) string {
	stage := NotInstalled
	for i := range days {
		p := &days[i]
		if !p.From.Before(month.From()) && (p.Requests > 0 || p.Sent > 0) {
			return Reporting
		}
		stage = Installed
	}
	return stage
}

// lastDays are each site's newest stored day in a time, by id.
func (d *Desk) lastDays(ctx context.Context, from, to time.Time) (map[string]time.Time, error) {
	return d.newest(ctx, store.Query{Measurement: siteDay, Select: []store.Selector{{Func: "last", Field: "due_seconds"}}, From: from, To: to})
}

// newest is the time of each site's newest point.
func (d *Desk) newest(ctx context.Context, q store.Query) (map[string]time.Time, error) {
	if !q.From.Before(q.To) {
		return nil, nil
	}
	q.By = []string{api.TagSite}
	series, err := d.deps.Store.Select(ctx, q)
	if err != nil {
		return nil, err
	}
	found := make(map[string]time.Time, len(series))
	for _, s := range series {
		for _, row := range s.Rows {
			found[s.Tags[api.TagSite]] = later(found[s.Tags[api.TagSite]], row.Time)
		}
	}
	return found, nil
}

// rollout counts the stages.
func (k *known) rollout() Rollout {
	return countRollout(k.sites, func(id string) string { return k.heard[id] }, func(id string) bool {
		_, said := k.declared[k.month][id]
		return said
	})
}

func countRollout(sites []inventory.Site, stage func(id string) string, said func(id string) bool) Rollout {
	r := Rollout{Sites: len(sites)}
	for i := range sites {
		switch stage(sites[i].ID) {
		case Reporting:
			r.Reporting++
		case Installed:
			r.Installed++
		default:
			r.NotInstalled++
		}
		if said(sites[i].ID) {
			r.Declared++
		}
	}
	return r
}

// RolloutNow is the rollout of each site now, reporting being heard within a day of due
// time, by id.
func (d *Desk) RolloutNow(ctx context.Context) (Rollout, map[string]RolloutOf, error) {
	now, inv := d.deps.Now(), d.deps.Inventory()
	heard, err := d.newest(ctx, store.Query{
		Measurement: "receipt", Select: []store.Selector{{Func: "last", Field: "lines"}}, From: now.Add(-api.MaxBehind), To: now.Add(api.DefaultInterval),
	})
	if err != nil {
		return Rollout{}, nil, err
	}
	before, err := d.lastDays(ctx, later(now.AddDate(0, 0, -keptDays), firstDay), now)
	if err != nil {
		return Rollout{}, nil, err
	}
	said, _, _, err := d.inForce(dayOf(now))
	if err != nil {
		return Rollout{}, nil, err
	}
	sites := inv.Sites()
	stages := make(map[string]RolloutOf, len(sites))
	patience := patienceOf(inv, now)
	for i := range sites {
		site := &sites[i]
		one := RolloutOf{NotInstalled, heard[site.ID]}
		switch day, judged := before[site.ID]; {
		case !one.Heard.IsZero() && !one.Heard.Before(patience.since(site)):
			one.Stage = Reporting
		case !one.Heard.IsZero():
			one.Stage = Installed
		case judged:
			one.Stage, one.Heard = Installed, day
		}
		stages[site.ID] = one
	}
	count := countRollout(sites, func(id string) string { return stages[id].Stage }, func(id string) bool {
		_, there := said[id]
		return there
	})
	return count, stages, nil
}

// lookBack is longer than any holiday with its weekends, and planned work.
const lookBack = 120

// patience is until when an office may be unheard: a day of the time that it is open.
type patience struct {
	now  time.Time
	open *openings
}

func patienceOf(inv *inventory.Inventory, now time.Time) patience {
	today := dayOf(now)
	return patience{now, openingsOf(inv, today.AddDate(0, 0, -lookBack), today.AddDate(0, 0, 1))}
}

// since is the moment from which on, up to now, the office was due as long as on its
// last due day before today. Heard at noon on Friday, it is not late before Monday noon.
func (p patience) since(site *inventory.Site) time.Time {
	due := p.open.of(site)
	n := len(due)
	var today int64
	if n > 0 && due[n-1].Day.Equal(dayOf(p.now)) {
		n--
		today = secondsOf(openOn(site.Calendar, due[n].Day), []judge.Span{{From: p.now, To: due[n].Day.AddDate(0, 0, 1)}})
	}
	if n == 0 {
		return p.now.AddDate(0, 0, -lookBack)
	}
	last := due[n-1]
	return earlier(p.now.Add(-24*time.Hour), last.Day.Add(intoDay(site.Calendar, last.Day, today)))
}

// intoDay is how far into a day an office has been open for so many seconds.
func intoDay(c inventory.Calendar, day time.Time, seconds int64) time.Duration {
	for _, o := range openOn(c, day) {
		if length := int64(o.To.Sub(o.From) / time.Second); length < seconds {
			seconds -= length
			continue
		}
		return o.From.Sub(day) + time.Duration(seconds)*time.Second
	}
	return 24 * time.Hour
}
