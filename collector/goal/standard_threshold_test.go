package goal

import (
	"testing"

	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
)

func TestAnOfficeWithAllEvidenceMeetsTheTarget(t *testing.T) {
	r := standardMay(t).Evaluate(standardEvidence())
	if r.Verdict != Met || r.Distance != 0 || len(r.Findings) != 18 {
		t.Errorf("%s, %g from the target, %d findings", r.Verdict, r.Distance, len(r.Findings))
	}
	for _, f := range r.Findings {
		if f.Verdict != Met || f.By == "" || f.Work != "" || f.Why == "" {
			t.Errorf("%s: %+v", f.Criterion, f)
		}
	}
}

// standardShare makes so much of 10,000 of a percent.
func standardShare(percent float64) int64 { return int64(percent*100 + 0.5) }

// standardFigures put a value into a day, for each criterion that days decide.
var standardFigures = map[string]func(*judge.Period, float64){
	"availability": func(p *judge.Period, v float64) { p.Down = p.Due * (10_000 - standardShare(v)) / 10_000 },
	"loss":         func(p *judge.Period, v float64) { p.Received = 10_000 - standardShare(v) },
	"rtt":          func(p *judge.Period, v float64) { p.RTT[1] = v },
	"router_answers": func(p *judge.Period, v float64) {
		p.RouterAnswered = standardShare(v)
	},
	"switch_answers": func(p *judge.Period, v float64) { p.SwitchAnswered = standardShare(v) },
	"lan_loss":       func(p *judge.Period, v float64) { p.LANReceived = 10_000 - standardShare(v) },
	"lan_better":     func(p *judge.Period, v float64) { p.LANReceived = 10_000 - standardShare(v) },
	"correct":        func(p *judge.Period, v float64) { p.ClockTold, p.ClockWrong = 10_000, 10_000-standardShare(v) },
	"complete":       func(p *judge.Period, v float64) { p.RoundsDue, p.Rounds = 10_000, standardShare(v) },
	"clean":          func(p *judge.Period, v float64) { p.Batches, p.Duplicates = 10_000, 10_000-standardShare(v) },
	"live":           func(p *judge.Period, v float64) { p.Requests, p.Late = 10_000, 10_000-standardShare(v) },
}

func TestADayHoldsAtItsThresholdAndBeyond(t *testing.T) {
	s := standardMay(t)
	for i := range s.Criteria {
		c := &s.Criteria[i]
		put, ours := standardFigures[c.ID]
		if c.Evidence != ByMeasured {
			continue
		}
		if !ours {
			t.Errorf("no figures for %s", c.ID)
			continue
		}
		for _, terrain := range []string{inventory.Plain, inventory.Mountain, inventory.Highland, inventory.Unknown} {
			threshold, better := c.AtLeast, 0.01
			if threshold == nil {
				threshold, better = c.AtMost, -0.01
			}
			if c.Mountain != nil && (terrain == inventory.Mountain || terrain == inventory.Highland) {
				threshold = c.Mountain
			}
			for _, at := range []struct {
				value float64
				want  Verdict
			}{{*threshold, Met}, {*threshold + better, Met}, {*threshold - better, NotMet}} {
				e := standardEach(standardEvidence(), func(p *judge.Period) { put(p, at.value) })
				e.Site.Terrain = terrain
				f := standardFinding(t, s, e, c.ID)
				if f.Verdict != at.want || f.By != ByMeasured {
					t.Errorf("%s of %g in the %s: %s (%s)", c.ID, at.value, terrain, f.Verdict, f.Why)
				}
				if d := *f.Measured.Value - at.value; d > 2e-3 || d < -2e-3 { // seconds are whole
					t.Errorf("%s of %g shows %g", c.ID, at.value, *f.Measured.Value)
				}
				if asked := f.AtLeast; asked != nil && *asked != *threshold || f.AtMost != nil && *f.AtMost != *threshold {
					t.Errorf("%s in the %s asks for %v, %v", c.ID, terrain, f.AtLeast, f.AtMost)
				}
			}
		}
	}
}

func TestADayWithoutAnAnswerHasNoRoundTrip(t *testing.T) {
	e := standardEach(standardEvidence(), func(p *judge.Period) { p.Received, p.RTT = 0, [3]float64{} })
	if f := standardFinding(t, standardMay(t), e, "rtt"); f.Verdict != NoData || f.Measured.Value != nil {
		t.Errorf("%s: %+v", f.Verdict, *f.Measured)
	}
}

func TestADeclarationHoldsAtItsThresholdAndBeyond(t *testing.T) {
	n := standardPointer[int64]
	for _, c := range []struct {
		id      string
		say     func(*declared.Declaration)
		terrain string
		want    Verdict
	}{
		{"uplink", func(d *declared.Declaration) { d.Line = "satellite" }, inventory.Plain, Met},
		{"uplink", func(d *declared.Declaration) { d.Line = "none" }, inventory.Plain, NotMet},
		{"speed", func(d *declared.Declaration) { d.DownMbps = standardPointer(20.0) }, inventory.Plain, Met},
		{"speed", func(d *declared.Declaration) { d.DownMbps = standardPointer(20.5) }, inventory.Unknown, Met},
		{"speed", func(d *declared.Declaration) { d.DownMbps = standardPointer(19.9) }, inventory.Plain, NotMet},
		{"speed", func(d *declared.Declaration) { d.DownMbps = standardPointer(19.9) }, inventory.Unknown, NotMet},
		{"speed", func(d *declared.Declaration) { d.DownMbps = standardPointer(10.0) }, inventory.Highland, Met},
		{"speed", func(d *declared.Declaration) { d.DownMbps = standardPointer(9.9) }, inventory.Mountain, NotMet},
		{"router", func(d *declared.Declaration) { d.Routers = n(1) }, inventory.Plain, Met},
		{"router", func(d *declared.Declaration) { d.Routers = n(0) }, inventory.Plain, NotMet},
		{"switch", func(d *declared.Declaration) { d.Switches = n(3) }, inventory.Plain, Met},
		{"switch", func(d *declared.Declaration) { d.Switches = n(0) }, inventory.Plain, NotMet},
		{"pcs", func(d *declared.Declaration) { d.PCs = n(2) }, inventory.Plain, Met},
		{"pcs", func(d *declared.Declaration) { d.PCs = n(3) }, inventory.Plain, Met},
		{"pcs", func(d *declared.Declaration) { d.PCs = n(1) }, inventory.Plain, NotMet},
		{"ups", func(d *declared.Declaration) { d.UPSes = n(1) }, inventory.Plain, Met},
		{"ups", func(d *declared.Declaration) { d.UPSes = n(0) }, inventory.Plain, NotMet},
		{"printer", func(d *declared.Declaration) { d.Printers = n(1) }, inventory.Plain, Met},
		{"printer", func(d *declared.Declaration) { d.Printers = n(0) }, inventory.Plain, NotMet},
	} {
		e := standardEvidence()
		e.Days, e.Site.Terrain = nil, c.terrain
		c.say(e.Declared)
		f := standardFinding(t, standardMay(t), e, c.id)
		if f.Verdict != c.want || f.By != ByDeclared || f.Declared == nil {
			t.Errorf("%s: %+v", c.id, f)
		}
	}
}

// What is measured of a speed or a device is the least that there is.
func TestWhatIsMeasuredOfALowerBoundShowsNoLack(t *testing.T) {
	s := standardMay(t)
	for _, c := range []struct {
		id   string
		put  func(p *judge.Period)
		want Verdict
		why  string
	}{
		{"speed", func(p *judge.Period) { p.PeakIn = 20_000_000 }, Met, whyMet},
		{"speed", func(p *judge.Period) { p.PeakIn = 19_999_999 }, NoData, whyLowerBound},
		{"speed", func(p *judge.Period) { p.PeakIn = 0 }, NoData, whyUnsaid},
		{"router", func(p *judge.Period) { p.RouterAnswered = 1 }, Met, whyMet},
		{"router", func(p *judge.Period) { p.RouterAnswered = 0 }, NoData, whyLowerBound},
		{"switch", func(p *judge.Period) { p.SwitchAsked, p.SwitchAnswered = 0, 0 }, NoData, whyUnsaid},
		{"ups", func(p *judge.Period) { p.UPSAnswered, p.PowerCuts = 0, 1 }, NoData, whyLowerBound},
		{"printer", func(p *judge.Period) { p.PrinterAnswered = 0 }, NoData, whyLowerBound},
	} {
		e := standardEach(standardEvidence(), c.put)
		e.Declared = nil
		f := standardFinding(t, s, e, c.id)
		if f.Verdict != c.want || f.Why != c.why || f.Measured.Bad != 0 {
			t.Errorf("%s: %s (%s), %+v", c.id, f.Verdict, f.Why, *f.Measured)
		}
	}
	brief := standardEach(standardEvidence(), func(p *judge.Period) { p.Unknown = p.Due*9/10 + 1 })
	brief.Declared = nil
	if f := standardFinding(t, s, brief, "speed"); f.Verdict != NoData || f.Why != whyUnsaid || *f.Measured.Value != 80 {
		t.Errorf("fast, on days of which next to nothing is known: %+v", f)
	}
	one := standardEach(standardEvidence(), func(p *judge.Period) { p.PeakIn = 1 })
	one.Days[3].PeakIn, one.Declared = 20_000_000, nil
	if f := standardFinding(t, s, one, "speed"); f.Verdict != Met || f.Measured.Good != 1 || *f.Measured.Value != 20 {
		t.Errorf("one busy day of three months: %+v", f)
	}
}
