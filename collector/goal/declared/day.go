package declared

import (
	"math"
	"regexp"
	"strconv"
	"time"

	"communewatch/collector/inventory"
)

// A day that was typed as text is read as day/month/year: that is how Vietnam writes, and
// how its Excel saves a CSV. An Excel that was set to American saves the same CSV with the
// month first, and then 05/04/2026 is the fourth of May; it gives itself away by a
// day that can only be month/day/year (10/31/2026). Of a sheet with such a day every one
// that may be either is refused. A cell that holds a day, and not a text, is never in doubt.
var (
	dayFirst = regexp.MustCompile(`^(?:[Nn]gày )?([0-9]{1,2})(?:[/.-]| tháng )([0-9]{1,2})(?:[/.-]| năm )([0-9]{4})(?: 0{1,2}:00(?::00)?)?$`)
	yearLead = regexp.MustCompile(`^([0-9]{4})[/.-]([0-9]{1,2})[/.-]([0-9]{1,2})(?: 0{1,2}:00(?::00)?)?$`)
	shortDay = regexp.MustCompile(`^[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}$`)
	serial   = regexp.MustCompile(`^[3-5][0-9]{4}$`) // 1982 to 2064
)

// earliest are days before which nobody declared, and no line that still is there was laid.
var (
	earliestDeclared = time.Date(2015, 1, 1, 0, 0, 0, 0, inventory.Zone())
	earliestLine     = time.Date(1997, 1, 1, 0, 0, 0, 0, inventory.Zone()) // Vietnam's first
)

// day reads one; zero after a complaint.
func (r *row) day(name string, at cell) time.Time {
	day, right := r.dayOf(name, at)
	if !right {
		return time.Time{}
	}
	earliest := earliestDeclared
	if name == "line_since" {
		earliest = earliestLine
	}
	switch {
	case day.After(r.now):
		r.refuse(name, "declared.future", r.now.In(inventory.Zone()).Format(time.DateOnly))
	case day.Before(earliest):
		r.refuse(name, "declared.too_old", earliest.Format(time.DateOnly))
	default:
		return day
	}
	return time.Time{}
}

func (r *row) dayOf(name string, at cell) (time.Time, bool) {
	if at.kind == numberCell {
		day, ok := r.serialDay(at.text)
		if !ok {
			r.refuse(name, "declared.no_day")
		}
		return day, ok
	}
	if m := yearLead.FindStringSubmatch(at.text); m != nil {
		if day, ok := date(m[1], m[2], m[3]); ok {
			return day, true
		}
	}
	if m := dayFirst.FindStringSubmatch(at.text); m != nil {
		day, ok := date(m[3], m[2], m[1])
		other, otherOK := date(m[3], m[1], m[2])
		switch {
		case !ok && otherOK:
			r.refuse(name, "declared.month_first", other.Format(time.DateOnly))
			return day, false
		case ok && otherOK && r.swapped && m[1] != m[2]:
			r.refuse(name, "declared.two_days", day.Format(time.DateOnly), other.Format(time.DateOnly))
			return day, false
		case ok:
			return day, true
		}
	}
	switch {
	case shortDay.MatchString(at.text):
		r.refuse(name, "declared.short_year")
	case serial.MatchString(at.text):
		day, _ := r.serialDay(at.text)
		r.refuse(name, "declared.serial_text", day.Format(time.DateOnly))
	default:
		r.refuse(name, "declared.no_day")
	}
	return time.Time{}, false
}

// serialDay is the day that Excel counts as a number: from 30 December 1899, or where the
// book counts as old Macintoshes did, from 1 January 1904.
func (r *row) serialDay(s string) (time.Time, bool) {
	f, ok := cellNumber(s)
	if !ok || f < 30_000 || f > 75_000 { // a year alone is not a day
		return time.Time{}, false
	}
	day := time.Date(1899, 12, 30, 0, 0, 0, 0, inventory.Zone())
	if r.base1904 {
		day = time.Date(1904, 1, 1, 0, 0, 0, 0, inventory.Zone())
	}
	return day.AddDate(0, 0, int(math.Floor(f))), true
}

// date is a day of the calendar.
func date(year, month, day string) (time.Time, bool) {
	y, _ := strconv.Atoi(year) // digits only
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, inventory.Zone())
	return t, t.Month() == time.Month(m) && t.Day() == d && m >= 1 && m <= 12
}

// americanDays tells whether a day of the sheet can only be month/day/year.
func (r *reading) americanDays(lines []line) bool {
	for _, l := range lines {
		for _, name := range []string{"date", "line_since"} {
			at := l.at(r.stands[name])
			m := dayFirst.FindStringSubmatch(at.text)
			if m == nil || at.kind != textCell {
				continue
			}
			_, ours := date(m[3], m[2], m[1])
			_, theirs := date(m[3], m[1], m[2])
			if theirs && !ours {
				return true
			}
		}
	}
	return false
}
