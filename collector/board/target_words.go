package board

import (
	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// verdictWord is a verdict as it stands in a cell; empty, there is none.
func verdictWord(lang say.Lang, v goal.Verdict) string {
	if v == "" {
		return none
	}
	return say.Capital(v.Text(lang))
}

// verdictMark is the state of an office whose colours and mark a verdict has.
func verdictMark(v goal.Verdict) string {
	switch v {
	case goal.Met, goal.Exempt:
		return "ok"
	case goal.NotMet:
		return "uplink_down"
	}
	return "none"
}

func (f format) month(m goal.Month) string { return m.Text(f.lang) }

func (f format) money(vnd int64) string { return goal.MoneyText(f.lang, vnd) }

func (f format) count(n int64) string { return goal.CountText(f.lang, n) }

// declaredValue is what a commune said of a criterion; empty: nothing.
func (f format) declaredValue(at goal.Finding) string {
	switch d := at.Declared; {
	case d == nil:
		return ""
	case d.Value != nil:
		return goal.ValueText(f.lang, at.Measure, *d.Value)
	default:
		return d.Text
	}
}

// unitLabel is a unit as people read it; without one it says so.
func unitLabel(lang say.Lang, kind, name string) string {
	if name == "" {
		return none
	}
	if kind == "" {
		return name
	}
	return lang.Text(say.Key("kind."+kind), name)
}
