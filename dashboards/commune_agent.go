package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"communewatch/collector/say"
)

// agentRows are the agent on itself, and what the collector got of it.
func agentRows(lang say.Lang, b *builder) *builder {
	return b.
		WithRow(row(lang, rowAgent, "dashboard.row_agent")).
		WithPanel(health(lang, panelSpool, "dashboard.spool", "none",
			line{"dashboard.spool_batches", `SELECT max("spool_batches") AS "value"`},
			line{"dashboard.dropped", `SELECT max("dropped_batches") AS "value"`}).Min(0)).
		WithPanel(health(lang, panelMemory, "dashboard.agent_memory", "bytes",
			line{"dashboard.rss", `SELECT max("rss_bytes") AS "value"`}).Min(0)).
		WithPanel(health(lang, panelClock, "dashboard.clock", "ms",
			line{"dashboard.clock_offset", `SELECT mean("clock_offset_ms") AS "value"`},
			line{"dashboard.clock_uncertainty", `SELECT mean("clock_uncertainty_ms") AS "value"`})).
		WithPanel(wire(lang)).
		WithRow(row(lang, rowReceipts, "dashboard.row_receipts")).
		WithPanel(newest(lang)).
		WithPanel(delay(lang)).
		WithPanel(received(lang))
}

// line is one quantity of a graph: its name and the head of its query.
type line struct {
	name say.Key
	head string
}

func health(lang say.Lang, id uint32, key say.Key, unit string, lines ...line) *timeseries.PanelBuilder {
	p := graph(lang, id, key, 6, 7, unit)
	for i, l := range lines {
		p.WithTarget(series(refID(i), "$tag_agent · "+lang.Text(l.name),
			l.head+` FROM "agent_health" WHERE "site" = '$site' AND $timeFilter GROUP BY time($__interval), "agent" fill(null)`))
	}
	return p
}

// wire is what the line to the collector carries, as bytes a day: the field counts
// since the agent's start, so a start over is left out.
func wire(lang say.Lang) *timeseries.PanelBuilder {
	return graph(lang, panelWire, "dashboard.wire", 6, 7, "decbytes").
		Min(0).
		WithTarget(series("A", "$tag_agent", `SELECT mean("daily") AS "value" FROM (SELECT non_negative_derivative("wire_bytes", 1d) AS "daily" FROM "agent_health" WHERE "site" = '$site' AND $timeFilter GROUP BY "agent") WHERE $timeFilter GROUP BY time($__interval), "agent" fill(null)`))
}

// newest is how old the newest point is that the collector has of the site.
func newest(lang say.Lang) *stat.PanelBuilder {
	return number(lang, panelNewest, "dashboard.newest", 4, 7, reduced("newest", "max")).
		WithTarget(rows(`SELECT max("last_time_ms") AS "newest" FROM "receipt" WHERE "site" = '$site' AND $timeFilter GROUP BY time($__interval) fill(none)`)).
		Unit("dateTimeFromNow").
		ColorMode(common.BigValueColorModeNone).
		TextMode(common.BigValueTextModeValue)
}

// delay is from a request's newest point to its receipt: the least of an interval
// is how fresh the site is, the most is what came out of the spool.
func delay(lang say.Lang) *timeseries.PanelBuilder {
	p := graph(lang, panelDelay, "dashboard.delay", 10, 7, "ms")
	for i, l := range []line{
		{"dashboard.delay_least", `SELECT min("delay_ms") AS "value"`},
		{"dashboard.delay_most", `SELECT max("delay_ms") AS "value"`},
	} {
		p.WithTarget(series(refID(i), lang.Text(l.name),
			l.head+` FROM "receipt" WHERE "site" = '$site' AND $timeFilter GROUP BY time($__interval) fill(null)`))
	}
	return p
}

// received is how much came, and how much of it can never be stored.
func received(lang say.Lang) *timeseries.PanelBuilder {
	p := bars(graph(lang, panelReceived, "dashboard.received", 10, 7, "none")).Interval("1m").Decimals(0).
		Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNone)).
		OverrideByQuery("B", []dashboard.DynamicConfigValue{fixed("red")})
	for i, l := range []line{
		{"dashboard.received_lines", `SELECT sum("lines") AS "value"`},
		{"dashboard.rejected_lines", `SELECT sum("rejected") AS "value"`},
	} {
		p.WithTarget(series(refID(i), lang.Text(l.name),
			l.head+` FROM "receipt" WHERE "site" = '$site' AND $timeFilter GROUP BY time($__interval) fill(none)`))
	}
	return p
}
