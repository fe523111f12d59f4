package judge

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each has a twin in which one piece of evidence is missing.
func TestOutagesAndTheirCausesComeFromEvidence(t *testing.T) {
	for _, c := range []struct {
		name string
		s    *story
		want string
	}{
		{"the line is cut for 20 minutes, and replayed", recordOf(t, "09:00", `
			router  60A 20A 30A
			isp-dns 60A 20x 30A
			bgp     60A 20x 30A`).looked("09:00:30", "start", "collector 8/8").looked("10:02:10", "uplink_down", "collector 3").late("10:00", "10:22"),
			`silent province only_us 09:59:41 – 10:22:00, down 0s, withdrawn
			 uplink_down provider path_within 10:00:20 – 10:20:20, down 20m0s`},
		{"and nobody looked at the path", recordOf(t, "09:00", `
			router  60A 20A 30A
			isp-dns 60A 20x 30A`).looked("09:00:30", "start", "collector 8/8"),
			`uplink_down unknown no_look 10:00:20 – 10:20:20, down 20m0s`},
		{"the last mile", recordOf(t, "09:00", `
			router  60A 20A 30A
			isp-dns 60A 20x 30A`).looked("10:02:10", "uplink_down", "collector 1"),
			`uplink_down last_mile path_first_hop 10:00:20 – 10:20:20, down 20m0s`},
		{"no hop answers", recordOf(t, "09:00", `
			router  60A 20A 30A
			isp-dns 60A 20x 30A`).looked("10:02:10", "uplink_down", "collector 0"),
			`uplink_down unknown path_no_hop 10:00:20 – 10:20:20, down 20m0s`},
		{"near the province", recordOf(t, "09:00", `
			router  60A 20A 30A
			isp-dns 60A 20x 30A`).looked("09:00:30", "start", "collector 8/8").looked("10:02:10", "uplink_down", "collector 7", "isp-dns 4"),
			`uplink_down province path_near_us 10:00:20 – 10:20:20, down 20m0s`},
		{"and it is not known how far the whole way is", recordOf(t, "09:00", `
			router  60A 20A 30A
			isp-dns 60A 20x 30A`).looked("10:02:10", "uplink_down", "collector 7"),
			`uplink_down provider path_within 10:00:20 – 10:20:20, down 20m0s`},
		{"the collector is reached, the targets are not", recordOf(t, "09:00", `
			router  60A 20A 30A
			isp-dns 60A 20x 30A`).looked("10:02:10", "uplink_down", "collector 8/8"),
			`uplink_down unknown path_open 10:00:20 – 10:20:20, down 20m0s`},
		{"a look for another cause is none", recordOf(t, "09:00", `
			router  60A 20A 30A
			isp-dns 60A 20x 30A`).looked("10:02:10", "collector_lost", "collector 1"),
			`uplink_down unknown no_look 10:00:20 – 10:20:20, down 20m0s`},

		{"a look long after it began is none", recordOf(t, "09:00", `
			router  60A 20A 30A
			isp-dns 60A 20x 30A`).looked("10:16:10", "uplink_down", "collector 1"),
			`uplink_down unknown no_look 10:00:20 – 10:20:20, down 20m0s`},
		{"four times in an hour, and then within Calm", recordOf(t, "09:00", `
			router  60A 2A 3A 2A 3A 2A 15A 2A 30A
			isp-dns 60A 2x 3A 2x 3A 2x 15A 2x 30A`),
			`uplink_down unknown no_look 10:00:20 – 10:29:20, down 8m0s, 4 times`},

		{"one lost round is none", recordOf(t, "09:00", `
			router  60A A A 30A
			isp-dns 60A x A 30A`), ``},
		{"one good round is no end", recordOf(t, "09:00", `
			router  60A 5A A 5A 20A
			isp-dns 60A 5x A 5x 20A`),
			`uplink_down unknown no_look 10:00:20 – 10:11:20, down 11m0s`},
		{"it goes on", recordOf(t, "09:00", `
			router  60A 20A
			isp-dns 60A 20x`),
			`uplink_down unknown no_look 10:00:20 – goes on, down 19m40s`},
		{"it goes on after one good round", recordOf(t, "09:00", `
			router  60A 20A A
			isp-dns 60A 20x A`),
			`uplink_down unknown no_look 10:00:20 – goes on, down 20m40s`},

		{"the switch is dead", recordOf(t, "09:00", `
			router  60A 20x 30A
			switch  60A 20x 30A
			isp-dns 60A 20s 30A
			printer 60A 20s 30A`),
			`lan_down lan lan_silent 10:00:10 – 10:20:20, down 20m10s`},
		{"the router is dead", recordOf(t, "09:00", `
			router  60A 20x 30A
			switch  60A 20A 30A
			isp-dns 60A 20s 30A`),
			`lan_down office_router router_silent 10:00:05 – 10:20:20, down 20m15s`},
		{"and no LAN target is measured: the LAN or the router", recordOf(t, "09:00", `
			router  60A 20x 30A
			isp-dns 60A 20s 30A`),
			`lan_down lan lan_silent 10:00:05 – 10:20:20, down 20m15s`},
		{"a router that ignores pings, and the line", recordOf(t, "09:00", `
			router  60x 20x 30x
			isp-dns 60A 20x 30A`),
			`lan_down lan lan_silent 10:00:20 – 10:20:20, down 20m0s`},
		{"the router boots every five minutes", recordOf(t, "09:00", `
			router  60A 2x 3A 2x 3A 2x 3A 2x 40A
			switch  60A 20A 39A
			isp-dns 60A 2s 3A 2s 3A 2s 3A 2s 40A`),
			`lan_down office_router router_silent 10:00:05 – 10:17:20, down 9m0s, 4 times`},
		{"and it is over after a while only", recordOf(t, "09:00", `
			router  60A 2x 3A 2x 3A 2x 3A 2x 15A
			switch  60A 20A 14A
			isp-dns 60A 2s 3A 2s 3A 2s 3A 2s 15A`),
			`lan_down office_router router_silent 10:00:05 – goes on, down 9m0s, 4 times`},
		{"twice within ten minutes is one", recordOf(t, "09:00", `
			router  60A 5A 9A 5A 20A
			isp-dns 60A 5x 9A 5x 20A`),
			`uplink_down unknown no_look 10:00:20 – 10:19:20, down 10m0s, 2 times`},
		{"twice within eleven is two", recordOf(t, "09:00", `
			router  60A 5A 11A 5A 20A
			isp-dns 60A 5x 11A 5x 20A`),
			`uplink_down unknown no_look 10:00:20 – 10:05:20, down 5m0s
			 uplink_down unknown no_look 10:16:20 – 10:21:20, down 5m0s`},
		{"what lasted longest gives the kind", recordOf(t, "09:00", `
			router  60A 5x 20A 30A
			isp-dns 60A 5s 20x 30A`).looked("10:07:00", "uplink_down", "collector 1"),
			`uplink_down last_mile path_first_hop 10:00:05 – 10:25:20, down 25m15s`},

		{"power fails, the UPS says so", recordOf(t, "09:00", `
			router  60A 20- 30A
			isp-dns 60A 20- 30A
			session 60a 20- 30b`).ups("09:00", "09:55", false).ups("09:55", "10:00", true).booted("b", "10:19"),
			`power_lost power on_battery 09:59:40 – 10:20:20, down 20m25s`},
		{"there is no UPS", recordOf(t, "09:00", `
			router  60A 20- 30A
			isp-dns 60A 20- 30A
			session 60a 20- 30b`).booted("b", "10:19"),
			`silent machine_stopped booted 09:59:40 – 10:20:20, down 20m25s`},
		{"there is no UPS, and nobody knows when it booted", recordOf(t, "09:00", `
			router  60A 20- 30A
			isp-dns 60A 20- 30A
			session 60a 20- 30b`),
			`silent unknown no_trace 09:59:40 – 10:20:20, down 20m25s`},
		{"the UPS was on battery an hour ago", recordOf(t, "09:00", `
			router  60A 20- 30A
			isp-dns 60A 20- 30A
			session 60a 20- 30b`).ups("09:00", "09:05", true),
			`silent unknown no_trace 09:59:40 – 10:20:20, down 20m25s`},
		{"the UPS had power again", recordOf(t, "09:00", `
			router  60A 20- 30A
			isp-dns 60A 20- 30A
			session 60a 20- 30b`).ups("09:50", "09:58", true).ups("09:58", "10:00", false).booted("b", "10:19"),
			`silent machine_stopped booted 09:59:40 – 10:20:20, down 20m25s`},
		{"the agent is killed, the machine runs", recordOf(t, "09:00", `
			router  60A 20- 30A
			isp-dns 60A 20- 30A
			session 60a 20- 30b`).booted("b", "07:10"),
			`silent agent_stopped ran_on 09:59:40 – 10:20:20, down 20m25s`},
		{"the same session, yet no rounds", recordOf(t, "09:00", `
			router  60A 20- 30A
			isp-dns 60A 20- 30A`),
			`silent unknown data_missing 09:59:40 – 10:20:20, down 20m25s`},
		{"silent, and not heard again", recordOf(t, "09:00", `
			router  60A 20-
			isp-dns 60A 20-`),
			`silent unknown not_heard 09:59:40 – goes on, down 20m20s`},

		{"the PC is switched off at 17:00", recordOf(t, "16:00", `
			router  60A 840- 60A
			isp-dns 60A 840- 60A
			session 60a 840- 60b`).goodbye("17:00").booted("b", "2026-11-26 06:59"), ``},
		{"at 16:45 without a goodbye", recordOf(t, "16:00", `
			router  45A 855- 60A
			isp-dns 45A 855- 60A
			session 45a 855- 60b`).booted("b", "2026-11-26 06:59"), ``},
		{"at 15:00 without a goodbye", recordOf(t, "14:00", `
			router  60A 960- 60A
			isp-dns 60A 960- 60A
			session 60a 960- 60b`).booted("b", "2026-11-26 06:59"),
			`silent machine_stopped booted 14:59:40 – 2026-11-26 07:00:20, down 1h30m20s`},
		{"at 15:00 with one", recordOf(t, "14:00", `
			router  60A 960- 60A
			isp-dns 60A 960- 60A
			session 60a 960- 60b`).goodbye("15:00").booted("b", "2026-11-26 06:59"), ``},
		{"a minute before it would not be missed", recordOf(t, "15:29", `
			router  60A 100-
			isp-dns 60A 100-`), ``},
		{"asleep over the weekend", recordOf(t, "2026-11-27 16:00", `
			router  60A 3720- 60A
			isp-dns 60A 3720- 60A
			session 60a 3720- 60b`).goodbye("2026-11-27 17:00").booted("b", "2026-11-27 07:00"), ``},
		{"and not back in time on Monday", recordOf(t, "2026-11-27 16:00", `
			router  60A 3840- 60A
			isp-dns 60A 3840- 60A
			session 60a 3840- 60b`).goodbye("2026-11-27 17:00").booted("b", "2026-11-27 07:00"), ``},
		{"and without a goodbye", recordOf(t, "2026-11-27 16:00", `
			router  60A 3840- 60A
			isp-dns 60A 3840- 60A
			session 60a 3840- 60b`).booted("b", "2026-11-27 07:00"),
			`silent agent_stopped ran_on 2026-11-30 07:30:00 – 09:00:20, down 1h30m5s`},
		{"Tết", recordOf(t, "2026-02-13 16:00", `
			router  60A 13800- 60A
			isp-dns 60A 13800- 60A
			session 60a 13800- 60b`).booted("b", "2026-02-23 06:58"), ``},
		{"the line was cut when they went home", recordOf(t, "16:00", `
			router  60A 840- 5A 60A
			isp-dns 40A 20x 840- 5x 60A
			session 60a 840- 65b`).goodbye("17:00"),
			`uplink_down unknown no_look 16:40:20 – 2026-11-26 07:05:20, down 24m35s`},
		{"power fails over night", recordOf(t, "2026-11-25 18:00", `
			router  60A 840- 60A
			isp-dns 60A 840- 60A
			session 60a 840- 60b`).ups("18:00", "19:00", true),
			`power_lost power on_battery 18:59:40 – 2026-11-26 09:00:20, down 1h30m5s`},

		{"a device is dead", recordOf(t, "09:00", `
			router  60A 20A 30A
			isp-dns 60A 20A 30A
			printer 60A 20x 30A`),
			`device_down printer device device_silent 10:00:30 – 10:20:30, down 20m0s`},
		{"behind a dead switch", recordOf(t, "09:00", `
			router  60A 20A 30A
			switch  60A 20x 30A
			isp-dns 60A 20A 30A
			printer 60A 20s 30A`), ``},
		{"beside one, and nobody knows what is behind what", recordOf(t, "09:00", `
			router  60A 20A 30A
			switch  60A 20x 30A
			isp-dns 60A 20A 30A
			printer 60A 20x 30A`),
			`device_down printer unknown device_unclear 10:00:30 – 10:20:30, down 20m0s`},
		{"dead through a dead LAN", recordOf(t, "09:00", `
			router  60A 20A 20x 10A 20A
			isp-dns 60A 20A 20x 10A 20A
			printer 60A 20x 20x 10x 20A`),
			`device_down printer device device_silent 10:00:30 – 10:50:30, down 50m0s
			 lan_down lan lan_silent 10:20:05 – 10:40:20, down 20m15s`},
		{"only over SNMP", recordOf(t, "09:00", `
			router        60A 20A 30A
			isp-dns       60A 20A 30A
			printer       60A 20A 30A
			printer SNMP  60A 20x 30A`),
			`device_down printer SNMP device device_silent 10:00:30 – 10:20:30, down 20m0s`},
		{"both ways is one", recordOf(t, "09:00", `
			router        60A 20A 30A
			isp-dns       60A 20A 30A
			printer       60A 20x 30A
			printer SNMP  60A 20x 30A`),
			`device_down printer device device_silent 10:00:30 – 10:20:30, down 20m0s`},
		{"and is taken out of the plan", recordOf(t, "09:00", `
			router  60A 20A 60A
			isp-dns 60A 20A 60A
			printer 60A 20x 60-`),
			`device_down printer device device_silent 10:00:30 – 10:19:30, down 19m0s`},

		{"the collector is deaf for an hour", recordOf(t, "09:00", `
			router  60A 60A 30A
			isp-dns 60A 60A 30A`).deaf("10:00", "11:00").late("10:00", "11:00"),
			`silent collector we_were_deaf 09:59:41 – 11:00:00, down 0s, withdrawn`},
		{"it is not, and yet nothing comes", recordOf(t, "09:00", `
			router  60A 60A 30A
			isp-dns 60A 60A 30A`).late("10:00", "11:00"),
			`silent province only_us 09:59:41 – 11:00:00, down 0s, withdrawn`},
		{"the collector is deaf, and the backlog has yet to come", recordOf(t, "09:00", `
			router  60A 60- 30A
			isp-dns 60A 60- 30A`).deaf("10:00", "11:00"), ``},
		{"the collector is deaf while the PC is off", recordOf(t, "09:00", `
			router  60A 60- 30A
			isp-dns 60A 60- 30A
			session 60a 60- 30b`).deaf("10:00", "11:00").booted("b", "10:59"),
			`silent machine_stopped booted 09:59:40 – 11:00:20, down 1h0m25s`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(unindent(c.want), shown(c.s.outages())); d != "" {
				t.Errorf("%s\n%s", d, states(Timeline(&c.s.r, c.s.p, c.s.r.To)))
			}
		})
	}
}
