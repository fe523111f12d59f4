package goal

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/inventory"
	"communewatch/collector/judge"
)

func TestDueDaysAreOpenTimeLessPlannedWork(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("02 15:04", s, inventory.Zone())
		if err != nil {
			t.Fatal(err)
		}
		return v.AddDate(2026, 8, 0) // September 2026; 1 and 2 are holidays
	}
	window := func(from, until string) inventory.Window {
		return inventory.Window{From: at(from), Until: at(until)}
	}
	for name, c := range map[string]struct {
		calendar inventory.Calendar
		planned  []inventory.Window
		want     string
	}{
		"an office":              {inventory.CalendarOffice, nil, "3:36000 4:36000 7:36000"},
		"always open":            {inventory.CalendarAlways, nil, "1:86400 2:86400 3:86400 4:86400 5:86400 6:86400 7:86400"},
		"an afternoon":           {inventory.CalendarOffice, []inventory.Window{window("03 13:30", "03 17:00")}, "3:23400 4:36000 7:36000"},
		"after closing":          {inventory.CalendarOffice, []inventory.Window{window("03 17:00", "04 07:00")}, "3:36000 4:36000 7:36000"},
		"to the minute":          {inventory.CalendarOffice, []inventory.Window{window("03 16:50", "04 07:10")}, "3:35400 4:35400 7:36000"},
		"a whole day":            {inventory.CalendarOffice, []inventory.Window{window("03 00:00", "04 00:00")}, "4:36000 7:36000"},
		"all but a minute":       {inventory.CalendarOffice, []inventory.Window{window("03 07:00", "03 16:59")}, "3:60 4:36000 7:36000"},
		"two of the same hours":  {inventory.CalendarOffice, []inventory.Window{window("03 08:00", "03 10:00"), window("03 09:00", "03 11:00")}, "3:25200 4:36000 7:36000"},
		"one within another":     {inventory.CalendarOffice, []inventory.Window{window("03 08:00", "03 12:00"), window("03 09:00", "03 10:00")}, "3:21600 4:36000 7:36000"},
		"from before the window": {inventory.CalendarAlways, []inventory.Window{window("01 00:00", "07 12:00")}, "7:43200"},
	} {
		t.Run(name, func(t *testing.T) {
			o := openingsOf(nil, at("01 00:00"), at("08 00:00"))
			days := o.read(c.calendar)
			due := days.due
			if c.planned != nil {
				due = days.less(joinedWindows(c.planned))
			}
			got := ""
			for _, d := range due {
				got += fmt.Sprintf(" %d:%d", d.Day.Day(), d.Seconds)
			}
			if d := cmp.Diff(" "+c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestWhatWasMeasuredOnOtherDaysIsLeftOut(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 9, n, 0, 0, 0, 0, inventory.Zone()) }
	var days []judge.Period
	for _, n := range []int{1, 3, 5, 6, 7, 9} {
		days = append(days, judge.Period{From: day(n).UTC()})
	}
	var got []int
	for _, p := range onDueDays(days, []DueDay{{day(2), 1}, {day(3), 1}, {day(6), 1}, {day(7), 1}, {day(8), 1}}) {
		got = append(got, p.From.In(inventory.Zone()).Day())
	}
	if d := cmp.Diff([]int{3, 6, 7}, got); d != "" {
		t.Error(d)
	}
}

func TestAHistoryTellsTheFirstMonthThatMetAndEachThatFellBack(t *testing.T) {
	for history, want := range map[string]string{
		"n-n":   "",
		"--m":   "2026-03",
		"mmm":   "2026-01",
		"nmnm-": "2026-02 relapses 2026-03 2026-05",
		"m-n-m": "2026-01 relapses 2026-02 2026-03 2026-04",
	} {
		var all []MonthVerdict
		for i, c := range history {
			all = append(all, MonthVerdict{Month{2026, time.Month(i + 1)}, map[rune]Verdict{'m': Met, 'n': NotMet, '-': NoData}[c]})
		}
		var l SiteLine
		l.history(all)
		got := ""
		if l.FirstMet != nil {
			got = l.FirstMet.String()
		}
		for i, m := range l.Relapses {
			if i == 0 {
				got += " relapses"
			}
			got += " " + m.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", history, got, want)
		}
	}
}

// reportWorks has works of every kind of price.
var reportWorks = &Standard{Works: map[string]Work{
	"router": {Price: 3_000_000}, "switch": {Price: 2_000_000}, "line": {Price: 5_000_000}, "call": {Free: true}, "unpriced": {},
}}

// reportShort is a site that lacks what these works bring.
func reportShort(id string, mountain bool, works ...string) SiteLine {
	l := SiteLine{ID: id, Mountain: mountain}
	l.Verdict = Met
	for i, work := range works {
		l.Verdict = NotMet
		l.Findings = append(l.Findings, Finding{Criterion: fmt.Sprint("c", i), Verdict: NotMet, Work: work})
	}
	l.todo(reportWorks)
	return l
}

func TestAWorkThatSeveralCriteriaNeedIsCountedOnce(t *testing.T) {
	l := SiteLine{Result: Result{Verdict: NotMet, Findings: []Finding{
		{Criterion: "a", Verdict: NotMet, Work: "router"},
		{Criterion: "b", Verdict: Met, Work: "line"},
		{Criterion: "c", Verdict: NoData, Work: "call"},
		{Criterion: "d", Verdict: NotMet, Work: "router"},
		{Criterion: "e", Verdict: NotMet, Work: "unpriced"},
		{Criterion: "f", Verdict: Exempt, Work: "line"},
		{Criterion: "g", Verdict: NoData},
	}}}
	l.todo(reportWorks)
	want := []Task{
		{Work: "router", Criteria: []string{"a", "d"}, Price: 3_000_000},
		{Work: "call", Criteria: []string{"c"}},
		{Work: "unpriced", Criteria: []string{"e"}},
	}
	if d := cmp.Diff(want, l.Todo); d != "" || l.Cost != 3_000_000 || !l.CostUnknown {
		t.Errorf("%d, unknown %v: %s", l.Cost, l.CostUnknown, d)
	}
	free := reportShort("x", false, "call", "router")
	if free.CostUnknown {
		t.Error("what costs nothing has a price that is known")
	}
}

func TestAPlanBringsTheCheapestToTheTargetFirst(t *testing.T) {
	unmeasured := reportShort("unmeasured", true, "call")
	unmeasured.Findings[0].Verdict, unmeasured.Verdict = NoData, NoData
	hopeless := SiteLine{ID: "hopeless", Result: Result{Verdict: NotMet, Findings: []Finding{{Verdict: NotMet}}}}
	sites := []SiteLine{
		reportShort("high", true, "line", "router"),
		unmeasured,
		reportShort("low", true, "switch", "switch"),
		reportShort("unpriced", false, "router", "unpriced"),
		hopeless,
		reportShort("met", false),
		reportShort("plain", false, "router"),
		reportShort("plain2", false, "switch"),
		reportShort("mountain", true, "router"),
		reportShort("calls", false, "call"),
	}
	steps := func(list []PlanStep) string {
		s := ""
		for _, p := range list {
			s += fmt.Sprintf(" %s %d/%d", p.Site, p.Cost/1e6, p.Total/1e6)
		}
		return s
	}
	p := planOf(sites, reportWorks, 7_000_000)
	got := []string{steps(p.Steps), steps(p.Beyond), fmt.Sprint(p.Unknown), fmt.Sprint(p.Spent)}
	want := []string{
		" calls 0/0 low 2/2 plain2 2/4 mountain 3/7", " plain 3/10 high 8/18", "[unmeasured unpriced hopeless]", "7000000",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if p := planOf(sites, reportWorks, 1); len(p.Steps) != 1 || len(p.Beyond) != 5 || p.Spent != 0 {
		t.Errorf("with nothing to spend only what is free is done: %+v", p.Steps)
	}
}

func TestAGroupMeetsTheTargetIfAllItsSitesDo(t *testing.T) {
	for verdicts, want := range map[string]Verdict{"m": Met, "mm": Met, "mn": NotMet, "m-": NoData, "-n": NotMet, "-": NoData, "": NoData} {
		g := Group{Kind: OfUnit}
		for _, c := range verdicts {
			g.count(&SiteLine{Result: Result{Verdict: map[rune]Verdict{'m': Met, 'n': NotMet, '-': NoData}[c]}})
		}
		if g.judge(); g.Verdict != want {
			t.Errorf("%q: %s, want %s", verdicts, g.Verdict, want)
		}
	}
}

// What is not read of a day must not be what a verdict needs: each measure by its columns.
func TestOfEachMonthTheColumnsAreReadThatAVerdictNeeds(t *testing.T) {
	o := order{goal: Embedded()[0], month: Month{2026, 10}, months: 3}
	if got := o.from(); got != (Month{2026, 6}) {
		t.Errorf("begins with %s: three months of history, and windows of three", got)
	}
	whole := o.columns(o.month)
	if d := cmp.Diff(whole, o.columns(Month{2026, 8})); d != "" {
		t.Errorf("the first month of the history: %s", d)
	}
	early := o.columns(Month{2026, 7})
	if !slices.Contains(early, "peak_in_bps") || !slices.Contains(early, "power_cuts") || slices.Contains(early, "clock_told") {
		t.Errorf("before the history windows of three months reach: %v", early)
	}
	if d := cmp.Diff(whole, o.hashed(o.month)); d != "" {
		t.Error(d)
	}
	if o.hashed(Month{2026, 7}) != nil || o.hashed(Month{2026, 8}) == nil {
		t.Error("what the month's own verdict rests on is hashed, and nothing else")
	}
	now := time.Date(2026, 10, 9, 5, 0, 0, 0, time.UTC)
	for _, q := range o.questions(now) {
		if q.until.Sub(q.from) > daysAtOnce*24*time.Hour || q.until.After(now) {
			t.Errorf("asks %v to %v", q.from, q.until)
		}
	}
}
