//go:build integration

package judge

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

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

func TestAMaintenanceWindowLetsNoAlarmBeginAndEndsNone(t *testing.T) {
	w := newWatch(t)
	const form = "2006-01-02 15:04"
	texts := smallFiles()
	begin, end := w.now.Add(time.Minute).In(zone).Format(form), w.now.Add(30*time.Minute).In(zone).Format(form)
	texts["maintenance.csv"] = fmt.Sprintf("scope,from,until,reason\nbd-10000,%[1]s,%[2]s,new router\nbd-10001,%[1]s,%[2]s,new router\n", begin, end)
	var err error
	if w.inv, err = inventory.Read(filesOf(texts)); err != nil {
		t.Fatal(err)
	}
	ups := func(on float64) {
		w.write(api.Raw, api.NewPoint("device", w.now).Tag("site", "bd-10000").Tag("agent", "a1").Tag("target", "ups").Int("up", 1).Float("on_battery_count", on))
	}
	told, elsewhere := w.open(10000, "uplink_down", time.Minute), w.open(10002, "uplink_down", 0)
	w.want("before", w.tick(0, told), "1 uplink_down bd-10000 i-bd-10000")
	w.now = w.now.Add(2 * time.Minute)

	fresh := w.open(10001, "uplink_down", 0)
	ups(1)
	w.want("in it", w.tick(0, told, fresh, elsewhere), "1 uplink_down bd-10000 i-bd-10000", "1 uplink_down bd-10002 i-bd-10002")
	told.Started = told.Started.Add(-30 * time.Second) // judged anew
	w.want("still", w.tick(10*time.Minute, told, fresh, elsewhere), "1 uplink_down bd-10000 i-bd-10000", "1 uplink_down bd-10002 i-bd-10002")

	// What was told ends when it is over, and does not begin again while they work on it.
	told.Ended, told.Status = w.now, api.StatusClosed
	w.want("it works again", w.tick(time.Minute, told, fresh), "0 uplink_down bd-10000 i-bd-10000", "0 uplink_down bd-10002 i-bd-10002")
	again := w.open(10000, "uplink_down", 0)
	w.want("lost again", w.tick(time.Minute, again, fresh), "0 uplink_down bd-10000 i-bd-10000", "0 uplink_down bd-10002 i-bd-10002")
	again.Ended, again.Status = w.now, api.StatusClosed
	w.now = w.now.Add(15 * time.Minute)
	ups(1)
	w.want("a minute before its end", w.tick(0, again, fresh))

	// What is still not well after it is told then.
	w.now = w.now.Add(time.Minute)
	ups(1)
	w.want("after", w.tick(0, again, fresh), "1 ups_on_battery bd-10000 ups_on_battery-bd-10000-ups", "1 uplink_down bd-10001 i-bd-10001")
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
