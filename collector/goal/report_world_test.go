//go:build integration

package goal

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// reportWorld is a desk over a database of its own, with a clock that stands.
type reportWorld struct {
	t     testing.TB
	store *reportStore
	inv   *inventory.Inventory
	desk  *Desk
	now   time.Time
}

// reportStore counts what is asked of a real one.
type reportStore struct {
	*store.Store
	scans atomic.Int64
}

func (s *reportStore) Scan(ctx context.Context, q store.Query, each func(map[string]string, time.Time, []api.Value)) error {
	s.scans.Add(1)
	return s.Store.Scan(ctx, q, each)
}

func newReportWorld(t testing.TB, now string, maintenance ...string) *reportWorld {
	t.Helper()
	w := &reportWorld{t: t, store: &reportStore{Store: storetest.Open(t, storetest.Shared(t))}, now: reportAt(t, now)}
	w.inv = reportProvince(t, maintenance...)
	var err error
	w.desk, err = New(Config{Dir: t.TempDir(), Version: "v1"}, Deps{
		Store: w.store, Inventory: func() *inventory.Inventory { return w.inv }, Log: storetest.Log(t), Now: func() time.Time { return w.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// reportAt reads a minute as it is on the clock in Vietnam.
func reportAt(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, inventory.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// reportProvince is the embedded one with planned work.
func reportProvince(t testing.TB, maintenance ...string) *inventory.Inventory {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../inventory/binhdinh")); err != nil {
		t.Fatal(err)
	}
	rows := "from,until,scope,reason\n" + strings.Join(maintenance, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(dir, "maintenance.csv"), []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	inv, err := inventory.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// days stores days of a site, from one to before another, as change makes them of whole ones.
func (w *reportWorld) days(site string, from, until time.Time, change func(*judge.Period)) {
	w.t.Helper()
	var lines []byte
	s, _ := w.inv.Site(site)
	for day := from; day.Before(until); day = day.AddDate(0, 0, 1) {
		p := standardDay(DueDay{day, 0})
		p.Site = site
		if s.Due(day.Add(9 * time.Hour)) {
			p.Due = standardHours
		}
		if change != nil {
			change(&p)
		}
		var err error
		if lines, err = p.Point(siteDay).AppendLine(lines); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := w.store.Write(w.t.Context(), api.Hourly, lines); err != nil {
		w.t.Fatal(err)
	}
}

// says keeps a sheet with one line of a site that has all that the standard asks for.
func (w *reportWorld) says(site, date string) {
	w.t.Helper()
	said := *standardSaid()
	said.Site, said.Date = site, reportAt(w.t, date+" 00:00")
	var sheet strings.Builder
	if err := declared.WriteCSV(&sheet, w.inv, map[string]declared.Declaration{site: said}, "vi"); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.desk.Book.Import("khai.csv", strings.NewReader(sheet.String()), w.inv, "test", w.now); err != nil {
		w.t.Fatal(err)
	}
}

func (w *reportWorld) report(r Request) *Report {
	w.t.Helper()
	made, err := w.desk.Report(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

func (r *Report) reportLine(t testing.TB, site string) *SiteLine {
	t.Helper()
	for i := range r.Sites {
		if r.Sites[i].ID == site {
			return &r.Sites[i]
		}
	}
	t.Fatalf("no line of %s", site)
	return nil
}

func (l *SiteLine) reportFinding(t testing.TB, criterion string) *Finding {
	t.Helper()
	for i := range l.Findings {
		if l.Findings[i].Criterion == criterion {
			return &l.Findings[i]
		}
	}
	t.Fatalf("no finding on %s", criterion)
	return nil
}
