//go:build integration

package goal

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
)

// The report's way to a verdict leaves out columns and days, and cuts time into parts; the
// plain way reads all of them. Both must come to the same, also of the months before.
func TestWhatTheReportDoesNotReadChangesNothing(t *testing.T) {
	w := newReportWorld(t, "2026-11-05 10:00", "2026-09-14 09:00,2026-09-15 00:00,bd-21634,thay tủ mạng")
	site, from, until := "bd-21634", Month{2026, 5}.From(), Month{2026, 11}.From()
	random := rand.New(rand.NewPCG(9, 2026))
	w.days(site, from, until, func(p *judge.Period) {
		some := func(of int64) int64 { return of - random.Int64N(1+of/20) }
		p.Unknown, p.Down, p.Stale = random.Int64N(1+p.Due/2), random.Int64N(1+p.Due/50), random.Int64N(1+p.Due/20)
		p.Received, p.LANReceived, p.Rounds = some(p.Sent), some(p.LANSent), some(p.RoundsDue)
		p.Devices, p.ClockWrong, p.Rejected = 3+random.Int64N(2), random.Int64N(60), random.Int64N(600)
		p.Late, p.Duplicates, p.Unnamed = random.Int64N(60), random.Int64N(60), random.Int64N(8)
		p.RouterAnswered, p.SwitchAnswered = some(p.RouterAsked), some(p.SwitchAsked)
		p.UPSAnswered, p.PrinterAnswered = random.Int64N(2), 0
		p.PowerCuts, p.PeakIn = random.Int64N(8)/7, 1_000_000*random.Int64N(9)
		p.RTT[1] = 20 + 100*random.Float64()
	})
	for n := range 3 {
		month := Month{2026, 10}.Add(-n)
		l := w.report(Request{Month: Month{2026, 10}, Months: 3}).reportLine(t, site)
		plain := w.plainly(site, month)
		if got := l.History[2-n]; got.Verdict != plain.Verdict || got.Month != month {
			t.Errorf("%s: %s, read plainly %s", month, got.Verdict, plain.Verdict)
		}
		alone := w.report(Request{Month: month, Months: 1}).reportLine(t, site)
		if d := cmp.Diff(plain, alone.Result); d != "" {
			t.Errorf("%s: %s", month, d)
		}
	}
}

// plainly evaluates what stands in the store, all of it.
func (w *reportWorld) plainly(id string, month Month) Result {
	w.t.Helper()
	from, until := month.Add(-5).From(), month.Until()
	series, err := w.store.Select(w.t.Context(), store.Query{
		Measurement: siteDay, Select: judge.PeriodColumns(), From: from, To: until, Where: []store.Match{{Tag: api.TagSite, Values: []string{id}}}, By: []string{api.TagSite},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	site, _ := w.inv.Site(id)
	e := Evidence{Site: site, Month: month, Now: w.now}
	var planned []judge.Span
	for _, window := range w.inv.Maintenance(id, from, until) {
		planned = append(planned, judge.Span{From: window.From, To: window.Until})
	}
	e.Due = standardDue(inventory.CalendarOffice, from, until, planned...)
	for _, row := range series[0].Rows {
		e.Days = append(e.Days, judge.PeriodOf(id, row))
	}
	return Embedded()[0].Evaluate(e)
}

// A reading that fails is an error, and the next one is tried anew.
func TestAStoreThatFailsIsAnErrorAndNoReport(t *testing.T) {
	w := newReportWorld(t, "2026-11-05 10:00")
	gone, err := store.New(store.Config{URL: "http://127.0.0.1:1", Token: "u:p", Database: "x"}, store.Deps{Log: w.desk.deps.Log})
	if err != nil {
		t.Fatal(err)
	}
	there := w.desk.deps.Store
	w.desk.deps.Store = gone
	start := time.Now()
	if r, err := w.desk.Report(t.Context(), Request{Months: 1}); err == nil || r != nil {
		t.Errorf("%v", r)
	}
	if _, _, err := w.desk.RolloutNow(t.Context()); err == nil {
		t.Error("a rollout without a store")
	}
	w.desk.deps.Store = there
	if w.report(Request{Months: 1}); time.Since(start) > 30*time.Second {
		t.Error("it waits for a store that is gone")
	}
}
