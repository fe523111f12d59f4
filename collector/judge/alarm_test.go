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

func TestAnAlarmLastsInOneSeriesThroughRenamesAndRestartsAndEnds(t *testing.T) {
	w := newWatch(t)
	o := w.open(10000, "uplink_down", 3*time.Minute)
	w.want("begins", w.tick(0, o), "1 uplink_down bd-10000 i-bd-10000")
	tags := w.series()[0]
	want := map[string]string{
		"kind": "uplink_down", "site": "bd-10000", "incident": "i-bd-10000", "mountain": "1", "label": "Xã Số A0", "since": o.Started.In(zone).Format("15:04 02/01/2006"),
		"evidence": "ev-10000", "office": "Ông A · 0256 3888 000", "provider": "VNPT · 1800 1166",
	}
	if d := cmp.Diff(want, tags); d != "" {
		t.Error(d)
	}

	// Edited, judged anew, and by another judge.
	w.inv = renamed(t)
	o.Evidence, o.Started = "other words", o.Started.Add(-20*time.Second)
	w.want("a rename", w.tick(15*time.Second, o), "1 uplink_down bd-10000 i-bd-10000")
	w.want("later", w.tick(30*time.Minute, o), "1 uplink_down bd-10000 i-bd-10000")
	if len(w.series()) != 1 {
		t.Errorf("doubled: %v", w.series())
	}

	// The line answers again; till the outage is over nothing is.
	w.state(10000, "ok", "reason.ok", time.Second)
	w.want("a good round", w.tick(time.Second, o), "1 uplink_down bd-10000 i-bd-10000")

	// Over: told for a quarter of an hour. An old outage that a backlog brings changes nothing.
	old := o
	old.ID, old.Started, old.Ended, old.Status = "old", o.Started.Add(-48*time.Hour), o.Started.Add(-47*time.Hour), api.StatusClosed
	o.Ended, o.Status = w.now, api.StatusClosed
	w.want("over", w.tick(15*time.Second, o, old), "0 uplink_down bd-10000 i-bd-10000")
	w.want("still told to be over", w.tick(14*time.Minute, o, old), "0 uplink_down bd-10000 i-bd-10000")
	w.want("no more", w.tick(2*time.Minute, o, old))

	// Another one is another alarm, with the new name.
	next := w.open(10000, "uplink_down", 2*time.Minute)
	w.want("again", w.tick(0, next), "1 uplink_down bd-10000 i-bd-10000")
	if all := w.series(); len(all) != 2 || all[0]["label"] == all[1]["label"] {
		t.Errorf("got %v", all)
	}
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

func TestAnAlarmWaitsARoundForItsIncidentAndKeepsIt(t *testing.T) {
	w := newWatch(t)
	o, alone := w.open(10000, "uplink_down", 2*time.Minute), w.open(10101, "uplink_down", 2*time.Minute)
	o.First, alone.First = w.now, w.now
	ups := lostDevice(10102, "ups", 0, 0)
	ups.Started, ups.First, ups.Incident = w.now, w.now, "i-3"
	w.want("found just now", w.tick(0, o, alone, ups), "1 device_down bd-10102 i-3")
	o.Incident = "i-1"
	w.want("joined", w.tick(30*time.Second, o, alone), "0 device_down bd-10102 i-3", "1 uplink_down bd-10000 i-1")
	w.want("nobody came", w.tick(46*time.Second, o, alone), "0 device_down bd-10102 i-3", "1 uplink_down bd-10000 i-1", "1 uplink_down bd-10101 i-bd-10101")
	alone.Incident = "i-1"
	w.want("too late", w.tick(20*time.Minute, o, alone), "1 uplink_down bd-10000 i-1", "1 uplink_down bd-10101 i-bd-10101")
}

func TestWhatIsToldOfDependsOnTheHourTheStateAndMaintenance(t *testing.T) {
	w := newWatch(t)
	w.now = latest(time.Wednesday, 20) // the fifth area is closed, the others never are
	for _, c := range []struct {
		what   string
		id     int
		kind   string
		state  api.State
		reason string
		told   bool
	}{
		{"a line that is lost, at night", 10400, "uplink_down", "uplink_down", "reason.uplink_all_lost", true},
		{"silence at night", 10401, "silent", "", "", false},
		{"power at night", 10402, "power_lost", "power_lost", "reason.power_lost", false},
		{"silence while due", 10000, "silent", "silent", "reason.silent", true},
		{"power while due", 10001, "power_lost", "", "", true},
		{"a LAN", 10002, "lan_down", "lan_down", "reason.lan_all_lost", true},
		{"a backlog whose end has yet to come, the line is fine", 10003, "uplink_down", "ok", "reason.ok", false},
		{"likewise, of late data", 10004, "uplink_down", "degraded", "reason.late_data", false},
		{"flapping", 10005, "uplink_down", "degraded", "reason.flapping", true},
		{"just back", 10006, "uplink_down", "degraded", "reason.recovering", true},
		{"closed while lost", 10007, "uplink_down", "closed", "reason.goodbye", true},
		{"closed, not silent", 10008, "silent", "closed", "reason.goodbye", false},
		{"a device", 10100, "device_down", "degraded", "reason.device_down", true},
		{"a device of an old backlog", 10101, "device_down", "degraded", "reason.late_data", false},
	} {
		o := w.open(c.id, c.kind, 5*time.Minute)
		if c.state != "" {
			w.state(c.id, c.state, c.reason, 4*time.Minute)
		}
		want := []string{}
		if c.told {
			want = append(want, fmt.Sprintf("1 %s bd-%d i-bd-%d", c.kind, c.id, c.id))
		}
		points, err := Alarms(t.Context(), w.store, w.inv, &w.policies, []Outage{o}, nil, w.now)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, p := range points {
			got = append(got, fmt.Sprintf("1 %s %s %s", p.TagNamed("kind"), p.TagNamed("site"), p.TagNamed("incident")))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", c.what, d)
		}
	}
	delete(w.policies.Alarms, "lan_down")
	w.want("a kind that the policy does not have", w.tick(0, w.open(10002, "lan_down", time.Minute)))
	w.want("an office that nobody knows", w.tick(0, w.open(99999, "uplink_down", time.Minute)))
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

func TestInAMaintenanceWindowAnAlarmIsQuietAndSoundsAfterIt(t *testing.T) {
	w := newWatch(t)
	const form = "2006-01-02 15:04"
	texts := smallFiles()
	texts["maintenance.csv"] = fmt.Sprintf("scope,from,until,reason\nbd-10000,%s,%s,new router\n", w.now.Add(time.Minute).In(zone).Format(form), w.now.Add(20*time.Minute).In(zone).Format(form))
	var err error
	if w.inv, err = inventory.Read(filesOf(texts)); err != nil {
		t.Fatal(err)
	}
	o, other := w.open(10000, "uplink_down", time.Minute), w.open(10002, "uplink_down", 0)
	ups := func() {
		w.write(api.Raw, api.NewPoint("device", w.now).Tag("site", "bd-10000").Tag("agent", "a1").Tag("target", "ups").Int("up", 1).Float("on_battery_count", 1))
	}
	w.want("before", w.tick(0, o), "1 uplink_down bd-10000 i-bd-10000")
	w.now = w.now.Add(2 * time.Minute)
	ups()
	w.want("in it", w.tick(0, o, other), "0 uplink_down bd-10000 i-bd-10000", "1 uplink_down bd-10002 i-bd-10002")
	o.Started = o.Started.Add(-30 * time.Second) // judged anew
	w.want("still", w.tick(17*time.Minute, o, other), "0 uplink_down bd-10000 i-bd-10000", "1 uplink_down bd-10002 i-bd-10002")
	ups()
	w.want("after", w.tick(time.Minute, o, other), "1 ups_on_battery bd-10000 ups_on_battery-bd-10000-ups", "1 uplink_down bd-10000 i-bd-10000", "1 uplink_down bd-10002 i-bd-10002")
	if n := len(w.series()); n != 3 {
		t.Errorf("%d series: %v", n, w.series())
	}
}

func TestDevicesOfOneOfficeAreToldTogether(t *testing.T) {
	w := newWatch(t)
	ups, nvr, printer := lostDevice(10000, "ups", 0, 0), lostDevice(10000, "nvr", 0, 0), lostDevice(10000, "printer", 0, 0)
	for _, o := range []*Outage{&ups, &nvr, &printer} {
		o.Started, o.Incident = w.now.Add(-3*time.Minute), "i-1"
	}
	printer.Incident = "i-2"
	w.want("two incidents", w.tick(0, ups, nvr, printer), "1 device_down bd-10000 i-1", "1 device_down bd-10000 i-2")
	if got := w.series()[0]["evidence"]; got != "nvr, ev-10000; ups, ev-10000" {
		t.Errorf("evidence %q", got)
	}
	w.want("one is back", w.tick(10*time.Minute, ups, printer), "1 device_down bd-10000 i-1", "1 device_down bd-10000 i-2")
	w.want("all of it are", w.tick(time.Minute, printer), "0 device_down bd-10000 i-1", "1 device_down bd-10000 i-2")
}

func TestALineThatIsBadIsToldAfterAFewRoundsAndNotTakenBackByOneGoodOne(t *testing.T) {
	w := newWatch(t)
	w.state(10000, "degraded", "reason.uplink_loss", 2*time.Minute)
	w.state(10002, "degraded", "reason.uplink_slow", 3*time.Minute)
	w.state(10004, "degraded", "reason.lan_partly", 30*time.Minute)
	w.want("loss is young", w.tick(0), "1 slow bd-10002 slow-bd-10002")
	w.now = w.now.Add(time.Minute)
	w.state(10000, "degraded", "reason.gateway_loss", 3*time.Minute)
	w.state(10002, "ok", "reason.ok", time.Minute)
	w.want("loss, and slow is just over", w.tick(0), "1 loss bd-10000 loss-bd-10000", "1 slow bd-10002 slow-bd-10002")
	w.now = w.now.Add(4 * time.Minute)
	w.state(10000, "uplink_down", "reason.uplink_all_lost", time.Minute)
	w.state(10002, "ok", "reason.ok", 5*time.Minute)
	w.want("worse, and good", w.tick(0), "0 loss bd-10000 loss-bd-10000", "0 slow bd-10002 slow-bd-10002")
	if all := w.series(); all[0]["evidence"] != "dns 30/50" {
		t.Errorf("got %v", all)
	}
}

func TestWhatDevicesAndAgentsMeasureOfThemselvesIsToldOfWhenItCrossesItsThreshold(t *testing.T) {
	w := newWatch(t)
	site := func(id int) string { return fmt.Sprintf("bd-%d", id) }
	dev := func(id int, target, field string, value float64, ago time.Duration) *api.Point {
		return api.NewPoint("device", w.now.Add(-ago)).Tag("site", site(id)).Tag("agent", "a1").Tag("target", target).Int("up", 1).Float(field, value)
	}
	health := func(id int, agent string, ago time.Duration) *api.Point {
		return api.NewPoint("agent_health", w.now.Add(-ago)).Tag("site", site(id)).Tag("agent", agent).Int("spool_batches", 0)
	}
	day := 24 * time.Hour
	w.write(api.Raw,
		dev(10000, "ups", "on_battery_count", 0, 10*time.Minute), dev(10000, "ups", "on_battery_count", 1, time.Minute),
		dev(10001, "ups", "on_battery_count", 1, 2*time.Minute), dev(10001, "ups", "on_battery_count", 0, time.Minute),
		dev(10002, "ups", "on_battery_count", 1, 20*time.Minute), // too long ago to say
		dev(10000, "nvr", "disk_percent", 90, day), dev(10001, "nvr", "disk_percent", 89.9, day), dev(10002, "nvr", "disk_percent", 99, 8*day),
		health(10003, "a1", time.Minute).Int("certificate_left_seconds", 13*86400), health(10004, "a1", time.Minute).Int("certificate_left_seconds", 15*86400),
		health(10005, "a1", 3*day).Int("certificate_left_seconds", 16*86400), // not heard, and it runs
		health(10006, "old", 2*day).Int("certificate_left_seconds", 86400), health(10006, "new", day).Int("certificate_left_seconds", 29*86400),
		health(10007, "a1", 2*day).Int("certificate_left_seconds", 86400), health(10007, "b1", day).Int("certificate_left_seconds", 29*86400),
		health(10003, "a1", 2*time.Minute).Float("clock_offset_ms", -60_000), health(10004, "a1", 2*time.Minute).Float("clock_offset_ms", 59_999),
		health(10007, "a1", 30*time.Hour).Int("dropped_batches", 5), health(10007, "a1", time.Minute).Int("dropped_batches", 5), // long ago
		health(10008, "a1", 30*time.Hour).Int("dropped_batches", 5), health(10008, "a1", time.Minute).Int("dropped_batches", 7),
		health(10009, "a1", time.Hour).Int("dropped_batches", 2),
		// A week ago two ran 1.4.0; one runs a build of its own.
		health(10100, "a1", 8*day).Text("version", "v1.4.0"), health(10101, "a1", 8*day).Text("version", "v1.4.0"), health(10102, "a1", 8*day).Text("version", "v9.0.0"),
		health(10103, "a1", time.Minute).Text("version", "v1.3.9-4-g0123abc"), health(10104, "a1", time.Minute).Text("version", "0123abcd4567"),
		health(10101, "a1", time.Minute).Text("version", "v1.5.0"), health(10105, "a1", time.Minute).Text("version", "v1.4.0-rc.2"), health(10106, "a1", time.Minute).Text("version", "v1.4.0"),
	)
	w.want("all", w.tick(0),
		"1 agent_outdated bd-10103 agent_outdated", "1 agent_outdated bd-10105 agent_outdated",
		"1 certificate bd-10003 certificate-bd-10003", "1 certificate bd-10005 certificate-bd-10005",
		"1 clock_wrong bd-10003 clock_wrong-bd-10003",
		"1 data_dropped bd-10008 data_dropped-bd-10008", "1 data_dropped bd-10009 data_dropped-bd-10009",
		"1 disk_full bd-10000 disk_full-bd-10000-nvr",
		"1 ups_on_battery bd-10000 ups_on_battery-bd-10000-ups",
	)
	evidence := map[string]string{}
	for _, tags := range w.series() {
		evidence[tags["kind"]+" "+tags["site"]] = tags["evidence"]
	}
	for key, want := range map[string]string{
		"agent_outdated bd-10103": "v1.3.9-4-g0123abc < v1.4.0", "clock_wrong bd-10003": "+60 s", "data_dropped bd-10008": "5 → 7", "data_dropped bd-10009": "0 → 2",
		"disk_full bd-10000": "nvr, 90 %", "ups_on_battery bd-10000": "ups, on_battery_count 1", "certificate bd-10003": moment(w.now.Add(13*day - time.Minute)),
	} {
		if evidence[key] != want {
			t.Errorf("%s: %q, want %q", key, evidence[key], want)
		}
	}
	// The next value of the same is the same alarm; the UPS is on the mains again.
	w.now = w.now.Add(5 * time.Minute)
	w.write(api.Raw, dev(10000, "nvr", "disk_percent", 97, 0), dev(10000, "ups", "on_battery_count", 0, 0))
	got := w.tick(0)
	slices.Sort(got)
	if got[0] != "0 ups_on_battery bd-10000 ups_on_battery-bd-10000-ups" || len(got) != 9 || len(w.series()) != 9 {
		t.Errorf("got %v", got)
	}
}

// Nobody judged for days: what goes on is the same alarm, what began meanwhile another one.
func TestAnAlarmIsKnownAgainAfterAnAbsence(t *testing.T) {
	w := newWatch(t)
	w.now = w.now.Add(-100 * time.Hour)
	o, other := w.open(10000, "uplink_down", time.Minute), w.open(10002, "uplink_down", time.Minute)
	w.tick(0, o, other)
	w.now = w.now.Add(90 * time.Hour)
	o.Evidence = "other words"
	next := w.open(10002, "uplink_down", time.Hour)
	w.want("after days", w.tick(0, o, next), "1 uplink_down bd-10000 i-bd-10000", "0 uplink_down bd-10002 i-bd-10002", "1 uplink_down bd-10002 i-bd-10002")
	if n := len(w.series()); n != 3 {
		t.Errorf("%d series", n)
	}
}

func TestWhatAnAlarmSaysFitsItsTags(t *testing.T) {
	w := newWatch(t)
	o := w.open(10009, "uplink_down", time.Minute)
	o.Evidence, o.Incident = strings.Repeat(`ếa\`, 200)+"\n\x00", ""
	w.want("long", w.tick(0, o), "1 uplink_down bd-10009 uplink_down-bd-10009")
	o.Evidence = ""
	o.Site = "bd-10109"
	w.tick(0, o)
	for _, got := range w.series() {
		if got["site"] == o.Site && (got["evidence"] != "-" || got["provider"] != "-" || got["mountain"] != "0") {
			t.Errorf("got %v", got)
		}
	}
}
