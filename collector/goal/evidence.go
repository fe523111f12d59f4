package goal

import (
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
