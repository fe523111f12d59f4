package goal

import (
	"time"

	"communewatch/collector/inventory"
	"communewatch/collector/judge"
)

// quarter is how finely a calendar tells time.
const quarter = 15 * time.Minute

// openings finds on which days offices shall be open; those with the same calendar share
// the work. It knows calendars and maintenance only: evidence never makes a day due.
type openings struct {
	inv         *inventory.Inventory
	from, until time.Time // first moments of days of Vietnam
	by          map[inventory.Calendar]*openDays
}

// openDays are those of one calendar.
type openDays struct {
	due  []DueDay
	open [][]judge.Span // of each
}

func openingsOf(inv *inventory.Inventory, from, until time.Time) *openings {
	return &openings{inv: inv, from: from, until: until, by: map[inventory.Calendar]*openDays{}}
}

// of are a site's due days, oldest first. Sites share them: they are not to be changed.
func (o *openings) of(site *inventory.Site) []DueDay {
	days := o.by[site.Calendar]
	if days == nil {
		days = o.read(site.Calendar)
		o.by[site.Calendar] = days
	}
	planned := joinedWindows(o.inv.Maintenance(site.ID, o.from, o.until))
	if len(planned) == 0 {
		return days.due
	}
	return days.less(planned)
}

func (o *openings) read(c inventory.Calendar) *openDays {
	days := &openDays{}
	for day := o.from; day.Before(o.until); day = day.AddDate(0, 0, 1) {
		open := openOn(c, day)
		if seconds := secondsOf(open, nil); seconds > 0 {
			days.due = append(days.due, DueDay{day, seconds})
			days.open = append(days.open, open)
		}
	}
	return days
}

// openOn is when a calendar says open on a day.
func openOn(c inventory.Calendar, day time.Time) []judge.Span {
	var open []judge.Span
	for at := day; at.Before(day.AddDate(0, 0, 1)); at = at.Add(quarter) {
		if !c.Due(at) {
			continue
		}
		if n := len(open); n > 0 && open[n-1].To.Equal(at) {
			open[n-1].To = at.Add(quarter)
			continue
		}
		open = append(open, judge.Span{From: at, To: at.Add(quarter)})
	}
	return open
}

// less takes planned work out; a day of which nothing is left is not due.
func (d *openDays) less(planned []judge.Span) []DueDay {
	left := make([]DueDay, 0, len(d.due))
	for i, day := range d.due {
		if day.Seconds = secondsOf(d.open[i], planned); day.Seconds > 0 {
			left = append(left, day)
		}
	}
	return left
}

// secondsOf is how long the spans are that are open, less those that are cut out, which
// do not touch one another.
func secondsOf(open, cut []judge.Span) int64 {
	var sum time.Duration
	for _, o := range open {
		sum += o.To.Sub(o.From)
		for _, c := range cut {
			if from, to := later(o.From, c.From), earlier(o.To, c.To); from.Before(to) {
				sum -= to.Sub(from)
			}
		}
	}
	return int64(sum / time.Second)
}

// joinedWindows are windows, which come by their beginning, with those that touch in one:
// one of the province and one of its provider may be of the same hours.
func joinedWindows(windows []inventory.Window) []judge.Span {
	var all []judge.Span
	for _, w := range windows {
		if n := len(all); n > 0 && !w.From.After(all[n-1].To) {
			all[n-1].To = later(all[n-1].To, w.Until)
			continue
		}
		all = append(all, judge.Span{From: w.From, To: w.Until})
	}
	return all
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// dayOf is when the day of Vietnam began in which t is.
func dayOf(t time.Time) time.Time {
	t = t.In(inventory.Zone())
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, inventory.Zone())
}
