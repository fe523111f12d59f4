package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"communewatch/collector/say"
)

// Panels of a commune. Numbers are stable: links to a panel rest on them.
const (
	panelName uint32 = iota + 101
	panelState
	panelReason
	panelTimeline
	panelUplinkRTT
	panelUplinkLoss
	panelLANRTT
	panelLANLoss
	panelDevices
	panelDeviceFacts
	panelDeviceLoss
	panelTraffic
	panelErrors
	panelDiscards
	panelSpool
	panelMemory
	panelClock
	panelWire
	panelNewest
	panelDelay
	panelReceived
	panelLook
	panelHops
	panelLooks
	panelBattery
	panelOnBattery
	panelRuntime
	panelVolts
	panelSiteOutages
	panelHours
	panelQualityHours
	panelLostHours
)

const (
	rowUplink uint32 = iota + 201
	rowLAN
	rowDevices
	rowInterfaces
	rowAgent
	rowReceipts
	rowPath
	rowPower
	rowOutages
)

// A variable of one value is compared by "=", which Grafana inserts as it is. One of
// several values, or of all, goes into an anchored pattern by its format "regex", which
// escapes and joins on every Grafana alike
// (https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/#regex).
const stateNow = `SELECT last("state") AS "state", "label", "since_ms", "reason", "evidence", "terrain", "area", "unit", "provider", "maintenance" FROM "site_state" WHERE "site" = '$site' AND $timeFilter GROUP BY "site"`

// Commune is the dashboard of one site, chosen by area and name.
func Commune(lang say.Lang) (Dashboard, error) {
	b := board(lang, communePage).
		WithVariable(areaVariable(lang)).
		WithVariable(siteVariable(lang)).
		WithVariable(uplinkVariable(lang)).
		WithVariable(targetVariable(lang)).
		WithPanel(communeStat(lang, panelName, "dashboard.name", "label")).
		WithPanel(communeStat(lang, panelState, "dashboard.state_now", "state")).
		WithPanel(reason(lang)).
		WithPanel(timeline(lang))
	b = outageRows(lang, b)
	b = b.
		WithRow(row(lang, rowUplink, "dashboard.row_uplink")).
		WithPanel(uplinkRTT(lang)).
		WithPanel(loss(lang, panelUplinkLoss, "dashboard.uplink_loss", 24, `"role" = 'uplink'`))
	b = pathRows(lang, b)
	b = b.
		WithRow(row(lang, rowLAN, "dashboard.row_lan")).
		WithPanel(rtt(lang, panelLANRTT, "dashboard.lan_rtt", `"role" =~ /^(?:gateway|lan)$/`)).
		WithPanel(loss(lang, panelLANLoss, "dashboard.lan_loss", 12, `"role" =~ /^(?:gateway|lan)$/`))
	b = deviceRows(lang, b)
	b = powerRows(lang, b)
	b = agentRows(lang, b)
	return finish(annotated(lang, b, communeKinds, `"site" = '$site' AND `), communePage)
}

func row(lang say.Lang, id uint32, key say.Key) *dashboard.RowBuilder {
	return dashboard.NewRowBuilder(lang.Text(key)).Id(id)
}

// communeStat shows one text of the site's newest judgement.
func communeStat(lang say.Lang, id uint32, key say.Key, column string) *stat.PanelBuilder {
	return number(lang, id, key, 4, 4, reduced(column, "lastNotNull")).
		WithTarget(rows(stateNow)).
		TextMode(common.BigValueTextModeValue).
		ColorMode(common.BigValueColorModeBackgroundSolid).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdFixed).FixedColor("transparent")).
		OverrideByName("state", []dashboard.DynamicConfigValue{property("mappings", stateMapping(lang))})
}

func reason(lang say.Lang) *table.PanelBuilder {
	return stateColumns(lang, list(lang, panelReason, "dashboard.why", 16, 4)).
		WithTarget(rows(stateNow)).
		WithTransformation(columns([]string{"label", "site"}, "state", "since_ms", "reason", "evidence", "maintenance", "terrain", "area", "unit", "provider", "Time"))
}

// timeline is the site's state over time; a gap is time that nobody judged.
func timeline(lang say.Lang) *statetimeline.PanelBuilder {
	title, about := panelText(lang, "dashboard.timeline")
	return statetimeline.NewPanelBuilder().
		Id(panelTimeline).Title(title).Description(about).Span(24).Height(4).
		Datasource(datasource()).
		Interval("1m").
		NoValue(lang.Text("dashboard.no_data")).
		SpanNullsThreshold(600_000).
		ShowValue(common.VisibilityModeAuto).
		Mappings(stateMapping(lang)).
		WithTarget(series("A", lang.Text("dashboard.state"), `SELECT last("state") AS "state" FROM "site_state" WHERE "site" = '$site' AND $timeFilter GROUP BY time($__interval) fill(null)`))
}

// uplinkRTT is one panel for each uplink target: the band of all round trips, the
// band of the middle half, and the median. The ends of the outer band are exact
// over any time; the quantiles are means of the rounds'.
func uplinkRTT(lang say.Lang) *timeseries.PanelBuilder {
	band := func(to string, opacity int) []dashboard.DynamicConfigValue {
		return []dashboard.DynamicConfigValue{
			property("custom.fillBelowTo", to), property("custom.fillOpacity", opacity), property("custom.lineWidth", 0), fixed("blue"),
		}
	}
	edge := []dashboard.DynamicConfigValue{property("custom.lineWidth", 0), fixed("blue"), property("custom.hideFrom", map[string]any{"legend": true, "tooltip": false, "viz": false})}
	p := graph(lang, panelUplinkRTT, "dashboard.uplink_rtt", 24, 8, "ms").
		Title(lang.Text("dashboard.uplink_rtt")+": $uplink").
		Min(0).
		Repeat("uplink").RepeatDirection(dashboard.PanelRepeatDirectionH).MaxPerRow(2).
		WithTarget(series("A", "$col", `SELECT min("rtt_min_ms") AS "min", mean("rtt_p25_ms") AS "p25", mean("rtt_median_ms") AS "median", mean("rtt_p75_ms") AS "p75", max("rtt_max_ms") AS "max" FROM "ping" WHERE "site" = '$site' AND "role" = 'uplink' AND "target" =~ /^${uplink:regex}$/ AND $timeFilter GROUP BY time($__interval) fill(null)`)).
		OverrideByName("max", band("min", 12)).
		OverrideByName("p75", band("p25", 30)).
		OverrideByName("min", edge).
		OverrideByName("p25", edge).
		OverrideByName("median", named(lang, "dashboard.median", fixed("dark-blue"), property("custom.lineWidth", 2)))
	return p
}

// loss is the part of echoes that nothing answered, for each target. Sums first,
// then the ratio: InfluxDB makes x/0 a 0, so the intervals in which nothing was
// sent are taken out before dividing, and are gaps.
func loss(lang say.Lang, id uint32, key say.Key, width uint32, role string) *timeseries.PanelBuilder {
	return ratio(graph(lang, id, key, width, 8, "percentunit")).
		FillOpacity(20).
		WithTarget(series("A", "$tag_target", `SELECT 1 - sum("echoes_back") / sum("echoes") AS "loss" FROM (SELECT sum("received") AS "echoes_back", sum("sent") AS "echoes" FROM "ping" WHERE "site" = '$site' AND `+role+` AND $timeFilter GROUP BY time($__interval), "target" fill(none)) WHERE "echoes" > 0 AND $timeFilter GROUP BY time($__interval), "target" fill(null)`))
}

// rtt is the median round trip of each target.
func rtt(lang say.Lang, id uint32, key say.Key, role string) *timeseries.PanelBuilder {
	return graph(lang, id, key, 12, 8, "ms").
		Min(0).
		WithTarget(series("A", "$tag_target", `SELECT mean("rtt_median_ms") AS "median" FROM "ping" WHERE "site" = '$site' AND `+role+` AND $timeFilter GROUP BY time($__interval), "target" fill(null)`))
}
