package lab

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
)

// A history is invented: no office measured it. It is the days of a province as the judge
// would have written them, straight into InfluxDB, so that what looks back over months
// (a report on the target, its pages, a benchmark) has something to look at on the first
// day. Whoever shows it says that it is simulated.

// blockDays is how many days go into one write.
const blockDays = 2_000

// WriteHistory invents site_day of all offices for so many months that end with month, as
// far as they are over: each office lives through its fate, and the same inventory and
// months give the same days. What was due is the inventory's to say.
func WriteHistory(ctx context.Context, to *store.Store, inv *inventory.Inventory, month goal.Month, months int) error {
	if months < 1 {
		return errors.New("a history needs a month")
	}
	today := dayBegin(time.Now())
	due := dueTimes{inv: inv, by: map[inventory.Calendar]map[time.Time]int64{}}
	var block []byte
	n := 0
	sites := inv.Sites()
	fated := fates(sites)
	for _, site := range sites {
		past := newPast(site, fated[site.ID], month, months)
		for day := month.Add(1 - months).From(); day.Before(month.Until()) && day.Before(today); day = day.AddDate(0, 0, 1) {
			p := past.day(day, due.of(&site, day), due.planned(&site, day))
			if p == nil {
				continue
			}
			var err error
			if block, err = p.Point("site_day").AppendLine(block); err != nil {
				return fmt.Errorf("invent the day of %s at %s: %w", day.Format(time.DateOnly), site.ID, err)
			}
			if n++; n%blockDays == 0 {
				if err := to.Write(ctx, api.Hourly, block); err != nil {
					return fmt.Errorf("write a history: %w", err)
				}
				block = nil
			}
		}
	}
	if len(block) == 0 {
		return nil
	}
	if err := to.Write(ctx, api.Hourly, block); err != nil {
		return fmt.Errorf("write a history: %w", err)
	}
	return nil
}

func dayBegin(t time.Time) time.Time {
	t = t.In(inventory.Zone())
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, inventory.Zone())
}

// dueTimes are the seconds of a day in which an office is open; those with the same
// calendar share the work.
type dueTimes struct {
	inv *inventory.Inventory
	by  map[inventory.Calendar]map[time.Time]int64
}

const quarterHour = 15 * time.Minute

func (d dueTimes) of(site *inventory.Site, day time.Time) int64 {
	if d.by[site.Calendar] == nil {
		d.by[site.Calendar] = map[time.Time]int64{}
	}
	seconds, known := d.by[site.Calendar][day]
	if !known {
		seconds = openIn(site, day, func(time.Time) bool { return true })
		d.by[site.Calendar][day] = seconds
	}
	return seconds
}

// planned are those of them within a maintenance window.
func (d dueTimes) planned(site *inventory.Site, day time.Time) int64 {
	windows := d.inv.Maintenance(site.ID, day, day.AddDate(0, 0, 1))
	if len(windows) == 0 {
		return 0
	}
	return openIn(site, day, func(t time.Time) bool {
		for _, w := range windows {
			if !t.Before(w.From) && t.Before(w.Until) {
				return true
			}
		}
		return false
	})
}

func openIn(site *inventory.Site, day time.Time, counts func(time.Time) bool) int64 {
	var open time.Duration
	for at := day; at.Before(day.AddDate(0, 0, 1)); at = at.Add(quarterHour) {
		if site.Due(at) && counts(at) {
			open += quarterHour
		}
	}
	return int64(open / time.Second)
}

// past is one office's.
type past struct {
	site   inventory.Site
	fate   Fate
	month  goal.Month
	joined time.Time // the day on which its agent was installed
	seed   uint64
}

func newPast(site inventory.Site, fate Fate, month goal.Month, months int) *past {
	h := fnv.New64a()
	h.Write([]byte(site.ID)) // never fails
	p := &past{site: site, fate: fate, month: month, seed: h.Sum64()}
	p.joined = month.Add(1 - months).From()
	if fate == Complete && months > 2 && p.seed%4 == 0 { // agents come one after another
		p.joined = p.joined.AddDate(0, 0, 5+int(p.seed>>8%20))
	}
	return p
}

// ago is how many months before the last one a day is.
func (p *past) ago(day time.Time) int {
	of := goal.MonthOf(day)
	return 12*(p.month.Year-of.Year) + int(p.month.Month) - int(of.Month)
}

// day invents one; nil: nothing was ever heard of the office.
func (p *past) day(day time.Time, due, planned int64) *judge.Period {
	if p.fate == Uninstalled || p.fate == Unheard || day.Before(p.joined) {
		return nil
	}
	d := &inventedDay{past: p, ago: p.ago(day), random: rand.New(rand.NewPCG(p.seed, uint64(day.Unix())))}
	d.Period = judge.Period{Site: p.site.ID, From: day, Due: due, Maintenance: planned}
	if due > planned && !d.off() {
		d.measure()
	} else {
		d.miss()
	}
	return &d.Period
}
