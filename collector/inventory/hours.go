package inventory

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"communewatch/collector/settings"
)

// Calendar says when an office is open. The zero value is CalendarOffice.
type Calendar struct{ plan *plannedWeek }

var (
	CalendarOffice = Calendar{}                           // Monday–Friday 07:00–17:00 in Vietnam, but for public holidays
	CalendarAlways = Calendar{&plannedWeek{always: true}} // never closes
)

// Names of the two that need no calendars.yaml.
const (
	officeName = "office"
	alwaysName = "always"
)

// plannedWeek is a calendar of calendars.yaml.
type plannedWeek struct {
	always   bool
	hours    [7][]span // by weekday, Sunday first
	holidays bool      // it is open on public holidays too
	closed   []days
}

// span is from one minute of a day to another, the last excluded.
type span struct{ from, to int }

// days are the first and the last, as dayOf writes them.
type days struct{ first, last int }

// Equal tells whether two say the same.
func (c Calendar) Equal(other Calendar) bool { return reflect.DeepEqual(c.plan, other.plan) }

// Due tells whether an office with this calendar is open at t.
func (c Calendar) Due(t time.Time) bool {
	t = t.In(vietnam)
	if c.plan == nil {
		return t.Hour() >= opens && t.Hour() < closes && !weekend(t) && !Holiday(t)
	}
	return c.plan.due(t)
}

func (p *plannedWeek) due(t time.Time) bool {
	if p.always {
		return true
	}
	minute := t.Hour()*60 + t.Minute()
	if !slices.ContainsFunc(p.hours[t.Weekday()], func(s span) bool { return minute >= s.from && minute < s.to }) {
		return false
	}
	day := dayOf(t)
	if slices.ContainsFunc(p.closed, func(d days) bool { return day >= d.first && day <= d.last }) {
		return false
	}
	return p.holidays || !Holiday(t)
}

// calendarsYAML is calendars.yaml.
type calendarsYAML struct {
	Calendars map[string]calendarYAML `json:"calendars"`
	Province  string                  `json:"province"` // the calendar of every office of which the others say nothing
	Areas     map[string]string       `json:"areas"`
	Terrain   map[string]string       `json:"terrain"`
	Sites     map[string]string       `json:"sites"`
}

type calendarYAML struct {
	Hours    []string `json:"hours"`           // "mon-fri 07:00-11:30"
	Always   bool     `json:"always"`          // never closes
	Holidays bool     `json:"public_holidays"` // open on them too
	Closed   []string `json:"closed"`          // "2026-12-24", "2026-12-28 to 2026-12-31"
}

// calendars reads calendars.yaml and gives each site its own.
func (r *reading) calendars() {
	var c calendarsYAML
	file := r.yaml(calendarsFile, &c)
	if file == nil {
		return
	}
	r.Counts.Calendars = len(c.Calendars)
	named := map[string]Calendar{officeName: CalendarOffice, alwaysName: CalendarAlways}
	for name, one := range c.Calendars {
		path := "calendars." + name
		if !plainName.MatchString(name) {
			file.Complain(path, "inventory.name", name)
		}
		named[name] = one.read(file, path)
	}
	find := func(path, name string) {
		if _, known := named[name]; name != "" && !known {
			file.Complain(path, "inventory.no_calendar", name, strings.Join(sortedKeys(named), ", "))
		}
	}
	find("province", c.Province)
	for _, group := range []struct {
		path string
		of   map[string]string
	}{{"areas", c.Areas}, {"terrain", c.Terrain}, {"sites", c.Sites}} {
		checkGroup(r, file, group.path, group.of)
		for key, name := range group.of {
			find(group.path+"."+key, name)
		}
	}
	r.take(file.Err())
	for i := range r.inv.sites {
		s := &r.inv.sites[i]
		for _, name := range []string{c.Sites[s.ID], c.Terrain[s.Terrain], c.Areas[s.AreaCode], c.Province} {
			if name != "" {
				s.Calendar = named[name]
				break
			}
		}
	}
}

func (y *calendarYAML) read(file *settings.File, path string) Calendar {
	p := &plannedWeek{always: y.Always, holidays: y.Holidays}
	if y.Always == (len(y.Hours) > 0) || y.Always && (y.Holidays || len(y.Closed) > 0) {
		file.Complain(path, "inventory.hours_or_always")
	}
	for i, text := range y.Hours {
		if !p.add(text) {
			file.Complain(fmt.Sprintf("%s.hours[%d]", path, i), "inventory.hours", text)
		}
	}
	for i, text := range y.Closed {
		d, ok := readDays(text)
		if !ok {
			file.Complain(fmt.Sprintf("%s.closed[%d]", path, i), "inventory.days", text)
		}
		p.closed = append(p.closed, d)
	}
	return Calendar{p}
}

// weekdays as they are written, Sunday first as in package time.
var weekdays = strings.Fields("sun mon tue wed thu fri sat")

// add reads "mon-fri 07:00-11:30" or "mon,wed 07:15-17:00".
func (p *plannedWeek) add(text string) bool {
	when, hours, found := strings.Cut(text, " ")
	from, to, ranged := strings.Cut(strings.TrimSpace(hours), "-")
	s := span{minuteOf(from), minuteOf(to)}
	if !found || !ranged || s.from < 0 || s.to <= s.from {
		return false
	}
	for part := range strings.SplitSeq(when, ",") {
		first, last, ranged := strings.Cut(part, "-")
		if !ranged {
			last = first
		}
		a, b := slices.Index(weekdays, first), slices.Index(weekdays, last)
		if a < 0 || b < 0 {
			return false
		}
		for day := a; ; day = (day + 1) % 7 {
			p.hours[day] = append(p.hours[day], s)
			if day == b {
				break
			}
		}
	}
	return true
}

// minuteOf reads "07:15" as minutes since midnight; the end of a day is "24:00". Only
// quarters of an hour: that is how finely a closing time is told.
func minuteOf(text string) int {
	var hour, minute int
	if n, err := fmt.Sscanf(text, "%d:%d", &hour, &minute); n != 2 || err != nil || fmt.Sprintf("%02d:%02d", hour, minute) != text {
		return -1
	}
	total := hour*60 + minute
	if hour < 0 || minute < 0 || minute > 59 || minute%15 != 0 || total > 24*60 {
		return -1
	}
	return total
}

func readDays(text string) (days, bool) {
	first, last, ranged := strings.Cut(text, " to ")
	if !ranged {
		last = first
	}
	a, errA := time.ParseInLocation(time.DateOnly, strings.TrimSpace(first), vietnam)
	b, errB := time.ParseInLocation(time.DateOnly, strings.TrimSpace(last), vietnam)
	return days{dayOf(a), dayOf(b)}, errA == nil && errB == nil && !b.Before(a)
}

// checkGroup complains of the keys of an assignment that name no area, terrain or site.
func checkGroup[T any](r *reading, file *settings.File, group string, of map[string]T) {
	for key := range of {
		path := group + "." + key
		switch group {
		case "areas":
			if _, known := r.areas[key]; !known && r.whole[areasFile] {
				file.Complain(path, "inventory.no_such", "area", key, areasFile)
			}
		case "sites":
			if _, known := r.siteAt[key]; !known && r.whole[sitesFile] {
				file.Complain(path, "inventory.no_such", "site", key, sitesFile)
			}
		default:
			if all := []string{Highland, Mountain, Plain, Unknown}; !slices.Contains(all, key) {
				file.Complain(path, "inventory.one_of", "terrain", key, strings.Join(all, ", "))
			}
		}
	}
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
