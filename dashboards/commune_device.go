package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"communewatch/collector/say"
)

// deviceRows are the devices of a site and the interfaces on them.
func deviceRows(lang say.Lang, b *builder) *builder {
	return b.
		WithRow(row(lang, rowDevices, "dashboard.row_devices")).
		WithPanel(devices(lang)).
		WithPanel(deviceFacts(lang)).
		WithPanel(loss(lang, panelDeviceLoss, "dashboard.device_loss", 24, `"role" = 'device'`).Height(7)).
		WithRow(row(lang, rowInterfaces, "dashboard.row_interfaces")).
		WithPanel(traffic(lang)).
		WithPanel(counted(lang, panelErrors, "dashboard.errors", "in_errors", "out_errors")).
		WithPanel(counted(lang, panelDiscards, "dashboard.discards", "in_discards", "out_discards"))
}

// devices is what each device answered last, read whole from that one answer.
func devices(lang say.Lang) *table.PanelBuilder {
	return list(lang, panelDevices, "dashboard.devices", 14, 7).
		WithTarget(rows(`SELECT last("up") AS "up", "uptime_seconds", "cpu_percent", "temperature_celsius", "battery_percent", "error" FROM "device" WHERE "site" = '$site' AND $timeFilter GROUP BY "target"`)).
		WithTransformation(sortBy("target", false)).
		WithTransformation(columns(nil, "target", "up", "uptime_seconds", "cpu_percent", "temperature_celsius", "battery_percent", "error", "Time")).
		OverrideByName("target", named(lang, "dashboard.device")).
		OverrideByName("up", named(lang, "dashboard.state", plainNumber(), property("mappings", upMapping(lang)), painted())).
		OverrideByName("uptime_seconds", named(lang, "dashboard.uptime", property("unit", "dtdurations"), property("decimals", 0))).
		OverrideByName("cpu_percent", named(lang, "dashboard.cpu", property("unit", "percent"))).
		OverrideByName("temperature_celsius", named(lang, "dashboard.temperature", property("unit", "celsius"))).
		OverrideByName("battery_percent", named(lang, "dashboard.battery", property("unit", "percent"))).
		OverrideByName("error", named(lang, "dashboard.error")).
		OverrideByName("Time", named(lang, "dashboard.asked", property("unit", "dateTimeFromNow")))
}

// deviceFacts is what a device is. An agent says it when it changes and once a day, so
// the last day and a bit is looked at, whatever time the dashboard shows, and the newest
// known value of each column is right.
func deviceFacts(lang say.Lang) *table.PanelBuilder {
	return list(lang, panelDeviceFacts, "dashboard.device_facts", 10, 7).
		TimeFrom("25h").HideTimeOverride(true).
		WithTarget(rows(`SELECT last("name") AS "name", last("model") AS "model", last("profile") AS "profile" FROM "device" WHERE "site" = '$site' AND $timeFilter GROUP BY "target"`)).
		WithTransformation(sortBy("target", false)).
		WithTransformation(columns([]string{"Time"}, "target", "name", "model", "profile")).
		OverrideByName("target", named(lang, "dashboard.device")).
		OverrideByName("name", named(lang, "dashboard.device_name")).
		OverrideByName("model", named(lang, "dashboard.model")).
		OverrideByName("profile", named(lang, "dashboard.profile"))
}

// traffic is bits a second. A point holds the octets since the one before it, and
// how long that was is known only by the two times: so the octets are added up to a
// counter again and its derivative taken between points, for each agent that asks;
// then the mean of the interval. It holds for any measuring interval, for gaps and
// late points; dividing an interval's sum by its length would be right only where
// that is a multiple of the agent's.
func traffic(lang say.Lang) *timeseries.PanelBuilder {
	p := graph(lang, panelTraffic, "dashboard.traffic", 24, 9, "bps").Min(0)
	for i, f := range []struct{ field, sign string }{{"in_octets", "↓"}, {"out_octets", "↑"}} {
		p.WithTarget(series(refID(i), "$tag_target · $tag_interface "+f.sign, fmt.Sprintf(
			`SELECT mean("bits") AS "rate" FROM (SELECT derivative("octets", 1s) * 8 AS "bits" FROM (SELECT cumulative_sum("%s") AS "octets" FROM "interface" WHERE "site" = '$site' AND $timeFilter GROUP BY "agent", "target", "interface") WHERE $timeFilter GROUP BY "agent", "target", "interface") WHERE $timeFilter GROUP BY time($__interval), "target", "interface" fill(null)`, f.field)))
	}
	return p
}

// counted draws what was counted in each interval; an absent count is none, so
// only what is not zero has a column.
func counted(lang say.Lang, id uint32, key say.Key, in, out string) *timeseries.PanelBuilder {
	p := bars(graph(lang, id, key, 12, 7, "none")).Interval("1m").Decimals(0)
	for i, f := range []struct{ field, sign string }{{in, "↓"}, {out, "↑"}} {
		p.WithTarget(series(refID(i), "$tag_target · $tag_interface "+f.sign, fmt.Sprintf(
			`SELECT sum("%s") AS "counted" FROM "interface" WHERE "site" = '$site' AND $timeFilter GROUP BY time($__interval), "target", "interface" fill(none)`, f.field)))
	}
	return p
}
