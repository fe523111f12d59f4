// Package goal says which offices meet the province's target, for any month, with the
// evidence. In come days that the judge computed, declarations and an inventory; out go
// plain values, which collector/goal/paper prints and collector/board shows. Desk wires it
// (desk.go, recent.go). One measurement goes
//
//   - into a day of the judge's, which is read here (stored.go: which columns of which days,
//     and the hash of them), for the days on which the office shall be open (due.go),
//   - into a verdict: the standard's file (goal-2023-05.yaml; standard.go, check.go) names a
//     measure (measure.go, figures.go), of which each due day shows something or nothing
//     (days.go), and what the commune declared stands beside it (said.go; declared/), all of
//     it weighed by criterion (evidence.go, evaluate.go),
//   - into the report of a month (report.go holds its values, make.go gathers what is known,
//     line.go makes the lines; group.go, history.go, plan.go, rollout.go),
//   - into words (words.go, money.go), and, once published, into an archive that never moves
//     (publish.go, archive.go, changes.go; kept/).
//
// Verdicts are three-valued. A criterion counts days: those that are due by the office's
// calendar, and of these the good ones. A day without evidence is neither good nor bad, so
// it stands in the way of "met" exactly as a bad one does, and of "not met" as a good one:
// taking evidence away never makes a verdict better, and too little of it is "no data".
// Declared and measured stand side by side and are never merged. This room must never call
// a month measured that was not: May 2023 has no measurements, the target is a standard
// that is applied to a month.
package goal

import (
	"fmt"
	"time"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// Verdict is on a criterion, a site, or a unit.
type Verdict string

// Verdicts. A site is Met if every criterion is Met or Exempt, NotMet if one is NotMet,
// else NoData.
const (
	Met    Verdict = "met"
	NotMet Verdict = "not_met"
	NoData Verdict = "no_data"
	Exempt Verdict = "exempt" // of a criterion only: shown not to be asked of this office
)

// Words are a sentence of the standard's file in both languages.
type Words struct {
	VI string `json:"vi"`
	EN string `json:"en"`
}

// In gives the sentence in a language; one that is missing, in the other.
func (w Words) In(lang say.Lang) string {
	if lang == say.English && w.EN != "" || w.VI == "" {
		return w.EN
	}
	return w.VI
}

// Month is a month of Vietnam.
type Month struct {
	Year  int
	Month time.Month
}

// ParseMonth reads "2026-10".
func ParseMonth(s string) (Month, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return Month{}, fmt.Errorf("month %q, want one like 2026-10", s)
	}
	return Month{t.Year(), t.Month()}, nil
}

// MonthOf is the month in which t is in Vietnam.
func MonthOf(t time.Time) Month {
	t = t.In(inventory.Zone())
	return Month{t.Year(), t.Month()}
}

// String is "2026-10".
func (m Month) String() string { return fmt.Sprintf("%04d-%02d", m.Year, m.Month) }

// Text is "10/2026", "October 2026".
func (m Month) Text(lang say.Lang) string {
	if lang == say.Vietnamese {
		return m.From().Format("01/2006")
	}
	return m.From().Format("January 2006")
}

// Add is the month so many later.
func (m Month) Add(n int) Month {
	t := time.Date(m.Year, m.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	return Month{t.Year(), t.Month()}
}

// until is how many months the other one is later.
func (m Month) until(other Month) int { return 12*(other.Year-m.Year) + int(other.Month-m.Month) }

// From is its first moment, Until the first that is no more in it.
func (m Month) From() time.Time  { return time.Date(m.Year, m.Month, 1, 0, 0, 0, 0, inventory.Zone()) }
func (m Month) Until() time.Time { return m.Add(1).From() }

// lastDay is the first moment of its last day.
func (m Month) lastDay() time.Time { return m.Until().AddDate(0, 0, -1) }

// MarshalText and UnmarshalText are [Month.String] and [ParseMonth].
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }
func (m *Month) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMonth(string(text))
	return err
}
