package goal

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
)

// standardDraw is an office in any state: days good, bad in one way or another, partly known
// or missing; a declaration with any cells; a month that is over or not.
func standardDraw(t *rapid.T) Evidence {
	e := standardEvidence()
	e.Site.Terrain = rapid.SampledFrom([]string{inventory.Plain, inventory.Mountain, inventory.Highland, inventory.Unknown}).Draw(t, "terrain")
	e.LAN2023 = rapid.SampledFrom([]string{"", inventory.LANAverage}).Draw(t, "lan")
	e.Now = standardMonth.From().AddDate(0, 0, rapid.SampledFrom([]int{10, 29, 30, 31, 40}).Draw(t, "now"))
	usual := rapid.IntRange(0, len(standardSpoil)-1).Draw(t, "usual trouble")
	always := rapid.IntRange(-1, len(standardSpoil)-1).Draw(t, "trouble of every day") // -1: none
	quiet := rapid.Bool().Draw(t, "nothing else is wrong")
	days := e.Days[:0:0]
	for i := range e.Days {
		p := e.Days[i]
		if always >= 0 {
			standardSpoil[always](&p)
		}
		if quiet {
			days = append(days, p)
			continue
		}
		switch rapid.IntRange(0, 40).Draw(t, "day") { // small ones are drawn more often
		case 40:
			continue
		case 39:
			standardNothing(&p)
		case 38:
			p.Unknown = rapid.Int64Range(0, p.Due).Draw(t, "unknown")
		case 33, 34, 35, 36, 37:
			standardSpoil[usual](&p)
		}
		days = append(days, p)
	}
	e.Days, e.Declared = days, standardDrawSaid(t)
	return e
}

var standardSpoil = []func(*judge.Period){
	func(p *judge.Period) { p.Down = p.Due / 10 },
	func(p *judge.Period) { p.Received /= 2 },
	func(p *judge.Period) { p.Received = 0 },
	func(p *judge.Period) { p.LANReceived -= 30 },
	func(p *judge.Period) { p.RTT[1] = 200 },
	func(p *judge.Period) { p.PeakIn = 15e6 },
	func(p *judge.Period) { p.RouterAnswered, p.SwitchAnswered = 0, 0 },
	func(p *judge.Period) { p.UPSAnswered, p.PrinterAnswered, p.PowerCuts = 0, 0, 2 },
	func(p *judge.Period) { p.UPSAsked, p.UPSAnswered = 0, 0 },
	func(p *judge.Period) { p.ClockWrong, p.Late = 500, 500 },
	func(p *judge.Period) { p.Rounds, p.Unnamed = 700, 50 },
}

func standardDrawSaid(t *rapid.T) *declared.Declaration {
	if rapid.IntRange(0, 3).Draw(t, "declared") == 0 {
		return nil
	}
	d := standardSaid()
	d.Line = rapid.SampledFrom([]string{"", "fiber", "none"}).Draw(t, "line")
	d.Date = standardMonth.Until().AddDate(0, 0, -rapid.SampledFrom([]int{-1, 0, 1, 100, 364, 366, 500}).Draw(t, "age"))
	for _, cell := range []**int64{&d.Routers, &d.Switches, &d.PCs, &d.UPSes, &d.Printers} {
		if n := rapid.Int64Range(-1, 3).Draw(t, "count"); n >= 0 {
			*cell = &n
		} else {
			*cell = nil
		}
	}
	if v := rapid.SampledFrom([]float64{0, 10, 19, 20, 100}).Draw(t, "contract"); v > 0 {
		d.DownMbps = &v
	} else {
		d.DownMbps = nil
	}
	return d
}

// standardLess takes one item of evidence away: a day, some of a day, one of its counts, the
// declaration or one of its cells, what is known of the terrain, or the last days by looking
// earlier. What an office is asked (the area's LAN of 2023, the calendar) is no evidence; nor
// is a part of a count: a day is stored whole.
func standardLess(t *rapid.T, e Evidence) (less Evidence, stricter bool) {
	days := append([]judge.Period(nil), e.Days...)
	what := rapid.IntRange(0, 9).Draw(t, "what")
	if len(days) > 0 && what <= 5 {
		at := rapid.IntRange(0, len(days)-1).Draw(t, "which")
		p := &days[at]
		switch what {
		case 0, 1, 2:
			days = append(days[:at], days[at+1:]...)
		case 3:
			standardNothing(p)
		case 4:
			p.Unknown += rapid.Int64Range(0, max(p.Known()-p.Down, 0)).Draw(t, "less known")
		case 5:
			standardForget[rapid.IntRange(0, len(standardForget)-1).Draw(t, "count")](p)
		}
	}
	e.Days = days
	switch what {
	case 6:
		e.Now = e.Now.Add(-time.Duration(rapid.IntRange(0, 100).Draw(t, "earlier")) * time.Hour)
	case 7:
		e.Site.Terrain = inventory.Unknown
	case 8:
		e.Declared = nil
	case 9:
		if e.Declared != nil {
			d := *e.Declared
			standardUnsay[rapid.IntRange(0, len(standardUnsay)-1).Draw(t, "cell")](&d)
			e.Declared = &d
		}
	}
	return e, what == 7
}

var standardForget = []func(*judge.Period){
	func(p *judge.Period) { p.Sent, p.Received, p.RTT = 0, 0, [3]float64{} },
	func(p *judge.Period) { p.LANSent, p.LANReceived = 0, 0 },
	func(p *judge.Period) { p.PeakIn = 0 },
	func(p *judge.Period) { p.RouterAsked, p.RouterAnswered = 0, 0 },
	func(p *judge.Period) { p.SwitchAsked, p.SwitchAnswered = 0, 0 },
	func(p *judge.Period) { p.UPSAsked, p.UPSAnswered = 0, 0 },
	func(p *judge.Period) { p.PrinterAsked, p.PrinterAnswered = 0, 0 },
	func(p *judge.Period) { p.ClockTold, p.ClockWrong = 0, 0 },
	func(p *judge.Period) { p.RoundsDue, p.Rounds = 0, 0 },
}

var standardUnsay = []func(*declared.Declaration){
	func(d *declared.Declaration) { d.Line = "" },
	func(d *declared.Declaration) { d.DownMbps = nil },
	func(d *declared.Declaration) { d.Routers = nil },
	func(d *declared.Declaration) { d.Switches = nil },
	func(d *declared.Declaration) { d.PCs = nil },
	func(d *declared.Declaration) { d.UPSes = nil },
	func(d *declared.Declaration) { d.Printers = nil },
	func(d *declared.Declaration) { d.Date = d.Date.AddDate(-2, 0, 0) },
}

// Taking evidence away never makes a verdict better: nothing becomes met or exempt by it, and
// no data never becomes not met, but by a stricter threshold where the terrain is forgotten. From met to not met it goes where two kinds of evidence, or
// an exemption, contradict each other, and the one that was enough is gone: a line that was
// declared and is measured dead, a UPS that is declared missing where power was steady.
func TestLessEvidenceNeverMakesAVerdictBetter(t *testing.T) {
	s := standardMay(t)
	kinds := map[string]string{}
	for i := range s.Criteria {
		kinds[s.Criteria[i].ID] = s.Criteria[i].Evidence
	}
	good := func(v Verdict) bool { return v == Met || v == Exempt }
	rapid.Check(t, func(t *rapid.T) {
		e := standardDraw(t)
		was := s.Evaluate(e)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			less, stricter := standardLess(t, e)
			e = less
			is := s.Evaluate(e)
			contradicted := stricter
			for i, f := range is.Findings {
				before := was.Findings[i].Verdict
				if good(f.Verdict) && !good(before) || f.Verdict == NotMet && before == NoData && !stricter {
					t.Fatalf("%s: %s became %s", f.Criterion, before, f.Verdict)
				}
				if good(before) && f.Verdict == NotMet {
					if contradicted = true; kinds[f.Criterion] != ByEither && !stricter {
						t.Fatalf("%s: %s became %s though it rests on one kind of evidence", f.Criterion, before, f.Verdict)
					}
				}
				if f.distance() < was.Findings[i].distance()-1e-9 {
					t.Fatalf("%s came nearer to the target", f.Criterion)
				}
			}
			if good(is.Verdict) && !good(was.Verdict) || is.Verdict == NotMet && was.Verdict == NoData && !contradicted {
				t.Fatalf("the site: %s became %s", was.Verdict, is.Verdict)
			}
			if is.Distance < was.Distance-1e-9 {
				t.Fatalf("the site came nearer to the target: %g, %g", was.Distance, is.Distance)
			}
			was = is
		}
	})
}

// The property above says nothing if what is drawn is always the same.
func TestAnyVerdictIsDrawn(t *testing.T) {
	s, draw := standardMay(t), rapid.Custom(standardDraw)
	seen := map[Verdict]int{}
	for seed := range 400 {
		r := s.Evaluate(draw.Example(seed))
		for _, f := range r.Findings {
			seen[f.Verdict]++
		}
		seen["site "+r.Verdict]++
	}
	for _, v := range []Verdict{Met, NotMet, NoData, Exempt, "site met", "site not_met", "site no_data"} {
		if seen[v] == 0 {
			t.Errorf("nothing was %s: %v", v, seen)
		}
	}
}

func TestAStricterMountainHoldsWhereTheTerrainIsUnknown(t *testing.T) {
	c := Criterion{AtLeast: standardPointer(90.0), Mountain: standardPointer(95.0)}
	for terrain, want := range map[string]float64{inventory.Plain: 90, inventory.Mountain: 95, inventory.Unknown: 95} {
		if got, _ := c.threshold(inventory.Site{Terrain: terrain}); *got != want {
			t.Errorf("%s: %g", terrain, *got)
		}
	}
	c = Criterion{AtMost: standardPointer(2.0), Mountain: standardPointer(1.0)}
	for terrain, want := range map[string]float64{inventory.Plain: 2, inventory.Highland: 1, inventory.Unknown: 1} {
		if _, got := c.threshold(inventory.Site{Terrain: terrain}); *got != want {
			t.Errorf("%s: %g", terrain, *got)
		}
	}
}
