//go:build integration

package judge_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/embedded"
	"communewatch/collector/store/storetest"
)

// world writes what agents and ingest would, and lets a judge review it.
type world struct {
	t      testing.TB
	server *embedded.Server
	store  *store.Store
	inv    *inventory.Inventory
	begin  time.Time // minute 0: an hour before a day ends
	judge  *judge.Judge
	log    *slog.Logger
	lines  []byte
}

func newWorld(t testing.TB, server *embedded.Server, hoursAgo int) *world {
	t.Helper()
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, server: server, store: storetest.Open(t, server), inv: inv.WithCalendar(inventory.CalendarAlways), log: storetest.Log(t)}
	w.begin = midnight(time.Now().Add(-time.Duration(hoursAgo) * time.Hour)).Add(-time.Hour)
	w.restart(w.store)
	return w
}

// midnight is the last one of Vietnam before t, at which a day ends.
func midnight(t time.Time) time.Time {
	t = t.In(inventory.Zone())
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, inventory.Zone()).UTC()
}

// restart is a new judge, on a store that may fail.
func (w *world) restart(s judge.Store) {
	w.t.Helper()
	var err error
	w.judge, err = judge.New(judge.Config{}, judge.Deps{Store: s, Inventory: func() *inventory.Inventory { return w.inv }, Log: w.log, Now: time.Now})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) at(minute float64) time.Time {
	return w.begin.Add(time.Duration(minute * float64(time.Minute)))
}

func (w *world) review(minute float64) {
	w.t.Helper()
	if err := w.judge.Review(w.t.Context(), w.at(minute).Add(30*time.Second)); err != nil {
		w.t.Fatal(err)
	}
}

// What a round finds.
const (
	fine = iota
	lineLost
	lanLost
	printerLost
)

// round is what one agent measures in one minute.
func (w *world) round(site string, minute, what int) {
	at := w.at(float64(minute))
	for _, target := range []struct {
		name, role string
		dead       bool
	}{
		{"router", "gateway", what == lanLost}, {"dns", "uplink", what == lineLost || what == lanLost}, {"anchor", "uplink", what == lineLost || what == lanLost},
		{"printer", "device", what == lanLost || what == printerLost},
	} {
		point := api.NewPoint("ping", at).Tag("site", site).Tag("agent", "a1").Tag("target", target.name).Tag("role", target.role).Int("sent", 10)
		if target.dead {
			w.add(point.Int("received", 0).Text("result", "timeout"))
		} else {
			w.add(point.Int("received", 10).Float("rtt_median_ms", 12).Float("rtt_min_ms", 11).Float("rtt_max_ms", 13))
		}
	}
	w.add(api.NewPoint("agent_health", at.Add(time.Second)).Tag("site", site).Tag("agent", "a1").Int("spool_batches", 0).Text("session", "s1"))
}

// took is the receipt of the rounds first..last, that came at a minute.
func (w *world) took(site string, minute float64, first, last int, more ...func(*api.Point)) {
	at := w.at(minute).Add(2 * time.Second)
	point := api.NewPoint("receipt", at).Tag("site", site).Tag("agent", "a1").Int("batches", 1).Int("lines", int64(5*(last-first+1))).
		Int("first_time_ms", w.at(float64(first)).UnixMilli()).Int("last_time_ms", w.at(float64(last)).Add(time.Second).UnixMilli()).
		Int("delay_ms", at.Sub(w.at(float64(last))).Milliseconds()).Text("clock", "synced").Text("session", "s1").
		Int("first_sequence", int64(first)+1).Int("last_sequence", int64(last)+1)
	for _, add := range more {
		add(point)
	}
	w.add(point)
}

// live is a minute whose round comes at once.
func (w *world) live(site string, minute, what int) {
	w.round(site, minute, what)
	w.took(site, float64(minute), minute, minute)
}

func (w *world) add(p *api.Point) {
	w.t.Helper()
	var err error
	if w.lines, err = p.AppendLine(w.lines); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) flush() {
	w.t.Helper()
	for len(w.lines) > 0 {
		n := len(w.lines)
		if n > 8<<20 {
			n = 1 + strings.LastIndexByte(string(w.lines[:8<<20]), '\n')
		}
		if err := w.store.Write(w.t.Context(), api.Raw, w.lines[:n]); err != nil {
			w.t.Fatal(err)
		}
		w.lines = w.lines[n:]
	}
	w.lines = nil
}

// outages tells all that are stored, one a line: site, kind, status, from which minute
// to which, cause, and what it was judged to be first.
func (w *world) outages() []string {
	return w.outagesBut("\x00")
}

// outagesBut leaves a status out.
func (w *world) outagesBut(status string) []string {
	w.t.Helper()
	var out []string
	for _, row := range w.rows("outage", []string{"site", "id"}, "kind", "target", "status", "started_ms", "ended_ms", "cause", "first_kind", "first_cause") {
		if row["status"] == status {
			continue
		}
		out = append(out, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s %s–%s %s (%s %s)", row["site"], row["kind"], row["target"], row["status"],
			w.minute(row["started_ms"]), w.minute(row["ended_ms"]), row["cause"], row["first_kind"], row["first_cause"])), " "))
	}
	slices.Sort(out)
	return out
}

func (w *world) minute(ms string) string {
	var n int64
	fmt.Sscan(ms, &n)
	if n == 0 {
		return "…"
	}
	return fmt.Sprintf("%.0f", time.UnixMilli(n).Sub(w.begin).Minutes())
}

// rows reads fields of a measurement, with tags and time, as text.
func (w *world) rows(measurement string, by []string, fields ...string) []map[string]string {
	w.t.Helper()
	q := store.Query{Measurement: measurement, By: by, From: w.begin.Add(-40 * 24 * time.Hour), To: time.Now().Add(time.Hour)}
	for _, field := range fields {
		q.Select = append(q.Select, store.Selector{Field: field})
	}
	series, err := w.store.Select(context.Background(), q)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []map[string]string
	for _, s := range series {
		for _, row := range s.Rows {
			one := map[string]string{"time": row.Time.Format(time.RFC3339)}
			maps.Copy(one, s.Tags)
			for name, value := range row.Values {
				one[name] = value.String()
			}
			out = append(out, one)
		}
	}
	return out
}

// all is everything that the judge has written and that must not depend on when or how
// often it ran: outages, incidents, and the hours and days that were over before a minute.
func (w *world) all(minute float64) []string {
	w.t.Helper()
	var out []string
	for _, m := range []struct {
		name string
		by   []string
		not  string
	}{
		{"outage", []string{"site", "id"}, "judged_ms first_ms"}, {"incident", []string{"id"}, "judged_ms"},
		{"site_hour", []string{"site"}, ""}, {"site_day", []string{"site"}, ""},
	} {
		var fields []string
		for _, f := range api.Lookup(m.name).Fields {
			if !slices.Contains(strings.Fields(m.not), f.Name) {
				fields = append(fields, f.Name)
			}
		}
		for _, row := range w.rows(m.name, m.by, fields...) {
			var b strings.Builder
			began, _ := time.Parse(time.RFC3339, row["time"])
			if m.name == "site_hour" && began.Add(time.Hour).After(w.at(minute)) || m.name == "site_day" && began.Add(24*time.Hour).After(w.at(minute)) {
				continue
			}
			if row["status"] == api.StatusOpen {
				delete(row, "down_seconds") // as of when it was looked at last
			}
			b.WriteString(m.name)
			for _, name := range slices.Sorted(maps.Keys(row)) {
				fmt.Fprintf(&b, " %s=%s", name, row[name])
			}
			out = append(out, b.String())
		}
	}
	slices.Sort(out)
	return out
}
