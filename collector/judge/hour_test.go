//go:build integration

package judge_test

import (
	"testing"
	"time"

	"communewatch/collector/store/storetest"
)

func TestEachFigureOfAnHourAtItsEdges(t *testing.T) {
	server, inv := storetest.Shared(t), offices(t)
	for _, c := range []struct {
		name string
		site string
		play func(*office)
		now  string // "+2 00:00" if empty
		want map[string]fields
		no   []string // hours that there must not be
	}{
		{name: "a full hour", site: always, play: func(o *office) {
			o.measure("08:00", "11:00", sent{})
		}, want: map[string]fields{"09:00": {
			"due_seconds": 3600, "down_seconds": 0, "unknown_seconds": 0, "maintenance_seconds": 0, "known_seconds": 3600, "availability_percent": 100,
			"sent": 600, "received": 600, "loss_percent": 0, "lan_sent": 1200, "lan_received": 1200,
			"rtt_p50_ms": 12, "rtt_p95_ms": 12, "rtt_p99_ms": 12,
			"rounds_due": 60, "rounds": 60, "devices_due": 3, "devices": 3, "clock_told": 120, "clock_wrong": 0,
			"requests": 60, "late": 0, "points": 300, "rejected": 0, "batches": 60, "duplicates": 0, "interfaces": 0, "unnamed": 0,
			"stale_seconds": 0, "newest_age_seconds": 61, "delay_p95_ms": 1000,
			"correct_percent": 100, "complete_percent": 100, "clean_percent": 100, "live_percent": 100,
			"router_asked": 60, "router_answered": 60, "switch_asked": 60, "switch_answered": 60, "ups_asked": 0, "ups_answered": 0,
			"printer_asked": 60, "printer_answered": 60, "power_cuts": 0, "peak_in_bps": 0, "peak_out_bps": 0,
		}}},
		{name: "half due by the calendar", site: halfPast, play: func(o *office) {
			o.measure("07:00", "09:00", sent{})
		}, want: map[string]fields{
			"07:00": {"due_seconds": 1800, "known_seconds": 1800, "availability_percent": 100, "rounds_due": 30, "rounds": 30, "complete_percent": 100, "sent": 600},
			"08:00": {"due_seconds": 3600},
		}},
		{name: "rounds of before it opened do not make up for those that are due", site: halfPast, play: func(o *office) {
			o.measure("07:00", "07:31", sent{})
			o.measure("07:41", "07:42", sent{})
			o.measure("07:51", "07:52", sent{})
		}, want: map[string]fields{"07:00": {"due_seconds": 900, "rounds_due": 15, "rounds": 3, "complete_percent": 20}}},
		{name: "not due, and measured all the same", site: weekdays, play: func(o *office) {
			o.measure("19:00", "20:00", sent{})
		}, want: map[string]fields{"19:00": {
			"due_seconds": 0, "down_seconds": 0, "unknown_seconds": 0, "known_seconds": 0, "availability_percent": none, "rounds_due": 0, "rounds": 0,
			"devices_due": 0, "devices": 0, "complete_percent": none, "live_percent": none, "newest_age_seconds": none, "stale_seconds": 0,
			"sent": 600, "loss_percent": 0, "rtt_p50_ms": 12, "correct_percent": 100, "clean_percent": 100, "delay_p95_ms": 1000,
		}}},
		{name: "not due, and nothing there", site: weekdays, play: func(o *office) {
			o.measure("16:00", "16:50", sent{})
		}, want: map[string]fields{"20:00": {
			"due_seconds": 0, "unknown_seconds": 0, "availability_percent": none, "loss_percent": none, "rtt_p50_ms": none, "rtt_p99_ms": none,
			"correct_percent": none, "complete_percent": none, "clean_percent": none, "live_percent": none, "newest_age_seconds": none, "delay_p95_ms": none,
		}}},
		{name: "due, and nothing there, not known why", site: always, play: func(o *office) {
			o.measure("07:00", "08:00", sent{})
		}, want: map[string]fields{"10:00": {
			"due_seconds": 3600, "down_seconds": 0, "unknown_seconds": 3600, "known_seconds": 0, "availability_percent": none,
			"rounds_due": 60, "rounds": 0, "devices_due": 3, "devices": 0, "sent": 0, "loss_percent": none,
			"stale_seconds": 3600, "newest_age_seconds": 3*3600 + 40, "delay_p95_ms": none,
			"correct_percent": none, "complete_percent": 0, "clean_percent": none, "live_percent": 0,
		}}},
		{name: "never installed", site: always, play: func(*office) {}, no: []string{"08:00", "09:00"}},
		{name: "joined at noon", site: always, play: func(o *office) {
			o.measure("12:00", "14:00", sent{})
		}, no: []string{"10:00", "11:00"}, want: map[string]fields{
			"12:00": {"due_seconds": 3580, "unknown_seconds": 0, "rounds_due": 59, "rounds": 59, "complete_percent": 100, "availability_percent": 100},
			"13:00": {"due_seconds": 3600, "rounds": 60},
		}},
		{name: "joined in mid-morning", site: always, play: func(o *office) {
			o.measure("10:30", "14:00", sent{})
		}, no: []string{"08:00", "09:00"}, want: map[string]fields{"10:00": {"due_seconds": 1780, "rounds": 29, "newest_age_seconds": 61}}},
		{name: "a backlog from before the first request", site: always, play: func(o *office) {
			o.measure("10:30", "11:30", sent{delay: time.Hour, backlog: true})
			o.measure("11:30", "14:00", sent{})
		}, no: []string{"09:00"}, want: map[string]fields{"10:00": {"due_seconds": 1780, "rounds": 29, "unknown_seconds": 0, "stale_seconds": 1780 - 210, "newest_age_seconds": 1780}}},
		{name: "opens late and closes early, as people do", site: weekdays, play: func(o *office) {
			o.measure("-1 08:00", "-1 09:00", sent{})
			o.measure("07:20", "16:40", sent{})
		}, want: map[string]fields{
			"06:00": {"due_seconds": 0},
			"07:00": {"due_seconds": 2400, "unknown_seconds": 0, "rounds_due": 40, "rounds": 40, "newest_age_seconds": 61, "stale_seconds": 0, "live_percent": 100, "complete_percent": 100},
			"08:00": {"newest_age_seconds": 61},
			"16:00": {"due_seconds": 2400, "unknown_seconds": 0, "rounds_due": 40, "rounds": 40, "newest_age_seconds": 61},
			"17:00": {"due_seconds": 0},
		}},
		{name: "a day on which nobody came", site: weekdays, play: func(o *office) {
			o.measure("-1 08:00", "-1 09:00", sent{})
		}, want: map[string]fields{
			"07:00": {"due_seconds": 1800, "unknown_seconds": 1800, "availability_percent": none, "newest_age_seconds": 1800, "stale_seconds": 1800 - 210},
			"12:00": {"due_seconds": 3600, "unknown_seconds": 3600, "newest_age_seconds": 5*3600 + 1800, "live_percent": 0},
			"16:00": {"due_seconds": 1800, "unknown_seconds": 1800},
		}},
		{name: "the hour that goes on", site: always, now: "09:30:30", play: func(o *office) {
			o.measure("08:00", "09:30", sent{})
		}, no: []string{"10:00"}, want: map[string]fields{
			"09:00": {"due_seconds": 1830, "unknown_seconds": 0, "rounds_due": 30, "rounds": 30, "availability_percent": 100, "newest_age_seconds": 70},
		}},
		{name: "what has just begun without a round is not unknown", site: always, now: "09:48", play: func(o *office) {
			o.measure("08:00", "09:45", sent{})
		}, want: map[string]fields{"09:00": {"due_seconds": 2880, "unknown_seconds": 0}}},
		{name: "after a silence it is", site: always, now: "09:50", play: func(o *office) {
			o.measure("08:00", "09:45", sent{})
		}, want: map[string]fields{"09:00": {"due_seconds": 3000, "unknown_seconds": 300}}},
		{name: "a silence over the hour's edge, which no outage tells of", site: always, play: func(o *office) {
			o.measure("08:00", "09:55", sent{})
			o.measure("10:05", "11:00", sent{})
		}, want: map[string]fields{"09:00": {"unknown_seconds": 300, "availability_percent": 100, "rounds": 55}, "10:00": {"unknown_seconds": 300}}},
		{name: "nothing for three days", site: always, play: func(o *office) {
			o.measure("-2 12:00", "-2 12:01", sent{})
		}, want: map[string]fields{"11:00": {"newest_age_seconds": 48*3600 - 20, "unknown_seconds": 3600}}},
		{name: "a line that sends every ten minutes is waited for", site: always, now: "09:58", play: func(o *office) {
			o.measure("08:00", "09:45", sent{every: 600, delay: 9 * time.Minute})
		}, want: map[string]fields{"09:00": {"unknown_seconds": 0, "stale_seconds": 0, "late": 0, "live_percent": 100}}},

		{name: "an outage over the hour's edge", site: always, play: func(o *office) {
			o.measure("08:00", "09:40", sent{})
			o.measure("09:40", "10:15", sent{lost: true})
			o.measure("10:15", "11:00", sent{})
			o.outage("uplink_down", "09:40:20", "10:15:20")
		}, want: map[string]fields{
			"09:00": {"down_seconds": 1180, "known_seconds": 3600, "availability_percent": 100 * 2420.0 / 3600, "loss_percent": 100 * 20.0 / 60, "complete_percent": 100},
			"10:00": {"down_seconds": 920, "availability_percent": 100 * 2680.0 / 3600, "loss_percent": 25},
		}},
		{name: "an outage that goes on", site: always, now: "09:30", play: func(o *office) {
			o.measure("08:00", "09:20", sent{})
			o.measure("09:20", "09:30", sent{lost: true})
			o.outage("uplink_down", "09:20", "")
		}, want: map[string]fields{"09:00": {"due_seconds": 1800, "down_seconds": 600}}},
		{name: "withdrawn outages and those of devices do not count", site: always, play: func(o *office) {
			o.measure("08:00", "10:00", sent{})
			o.outage("device_down", "09:10", "09:20")
			o.outage("silent", "09:30", "09:40")
			o.f.Outages[1].Status = "withdrawn"
			o.outage("uplink_down", "09:00", "09:40")
			o.f.Outages[2].Site = weekdays
		}, want: map[string]fields{"09:00": {"down_seconds": 0, "unknown_seconds": 0, "availability_percent": 100}}},
		{name: "silence is unknown, power and LAN are down", site: always, play: func(o *office) {
			o.measure("08:00", "10:00", sent{})
			o.outage("silent", "09:00", "09:10")
			o.outage("power_lost", "09:10", "09:30")
			o.outage("lan_down", "09:30", "09:40")
		}, want: map[string]fields{"09:00": {"down_seconds": 1800, "unknown_seconds": 600, "known_seconds": 3000, "availability_percent": 40}}},
		{name: "outages that overlap count once, and as what is known", site: always, play: func(o *office) {
			o.measure("08:00", "10:00", sent{})
			o.outage("silent", "09:00", "09:30")
			o.outage("uplink_down", "09:20", "09:40")
			o.outage("power_lost", "09:30", "09:50")
		}, want: map[string]fields{"09:00": {"down_seconds": 1800, "unknown_seconds": 1200}}},
		{name: "a power cut leaves nothing, and is no unknown time", site: always, play: func(o *office) {
			o.measure("08:00", "09:00", sent{})
			o.measure("10:00", "11:00", sent{})
			o.outage("power_lost", "09:00", "10:00:20")
		}, want: map[string]fields{"09:00": {"down_seconds": 3600, "unknown_seconds": 0, "availability_percent": 0, "rounds": 0, "complete_percent": 0}}},
		{name: "outside of office hours nothing is down", site: weekdays, play: func(o *office) {
			o.measure("15:00", "18:00", sent{lost: true})
			o.outage("uplink_down", "15:00", "18:00")
		}, want: map[string]fields{"16:00": {"down_seconds": 3600, "availability_percent": 0}, "17:00": {"down_seconds": 0, "due_seconds": 0}}},

		{name: "a maintenance window is neither up nor down", site: always, play: func(o *office) {
			o.measure("08:00", "10:00", sent{})
			o.outage("uplink_down", "09:10", "09:50")
			o.maintenance("09:00", "09:30")
		}, want: map[string]fields{"09:00": {"maintenance_seconds": 1800, "down_seconds": 1200, "known_seconds": 1800, "availability_percent": 100.0 / 3, "due_seconds": 3600}}},
		{name: "an hour all of maintenance", site: always, play: func(o *office) {
			o.measure("08:00", "09:00", sent{})
			o.outage("silent", "09:00", "10:00")
			o.maintenance("08:30", "10:00")
		}, want: map[string]fields{"09:00": {"maintenance_seconds": 3600, "down_seconds": 0, "unknown_seconds": 0, "known_seconds": 0, "availability_percent": none}}},

		{name: "no uplink target", site: always, play: func(o *office) {
			o.measure("08:00", "10:00", sent{noUplink: true})
		}, want: map[string]fields{"09:00": {"sent": 0, "received": 0, "loss_percent": none, "rtt_p50_ms": none, "rtt_p95_ms": none, "lan_sent": 1200, "availability_percent": 100, "complete_percent": 100}}},
		{name: "quantiles are of the rounds' medians", site: always, play: func(o *office) {
			o.measure("09:00", "09:54", sent{rtt: 10})
			o.measure("09:54", "09:58", sent{rtt: 50})
			o.measure("09:58", "10:00", sent{rtt: 400})
		}, want: map[string]fields{"09:00": {"rtt_p50_ms": 10, "rtt_p95_ms": 50, "rtt_p99_ms": 400}}},
		{name: "two agents do not make up for each other", site: always, play: func(o *office) {
			o.measure("08:00", "09:30", sent{})
			o.measure("09:00", "09:30", sent{agent: "a2"})
			o.measure("09:30", "09:45", sent{agent: "a2"})
		}, want: map[string]fields{"09:00": {"rounds": 45, "duplicates": 0, "batches": 75, "unknown_seconds": 900, "complete_percent": 75}}},
		{name: "the printer is away", site: always, play: func(o *office) {
			o.measure("09:00", "10:00", sent{away: true})
		}, want: map[string]fields{"09:00": {"devices": 2, "devices_due": 3, "complete_percent": 100 * 2.0 / 3}}},
		{name: "one round an hour", site: hourly, play: func(o *office) {
			for _, at := range []string{"05:05", "06:05", "07:05", "08:05", "09:05", "10:05"} {
				o.round(o.at(at), sent{})
			}
		}, want: map[string]fields{"09:00": {"rounds_due": 1, "rounds": 1, "unknown_seconds": 0, "complete_percent": 100, "live_percent": 100}}},

		{name: "doubled requests", site: always, play: func(o *office) {
			o.measure("09:00", "09:30", sent{})
			o.measure("09:30", "10:00", sent{doubled: 5 * time.Second})
		}, want: map[string]fields{"09:00": {"batches": 90, "duplicates": 30, "clean_percent": 100 * 60.0 / 90, "rounds": 59, "requests": 90, "points": 450}}},
		{name: "one that comes again in the next hour", site: always, play: func(o *office) {
			o.measure("08:59", "09:00", sent{doubled: 5*time.Minute + 7*time.Second})
			o.measure("09:00", "10:00", sent{})
		}, want: map[string]fields{"08:00": {"batches": 1, "duplicates": 0}, "09:00": {"batches": 61, "duplicates": 1}}},
		{name: "rejected lines", site: always, play: func(o *office) {
			o.measure("09:00", "09:50", sent{})
			o.measure("09:50", "10:00", sent{rejected: 1})
		}, want: map[string]fields{"09:00": {"points": 300, "rejected": 10, "correct_percent": 100 * 290.0 / 300, "clean_percent": 100 * 290.0 / 300}}},
		{name: "a clock that is not sure", site: always, play: func(o *office) {
			o.measure("09:00", "09:30", sent{})
			o.measure("09:30", "10:00", sent{unsure: 30_001})
		}, want: map[string]fields{"09:00": {"clock_told": 120, "clock_wrong": 30, "correct_percent": 75}}},
		{name: "a session that never met us", site: always, play: func(o *office) {
			o.measure("09:00", "10:00", sent{bounded: true})
		}, want: map[string]fields{"09:00": {"clock_told": 60, "clock_wrong": 60, "correct_percent": 0}}},
		{name: "interfaces with and without a name", site: always, play: func(o *office) {
			o.measure("09:00", "10:00", sent{})
			o.port("-1 08:00", "gi1", "Một cửa", 1) // of yesterday: 25 hours before
			o.port("09:10", "gi1", "", 1)
			o.port("09:20", "gi1", "", 1)
			o.port("-1 06:00", "gi2", "kho", 1) // too long ago
			o.port("09:10", "gi2", "", 1)
			o.port("09:10", "gi3", "Chủ tịch", 1)
			o.port("09:10", "gi4", "", 0) // nothing plugged in
			o.port("09:10", "gi5", "", 0)
			o.port("09:20", "gi5", "", 1)
		}, want: map[string]fields{"09:00": {"interfaces": 4, "unnamed": 2, "clean_percent": 50}}},

		{name: "a backlog that comes two days late", site: always, now: "+3 00:00", play: func(o *office) {
			o.measure("07:00", "08:00", sent{})
			o.measure("08:00", "12:00", sent{delay: 48 * time.Hour, backlog: true})
			o.measure("+1 12:00", "+2 13:00", sent{})
		}, want: map[string]fields{
			"09:00":    {"due_seconds": 3600, "unknown_seconds": 0, "rounds": 60, "availability_percent": 100, "complete_percent": 100, "sent": 600, "requests": 0, "stale_seconds": 3600, "live_percent": 0, "clock_told": 60, "correct_percent": 100, "clean_percent": none},
			"+2 09:00": {"rounds": 60, "requests": 120, "late": 60, "live_percent": 50, "delay_p95_ms": 48 * 3600 * 1000, "points": 600, "newest_age_seconds": 61, "stale_seconds": 0},
		}},
		{name: "rounds that come late by more than a silence", site: always, play: func(o *office) {
			o.measure("08:00", "10:00", sent{delay: 5 * time.Minute})
		}, want: map[string]fields{"09:00": {"late": 60, "newest_age_seconds": 360, "stale_seconds": 3600, "live_percent": 0, "delay_p95_ms": 300_000, "complete_percent": 100}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := openOffice(t, server, inv, c.site)
			c.play(o)
			o.write()
			var now []string
			if c.now != "" {
				now = []string{c.now}
			}
			today := o.hours("00:00", "+1 00:00", now...)
			for at, want := range c.want {
				got := today[at]
				if len(at) > 5 {
					got = o.hours(at, at[:3]+"23:00", now...)[at[3:]]
				}
				if got == nil {
					t.Errorf("no hour %s", at)
					continue
				}
				holds(t, at, got, want)
			}
			for _, at := range c.no {
				if today[at] != nil {
					t.Errorf("%s has figures: %v", at, today[at])
				}
			}
		})
	}
}
