package goal

import (
	"math"
	"sort"
	"time"

	"communewatch/collector/judge"
)

// seenDay is a due day and what is known of it.
type seenDay struct {
	DueDay
	period *judge.Period // nil: nothing
	over   bool
}

// alignDays finds each due day's evidence; both are in order of time.
func alignDays(e *Evidence) []seenDay {
	all := make([]seenDay, 0, len(e.Due))
	at := 0
	for _, due := range e.Due {
		if due.Seconds <= 0 {
			continue
		}
		d := seenDay{DueDay: due, over: !due.Day.AddDate(0, 0, 1).After(e.Now)}
		for at < len(e.Days) && e.Days[at].From.Before(due.Day) {
			at++
		}
		if at < len(e.Days) && e.Days[at].From.Equal(due.Day) {
			d.period = &e.Days[at]
		}
		all = append(all, d)
	}
	return all
}

// heardOf tells whether anything is known of a day that is over.
func heardOf(all []seenDay) bool {
	for _, d := range all {
		if d.over && d.period != nil && d.period.Known() > 0 {
			return true
		}
	}
	return false
}

// window is a criterion's, as far as days are due in it.
func (c *Criterion) window(month Month, all []seenDay) (from, until time.Time, days []seenDay) {
	from, until = month.Add(1-c.Months).From(), month.Until()
	first := sort.Search(len(all), func(i int) bool { return !all[i].Day.Before(from) })
	end := sort.Search(len(all), func(i int) bool { return !all[i].Day.Before(until) })
	return from, until, all[first:end]
}

// known tells whether enough of a day is.
func (c *Criterion) known(d seenDay) bool {
	return d.period != nil && 100*float64(d.period.Known()) >= c.DayKnown*float64(d.Seconds)
}

// powerColumns are those of a day by which power is shown to be steady.
const powerColumns = "power_cuts rounds rounds_due"

// judged is what a day that is over shows.
type judged int

const (
	shownNothing judged = iota
	shownGood
	shownBad
)

// tally counts the days of a criterion's window, each by what it shows.
func (c *Criterion) tally(month Month, all []seenDay, shows func(seenDay) judged) *Measured {
	m := &Measured{}
	var days []seenDay
	m.From, m.Until, days = c.window(month, all)
	m.Due = len(days)
	for _, d := range days {
		if !d.over {
			m.ToCome++
			continue
		}
		switch shows(d) {
		case shownGood:
			m.Good++
		case shownBad:
			m.Bad++
		default:
			m.Missing++
		}
	}
	m.Needed = neededDays(c.Days, m.Due)
	return m
}

// neededDays is a percent of due days, no part of a day left out. Days are few and percents
// have few digits, so what is over by less is the float's fault.
func neededDays(percent float64, due int) int {
	return int(math.Ceil(percent*float64(due)/100 - 1e-9))
}

// enough tells whether as many days as are needed are good. None needed is none shown.
func (m *Measured) enough() bool { return m.Needed > 0 && m.Good >= m.Needed }

// tooBad tells whether so many are bad that the rest cannot be enough.
func (m *Measured) tooBad() bool { return m.Bad > m.Due-m.Needed }

// count is what days say of a criterion.
func (c *Criterion) count(m *Measure, e *Evidence, all []seenDay) (*Measured, opinion) {
	told := make([]*judge.Period, 0, 31*c.Months)
	found := c.tally(e.Month, all, func(d seenDay) judged {
		if d.period == nil {
			return shownNothing
		}
		value, has := m.day(d.period)
		if has {
			told = append(told, d.period)
		}
		switch holds := c.holds(e.Site, value); {
		case !has || !c.known(d):
			return shownNothing
		case holds:
			return shownGood
		case m.LowerBound:
			return shownNothing
		}
		return shownBad
	})
	if m.LowerBound {
		found.Needed = min(found.Due, 1)
	}
	found.Value = m.over(told)
	for _, p := range told {
		found.Observations += m.observed(p)
	}
	less := m.LowerBound && found.Value != nil && !c.holds(e.Site, *found.Value)
	return found, found.opinion(less)
}

// opinion of days; less: they show less than is asked, of what is a lower bound.
func (m *Measured) opinion(less bool) opinion {
	switch {
	case m.Due == 0:
		return opinion{NoData, whyNoDays}
	case m.enough():
		return opinion{Met, whyMet}
	case m.tooBad():
		return opinion{NotMet, whyNotMet}
	case m.Value == nil && m.ToCome < m.Due:
		return opinion{NoData, whyNothing}
	case m.Good+m.ToCome >= m.Needed:
		return opinion{NoData, whyNotOver}
	case less:
		return opinion{NoData, whyLowerBound}
	}
	return opinion{NoData, whyFewDays}
}

// roundsMade tells whether enough rounds of a day were: what measures has power.
func (c *Criterion) roundsMade(p *judge.Period) bool {
	return p.RoundsDue > 0 && 100*float64(p.Rounds) >= c.DayKnown*float64(p.RoundsDue)
}

// steady counts days without a power cut. One that nobody knows enough of is not among
// them: silence may be a cut; nor one that passed within a cut, which began on another day
// and of which all is known, but hardly a round was made.
func (c *Criterion) steady(e *Evidence, all []seenDay) *Measured {
	var cuts float64
	var told int64
	found := c.tally(e.Month, all, func(d seenDay) judged {
		if d.period == nil {
			return shownNothing
		}
		cuts += float64(d.period.PowerCuts)
		switch {
		case d.period.PowerCuts > 0:
			return shownBad
		case !c.known(d) || !c.roundsMade(d.period):
			return shownNothing
		}
		told++
		return shownGood
	})
	found.Value, found.Observations = &cuts, told
	return found
}
