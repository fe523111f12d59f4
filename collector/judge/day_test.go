//go:build integration

package judge_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

func TestADayIsOneOfVietnamAndTheSumOfItsHours(t *testing.T) {
	o := openOffice(t, storetest.Shared(t), offices(t), always)
	o.measure("-1 20:00", "00:30", sent{})
	o.measure("00:30", "00:40", sent{lost: true, doubled: 5 * time.Second})
	o.measure("00:40", "06:30", sent{rtt: 20})
	o.measure("06:30", "06:50", sent{lost: true})
	o.measure("06:50", "23:50", sent{away: true, rtt: 30})
	o.measure("23:50", "+1 00:10", sent{lost: true})
	o.measure("+1 00:10", "+1 01:00", sent{})
	o.port("01:00", "gi1", "", 1)
	o.port("13:00", "gi1", "Một cửa", 1)
	o.port("14:00", "gi2", "", 1)
	o.write()
	o.outage("uplink_down", "00:30", "00:40")
	o.outage("uplink_down", "06:30", "06:50")
	o.outage("uplink_down", "23:50", "+1 00:10")
	o.outage("power_lost", "02:00", "02:00:01")
	o.f.Outages[3].Cause = api.Power
	o.outage("power_lost", "-1 23:59", "00:01")
	o.f.Outages[4].Cause = api.Power
	o.flow("10:00", "10:30", time.Minute, "ether1", 15_000_000, 1_500_000)
	o.flow("12:00", "12:30", time.Minute, "ether1", 3_000_000, 7_500_000)
	o.write()
	o.keepHours("-1 00:00", "+1 00:00") // those of the last day are not stored
	days := o.days("-1 00:00", "+1 12:00", "+1 01:00")
	if len(days) != 3 {
		t.Errorf("%d days", len(days))
	}
	holds(t, "before", days["-1"], fields{"due_seconds": 4*3600 - 20, "down_seconds": 60, "unknown_seconds": 0, "rtt_p95_ms": 12, "power_cuts": 1})
	holds(t, "the day", days["+0"], fields{
		"due_seconds": 86_400, "down_seconds": 2461, "unknown_seconds": 0, "availability_percent": 100 * 83_939.0 / 86_400,
		"rounds_due": 1440, "rounds": 1440, "sent": 14_400, "received": 14_000, "loss_percent": 100 * 400.0 / 14_400,
		"rtt_p50_ms": 30, "rtt_p95_ms": 30, "devices_due": 3, "devices": 3, "complete_percent": 100,
		"batches": 1450, "duplicates": 10, "interfaces": 3, "unnamed": 2, "clean_percent": 100.0 / 3, "newest_age_seconds": 61, "delay_p95_ms": 1000, "live_percent": 100,
		"router_asked": 1440, "router_answered": 1440, "printer_asked": 1440, "printer_answered": 420, "power_cuts": 1, "peak_in_bps": 2_000_000, "peak_out_bps": 1_000_000,
	})
	holds(t, "after", days["+1"], fields{"due_seconds": 3600, "down_seconds": 600, "availability_percent": 100 * 3000.0 / 3600, "rounds": 60})

	sum := fields{}
	for _, hour := range o.hours("00:00", "+1 00:00") {
		for name, value := range hour {
			sum[name] += value
		}
	}
	for _, name := range []string{"due_seconds", "down_seconds", "unknown_seconds", "maintenance_seconds", "known_seconds", "sent", "received", "lan_sent", "lan_received",
		"rounds_due", "rounds", "clock_told", "clock_wrong", "requests", "late", "points", "rejected", "batches", "duplicates", "stale_seconds",
		"router_asked", "router_answered", "switch_asked", "switch_answered", "ups_asked", "ups_answered", "printer_asked", "printer_answered", "power_cuts"} {
		if sum[name] != days["+0"][name] {
			t.Errorf("%s: the hours' are %v, the day's is %v", name, sum[name], days["+0"][name])
		}
	}
}

func TestADayOfAnOfficeCountsOfficeHours(t *testing.T) {
	o := openOffice(t, storetest.Shared(t), offices(t), weekdays)
	o.measure("-1 08:00", "-1 09:00", sent{})
	o.measure("07:10", "16:50", sent{})
	o.write()
	days := o.days("-1 00:00", "+2 00:00", "+2 00:00")
	holds(t, "joined at eight", days["-1"], fields{"due_seconds": 8*3600 + 1800 - 20, "rounds": 59, "unknown_seconds": 7*3600 + 1800})
	holds(t, "the day", days["+0"], fields{"due_seconds": 9*3600 + 2400, "rounds_due": 580, "rounds": 580, "unknown_seconds": 0, "availability_percent": 100, "newest_age_seconds": 61, "live_percent": 100})
	holds(t, "nobody came", days["+1"], fields{"due_seconds": 9 * 3600, "rounds": 0, "unknown_seconds": 9 * 3600, "availability_percent": none, "complete_percent": 0, "loss_percent": none})
	if len(days) != 3 {
		t.Errorf("%d days", len(days))
	}
	for _, touched := range [][2]string{{"00:00", "00:01"}, {"03:00", "12:00"}, {"23:59", "+1 00:00"}} { // 03:00 is of the day before in UTC
		if d := cmp.Diff(map[string]fields{"+0": days["+0"]}, o.days(touched[0], touched[1])); d != "" {
			t.Errorf("%s: %s", touched, d)
		}
	}
}

// InfluxDB merges fields and never removes one.
func TestAPercentThatNoLongerHoldsIsVoidByItsCount(t *testing.T) {
	o := openOffice(t, storetest.Shared(t), offices(t), always)
	o.measure("08:00", "09:00", sent{})
	o.write()
	o.outage("power_lost", "09:00", "10:00")
	o.keepHours("09:00", "10:00")
	o.f.Outages = nil
	o.outage("silent", "09:00", "10:00")
	o.keepHours("09:00", "10:00")
	series, err := o.store.Select(t.Context(), store.Query{
		Measurement: "site_hour", Select: append(judge.PeriodColumns(), store.Selector{Field: "availability_percent"}, store.Selector{Field: "known_seconds"}),
		From: o.at("09:00"), To: o.at("10:00"), By: []string{"site"},
	})
	if err != nil || len(series) != 1 || len(series[0].Rows) != 1 {
		t.Fatalf("%v, %v", series, err)
	}
	row := series[0].Rows[0]
	if old, stays := row.Values["availability_percent"]; !stays || old.Float() != 0 || row.Values["known_seconds"].Integer() != 0 {
		t.Errorf("stored %v of %v known seconds: InfluxDB has learnt to remove, which would be good to know", old, row.Values["known_seconds"])
	}
	if p := judge.PeriodOf(always, row); p.Unknown != 3600 {
		t.Errorf("%+v", p)
	} else if percent, told := p.Availability(); told {
		t.Errorf("availability is %v of nothing known", percent)
	}
}

func TestAPeriodIsReadAsItWasWritten(t *testing.T) {
	o := openOffice(t, storetest.Shared(t), offices(t), always)
	o.measure("08:00", "09:30", sent{doubled: 3 * time.Second, rejected: 1, every: 120, unsure: 40_000})
	o.port("09:00", "gi1", "", 1)
	o.write()
	o.outage("uplink_down", "09:00", "09:10")
	o.keepHours("09:00", "10:00")
	points, err := o.f.Hours(t.Context(), o.at("09:00"), o.at("10:00"), o.at("+1 00:00"))
	if err != nil || len(points) != 1 {
		t.Fatal(points, err)
	}
	series, err := o.store.Select(t.Context(), store.Query{
		Measurement: "site_hour", Select: judge.PeriodColumns(), From: o.at("09:00"), To: o.at("10:00"), By: []string{"site"},
	})
	if err != nil || len(series) != 1 {
		t.Fatal(series, err)
	}
	p := judge.PeriodOf(always, series[0].Rows[0])
	if d := cmp.Diff(fieldsOf(points[0]), fieldsOf(p.Point("site_hour"))); d != "" {
		t.Error(d)
	}
}

// What is asked for at once, how often, and in what order points came must not matter.
func TestAnyOrderAndDoublingOfTheSamePointsGivesTheSameHours(t *testing.T) {
	server, inv := storetest.Shared(t), offices(t)
	random := rand.New(rand.NewPCG(1, 2))
	var lines [][]byte
	var want map[string]fields
	var wantDay fields
	for turn := range 4 {
		o := openOffice(t, server, inv, always)
		if turn == 0 {
			mixed(o)
			lines = o.lines
			o.write()
		} else {
			again := slices.Concat(lines, lines[:len(lines)/2])
			random.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
			o.writeLines(again)
		}
		o.outage("uplink_down", "03:10:20", "03:50:20")
		o.outage("silent", "05:59:10", "08:00:20")
		got := o.hours("00:00", "+1 00:00")
		day := o.days("00:00", "+1 00:00")["+0"]
		if turn == 0 {
			want, wantDay = got, day
			continue
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(wantDay, day); d != "" {
			t.Errorf("the day: %s", d)
		}
		for n := range 24 { // each hour for itself
			at := fmt.Sprintf("%02d:00", n)
			alone := o.hours(at, fmt.Sprintf("%02d:59", n))
			if d := cmp.Diff(want[at], alone[at]); d != "" || turn == 1 && len(alone) > 1 {
				t.Errorf("%s asked for alone: %s", at, d)
			}
		}
	}
}

// mixed is a day of everything.
func mixed(o *office) {
	o.measure("00:10", "03:10", sent{})
	o.measure("03:10", "03:50", sent{lost: true})
	o.measure("03:50", "06:00", sent{doubled: 61 * time.Minute, away: true})
	o.measure("08:00", "10:00", sent{backlog: true, delay: 7 * time.Hour, doubled: 9 * time.Minute})
	o.measure("11:00", "13:00", sent{every: 600, delay: 10 * time.Minute, rtt: 80})
	o.measure("13:00", "15:00", sent{rejected: 2, unsure: 1e6})
	o.measure("15:20", "15:45", sent{bounded: true})
	o.measure("16:00", "20:00", sent{noUplink: true})
	o.port("01:00", "gi1", "Một cửa", 1)
	o.port("17:00", "gi1", "", 1)
	o.asks("02:00", "05:00", "power", 1)
	o.asks("05:00", "05:05", "power", 1, "on_battery_count")
	o.flow("01:50", "03:10", time.Minute, "ether1", 15_000_000, 1_500_000)
	o.flow("03:50", "05:00", time.Minute, "ether1", 30_000_000, 1_500_000)
}

func TestThousandsOfHoursAreAskedInPieces(t *testing.T) {
	o := openOffice(t, storetest.Shared(t), offices(t), always)
	o.f.Sites = o.inv.Sites()
	o.measure("08:00", "08:05", sent{})
	o.write()
	points, err := o.f.Hours(t.Context(), o.at("-3 00:00"), o.at("+1 00:00"), o.at("+1 00:00"))
	if err != nil || len(points) != 16 {
		t.Errorf("%d hours of the one site that there is, %v", len(points), err)
	}
	for i, p := range points {
		if at := time.Unix(0, p.Time); !at.Equal(o.at("08:00").Add(time.Duration(i) * time.Hour)) {
			t.Errorf("hour %d is of %s", i, at.In(inventory.Zone()))
		}
	}
}
