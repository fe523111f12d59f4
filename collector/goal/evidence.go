package goal

import (
	"strings"
	"time"

	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
)

// Evidence is all that a verdict on one site in one month rests on.
type Evidence struct {
	Site     inventory.Site
	LAN2023  string // of its area, as inventory.Area has it
	Month    Month
	Now      time.Time             // days that are not over yet are not due yet, but count as to come
	Due      []DueDay              // days of the longest window, up to the month's end, on which the office shall be open, by the calendar and less maintenance; oldest first
	Days     []judge.Period        // site_day of these days, oldest first; a day without one has no evidence
	Declared *declared.Declaration // in force at the month's end; nil: none
}

// DueDay is a day of Vietnam on which an office shall be open.
type DueDay struct {
	Day     time.Time // its first moment
	Seconds int64     // of it due: open by calendar, less maintenance
}

// basis are the columns of a day that every report needs: how much of it is known, and
// whether the office was heard. What a year of a province costs follows their number.
var basis = append(strings.Fields(knownColumns), "requests", "sent")

// columns are those that a standard needs of a month, which lies so many before the first
// that is judged: longer windows reach farther back.
func (s *Standard) columns(before int) []string {
	var all []string
	for i := range s.Criteria {
		c := &s.Criteria[i]
		if !c.measured() || c.Months <= before {
			continue
		}
		all = append(all, strings.Fields(MeasureOf(c.Measure).columns)...)
		if c.Exempt == PowerSteady {
			all = append(all, strings.Fields(powerColumns)...)
		}
	}
	return all
}

// window is how many months its longest window has, the month included.
func (s *Standard) window() int {
	months := 1
	for i := range s.Criteria {
		months = max(months, s.Criteria[i].Months)
	}
	return months
}
