package goal

import "time"

// Result is the verdict on one site in one month.
type Result struct {
	Verdict  Verdict   `json:"verdict"`
	Distance float64   `json:"distance"` // from the target: 0 (met) up to the number of criteria; what it lacks of each, missing evidence too
	Findings []Finding `json:"findings"` // in the order of the standard; of criteria that are not asked of it, none
}

// Finding is the verdict on one criterion and what it rests on.
type Finding struct {
	Criterion string    `json:"criterion"`
	Group     string    `json:"group"`
	Measure   string    `json:"measure"` // of Measures
	Verdict   Verdict   `json:"verdict"`
	AtLeast   *float64  `json:"at_least,omitempty"` // what holds at this office
	AtMost    *float64  `json:"at_most,omitempty"`
	Unit      string    `json:"unit,omitempty"`
	By        string    `json:"by,omitempty"` // ByMeasured or ByDeclared: what decided; empty: nothing did
	Measured  *Measured `json:"measured,omitempty"`
	Declared  *Declared `json:"declared,omitempty"`
	Differ    bool      `json:"differ,omitempty"` // declared and measured tell different things
	Why       string    `json:"why"`              // the rule that decided, "goal.why_" + this is its sentence: met, not_met, few_days, no_days, no_declaration, not_declared, old_declaration, lower_bound, exempt, …
	Work      string    `json:"work,omitempty"`   // what is to be done; empty: nothing
}

// Measured is what days tell of a criterion.
type Measured struct {
	Value        *float64  `json:"value,omitempty"` // over the whole window, by its sums; of RTT the median of the days', of a lower bound the largest. nil: nothing was measured
	From         time.Time `json:"from"`            // the window
	Until        time.Time `json:"until"`
	Due          int       `json:"due"`          // days of it on which the office shall be open
	Good         int       `json:"good"`         // of these, shown to hold
	Bad          int       `json:"bad"`          // shown not to hold
	Missing      int       `json:"missing"`      // over, without enough evidence
	ToCome       int       `json:"to_come"`      // not over yet
	Needed       int       `json:"needed"`       // good ones that are needed
	Observations int64     `json:"observations"` // echoes, rounds or requests behind the value
}

// Declared is what the commune said.
type Declared struct {
	Value  *float64  `json:"value,omitempty"` // nil: it did not say
	Text   string    `json:"text,omitempty"`  // its own words
	Date   time.Time `json:"date"`
	Source string    `json:"source"`
}

// Evaluate gives the verdict. It is pure: the same evidence gives the same result, and
// less evidence never a better one.
func (s *Standard) Evaluate(e Evidence) Result { return Result{Verdict: NoData} }
