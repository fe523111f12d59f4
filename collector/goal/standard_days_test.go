package goal

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/inventory"
	"communewatch/collector/judge"
)

// The month has 22 due days, of which 85 % are 19: three may be bad or missing.
func TestDaysThatAreMissingStandInTheWayOfEitherVerdict(t *testing.T) {
	s := standardMay(t)
	bad := func(p *judge.Period) { p.Down = p.Due / 2 }
	half := func(p *judge.Period) { p.Unknown = p.Due / 2 }   // known half, as is asked
	less := func(p *judge.Period) { p.Unknown = p.Due/2 + 1 } // and a second less
	idle := func(p *judge.Period) { p.Rounds, p.Sent = 0, 0 } // known by other means: an outage
	for _, c := range []struct {
		name         string
		bad, missing int
		how          func(*judge.Period)
		want         Verdict
		why          string
	}{
		{"nothing is wrong", 0, 0, standardNothing, Met, whyMet},
		{"as many bad ones as may be", 3, 0, standardNothing, Met, whyMet},
		{"one more", 4, 0, standardNothing, NotMet, whyNotMet},
		{"as many missing ones as may be", 0, 3, standardNothing, Met, whyMet},
		{"one more is missing", 0, 4, standardNothing, NoData, whyFewDays},
		{"two bad, two missing", 2, 2, standardNothing, NoData, whyFewDays},
		{"four bad, all others missing", 4, 18, standardNothing, NotMet, whyNotMet},
		{"three bad, all others missing", 3, 19, standardNothing, NoData, whyFewDays},
		{"all are missing", 0, 22, standardNothing, NoData, whyNothing},
		{"partial days that are known enough", 0, 22, half, Met, whyMet},
		{"partial days that are not", 0, 22, less, NoData, whyFewDays},
		{"days known without a round", 0, 22, idle, Met, whyMet},
	} {
		e := standardLast(standardEvidence(), c.missing, 0, c.how)
		e = standardLast(e, c.missing+c.bad, c.missing, bad)
		f := standardFinding(t, s, e, "availability")
		if f.Verdict != c.want || f.Why != c.why {
			t.Errorf("%s: %s (%s), %+v", c.name, f.Verdict, f.Why, *f.Measured)
		}
		if m := f.Measured; m.Due != 22 || m.Needed != 19 || m.Good+m.Bad+m.Missing+m.ToCome != m.Due || m.Bad != c.bad {
			t.Errorf("%s: %+v", c.name, *m)
		}
	}
}

func TestAFindingSaysOnWhatItRests(t *testing.T) {
	e := standardLast(standardEvidence(), 2, 0, func(p *judge.Period) { p.Received = 9_000 })
	f := standardFinding(t, standardMay(t), e, "loss")
	want := &Measured{
		Value: standardPointer(100 * 2000.0 / 220_000), From: standardMonth.From(), Until: standardMonth.Until(),
		Due: 22, Good: 20, Bad: 2, Needed: 19, Observations: 220_000,
	}
	if d := cmp.Diff(want, f.Measured); d != "" {
		t.Error(d)
	}
	e = standardEvidence()
	for i := range e.Days {
		e.Days[i].RTT[1] = float64(i)
	}
	if f := standardFinding(t, standardMay(t), e, "rtt"); *f.Measured.Value != 50 { // of 40 to 61, the lower middle one
		t.Errorf("the median of days is %g", *f.Measured.Value)
	}
}

func TestADayHasToEndBeforeItCounts(t *testing.T) {
	s, e := standardMay(t), standardEvidence()
	for _, c := range []struct {
		now          time.Time
		good, toCome int
		want         Verdict
		why, work    string
	}{
		{standardMonth.From(), 0, 22, NoData, whyNotOver, ""},
		{time.Date(2026, 10, 16, 12, 0, 0, 0, inventory.Zone()), 11, 11, NoData, whyNotOver, ""},
		{time.Date(2026, 10, 27, 23, 59, 59, 0, inventory.Zone()), 18, 4, NoData, whyNotOver, ""},
		{time.Date(2026, 10, 28, 0, 0, 0, 0, inventory.Zone()), 19, 3, Met, whyMet, ""},
	} {
		e.Now = c.now
		f := standardFinding(t, s, e, "availability")
		if f.Verdict != c.want || f.Why != c.why || f.Measured.Good != c.good || f.Measured.ToCome != c.toCome || f.Work != c.work {
			t.Errorf("%s: %s (%s), %s, %+v", c.now, f.Verdict, f.Why, f.Work, *f.Measured)
		}
	}
	gaps := standardLast(e, 22, 0, standardNothing)
	gaps.Days[len(gaps.Days)-22] = standardDay(e.Due[len(e.Due)-22])
	gaps.Now = time.Date(2026, 10, 16, 0, 0, 0, 0, inventory.Zone())
	if f := standardFinding(t, s, gaps, "availability"); f.Why != whyFewDays || f.Work != WorkMeasure {
		t.Errorf("too many are missing for the rest to make up: %s, %s, %+v", f.Why, f.Work, *f.Measured)
	}
	e = standardEach(e, func(p *judge.Period) { p.Down = p.Due })
	e.Now = time.Date(2026, 10, 7, 0, 0, 0, 0, inventory.Zone())
	if f := standardFinding(t, s, e, "availability"); f.Verdict != NotMet {
		t.Errorf("four bad days decide, whatever is to come: %s %+v", f.Verdict, *f.Measured)
	}
}

func TestWithoutDueDaysThereIsNoData(t *testing.T) {
	e := standardEvidence()
	e.Due = nil
	r := standardMay(t).Evaluate(e)
	if r.Verdict != NoData || r.Distance != 11 {
		t.Errorf("%s, %g: eleven criteria rest on days alone", r.Verdict, r.Distance)
	}
	for _, f := range r.Findings {
		if f.Measured != nil && (f.Measured.Due != 0 || f.By == ByMeasured) {
			t.Errorf("%s: %+v", f.Criterion, *f.Measured)
		}
		if f.Criterion == "availability" && (f.Verdict != NoData || f.Why != whyNoDays || f.Work != "") {
			t.Errorf("%+v", f)
		}
	}
	nothing := Standard{Criteria: []Criterion{{LAN2023: "khác"}}}
	if r := nothing.Evaluate(standardEvidence()); r.Verdict != NoData {
		t.Errorf("nothing is asked: %s", r.Verdict)
	}
}

func TestAMaintenanceWindowIsNotHeldAgainstAnOffice(t *testing.T) {
	s, e := standardMay(t), standardEvidence()
	week := judge.Span{From: time.Date(2026, 10, 5, 0, 0, 0, 0, inventory.Zone()), To: time.Date(2026, 10, 9, 12, 0, 0, 0, inventory.Zone())}
	e.Due = standardDue(inventory.CalendarOffice, standardMonth.Add(-2).From(), standardMonth.Until(), week)
	e = standardEach(e, func(p *judge.Period) {
		if p.From.Before(week.From) || !p.From.Before(week.To) {
			return
		}
		due := p.Due
		standardNothing(p)
		p.Due, p.Maintenance = due, due
		if p.From.Day() == 9 {
			p.Maintenance, p.Rounds, p.Sent, p.Received = due/2, 500, 5000, 5000
		}
	})
	f := standardFinding(t, s, e, "availability")
	if m := f.Measured; f.Verdict != Met || m.Due != 18 || m.Good != 18 || m.Needed != 16 {
		t.Errorf("four days are not due, and half of the fifth is enough: %s %+v", f.Verdict, *m)
	}
	e.Due = standardOffice()
	if f := standardFinding(t, s, e, "availability"); f.Verdict != NoData || f.Measured.Missing != 4 {
		t.Errorf("nobody planned anything: %s %+v", f.Verdict, *f.Measured)
	}
}

func TestNightsAndWeekendsOfAnOfficeThatClosesAtFiveAreNotDue(t *testing.T) {
	e := standardEvidence()
	for _, due := range e.Due {
		if w := due.Day.Weekday(); due.Seconds != standardHours || w == time.Saturday || w == time.Sunday {
			t.Fatalf("%s is due for %d s", due.Day, due.Seconds)
		}
	}
	// The PC is switched off at 17:00 and on weekends: that is no evidence, and none is missing.
	if r := standardMay(t).Evaluate(e); r.Verdict != Met {
		t.Error(r.Verdict)
	}
	always := e
	always.Due = standardDue(inventory.CalendarAlways, standardMonth.Add(-2).From(), standardMonth.Until())
	f := standardFinding(t, standardMay(t), always, "availability")
	if f.Verdict != NoData || f.Measured.Due != 31 || f.Measured.Missing != 31 {
		t.Errorf("ten hours are not half of a day: %s %+v", f.Verdict, *f.Measured)
	}
}

// A site keeps its id when its unit ends: what it is judged by does not follow units.
func TestAMergerChangesNoVerdict(t *testing.T) {
	s, e := standardMay(t), standardEvidence()
	before := s.Evaluate(e)
	merged := standardMonth.From().AddDate(0, 0, 14)
	e.Site.Units = []inventory.Belonging{
		{Unit: inventory.Unit{Code: "21997", Until: merged}},
		{Unit: inventory.Unit{Code: "21580", From: merged}, Split: true},
	}
	if d := cmp.Diff(before, s.Evaluate(e)); d != "" {
		t.Error(d)
	}
}

func TestBetterThanIn2023IsAskedWhereItWasReportedOnly(t *testing.T) {
	s, e := standardMay(t), standardEvidence()
	e = standardEach(e, func(p *judge.Period) { p.LANReceived = 9_970 })
	if f := standardFinding(t, s, e, "lan_better"); f.Verdict != NotMet {
		t.Errorf("0.3 %% is good enough for all, not here: %s", f.Verdict)
	}
	e.LAN2023 = ""
	r := s.Evaluate(e)
	if r.Verdict != Met || len(r.Findings) != 17 {
		t.Errorf("elsewhere nobody asks: %s, %d findings", r.Verdict, len(r.Findings))
	}
}

func TestEvidenceOfOtherDaysIsPassedOver(t *testing.T) {
	s, e := standardMay(t), standardEvidence()
	want := s.Evaluate(e)
	stray := standardDay(DueDay{standardMonth.From().AddDate(0, 0, 2), standardHours}) // a Saturday
	stray.Down, stray.PowerCuts = stray.Due, 3
	at := slices.IndexFunc(e.Days, func(p judge.Period) bool { return p.From.After(stray.From) })
	e.Days = slices.Insert(slices.Clone(e.Days), at, stray)
	e.Due = slices.Insert(slices.Clone(e.Due), at, DueDay{stray.From, 0}) // closed all day
	after := stray
	after.From = standardMonth.Until().AddDate(0, 0, 1)
	e.Days = append(e.Days, after)
	e.Due = append(e.Due, DueDay{after.From, standardHours})
	if d := cmp.Diff(want, s.Evaluate(e)); d != "" {
		t.Error(d)
	}
}

func TestNoPartOfADayIsLeftOut(t *testing.T) {
	for due := range 400 {
		for tenths := 1; tenths <= 1000; tenths++ {
			want := (tenths*due + 999) / 1000
			if got := neededDays(float64(tenths)/10, due); got != want {
				t.Fatalf("%d.%d %% of %d days are %d, want %d", tenths/10, tenths%10, due, got, want)
			}
		}
	}
}
