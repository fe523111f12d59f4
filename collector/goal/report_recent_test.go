//go:build integration

package goal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"communewatch/collector/api"
	"communewatch/collector/judge"
)

func TestTenReadersOfOneReportAreOneReading(t *testing.T) {
	w := newReportWorld(t, "2026-11-05 10:00")
	w.days("bd-21550", Month{2026, 10}.From(), Month{2026, 11}.From(), nil)
	var readers sync.WaitGroup
	made := make([]*Report, 10)
	for i := range made {
		readers.Go(func() { made[i], _ = w.desk.Report(t.Context(), Request{Months: 1}) })
	}
	readers.Wait()
	for _, r := range made {
		if r == nil || r != made[0] {
			t.Fatal("each has a report of their own")
		}
	}
	once := w.store.scans.Load()
	other := func(what string, change func()) {
		t.Helper()
		before := w.report(Request{Months: 1})
		change()
		if w.report(Request{Months: 1}) == before {
			t.Errorf("%s does not make it another", what)
		}
	}
	if w.report(Request{Months: 1}) != made[0] || w.store.scans.Load() != once {
		t.Error("it is read again within the minute")
	}
	other("a minute", func() { w.now = w.now.Add(time.Minute) })
	other("an import", func() { w.says("bd-21553", "2026-09-01") })
	other("another inventory", func() { w.inv = reportProvince(t) })
	other("a judgement", func() {
		p := api.NewPoint("judgement", w.now).Int("until_ms", w.now.UnixMilli()).Int("took_ms", 1).Int("sites", 1).Int("outages", 0).Int("hours", 1)
		line, err := p.AppendLine(nil)
		if err == nil {
			err = w.store.Write(t.Context(), api.Hourly, line)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	if r := w.report(Request{Months: 1}); !r.Judged.Equal(w.now) {
		t.Errorf("judged at %v", r.Judged)
	}
	other("what was published", func() {
		if _, err := w.desk.Archive.Publish(w.report(Request{Months: 1}), "sở"); err != nil {
			t.Fatal(err)
		}
	})
	for months := range maxRecent + 2 {
		w.report(Request{Months: months + 1, Month: Month{2019, 1}})
	}
	if n := len(w.desk.recent.all); n > maxRecent {
		t.Errorf("%d reports are remembered", n)
	}
}

// Who happens to make the report for all may go away: the next one makes it.
func TestAReaderWhoGoesAwayLeavesTheOthersNothingBad(t *testing.T) {
	w := newReportWorld(t, "2026-11-05 10:00")
	held, release, err := w.desk.recent.enter(t.Context(), reportOrder(t, w, Request{Months: 1}), w.now)
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	readers.Go(func() {
		if _, err := w.desk.Report(gone, Request{Months: 1}); !errors.Is(err, context.Canceled) {
			t.Errorf("who went away got %v", err)
		}
	})
	readers.Go(func() {
		if r, err := w.desk.Report(t.Context(), Request{Months: 1}); err != nil || r == nil {
			t.Errorf("who stayed got %v", err)
		}
	})
	time.Sleep(20 * time.Millisecond)
	cancel()
	time.Sleep(20 * time.Millisecond)
	release()
	readers.Wait()
	if held.waits != 0 {
		t.Errorf("%d are still counted as waiting", held.waits)
	}
}

func reportOrder(t *testing.T, w *reportWorld, r Request) order {
	t.Helper()
	o, err := w.desk.orderOf(r, w.now)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestTryingBudgetsAndDaysReadsNothingAgain(t *testing.T) {
	w := newReportWorld(t, "2025-08-05 10:00")
	w.says("bd-21634", "2025-03-01")
	w.days("bd-21634", Month{2025, 7}.From(), Month{2025, 8}.From(), func(p *judge.Period) { p.Down = p.Due / 4 })
	plain := w.report(Request{Months: 1})
	once := w.store.scans.Load()
	tried := w.report(Request{Months: 1, Budget: 5_000_000, UnitsOn: reportAt(t, "2025-06-30 13:00")})
	if plain.Plan != nil || tried.Plan == nil || tried.Plan.Budget != 5_000_000 || w.store.scans.Load() != once {
		t.Errorf("%d readings, plans %v, %v", w.store.scans.Load(), plain.Plan, tried.Plan)
	}
	if a, b := plain.reportLine(t, "bd-21634").UnitName, tried.reportLine(t, "bd-21634").UnitName; a != "An Toàn" || b != "An Nghĩa" {
		t.Errorf("units %s, %s", a, b)
	}
	reportHoldsTogether(t, plain)
	reportHoldsTogether(t, tried)
	w.now = w.now.Add(2 * time.Minute) // what is made anew is the same
	anew := w.report(Request{Months: 1, Budget: 5_000_000, UnitsOn: reportAt(t, "2025-06-30 00:00")})
	anew.Made = tried.Made
	if d := cmp.Diff(tried, anew, cmpopts.EquateEmpty()); d != "" || w.store.scans.Load() == once {
		t.Error(d)
	}
}

func TestAReportThatIsBeingMadeIsNotForgotten(t *testing.T) {
	var c recent
	now := time.Date(2026, 11, 5, 10, 0, 0, 0, time.UTC)
	held, release, err := c.enter(t.Context(), order{months: 1}, now)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 2 * maxRecent {
		_, done, err := c.enter(t.Context(), order{months: 2 + n}, now.Add(time.Duration(n)*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		done()
	}
	if c.all[order{months: 1}] != held || len(c.all) != maxRecent {
		t.Errorf("%d are remembered, the first %v", len(c.all), c.all[order{months: 1}])
	}
	release()
}

// Where the newest sheet is damaged, an older one holds in its place, which may say more: a
// report tells that, and is not kept for good.
func TestAReportOverDamagedDeclarationsSaysSoAndIsNotPublished(t *testing.T) {
	w := newReportWorld(t, "2026-11-05 10:00")
	w.says("bd-21550", "2026-08-01")
	w.says("bd-21550", "2026-09-01")
	if r := w.report(Request{Months: 1}); r.Known.Unread != 0 {
		t.Fatalf("%d sheets are damaged", r.Known.Unread)
	}
	imports, err := w.desk.Book.Imports()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(BookDir(w.desk.cfg.Dir), imports[0].Hash+".json")
	if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("{}"), 0o600)); err != nil {
		t.Fatal(err)
	}
	r := w.report(Request{Months: 1})
	if said := r.reportLine(t, "bd-21550").reportFinding(t, "pcs").Declared; r.Known.Unread != 1 || said == nil || said.Date.Month() != time.August {
		t.Errorf("%d sheets are damaged, what holds is %+v", r.Known.Unread, said)
	}
	if _, err := w.desk.Archive.Publish(r, "sở"); !errors.Is(err, ErrUnread) {
		t.Errorf("published: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := w.desk.Archive.Publish(w.report(Request{Months: 1}), "sở"); err != nil {
		t.Errorf("once it was moved: %v", err)
	}
}
