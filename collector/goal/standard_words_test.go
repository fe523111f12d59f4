package goal

import (
	"testing"

	"communewatch/collector/judge"
	"communewatch/collector/say"
)

func TestAFindingIsPutIntoWords(t *testing.T) {
	s := standardMay(t)
	slow := standardEach(standardEvidence(), func(p *judge.Period) { p.PeakIn = 18e6 })
	short := standardLast(standardEvidence(), 4, 0, func(p *judge.Period) { p.Received = 9_000 })
	gaps := standardLast(standardEvidence(), 5, 0, standardNothing)
	bare := standardEvidence()
	bare.Days, bare.Declared = nil, nil
	contrary := standardEvidence()
	contrary.Declared.Line = "none"
	powerless := standardLast(standardEach(standardEvidence(), func(p *judge.Period) { p.UPSAsked = 0 }), 4, 0, func(p *judge.Period) { p.PowerCuts = 1 })
	powerless.Declared.UPSes = standardPointer(int64(0))
	for _, c := range []struct {
		e      Evidence
		id     string
		vi, en string
	}{
		{slow, "speed", "khai 100 Mbit/s, đo 18 Mbit/s; đạt theo kê khai", "declared 100 Mbit/s, measured 18 Mbit/s; met by what was declared"},
		{short, "loss", "đo 1,82 %; 18/22 ngày đạt, cần 19, 4 ngày không đạt; không đạt trên quá nhiều ngày", "measured 1.82 %; good on 18 of 22 days, 19 needed, 4 days not good; does not hold on too many days"},
		{gaps, "availability", "đo 100 %; 17/22 ngày đạt, cần 19, 5 ngày thiếu số liệu; quá ít ngày có đủ số liệu", "measured 100 %; good on 17 of 22 days, 19 needed, 5 days without enough data; too few days with enough data"},
		{bare, "availability", "chưa đo được; 0/22 ngày đạt, cần 19, 22 ngày thiếu số liệu", "not measured; good on 0 of 22 days, 19 needed, 22 days without enough data"},
		{bare, "pcs", "chưa khai", "not declared"},
		{bare, "router", "chưa khai, chưa đo được", "not declared, not measured"},
		{contrary, "uplink", "khai không có đường truyền, đo có đường truyền; 22/22 ngày đạt, cần 11; đạt trên đủ số ngày cần thiết; kê khai và số đo nói khác nhau", "declared no line, measured a line; good on 22 of 22 days, 11 needed; holds on as many days as are needed; what is declared and what is measured differ"},
		{powerless, "router", "khai 1, đo thấy trả lời; đạt trên đủ số ngày cần thiết", "declared 1, answered when measured; holds on as many days as are needed"},
		{slow, "ups", "khai 1, đo thấy trả lời; đạt trên đủ số ngày cần thiết", "declared 1, answered when measured; holds on as many days as are needed"},
		{powerless, "ups", "khai 0, chưa đo được; điện ổn định 58/62 ngày, cần 59; không đạt theo kê khai", "declared 0, not measured; power steady on 58 of 62 days, 59 needed; not met by what was declared"},
	} {
		f := standardFinding(t, s, c.e, c.id)
		if got := FindingText(say.Vietnamese, f); got != c.vi {
			t.Errorf("%s:\n got %s\nwant %s", c.id, got, c.vi)
		}
		if got := FindingText(say.English, f); got != c.en {
			t.Errorf("%s:\n got %s\nwant %s", c.id, got, c.en)
		}
	}
}

func TestFiguresAreWrittenAsTheLanguageDoes(t *testing.T) {
	for _, c := range []struct {
		measure string
		value   float64
		vi, en  string
	}{
		{"loss_percent", 99.5, "99,5 %", "99.5 %"},
		{"loss_percent", 0.0004, "0,01 %", "0.01 %"},
		{"availability_percent", 99.999, "99,99 %", "99.99 %"},
		{"availability_percent", 100, "100 %", "100 %"},
		{"loss_percent", 0, "0 %", "0 %"},
		{"rtt_p95_ms", 12.3456, "12,35 ms", "12.35 ms"},
		{"down_mbps", 100, "100 Mbit/s", "100 Mbit/s"},
		{"pcs", 6, "6", "6"},
		{"uplink", 0, "không có đường truyền", "no line"},
	} {
		if vi, en := ValueText(say.Vietnamese, c.measure, c.value), ValueText(say.English, c.measure, c.value); vi != c.vi || en != c.en {
			t.Errorf("%s %g: %s, %s", c.measure, c.value, vi, en)
		}
	}
}

func TestEverythingHasAWordInBothLanguages(t *testing.T) {
	var keys []say.Key
	for _, v := range []Verdict{Met, NotMet, NoData, Exempt} {
		keys = append(keys, say.Key("goal.verdict_"+string(v)))
	}
	for _, g := range Groups {
		keys = append(keys, say.Key("goal.group_"+g))
	}
	for _, e := range []string{ByMeasured, ByDeclared, ByEither} {
		keys = append(keys, say.Key("goal.evidence_"+e))
	}
	for _, r := range []string{Locality, Provider, Province} {
		keys = append(keys, say.Key("goal.responsible_"+r))
	}
	for _, w := range []string{whyMet, whyNotMet, whyFewDays, whyNoDays, whyNothing, whyNotOver, whyLowerBound, whySaid, whySaidShort, whyUnsaid, whySilent, whyOld, whyLate, whyExempt} {
		keys = append(keys, say.Key("goal.why_"+w))
	}
	for _, key := range keys {
		if !say.Has(key) {
			t.Errorf("nothing is said for %s", key)
		}
	}
	f := Finding{Measure: "loss_percent", AtMost: standardPointer(2.0)}
	if got := ThresholdText(say.Vietnamese, f); got != "không quá 2 %" {
		t.Error(got)
	}
}
