package goal

import (
	"math"
	"strconv"
	"strings"

	"communewatch/collector/say"
)

// How findings are put into words, so that a page, a paper and a sheet say the same.

// Text is a verdict in words: "chưa đủ số liệu".
func (v Verdict) Text(lang say.Lang) string { return lang.Text(say.Key("goal.verdict_" + string(v))) }

// GroupText names a group of criteria.
func GroupText(lang say.Lang, group string) string { return lang.Text(say.Key("goal.group_" + group)) }

// EvidenceText names a kind of evidence.
func EvidenceText(lang say.Lang, kind string) string {
	return lang.Text(say.Key("goal.evidence_" + kind))
}

// ResponsibleText says who does a work.
func ResponsibleText(lang say.Lang, who string) string {
	return lang.Text(say.Key("goal.responsible_" + who))
}

// WhyText is the rule that decided: "đạt theo kê khai".
func WhyText(lang say.Lang, f Finding) string { return lang.Text(say.Key("goal.why_" + f.Why)) }

// FindingText is all of it in a line: what was declared and measured, on how many days, and
// what that means: "khai 100 Mbit/s, đo 18 Mbit/s; đạt theo kê khai".
func FindingText(lang say.Lang, f Finding) string {
	parts := []string{SidesText(lang, f)}
	if days := DaysText(lang, f); days != "" {
		parts = append(parts, days)
	}
	if f.Exemption != nil && f.Verdict != Met {
		parts = append(parts, lang.Text("goal.steady", f.Exemption.Good, f.Exemption.Due, f.Exemption.Needed))
	}
	if f.Why != whyUnsaid && f.Why != whyNothing { // that the sides have said
		parts = append(parts, WhyText(lang, f))
	}
	if f.Differ {
		parts = append(parts, lang.Text("goal.differ"))
	}
	return strings.Join(parts, "; ")
}

// SidesText is what was declared beside what was measured: "khai 100 Mbit/s, đo 18 Mbit/s".
func SidesText(lang say.Lang, f Finding) string {
	var sides []string
	if said := SaidText(lang, f); said != "" {
		sides = append(sides, said)
	}
	if measured := MeasuredText(lang, f); measured != "" {
		sides = append(sides, measured)
	}
	if len(sides) == 0 {
		return lang.Text("goal.said_nothing")
	}
	return strings.Join(sides, ", ")
}

// SaidText is what was declared; empty where the criterion does not ask.
func SaidText(lang say.Lang, f Finding) string {
	switch {
	case f.Declared != nil && f.Declared.Value != nil:
		return lang.Text("goal.said", ValueText(lang, f.Measure, *f.Declared.Value))
	case f.Declared != nil || f.asksDeclared():
		return lang.Text("goal.said_nothing")
	}
	return ""
}

// asksDeclared tells of a finding without a declaration whether one would have counted.
func (f *Finding) asksDeclared() bool { return f.Why == whyUnsaid || f.Work == WorkDeclare }

// MeasuredText is what was measured; empty where the criterion does not ask.
func MeasuredText(lang say.Lang, f Finding) string {
	m := MeasureOf(f.Measure)
	switch {
	case f.Measured == nil:
		return ""
	case f.Measured.Value == nil:
		return lang.Text("goal.measured_nothing")
	case m != nil && m.countsDevices() && *f.Measured.Value > 0:
		return lang.Text("goal.answered")
	case m != nil && m.countsDevices():
		return lang.Text("goal.unanswered")
	}
	return lang.Text("goal.measured", ValueText(lang, f.Measure, *f.Measured.Value))
}

// MeasuredValueText is the value alone, for a cell beside the declared one; empty: nothing
// was measured. A device that answers is one at least: a figure would look like a count.
func MeasuredValueText(lang say.Lang, f Finding) string {
	m := MeasureOf(f.Measure)
	switch {
	case f.Measured == nil || f.Measured.Value == nil:
		return ""
	case m != nil && m.countsDevices() && *f.Measured.Value > 0:
		return lang.Text("goal.answers")
	case m != nil && m.countsDevices():
		return lang.Text("goal.no_answer")
	}
	return ValueText(lang, f.Measure, *f.Measured.Value)
}

// countsDevices tells of a measure that days cannot count: something answered, or nothing.
func (m *Measure) countsDevices() bool { return m.LowerBound && m.Unit == "" }

// DaysText is the count of days behind what was measured: "19/22 ngày đạt, cần 19; 1 ngày
// không đạt". Of what one good day shows, and of nothing, there is none.
func DaysText(lang say.Lang, f Finding) string {
	m := f.Measured
	if measure := MeasureOf(f.Measure); m == nil || m.Due == 0 || measure == nil || measure.LowerBound {
		return ""
	}
	parts := []string{lang.Text("goal.days", m.Good, m.Due, m.Needed)}
	if m.Bad > 0 {
		parts = append(parts, lang.Text("goal.days_bad", m.Bad))
	}
	if m.Missing > 0 {
		parts = append(parts, lang.Text("goal.days_missing", m.Missing))
	}
	if m.ToCome > 0 {
		parts = append(parts, lang.Text("goal.days_to_come", m.ToCome))
	}
	return strings.Join(parts, ", ")
}

// ThresholdText is what is asked: "không quá 2 %".
func ThresholdText(lang say.Lang, f Finding) string {
	switch {
	case f.Measure == "uplink":
		return lang.Text("goal.present")
	case f.AtLeast != nil:
		return lang.Text("goal.at_least", ValueText(lang, f.Measure, *f.AtLeast))
	case f.AtMost != nil:
		return lang.Text("goal.at_most", ValueText(lang, f.Measure, *f.AtMost))
	}
	return ""
}

// ValueText is a value of a measure with its unit: "18 Mbit/s", "99,5 %".
func ValueText(lang say.Lang, measure string, value float64) string {
	m := MeasureOf(measure)
	switch {
	case m == nil:
		return FigureText(lang, value)
	case m.Name == "uplink" && value > 0:
		return lang.Text("goal.present")
	case m.Name == "uplink":
		return lang.Text("goal.absent")
	case m.Unit == "%":
		return percentText(lang, value)
	case m.Unit == "":
		return FigureText(lang, value)
	}
	return FigureText(lang, value) + " " + m.Unit
}

// percentText never rounds what is not all to all, nor what is not nothing to nothing.
func percentText(lang say.Lang, value float64) string {
	rounded := value
	if value > 0 && value < 100 {
		rounded = min(max(value, 0.01), 99.99)
	}
	return FigureText(lang, rounded) + " %"
}

// FigureText writes two decimals at most, as the language does.
func FigureText(lang say.Lang, v float64) string {
	s := strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	if lang == say.Vietnamese {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}
