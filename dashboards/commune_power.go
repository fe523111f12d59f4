package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"communewatch/collector/say"
)

// powerRows are the office's uninterruptible supply. The names of its fields are those
// of the agent's profile (agent/snmp/profiles/ups.yaml); a device that has none of them
// draws nothing.
func powerRows(lang say.Lang, b *builder) *builder {
	return b.
		WithRow(row(lang, rowPower, "wall.row_power")).
		WithPanel(onBattery(lang)).
		WithPanel(supply(lang, panelBattery, "wall.battery", "percent", line{"wall.battery_left", "battery_percent"}, line{"wall.load", "load_percent"}).Max(120)).
		WithPanel(supply(lang, panelRuntime, "wall.runtime", "s", line{"wall.runtime_left", "battery_runtime_seconds"})).
		WithPanel(supply(lang, panelVolts, "wall.volts", "volt", line{"wall.input", "input_volts"}))
}

func supply(lang say.Lang, id uint32, key say.Key, unit string, lines ...line) *timeseries.PanelBuilder {
	p := graph(lang, id, key, 8, 7, unit).Min(0)
	for i, l := range lines {
		p.WithTarget(series(refID(i), "$tag_target · "+lang.Text(l.name),
			`SELECT mean("`+l.head+`") AS "value" FROM "device" WHERE "site" = '$site' AND $timeFilter GROUP BY time($__interval), "target" fill(null)`))
	}
	return p
}

// onBattery is when the supply ran on its battery: of each interval whether it ever did.
func onBattery(lang say.Lang) *statetimeline.PanelBuilder {
	title, about := panelText(lang, "wall.on_battery")
	return statetimeline.NewPanelBuilder().
		Id(panelOnBattery).Title(title).Description(about).Span(24).Height(3).
		Datasource(datasource()).
		Interval("1m").
		NoValue(lang.Text("dashboard.no_data")).
		Unit("none").
		SpanNullsThreshold(600_000).
		ShowValue(common.VisibilityModeAuto).
		Mappings(mainsMapping(lang)).
		WithTarget(series("A", "$tag_target", `SELECT max("on_battery_count") AS "value" FROM "device" WHERE "site" = '$site' AND $timeFilter GROUP BY time($__interval), "target" fill(null)`))
}
