//go:build integration

package goal

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/judge"
)

// Two months across the merger of 2025-07: an office that meets the standard, one that
// falls back, one that never does, one of which nothing is known.
func TestAReportFollowsStoredDaysAcrossAMerger(t *testing.T) {
	w := newReportWorld(t, "2025-08-05 10:00")
	may, june, july, august := Month{2025, 5}.From(), Month{2025, 6}.From(), Month{2025, 7}.From(), Month{2025, 8}.From()
	steady, falls, poor := "bd-21862", "bd-21634", "bd-21550"
	w.days(steady, may.AddDate(0, -1, 0), august, nil)
	w.days(falls, may.AddDate(0, -1, 0), july, nil)
	w.days(falls, july, august, func(p *judge.Period) { p.Down = p.Due / 4 })
	w.days(poor, may, august, func(p *judge.Period) { p.Received = p.Sent / 2 })
	for _, site := range []string{steady, falls, poor} {
		w.says(site, "2025-03-01")
	}
	r := w.report(Request{Month: Month{2025, 7}, Months: 2})

	type line struct {
		Verdict       Verdict
		History       []Verdict
		First         string
		Relapses      []Month
		Unit          string
		Split         bool
		Rollout, Area string
	}
	got := map[string]line{}
	for _, id := range []string{steady, falls, poor, "bd-21631"} {
		l := r.reportLine(t, id)
		one := line{Verdict: l.Verdict, Relapses: l.Relapses, Unit: l.Unit + " " + l.UnitName, Split: l.Split, Rollout: l.Rollout, Area: l.Area}
		for _, m := range l.History {
			one.History = append(one.History, m.Verdict)
		}
		if l.FirstMet != nil {
			one.First = l.FirstMet.String()
		}
		got[id] = one
	}
	want := map[string]line{
		steady:     {Verdict: Met, History: []Verdict{Met, Met}, First: "2025-06", Unit: "21859 Đề Gi", Rollout: Reporting, Area: "Phù Cát"},
		falls:      {Verdict: NotMet, History: []Verdict{Met, NotMet}, First: "2025-06", Relapses: []Month{{2025, 7}}, Unit: "21622 An Toàn", Split: true, Rollout: Reporting, Area: "An Lão"},
		poor:       {Verdict: NotMet, History: []Verdict{NotMet, NotMet}, Unit: "21601 Quy Nhơn Đông", Rollout: Reporting, Area: "Quy Nhơn"},
		"bd-21631": {Verdict: NoData, History: []Verdict{NoData, NoData}, Unit: "21628 An Hòa", Rollout: NotInstalled, Area: "An Lão"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if f := r.reportLine(t, steady).reportFinding(t, "availability"); f.Measured.Due != 23 || f.Measured.Good != 23 || !f.Measured.From.Equal(july) {
		t.Errorf("July 2025 has 23 working days: %+v", f.Measured)
	}
	if d := cmp.Diff(Rollout{Sites: 159, NotInstalled: 156, Reporting: 3, Declared: 3}, r.Rollout); d != "" {
		t.Error(d)
	}
	if !r.Over || !r.Judged.IsZero() || r.Version != "v1" || !r.UnitsOn.Equal(august.AddDate(0, 0, -1)) {
		t.Errorf("over %v, judged %v, version %q, units on %v", r.Over, r.Judged, r.Version, r.UnitsOn)
	}
	before := w.report(Request{Month: Month{2025, 7}, Months: 2, UnitsOn: june.AddDate(0, 0, 29)})
	if l := before.reportLine(t, falls); l.UnitName != "An Nghĩa" || l.Split {
		t.Errorf("on the eve of the merger it is %s", l.UnitName)
	}
	if n, m := len(reportGroups(before, OfUnit)), len(reportGroups(r, OfUnit)); n != 155 || m != 58 {
		t.Errorf("%d units before, %d after", n, m)
	}
	var split []string
	for _, g := range r.Groups {
		if g.Split {
			split = append(split, g.Kind+" "+g.Name)
		}
	}
	if d := cmp.Diff([]string{"unit An Toàn", "unit Canh Liên", "unit Canh Vinh"}, split); d != "" {
		t.Error(d)
	}
	reportHoldsTogether(t, r)
}

func reportGroups(r *Report, kind string) (all []Group) {
	for _, g := range r.Groups {
		if g.Kind == kind {
			all = append(all, g)
		}
	}
	return all
}

// reportHoldsTogether: each group is the sum of its sites, and each site is in one of each
// kind, in the report's order.
func reportHoldsTogether(t *testing.T, r *Report) {
	t.Helper()
	verdict := map[string]Verdict{}
	var order []string
	for _, l := range r.Sites {
		verdict[l.ID], order = l.Verdict, append(order, l.ID)
	}
	for _, kind := range []string{OfProvince, OfTerrain, OfArea, OfUnit} {
		var sites []string
		for _, g := range reportGroups(r, kind) {
			count := map[Verdict]int{}
			for _, id := range g.Sites {
				count[verdict[id]]++
			}
			if count[Met] != g.Met || count[NotMet] != g.NotMet || count[NoData] != g.NoData {
				t.Errorf("%s %s counts %d, %d, %d of %v", kind, g.Code, g.Met, g.NotMet, g.NoData, count)
			}
			inOrder := slices.IsSortedFunc(g.Sites, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
			if !inOrder {
				t.Errorf("%s %s is out of order", kind, g.Code)
			}
			sites = append(sites, g.Sites...)
		}
		slices.Sort(sites)
		if len(sites) != len(order) || len(slices.Compact(sites)) != len(order) {
			t.Errorf("%s holds %d sites", kind, len(sites))
		}
	}
	mountain := true
	for i, l := range r.Sites {
		if l.Mountain && !mountain {
			t.Fatalf("%s stands behind the plain", l.ID)
		}
		if i > 0 && l.Mountain == mountain && l.Distance > r.Sites[i-1].Distance {
			t.Errorf("%s is farther than the one before it", l.ID)
		}
		mountain = l.Mountain
	}
}

func TestPlannedWorkAndHolidaysAreNotDueWhateverWasMeasured(t *testing.T) {
	w := newReportWorld(t, "2026-09-30 10:00",
		"2026-09-07 00:00,2026-09-09 00:00,542,nâng cấp trạm", // two days of the whole area
		"2026-09-10 13:30,2026-09-10 17:00,bd-21634,thay UPS")
	september := Month{2026, 9}
	for _, site := range []string{"bd-21634", "bd-21550"} {
		w.days(site, september.From(), september.Until(), nil)
	}
	r := w.report(Request{Month: september, Months: 1})
	// 22 weekdays, less the national holiday on the 1st and 2nd; the 30th is not over.
	for site, want := range map[string]Measured{
		"bd-21550": {Due: 20, Good: 19, ToCome: 1, Needed: 19},
		"bd-21634": {Due: 18, Good: 17, ToCome: 1, Needed: 18},
	} {
		m := r.reportLine(t, site).reportFinding(t, "availability").Measured
		got := Measured{Due: m.Due, Good: m.Good, Bad: m.Bad, Missing: m.Missing, ToCome: m.ToCome, Needed: want.Needed}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", site, d)
		}
	}
	if r.Over {
		t.Error("the month is over before its end")
	}
}

func TestLateDataChangesTheReportAndNotThePublishedOne(t *testing.T) {
	w := newReportWorld(t, "2026-11-05 10:00")
	month, site := Month{2026, 10}, "bd-21550"
	w.says(site, "2026-08-01")
	w.days(site, Month{2026, 8}.From(), month.From().AddDate(0, 0, 10), nil)
	first := w.report(Request{Month: month})
	if v := first.reportLine(t, site).Verdict; v != NoData || first.Changes != nil {
		t.Fatalf("%s, %v", v, first.Changes)
	}
	kept, err := w.desk.Archive.Publish(first, "sở")
	if err != nil {
		t.Fatal(err)
	}
	w.days(site, month.From(), month.Until(), nil)
	w.now = w.now.Add(2 * time.Minute)
	later := w.report(Request{Month: month})
	c := later.Changes
	if later.reportLine(t, site).Verdict != Met || c == nil || !c.Days || c.Goal || c.Invent || c.Declare || c.Hash != kept.Hash {
		t.Fatalf("%+v", c)
	}
	if len(c.Sites) != 1 || c.Sites[0].Site != site || c.Sites[0].Was != NoData || c.Sites[0].Is != Met {
		t.Errorf("%+v", c.Sites)
	}
	again, _, err := w.desk.Archive.Get(kept.ID)
	if err != nil || again.reportLine(t, site).Verdict != NoData {
		t.Errorf("the published one moved: %v", err)
	}
	// What is the same is no change, however much of the past is shown with it.
	if _, err := w.desk.Archive.Publish(later, "sở"); err != nil {
		t.Fatal(err)
	}
	longer := w.report(Request{Month: month, Months: 1, Compare: ""}).Changes
	if longer == nil || longer.Days || longer.Invent || longer.Declare || len(longer.Sites) > 0 {
		t.Errorf("%+v", longer)
	}
}

func TestAMonthWithoutMeasurementsHasNoDataAndIsNoError(t *testing.T) {
	w := newReportWorld(t, "2026-11-05 10:00")
	w.now = reportAt(t, "2023-06-02 10:00")
	w.says("bd-21550", "2023-05-20")
	w.says("bd-21553", "2023-06-01") // after the month
	w.now = reportAt(t, "2026-11-05 10:00")
	for _, month := range []Month{{2023, 5}, {2027, 1}, {1, 1}, {1677, 1}, {9999, 12}} {
		r := w.report(Request{Month: month})
		for _, l := range r.Sites {
			if l.Verdict != NoData || l.FirstMet != nil {
				t.Fatalf("%s: %s is %s", month, l.ID, l.Verdict)
			}
		}
		if len(r.Sites) != 159 || r.Rollout.NotInstalled != 159 || r.Groups[0].Verdict != NoData {
			t.Errorf("%s: %+v", month, r.Rollout)
		}
	}
	r := w.report(Request{Month: Month{2023, 5}})
	if f := r.reportLine(t, "bd-21550").reportFinding(t, "router"); f.Verdict != Met || f.By != ByDeclared {
		t.Errorf("%+v", f)
	}
	if f := r.reportLine(t, "bd-21553").reportFinding(t, "router"); f.Verdict != NoData {
		t.Errorf("what was declared after the month counts: %+v", f)
	}
	if r.Rollout.Declared != 1 {
		t.Errorf("%d declared", r.Rollout.Declared)
	}
}

func TestAnUnknownTargetIsToldFromAStoreThatFails(t *testing.T) {
	w := newReportWorld(t, "2026-11-05 10:00")
	for _, r := range []Request{{Goal: "no-such"}, {Compare: "no-such"}, {Goal: "/etc/passwd"}} {
		if _, err := w.desk.Report(t.Context(), r); err == nil || err != (UnknownGoal{r.Goal + r.Compare}) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if r := w.report(Request{}); r.Month != (Month{2026, 10}) || len(r.Sites[0].History) != 12 {
		t.Errorf("the default is %s with %d months", r.Month, len(r.Sites[0].History))
	}
}

// A published report's hashes tell which part of what was known is another now.
func TestHashesTellWhatIsAnother(t *testing.T) {
	w := newReportWorld(t, "2026-11-05 10:00")
	october, site := Month{2026, 10}, "bd-21550"
	w.days(site, Month{2026, 7}.From(), october.Until(), nil)
	before := w.report(Request{Month: october}).Known
	again := func(r Request) Known {
		t.Helper()
		w.now = w.now.Add(2 * time.Minute)
		r.Month = october
		return w.report(r).Known
	}
	if d := cmp.Diff(before, again(Request{Months: 20, Budget: 1})); d != "" {
		t.Errorf("another request: %s", d)
	}
	w.days(site, Month{2026, 7}.From(), Month{2026, 8}.From(), func(p *judge.Period) { p.Down = 60 })
	if d := cmp.Diff(before, again(Request{})); d != "" {
		t.Errorf("a day before all windows of the month: %s", d)
	}
	w.days(site, october.From().AddDate(0, 0, 20), october.From().AddDate(0, 0, 21), func(p *judge.Period) { p.Down = 60 })
	late := again(Request{})
	if late.Days == before.Days || late.Inventory != before.Inventory {
		t.Error("a day of the month is another and the hash is not, or the other one is")
	}
	w.says(site, "2026-09-01")
	said := again(Request{})
	if said.Declarations == late.Declarations || said.Days != late.Days || said.Inventory != late.Inventory {
		t.Error("a declaration")
	}
	w.inv = reportProvince(t, "2026-10-05 08:00,2026-10-05 09:00,bd-21550,thay UPS")
	if planned := again(Request{}); planned.Inventory == said.Inventory || planned.Days != said.Days {
		t.Error("planned work in the month")
	}
}

func TestASecondTargetStandsBesideTheFirst(t *testing.T) {
	w := newReportWorld(t, "2026-11-05 10:00")
	file := filepath.Join(t.TempDir(), "lines.yaml")
	text, err := os.ReadFile("testdata/lines-only.yaml")
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	other, err := ReadStandards([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	w.desk.Standards = other
	w.days("bd-21550", Month{2026, 6}.From(), Month{2026, 11}.From(), nil)
	alone := w.report(Request{Goal: other[1].ID, Months: 1})
	both := w.report(Request{Compare: other[1].ID, Months: 1})
	if d := cmp.Diff(alone.reportLine(t, "bd-21550").Result, *both.reportLine(t, "bd-21550").Compared); d != "" {
		t.Error(d)
	}
	if both.Compared.ID != other[1].ID || both.Known.Days != w.report(Request{Months: 3}).Known.Days {
		t.Error("comparing changes what the report says is known")
	}
}
