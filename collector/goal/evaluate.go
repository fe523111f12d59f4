package goal

import (
	"time"

	"communewatch/collector/inventory"
)

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
	Exemption *Measured `json:"exemption,omitempty"` // of a criterion that has one: days with steady power; its value is the cuts
	Differ    bool      `json:"differ,omitempty"`    // declared and measured tell different things
	Why       string    `json:"why"`                 // the rule that decided; "goal.why_" + this is its sentence
	Work      string    `json:"work,omitempty"`      // what is to be done; empty: nothing
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

// Rules that decide, as Finding.Why has them.
const (
	whyMet        = "met"             // enough days are good
	whyNotMet     = "not_met"         // too many are bad
	whyFewDays    = "few_days"        // neither, for want of evidence
	whyNoDays     = "no_days"         // none was due
	whyNothing    = "no_measurements" // nothing was measured on a day that is over
	whyNotOver    = "not_over"        // days that are to come may decide
	whyLowerBound = "lower_bound"     // what was measured is less, which shows nothing

	whySaid      = "declared"         // what was declared holds
	whySaidShort = "declared_short"   // it does not
	whyUnsaid    = "no_declaration"   // there is none
	whySilent    = "not_declared"     // it does not say
	whyOld       = "old_declaration"  // it is too old
	whyLate      = "late_declaration" // it is of a time after the month

	whyExempt = "exempt"
)

// Evaluate gives the verdict. It is pure: the same evidence gives the same result, and
// less evidence never a better one.
func (s *Standard) Evaluate(e Evidence) Result {
	days := alignDays(&e)
	r := Result{Findings: make([]Finding, 0, len(s.Criteria))}
	for i := range s.Criteria {
		c := &s.Criteria[i]
		if c.LAN2023 != "" && c.LAN2023 != e.LAN2023 {
			continue
		}
		f := c.find(&e, days)
		r.Distance += f.distance()
		r.Findings = append(r.Findings, f)
	}
	r.Verdict = verdictOn(r.Findings)
	return r
}

// verdictOn a site needs a criterion at least: nothing asked is nothing shown.
func verdictOn(findings []Finding) Verdict {
	verdict := Met
	if len(findings) == 0 {
		verdict = NoData
	}
	for i := range findings {
		switch findings[i].Verdict {
		case NotMet:
			return NotMet
		case NoData:
			verdict = NoData
		}
	}
	return verdict
}

// distance is how much of a criterion is lacking: the share of good days, or all of it
// where a declaration is to be had.
func (f *Finding) distance() float64 {
	if f.Verdict == Met || f.Verdict == Exempt {
		return 0
	}
	if f.Measured == nil || f.Measured.Needed == 0 {
		return 1
	}
	return 1 - min(1, float64(f.Measured.Good)/float64(f.Measured.Needed))
}

// find weighs one criterion.
func (c *Criterion) find(e *Evidence, all []seenDay) Finding {
	m := MeasureOf(c.Measure)
	f := Finding{Criterion: c.ID, Group: c.Group, Measure: c.Measure, Unit: m.Unit}
	f.AtLeast, f.AtMost = c.threshold(e.Site)
	byDays, bySaid := opinion{NoData, ""}, opinion{NoData, ""}
	if c.measured() {
		f.Measured, byDays = c.count(m, e, all)
	}
	if c.declared() {
		f.Declared, bySaid = c.read(m, e)
	}
	f.Differ = byDays.verdict != bySaid.verdict && byDays.verdict != NoData && bySaid.verdict != NoData
	f.decide(byDays, bySaid, c.Evidence)
	if c.Exempt == PowerSteady {
		f.Exemption = c.steady(e, all)
		if f.Verdict != Met && f.Exemption.enough() {
			f.Verdict, f.By, f.Why = Exempt, ByMeasured, whyExempt
		}
	}
	f.Work = f.work(c, all)
	return f
}

// opinion is what one kind of evidence says, and why.
type opinion struct {
	verdict Verdict
	why     string
}

// decide takes what shows the criterion as met; else what shows it as not met, days before
// words. Nothing is decided where neither says anything: then the reason is that of the
// kind which would be the quickest to get.
func (f *Finding) decide(byDays, bySaid opinion, kind string) {
	for _, v := range []Verdict{Met, NotMet} {
		switch v {
		case byDays.verdict:
			f.Verdict, f.By, f.Why = v, ByMeasured, byDays.why
			return
		case bySaid.verdict:
			f.Verdict, f.By, f.Why = v, ByDeclared, bySaid.why
			return
		}
	}
	f.Verdict, f.Why = NoData, bySaid.why
	if kind == ByMeasured || byDays.why == whyLowerBound {
		f.Why = byDays.why
	}
}

// work is what is to be done: where evidence is lacking, evidence is got first.
func (f *Finding) work(c *Criterion, all []seenDay) string {
	switch {
	case f.Verdict == Met || f.Verdict == Exempt:
		return ""
	case f.Verdict == NotMet:
		return c.Work
	case c.declared():
		return WorkDeclare
	case f.Why == whyNotOver || f.Why == whyNoDays:
		return ""
	case !heardOf(all):
		return WorkInstall
	}
	return WorkMeasure
}

func (c *Criterion) measured() bool { return c.Evidence != ByDeclared }
func (c *Criterion) declared() bool { return c.Evidence != ByMeasured }

// threshold is what holds at an office. One whose terrain nobody knows is shown among the
// mountains, but held to the stricter of the two: knowing less never makes a verdict better.
func (c *Criterion) threshold(site inventory.Site) (atLeast, atMost *float64) {
	atLeast, atMost = c.AtLeast, c.AtMost
	if c.Mountain == nil || site.Terrain == inventory.Plain {
		return atLeast, atMost
	}
	known := site.Terrain == inventory.Highland || site.Terrain == inventory.Mountain
	switch {
	case atLeast != nil && (known || *c.Mountain > *atLeast):
		return c.Mountain, nil
	case atMost != nil && (known || *c.Mountain < *atMost):
		return nil, c.Mountain
	}
	return atLeast, atMost
}

// holds tells whether a value does; the threshold itself does.
func (c *Criterion) holds(site inventory.Site, value float64) bool {
	atLeast, atMost := c.threshold(site)
	if atLeast != nil {
		return value >= *atLeast
	}
	return value <= *atMost
}
