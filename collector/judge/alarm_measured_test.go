//go:build integration

package judge

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"communewatch/collector/api"
)

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
