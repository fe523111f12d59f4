package goal

import (
	"math"
	"testing"
	"time"

	"communewatch/collector/inventory"
	"communewatch/collector/judge"
)

// The speed, 20 Mbit/s by contract or measured; and the line, which days can refute.
func TestOneKindOfEvidenceIsEnoughAndBothAreShown(t *testing.T) {
	s := standardMay(t)
	dead := func(p *judge.Period) { p.Received = 0 }
	for _, c := range []struct {
		name, id string
		line     string  // declared; empty: it does not say
		mbps     float64 // likewise
		days     func(*judge.Period)
		want     Verdict
		by, why  string
		differ   bool
		work     string
	}{
		{"both hold", "uplink", "fiber", 100, nil, Met, ByMeasured, whyMet, false, ""},
		{"declared, and measured dead", "uplink", "fiber", 100, dead, Met, ByDeclared, whySaid, true, ""},
		{"declared none, and measured alive", "uplink", "none", 100, nil, Met, ByMeasured, whyMet, true, ""},
		{"declared none, and dead", "uplink", "none", 100, dead, NotMet, ByMeasured, whyNotMet, false, "get_line"},
		{"nothing said, and dead", "uplink", "", 100, dead, NotMet, ByMeasured, whyNotMet, false, "get_line"},
		{"declared none, nothing measured", "uplink", "none", 100, standardNothing, NotMet, ByDeclared, whySaidShort, false, "get_line"},
		{"neither", "uplink", "", 100, standardNothing, NoData, "", whySilent, false, WorkDeclare},
		{"a contract of 100, 18 measured", "speed", "fiber", 100, func(p *judge.Period) { p.PeakIn = 18e6 }, Met, ByDeclared, whySaid, false, ""},
		{"a contract of 10, 80 measured", "speed", "fiber", 10, nil, Met, ByMeasured, whyMet, true, ""},
		{"a contract of 10, 8 measured", "speed", "fiber", 10, func(p *judge.Period) { p.PeakIn = 8e6 }, NotMet, ByDeclared, whySaidShort, false, "raise_speed"},
		{"no contract, 18 measured", "speed", "fiber", 0, func(p *judge.Period) { p.PeakIn = 18e6 }, NoData, "", whyLowerBound, false, WorkDeclare},
	} {
		e := standardEvidence()
		if c.days != nil {
			e = standardEach(e, c.days)
		}
		e.Declared.Line, e.Declared.DownMbps = c.line, &c.mbps
		if c.mbps == 0 {
			e.Declared.DownMbps = nil
		}
		f := standardFinding(t, s, e, c.id)
		if f.Verdict != c.want || f.By != c.by || f.Why != c.why || f.Differ != c.differ || f.Work != c.work {
			t.Errorf("%s: %s by %q (%s), differ %t, work %q", c.name, f.Verdict, f.By, f.Why, f.Differ, f.Work)
		}
		if f.Measured == nil || f.Declared == nil {
			t.Errorf("%s: one side is not shown", c.name)
		}
	}
}

func TestADeclarationHoldsForItsTimeOnly(t *testing.T) {
	s := standardMay(t)
	for _, c := range []struct {
		name string
		date time.Time
		want Verdict
		why  string
	}{
		{"of the month's last day", standardMonth.Until().AddDate(0, 0, -1), Met, whySaid},
		{"of the day after the month", standardMonth.Until(), NoData, whyLate},
		{"a year old to the day", standardMonth.Until().AddDate(-1, 0, 0), Met, whySaid},
		{"a day older", standardMonth.Until().AddDate(-1, 0, -1), NoData, whyOld},
	} {
		e := standardEvidence()
		e.Declared.Date = c.date
		f := standardFinding(t, s, e, "pcs")
		if f.Verdict != c.want || f.Why != c.why || f.Declared == nil || *f.Declared.Value != 6 || f.Declared.Source != "CV 12/UBND" {
			t.Errorf("%s: %s (%s), %+v", c.name, f.Verdict, f.Why, f.Declared)
		}
	}
	e := standardEvidence()
	e.Declared = nil
	if f := standardFinding(t, s, e, "pcs"); f.Verdict != NoData || f.Why != whyUnsaid || f.Work != WorkDeclare || f.Measured != nil {
		t.Errorf("%+v", f)
	}
	e = standardEvidence()
	e.Declared.PCs = nil
	if f := standardFinding(t, s, e, "pcs"); f.Verdict != NoData || f.Why != whySilent || f.Declared == nil {
		t.Errorf("%+v", f)
	}
}

// 62 days are due in three months, of which 95 % are 59.
func TestSteadyPowerHasToBeShown(t *testing.T) {
	s := standardMay(t)
	cut := func(p *judge.Period) { p.PowerCuts = 1 }
	unsure := func(p *judge.Period) { p.Unknown = p.Due/5 + 1 }
	rounds := func(share int64) func(*judge.Period) {
		return func(p *judge.Period) { p.Down, p.Rounds = p.Due-p.Due*share/1000, p.RoundsDue*share/1000 }
	}
	for _, c := range []struct {
		name  string
		days  int
		how   func(*judge.Period)
		upses int64
		want  Verdict
		why   string
	}{
		{"no cut, none declared", 0, cut, 0, Exempt, whyExempt},
		{"no cut, and there is one", 0, cut, 1, Met, whySaid},
		{"three cuts", 3, cut, 0, Exempt, whyExempt},
		{"four cuts", 4, cut, 0, NotMet, whySaidShort},
		{"four days of which too little is known", 4, unsure, 0, NotMet, whySaidShort},
		{"four days of which nothing is known", 4, standardNothing, 0, NotMet, whySaidShort},
		{"four days within a cut that began before", 4, rounds(0), 0, NotMet, whySaidShort},
		{"it ended on the fourth", 4, rounds(799), 0, NotMet, whySaidShort},
		{"four days, nothing declared", 4, standardNothing, -1, NoData, whySilent},
	} {
		e := standardEach(standardEvidence(), func(p *judge.Period) { p.UPSAsked, p.UPSAnswered = 0, 0 })
		e = standardLast(e, c.days, 0, c.how)
		if e.Declared.UPSes = &c.upses; c.upses < 0 {
			e.Declared.UPSes = nil
		}
		f := standardFinding(t, s, e, "ups")
		if x := f.Exemption; f.Verdict != c.want || f.Why != c.why || x == nil || x.Due != 62 || x.Needed != 59 || x.Good != 62-c.days {
			t.Errorf("%s: %s (%s), %+v", c.name, f.Verdict, f.Why, f.Exemption)
		}
	}
	e := standardLast(standardEvidence(), 4, 0, rounds(800)) // a line that was down
	e.Declared.UPSes = nil
	e = standardEach(e, func(p *judge.Period) { p.UPSAsked, p.UPSAnswered = 0, 0 })
	if f := standardFinding(t, s, e, "ups"); f.Verdict != Exempt {
		t.Errorf("enough rounds were made: %s, %+v", f.Verdict, f.Exemption)
	}
	e = standardEvidence()
	e.Days, e.Declared = nil, nil
	if f := standardFinding(t, s, e, "ups"); f.Verdict != NoData {
		t.Errorf("nothing is known: %s", f.Verdict)
	}
	e = standardEvidence()
	e.Due, e.Declared = nil, nil
	if f := standardFinding(t, s, e, "ups"); f.Verdict != NoData {
		t.Errorf("no day is due: %s", f.Verdict)
	}
}

func TestOfASiteTheWorstCriterionTells(t *testing.T) {
	s := standardMay(t)
	e := standardLast(standardEvidence(), 4, 0, func(p *judge.Period) { p.RTT[1] = 5000 })
	if r := s.Evaluate(e); r.Verdict != NotMet || math.Abs(r.Distance-1.0/19) > 1e-9 {
		t.Errorf("one day too many: %s, %g", r.Verdict, r.Distance)
	}
	e.Declared.PCs = nil
	if r := s.Evaluate(e); r.Verdict != NotMet || math.Abs(r.Distance-1-1.0/19) > 1e-9 {
		t.Errorf("and nothing said of PCs: %s, %g", r.Verdict, r.Distance)
	}
	e = standardEvidence()
	e.Declared.PCs = nil
	if r := s.Evaluate(e); r.Verdict != NoData || r.Distance != 1 {
		t.Errorf("that alone: %s, %g", r.Verdict, r.Distance)
	}
	e = standardEvidence()
	e.Days, e.Declared = nil, nil
	if r := s.Evaluate(e); r.Verdict != NoData || r.Distance != 18 {
		t.Errorf("nothing at all: %s, %g", r.Verdict, r.Distance)
	}
	e = standardEach(standardEvidence(), func(p *judge.Period) { p.UPSAsked = 0 })
	e.Declared.UPSes = standardPointer(int64(0))
	if r := s.Evaluate(e); r.Verdict != Met || r.Distance != 0 {
		t.Errorf("exempt from a UPS: %s, %g", r.Verdict, r.Distance)
	}
}

func TestWhatIsToBeDoneFollowsFromWhatIsLacking(t *testing.T) {
	s := standardMay(t)
	works := func(e Evidence) map[string]string {
		all := map[string]string{}
		for _, f := range s.Evaluate(e).Findings {
			all[f.Criterion] = f.Work
			if _, there := s.Works[f.Work]; f.Work != "" && !there {
				t.Errorf("%s: no work is called %s", f.Criterion, f.Work)
			}
			if (f.Work == "") != (f.Verdict == Met || f.Verdict == Exempt) {
				t.Errorf("%s is %s, and to be done is %q", f.Criterion, f.Verdict, f.Work)
			}
		}
		return all
	}
	bare := standardEvidence()
	bare.Days, bare.Declared = nil, nil
	if w := works(bare); w["loss"] != WorkInstall || w["live"] != WorkInstall || w["uplink"] != WorkDeclare || w["pcs"] != WorkDeclare {
		t.Error(w)
	}
	if w := works(standardEach(standardEvidence(), standardNothing)); w["loss"] != WorkInstall {
		t.Error("days are judged of which nothing is known:", w)
	}
	e := standardEach(standardEvidence(), func(p *judge.Period) { p.SwitchAsked, p.Down = 0, p.Due })
	if w := works(e); w["switch_answers"] != WorkMeasure || w["availability"] != "call_provider" || w["switch"] != "" {
		t.Error(w)
	}
	e.Site.Terrain = inventory.Highland
	if w := works(standardLast(e, 20, 0, standardNothing)); w["loss"] != WorkMeasure {
		t.Error(w)
	}
}
