package board

import (
	"strconv"
	"unicode"
	"unicode/utf8"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// verdictWord is a verdict as it stands in a cell; empty, there is none.
func verdictWord(lang say.Lang, v goal.Verdict) string {
	if v == "" {
		return none
	}
	return capital(v.Text(lang))
}

// capital makes the first letter a capital one.
func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
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

// month is "10/2026", "October 2026".
func (f format) month(m goal.Month) string {
	if f.lang == say.Vietnamese {
		return m.From().Format("01/2006")
	}
	return m.From().Format("January 2006")
}

// money is a sum of đồng.
func (f format) money(dong int64) string { return f.lang.Text("target.dong", f.count(dong)) }

// count is a whole number with its thousands apart.
func (f format) count(n int64) string {
	separator := ","
	if f.lang == say.Vietnamese {
		separator = "."
	}
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + separator + digits[i:]
	}
	return digits
}

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

// measuredValue is what days tell of a criterion; empty: nothing.
func (f format) measuredValue(at goal.Finding) string {
	if at.Measured == nil || at.Measured.Value == nil {
		return ""
	}
	return goal.ValueText(f.lang, at.Measure, *at.Measured.Value)
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
