package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"communewatch/collector/say"
)

// Panels of the collector. Numbers are stable: links to a panel rest on them.
const (
	panelJudgedUntil uint32 = iota + 501
	panelReceivedLast
	panelMeasuredLast
	panelAgents
	panelTook
	panelJudgedWhat
	panelReceipts
	panelPoints
	panelRejects
	panelAllDelay
	panelBacklog
	panelHeard
	panelVersions
	panelSpools
	panelWaiting
	panelJudgeChanges
)

// Collector is the dashboard of the collector itself, as far as what it stored tells:
// whether it listens, stores and judges. That the database answers is seen by its
// answering; a panel that shows an error says that it does not.
func Collector(lang say.Lang) (Dashboard, error) {
	return finish(board(lang, collectorPage).
		WithPanel(ageOf(lang, panelJudgedUntil, "wall.judged_until", "until", `SELECT last("until_ms") AS "until" FROM "judgement" WHERE $timeFilter`)).
		WithPanel(ageOf(lang, panelReceivedLast, "wall.received_last", "Time", `SELECT last("lines") AS "lines" FROM "receipt" WHERE $timeFilter`)).
		WithPanel(ageOf(lang, panelMeasuredLast, "wall.measured_last", "Time", `SELECT last("spool_batches") AS "batches" FROM "agent_health" WHERE $timeFilter`)).
		WithPanel(agents(lang)).
		WithPanel(perMinute(lang, panelReceipts, "wall.receipts", "wall.requests", `count("lines")`)).
		WithPanel(perMinute(lang, panelPoints, "wall.points", "dashboard.received_lines", `sum("lines")`)).
		WithPanel(rejects(lang)).
		WithPanel(allDelay(lang)).
		WithPanel(backlog(lang)).
		WithPanel(heard(lang)).
		WithPanel(took(lang)).
		WithPanel(judgedWhat(lang)).
		WithPanel(waiting(lang)).
		WithPanel(spools(lang)).
		WithPanel(versions(lang)).
		WithPanel(changes(lang, panelJudgeChanges)), collectorPage)
}

// ageOf is how long ago something happened last.
func ageOf(lang say.Lang, id uint32, key say.Key, column, statement string) *stat.PanelBuilder {
	return number(lang, id, key, 6, 4, reduced(column, "max")).
		WithTarget(rows(statement)).
		Unit("dateTimeFromNow").
		ColorMode(common.BigValueColorModeNone).
		TextMode(common.BigValueTextModeValue)
}

const agentsNow = `SELECT last("version") AS "version", "os", "arch", "spool_batches", "spool_bytes", "dropped_batches", "aside_batches" FROM "agent_health" WHERE $timeFilter GROUP BY "site", "agent"`

// agents counts those that said anything of themselves in the time shown.
func agents(lang say.Lang) *stat.PanelBuilder {
	return number(lang, panelAgents, "wall.agents", 6, 4, reduced("spool_batches", "count")).
		WithTarget(rows(agentsNow)).
		Unit("none").
		ColorMode(common.BigValueColorModeNone).
		TextMode(common.BigValueTextModeValue)
}

// perMinute counts each minute and takes the mean of an interval's minutes, so that the
// figure is the same whatever time is shown. A minute without a request is a 0.
func perMinute(lang say.Lang, id uint32, key, name say.Key, count string) *timeseries.PanelBuilder {
	return graph(lang, id, key, 8, 7, "none").Min(0).Interval("1m").
		WithTarget(series("A", lang.Text(name), `SELECT mean("each") AS "value" FROM (SELECT `+count+` AS "each" FROM "receipt" WHERE $timeFilter GROUP BY time(1m) fill(0)) WHERE $timeFilter GROUP BY time($__interval) fill(null)`))
}

func rejects(lang say.Lang) *timeseries.PanelBuilder {
	return bars(graph(lang, panelRejects, "wall.rejects", 8, 7, "none")).Interval("1m").Decimals(0).
		OverrideByQuery("A", []dashboard.DynamicConfigValue{fixed("red")}).
		WithTarget(series("A", lang.Text("dashboard.rejected_lines"), `SELECT sum("rejected") AS "value" FROM "receipt" WHERE $timeFilter GROUP BY time($__interval) fill(none)`))
}

// allDelay is from a request's newest point to its receipt, over all sites: what is
// fresh, and what comes late. The middle is of the requests, not of the sites.
func allDelay(lang say.Lang) *timeseries.PanelBuilder {
	p := graph(lang, panelAllDelay, "wall.all_delay", 8, 7, "ms").Min(0)
	for i, l := range []line{
		{"wall.delay_half", `percentile("delay_ms", 50)`},
		{"wall.delay_most", `percentile("delay_ms", 95)`},
		{"dashboard.delay_most", `max("delay_ms")`},
	} {
		p.WithTarget(series(refID(i), lang.Text(l.name), `SELECT `+l.head+` AS "value" FROM "receipt" WHERE $timeFilter GROUP BY time($__interval) fill(null)`))
	}
	return p
}

// backlog counts requests by whether they brought the newest that the agent had.
func backlog(lang say.Lang) *timeseries.PanelBuilder {
	p := bars(graph(lang, panelBacklog, "wall.backlog", 8, 7, "none")).Interval("1m").Decimals(0)
	for i, l := range []struct {
		name          say.Key
		value, colour string
	}{{"wall.backlog_no", "false", "green"}, {"wall.backlog_yes", "true", "orange"}} {
		p.WithTarget(series(refID(i), lang.Text(l.name), `SELECT count("lines") AS "value" FROM "receipt" WHERE "backlog" = `+l.value+` AND $timeFilter GROUP BY time($__interval) fill(none)`)).
			OverrideByQuery(refID(i), []dashboard.DynamicConfigValue{fixed(l.colour)})
	}
	return p
}

// heard is how many sites sent anything in each interval.
func heard(lang say.Lang) *timeseries.PanelBuilder {
	return graph(lang, panelHeard, "wall.heard", 8, 7, "none").Min(0).Interval("5m").Decimals(0).
		WithTarget(series("A", lang.Text("wall.sites"), `SELECT count("any") AS "value" FROM (SELECT last("lines") AS "any" FROM "receipt" WHERE $timeFilter GROUP BY time($__interval), "site" fill(none)) WHERE $timeFilter GROUP BY time($__interval) fill(null)`))
}

// took is how long a judgement takes, which must stay below the time between two.
func took(lang say.Lang) *timeseries.PanelBuilder {
	return graph(lang, panelTook, "wall.took", 12, 7, "ms").Min(0).
		WithTarget(series("A", lang.Text("dashboard.delay_most"), `SELECT max("took_ms") AS "value" FROM "judgement" WHERE $timeFilter GROUP BY time($__interval) fill(null)`))
}

// judgedWhat is what the judgements of an interval dealt with and changed.
func judgedWhat(lang say.Lang) *timeseries.PanelBuilder {
	p := bars(graph(lang, panelJudgedWhat, "wall.judged_what", 12, 7, "none")).Interval("1m").Decimals(0).
		Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNone))
	for i, l := range []line{{"wall.changed_outages", "outages"}, {"wall.changed_hours", "hours"}, {"wall.dirty_sites", "sites"}} {
		p.WithTarget(series(refID(i), lang.Text(l.name), `SELECT sum("`+l.head+`") AS "value" FROM "judgement" WHERE $timeFilter GROUP BY time($__interval) fill(none)`))
	}
	return p
}

// waiting is what all agents together have not got rid of yet.
func waiting(lang say.Lang) *timeseries.PanelBuilder {
	return graph(lang, panelWaiting, "wall.waiting", 12, 8, "none").Min(0).Interval("5m").
		WithTarget(series("A", lang.Text("dashboard.spool_batches"), `SELECT sum("batches") AS "value" FROM (SELECT last("spool_batches") AS "batches" FROM "agent_health" WHERE $timeFilter GROUP BY time($__interval), "site", "agent" fill(none)) WHERE $timeFilter GROUP BY time($__interval) fill(null)`))
}

// spools are the agents that have most waiting.
func spools(lang say.Lang) *table.PanelBuilder {
	return list(lang, panelSpools, "wall.spools", 12, 8).
		WithTarget(rows(agentsNow)).
		WithTransformation(sortBy("spool_batches", true)).
		WithTransformation(first(20)).
		WithTransformation(columns([]string{"version", "os", "arch"}, "site", "agent", "spool_batches", "spool_bytes", "dropped_batches", "aside_batches", "Time")).
		OverrideByName("site", named(lang, "dashboard.code", toCommune(lang))).
		OverrideByName("agent", named(lang, "wall.agent")).
		OverrideByName("spool_batches", named(lang, "dashboard.spool_batches", plainNumber())).
		OverrideByName("spool_bytes", named(lang, "wall.spool_bytes", property("unit", "bytes"))).
		OverrideByName("dropped_batches", named(lang, "dashboard.dropped", plainNumber())).
		OverrideByName("aside_batches", named(lang, "wall.aside", plainNumber())).
		OverrideByName("Time", named(lang, "dashboard.asked", moment(), width(110)))
}

// versions are the agents by version and system, the most first.
func versions(lang say.Lang) *table.PanelBuilder {
	return list(lang, panelVersions, "wall.versions", 12, 8).
		WithTarget(rows(agentsNow)).
		WithTransformation(groupBy([]string{"version", "os", "arch"}, map[string]string{"spool_batches": "count"})).
		WithTransformation(sortBy("spool_batches (count)", true)).
		OverrideByName("version", named(lang, "wall.version")).
		OverrideByName("os", named(lang, "wall.os")).
		OverrideByName("arch", named(lang, "wall.arch")).
		OverrideByName("spool_batches (count)", named(lang, "wall.how_many", plainNumber()))
}
