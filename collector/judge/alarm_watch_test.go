//go:build integration

package judge

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// watch is the alarms of a province over a real store.
type watch struct {
	t        *testing.T
	store    *store.Store
	inv      *inventory.Inventory
	policies Policies
	now      time.Time
}

func newWatch(t *testing.T) *watch {
	return &watch{t, storetest.Open(t, storetest.Shared(t)), small(t), DefaultPolicies(), time.Now().Truncate(time.Minute).Add(-time.Hour)}
}

func (w *watch) write(retention api.Retention, points ...*api.Point) {
	w.t.Helper()
	var lines []byte
	for _, p := range points {
		var err error
		if lines, err = p.AppendLine(lines); err != nil {
			w.t.Fatal(err)
		}
	}
	if len(lines) == 0 {
		return
	}
	if err := w.store.Write(w.t.Context(), retention, lines); err != nil {
		w.t.Fatal(err)
	}
}

// tick judges once, writes, and tells what was written, in short.
func (w *watch) tick(pass time.Duration, outages ...Outage) []string {
	w.t.Helper()
	w.now = w.now.Add(pass)
	incidents := []Incident{{ID: "i-1", Members: []string{"bd-10000", "bd-10002", "bd-10004"}}}
	points, err := Alarms(w.t.Context(), w.store, w.inv, &w.policies, outages, incidents, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	again, err := Alarms(w.t.Context(), w.store, w.inv, &w.policies, outages, incidents, w.now)
	if d := cmp.Diff(points, again); d != "" || err != nil {
		w.t.Errorf("another judge says otherwise: %s %v", d, err)
	}
	w.write(api.Raw, points...)
	var out []string
	for _, p := range points {
		active, _ := p.FieldNamed("active")
		out = append(out, fmt.Sprintf("%d %s %s %s", active.Integer(), p.TagNamed("kind"), p.TagNamed("site"), p.TagNamed("incident")))
	}
	return out
}

func (w *watch) want(what string, got []string, want ...string) {
	w.t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		w.t.Errorf("%s: %s", what, d)
	}
}

// series are the tags of all that were ever written.
func (w *watch) series() []map[string]string {
	w.t.Helper()
	all, err := w.store.Select(w.t.Context(), store.Query{Measurement: "alarm", Select: []store.Selector{{Func: "last", Field: "active"}}, From: w.now.Add(-200 * time.Hour), To: w.now.Add(time.Hour), By: []string{"*"}})
	if err != nil {
		w.t.Fatal(err)
	}
	var out []map[string]string
	for _, s := range all {
		out = append(out, s.Tags)
	}
	return out
}

// open is an outage of an office that goes on, since some minutes before now.
func (w *watch) open(id int, kind string, ago time.Duration) Outage {
	o := cut(id, kind, "unknown", 0, 0)
	o.Started, o.At, o.Incident = w.now.Add(-ago), w.now.Add(-ago), "i-"+o.Site
	return o
}

// state writes what a site is in.
func (w *watch) state(id int, state api.State, reason string, ago time.Duration) {
	w.t.Helper()
	w.write(api.Events, api.NewPoint("site_state", w.now).Tag("site", fmt.Sprintf("bd-%d", id)).Text("state", string(state)).
		Int("rank", 1).Text("reason", reason).Text("evidence", "dns 30/50").Int("since_ms", w.now.Add(-ago).UnixMilli()))
}

// renamed is the same province with one office under another name, and another person in it.
func renamed(t *testing.T) *inventory.Inventory {
	texts := smallFiles()
	texts["sites.csv"] = strings.NewReplacer("Số A0", "Tên Mới", "Ông A", "Bà B").Replace(texts["sites.csv"])
	inv, err := inventory.Read(filesOf(texts))
	if err != nil {
		t.Fatal(err)
	}
	if a, _ := inv.Site("bd-10000"); a.Name != "Tên Mới" {
		t.Fatalf("it is %s", a.Name)
	}
	return inv
}

// latest is that weekday and hour in Vietnam, within the last week.
func latest(day time.Weekday, hour int) time.Time {
	at := time.Now().In(zone)
	at = time.Date(at.Year(), at.Month(), at.Day(), hour, 0, 0, 0, zone)
	for at.Weekday() != day || at.After(time.Now()) {
		at = at.AddDate(0, 0, -1)
	}
	return at
}
