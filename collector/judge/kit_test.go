//go:build integration

package judge_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/store/storetest"
)

func TestWhatAnOfficeHasIsCountedByRounds(t *testing.T) {
	server, inv := storetest.Shared(t), offices(t)
	for _, c := range []struct {
		name string
		site string
		play func(*office)
		want map[string]fields
	}{
		{"a printer that is away is asked all the same", always, func(o *office) {
			o.measure("09:00", "10:00", sent{away: true})
		}, map[string]fields{"09:00": {"printer_asked": 60, "printer_answered": 0, "router_answered": 60}}},
		{"in due time only", halfPast, func(o *office) {
			o.measure("07:00", "09:00", sent{})
		}, map[string]fields{"07:00": {"router_asked": 30, "router_answered": 30, "switch_asked": 30, "printer_asked": 30}}},
		{"not in maintenance", always, func(o *office) {
			o.measure("09:00", "10:00", sent{})
			o.maintenance("09:00", "09:45")
		}, map[string]fields{"09:00": {"router_asked": 15, "router_answered": 15}}},
		{"rounds that sent nothing did not ask", always, func(o *office) {
			o.measure("09:00", "10:00", sent{})
			o.echoes("09:00", "09:20", "second switch", "lan", 10, 10)
			o.echoes("09:20", "09:30", "second switch", "lan", 10, 0)
			o.echoes("09:30", "10:00", "second switch", "lan", 0, 0)
		}, map[string]fields{"09:00": {"switch_asked": 90, "switch_answered": 80}}},
		{"a round that was answered in part was answered", always, func(o *office) {
			o.measure("09:00", "10:00", sent{})
			o.echoes("09:00", "10:00", "second switch", "lan", 10, 1)
		}, map[string]fields{"09:00": {"switch_asked": 120, "switch_answered": 120}}},
		{"of two agents the one that was answered counts", always, func(o *office) {
			o.measure("09:00", "10:00", sent{away: true})
			o.measure("09:00", "09:30", sent{agent: "a2"})
		}, map[string]fields{"09:00": {"router_asked": 60, "router_answered": 60, "printer_asked": 60, "printer_answered": 30}}},
		{"an echo and a question over SNMP are one", always, func(o *office) {
			o.measure("09:00", "10:00", sent{})
			o.echoes("09:00", "09:30", "power", "device", 10, 0)
			o.asks("09:00", "10:00", "power", 1, "battery_percent")
			o.asks("09:00", "10:00", "router", 0)
		}, map[string]fields{"09:00": {"ups_asked": 60, "ups_answered": 60, "router_asked": 60, "router_answered": 60}}},
		{"what it said days ago tells what is dead today", always, func(o *office) {
			o.asks("-3 09:00", "-3 09:01", "power", 1, "on_battery_count")
			o.asks("-3 09:00", "-3 09:01", "paper", 1, "profile")
			o.measure("09:00", "10:00", sent{})
			o.asks("09:00", "10:00", "power", 0)
			o.asks("09:00", "10:00", "paper", 0)
		}, map[string]fields{"09:00": {"ups_asked": 60, "ups_answered": 0, "printer_asked": 120, "printer_answered": 60}}},
		{"what never spoke is what it is called", always, func(o *office) {
			o.measure("09:00", "10:00", sent{})
			o.asks("09:00", "10:00", "UPS-1", 0)
			o.echoes("09:00", "10:00", "Máy in một cửa", "device", 10, 0)
			o.echoes("09:00", "10:00", "Startups", "device", 10, 10)
			o.echoes("09:00", "10:00", "camera", "device", 10, 10)
		}, map[string]fields{"09:00": {"ups_asked": 60, "ups_answered": 0, "printer_asked": 120, "printer_answered": 60, "switch_asked": 60}}},
		{"what it says goes before what it is called", always, func(o *office) {
			o.measure("09:00", "10:00", sent{})
			o.asks("09:00", "10:00", "ups cũ", 1, "printed_pages")
		}, map[string]fields{"09:00": {"ups_asked": 0, "printer_asked": 120}}},
		{"a UPS that is only a switch's name is a switch", always, func(o *office) {
			o.measure("09:00", "10:00", sent{})
			o.echoes("09:00", "10:00", "switch after ups", "lan", 10, 10)
		}, map[string]fields{"09:00": {"ups_asked": 0, "switch_asked": 120}}},
		{"power cuts are outages with that cause which begin in the hour", always, func(o *office) {
			o.measure("08:00", "12:00", sent{})
			for i, cut := range []struct {
				from  string
				cause api.Cause
			}{{"09:00", api.Power}, {"09:59:59", api.MachineStopped}, {"10:00", api.Power}, {"09:10", api.Unknown}, {"09:20", api.LastMile}, {"09:30", api.Power}, {"09:40", api.Power}, {"09:50", api.Power}} {
				o.outage("power_lost", cut.from, "11:00")
				o.f.Outages[i].Cause = cut.cause
			}
			o.f.Outages[5].Status = api.StatusWithdrawn
			o.f.Outages[6].Kind = api.KindDevice
			o.f.Outages[7].Site = weekdays
		}, map[string]fields{"09:00": {"power_cuts": 2}, "10:00": {"power_cuts": 1}, "11:00": {"power_cuts": 0}}},

		{"the line is the interface that receives more", always, func(o *office) {
			o.measure("09:00", "10:00", sent{})
			o.flow("09:00", "10:00", time.Minute, "ether1", 15_000_000, 1_500_000)
			o.flow("09:00", "10:00", time.Minute, "bridge", 1_500_000, 15_000_000)
		}, map[string]fields{"09:00": {"peak_in_bps": 2_000_000, "peak_out_bps": 200_000}}},
		{"or the one that is called after it", always, func(o *office) {
			o.measure("09:00", "10:00", sent{})
			o.flow("09:00", "10:00", time.Minute, "WAN1", 1_500_000, 15_000_000)
			o.flow("09:00", "10:00", time.Minute, "lan1", 15_000_000, 1_500_000)
		}, map[string]fields{"09:00": {"peak_in_bps": 200_000, "peak_out_bps": 2_000_000}}},
		{"at night too", weekdays, func(o *office) {
			o.measure("08:00", "09:00", sent{})
			o.measure("20:00", "21:00", sent{})
			o.flow("19:55", "21:00", time.Minute, "ether1", 15_000_000, 0)
		}, map[string]fields{"20:00": {"router_asked": 0, "peak_in_bps": 2_000_000, "peak_out_bps": 0}}},
		{"ports of a switch are no line", always, func(o *office) {
			o.measure("09:00", "10:00", sent{})
			o.port("09:10", "gi1", "", 1)
			o.add(api.NewPoint("interface", o.at("09:15")).Tag("target", "switch").Tag("interface", "gi1").Int("oper_up", 1).Int("in_octets", 1e9))
		}, map[string]fields{"09:00": {"peak_in_bps": 0}}},
		{"a round an hour", hourly, func(o *office) {
			for _, at := range []string{"07:05", "08:05", "09:05"} {
				o.round(o.at(at), sent{})
				o.add(api.NewPoint("interface", o.at(at)).Tag("target", "router").Tag("interface", "gi1").Int("oper_up", 1).Int("in_octets", 450_000_000))
			}
		}, map[string]fields{"07:00": {"peak_in_bps": 0}, "09:00": {"peak_in_bps": 1_000_000, "router_asked": 1, "router_answered": 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := openOffice(t, server, inv, c.site)
			c.play(o)
			o.write()
			hours := o.hours("00:00", "+1 00:00")
			for at, want := range c.want {
				holds(t, at, hours[at], want)
				if alone := o.hours(at, at[:2]+":59"); cmp.Diff(hours[at], alone[at]) != "" {
					t.Errorf("%s asked for alone: %s", at, cmp.Diff(hours[at], alone[at]))
				}
			}
		})
	}
}

// What one office calls its gateway may be another's switch.
func TestOnlyTheInterfacesOfAnOfficesOwnGatewayAreItsLine(t *testing.T) {
	inv := offices(t)
	o := openOffice(t, storetest.Shared(t), inv, always)
	o.measure("09:00", "10:00", sent{})
	other, _ := inv.Site(hourly)
	o.f.Sites = append(o.f.Sites, other)
	o.site = other
	o.add(api.NewPoint("agent_health", o.at("08:00")).Int("spool_batches", 0))
	o.echoes("09:00", "10:00", "router", "lan", 10, 10)
	o.flow("08:00", "10:00", time.Minute, "ether1", 15_000_000, 0)
	o.write()
	holds(t, "09:00", o.hours("09:00", "10:00")["09:00"], fields{"switch_asked": 60, "router_asked": 0, "peak_in_bps": 0})
}
