//go:build integration

package lab

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"

	"communewatch/collector/goal/declared"
)

// fateVerdicts are what each fate comes to in the last of three months, and in the second:
// then there is no quarter yet in which power was steady, and without a UPS nothing else counts.
var fateVerdicts = map[Fate][2]goal.Verdict{
	Complete: {goal.Met, goal.Met}, Steady: {goal.Met, goal.NotMet}, Contrary: {goal.Met, goal.Met},
	FirstMet: {goal.Met, goal.NotMet}, Relapsed: {goal.NotMet, goal.Met},
	DeadSwitch: {goal.NotMet, goal.NotMet}, SlowLine: {goal.NotMet, goal.NotMet}, PowerFails: {goal.NotMet, goal.NotMet}, Leaky: {goal.NotMet, goal.NotMet},
	FarAway: {goal.NotMet, goal.NotMet}, Nameless: {goal.NotMet, goal.NotMet}, OnePC: {goal.NotMet, goal.NotMet},
	HalfOn: {goal.NoData, goal.NoData}, FellSilent: {goal.NoData, goal.Met}, Undeclared: {goal.NoData, goal.NoData}, OldSaying: {goal.NoData, goal.NoData},
	Uninstalled: {goal.NoData, goal.NoData}, Unheard: {goal.NoData, goal.NoData},
}

// Whatever calendar the offices have, and in whichever month this is run.
func TestAHistoryHasEveryVerdictInMountainAndPlain(t *testing.T) {
	server := storetest.Start(t)
	embedded, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	last := goal.MonthOf(time.Now()).Add(-1)
	for calendar, c := range map[string]inventory.Calendar{"always": inventory.CalendarAlways, "office": inventory.CalendarOffice} {
		inv := embedded.WithCalendar(c)
		s := storetest.Open(t, server)
		report := historyReport(t, s, inv, last)
		if len(report.Sites) != 159 {
			t.Fatalf("%d sites", len(report.Sites))
		}
		fated := fates(inv.Sites())
		seen := map[bool]map[goal.Verdict]int{true: {}, false: {}}
		for i := range report.Sites {
			line := &report.Sites[i]
			seen[line.Mountain][line.Verdict]++
			want := fateVerdicts[fated[line.ID]]
			if line.Verdict != want[0] {
				t.Errorf("%s, %s, %s: %s in the last month, want %s: %s", calendar, line.ID, fated[line.ID], line.Verdict, want[0], because(line))
			}
			if line.History[1].Verdict != want[1] {
				t.Errorf("%s, %s, %s: %s in the month before, want %s", calendar, line.ID, fated[line.ID], line.History[1].Verdict, want[1])
			}
		}
		for mountain, count := range seen {
			for _, v := range []goal.Verdict{goal.Met, goal.NotMet, goal.NoData} {
				if count[v] < 3 {
					t.Errorf("%s: mountain %v: %d offices are %s", calendar, mountain, count[v], v)
				}
			}
		}
	}
}

// because names the criteria that are not met.
func because(line *goal.SiteLine) (all []string) {
	for _, f := range line.Findings {
		if f.Verdict != goal.Met && f.Verdict != goal.Exempt {
			all = append(all, f.Criterion+" "+string(f.Verdict)+" "+f.Why)
		}
	}
	return all
}

func historyReport(t *testing.T, s *store.Store, inv *inventory.Inventory, month goal.Month) *goal.Report {
	t.Helper()
	if err := WriteHistory(t.Context(), s, inv, month, 3); err != nil {
		t.Fatal(err)
	}
	desk, err := goal.New(goal.Config{Dir: t.TempDir()}, goal.Deps{Store: s, Inventory: func() *inventory.Inventory { return inv }, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	var sheet bytes.Buffer
	if err := declared.WriteXLSX(&sheet, inv, Declarations(inv, month), say.Vietnamese); err != nil {
		t.Fatal(err)
	}
	if _, err := desk.Book.Import("kê khai.xlsx", &sheet, inv, "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	r, err := desk.Report(context.WithoutCancel(t.Context()), goal.Request{Month: month, Months: 3})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryFateHappensSomewhere(t *testing.T) {
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Fate]int{}
	for _, fate := range fates(inv.Sites()) {
		seen[fate]++
	}
	for fate := range fateVerdicts {
		if seen[fate] == 0 {
			t.Errorf("%s happens nowhere", fate)
		}
	}
	if len(seen) != len(fateVerdicts) {
		t.Errorf("%d fates, of which %d are known", len(seen), len(fateVerdicts))
	}
}

// Where all of one district meet the target, so does the district.
func TestAWholeDistrictIsComplete(t *testing.T) {
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	fated := fates(inv.Sites())
	for _, site := range inv.Sites() {
		if site.AreaCode == wholeArea && !slices.Contains([]Fate{Complete, Steady}, fated[site.ID]) {
			t.Errorf("%s is %s", site.ID, fated[site.ID])
		}
	}
}

func TestAReportWithoutOneOfTheVerdictsIsNotWhole(t *testing.T) {
	for _, c := range []struct {
		sites []goal.Verdict
		whole bool
	}{
		{[]goal.Verdict{goal.Met, goal.NotMet, goal.NoData, goal.Met}, true},
		{[]goal.Verdict{goal.Met, goal.NotMet}, false},
		{[]goal.Verdict{goal.Met, goal.NoData}, false},
		{[]goal.Verdict{goal.NotMet, goal.NoData}, false},
		{nil, false},
	} {
		var r goal.Report
		for _, v := range c.sites {
			r.Sites = append(r.Sites, goal.SiteLine{Result: goal.Result{Verdict: v}})
		}
		if got := ReportOf(&r); got.Whole() != c.whole || got.Met+got.NotMet+got.NoData != len(c.sites) {
			t.Errorf("%v: %+v", c.sites, got)
		}
	}
}
