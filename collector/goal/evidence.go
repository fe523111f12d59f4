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

// basis are the columns of a day that every report needs: how much of it is known, and
// whether the office was heard.
var basis = []string{"due_seconds", "unknown_seconds", "maintenance_seconds", "sent", "received", "rounds", "requests"}

// columnsOf are the further ones that a measure is made of. A day has three dozen, and
// what a year of a province costs follows their number.
var columnsOf = map[string][]string{
	"availability_percent":     {"down_seconds"},
	"rtt_p95_ms":               {"rtt_p95_ms"},
	"down_mbps":                {"peak_in_bps"},
	"up_mbps":                  {"peak_out_bps"},
	"routers":                  {"router_asked", "router_answered"},
	"switches":                 {"switch_asked", "switch_answered"},
	"upses":                    {"ups_asked", "ups_answered"},
	"printers":                 {"printer_asked", "printer_answered"},
	"router_answered_percent":  {"router_asked", "router_answered"},
	"switch_answered_percent":  {"switch_asked", "switch_answered"},
	"ups_answered_percent":     {"ups_asked", "ups_answered"},
	"printer_answered_percent": {"printer_asked", "printer_answered"},
	"lan_loss_percent":         {"lan_sent", "lan_received"},
	"correct_percent":          {"clock_told", "clock_wrong", "points", "rejected"},
	"complete_percent":         {"rounds_due", "devices_due", "devices"},
	"clean_percent":            {"points", "rejected", "batches", "duplicates", "interfaces", "unnamed"},
	"live_percent":             {"stale_seconds", "late"},
}

// powerSteady is the rule of exemption that looks at days itself.
const powerSteady = "power_steady"

// columns are those that a standard needs of a month, which lies so many before the first
// that is judged: longer windows reach farther back.
func (s *Standard) columns(before int) []string {
	var all []string
	for i := range s.Criteria {
		c := &s.Criteria[i]
		if c.Evidence == ByDeclared || max(c.Months, 1) <= before {
			continue
		}
		all = append(all, columnsOf[c.Measure]...)
		if c.Exempt == powerSteady {
			all = append(all, "power_cuts")
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
