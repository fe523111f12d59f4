package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// Panels of the data's quality. Numbers are stable: links to a panel rest on them.
const (
	panelCorrect uint32 = iota + 401
	panelComplete
	panelClean
	panelLive
	panelMountainQuality
	panelPlainQuality
	panelAreaQuality
	panelCoverage
	panelRejected
	panelClocks
	panelOffsets
	panelLate
	panelChanges
)

// Quality is the dashboard of the province's four words: đúng, đủ, sạch, sống. Of each
// the mean of the days and sites that it can be told of; the formulas are in
// collector/judge/QUALITY.md.
func Quality(lang say.Lang) (Dashboard, error) {
	b := board(lang, qualityPage).Time("now-7d", "now").Refresh("5m")
	for i, w := range fourWords {
		b.WithPanel(wordFigure(lang, panelCorrect+uint32(i), w))
	}
	return finish(b.
		WithPanel(siteQuality(lang, panelMountainQuality, "wall.mountain_quality", mountainous...)).
		WithPanel(siteQuality(lang, panelPlainQuality, "wall.plain_quality", "plain")).
		WithPanel(areaQuality(lang)).
		WithPanel(coverage(lang)).
		WithPanel(rejected(lang)).
		WithPanel(clocks(lang)).
		WithPanel(lateness(lang)).
		WithPanel(offsets(lang)).
		WithPanel(changes(lang, panelChanges)), qualityPage)
}

// short is a word's name in a query.
func (w word) short() string { return w.field[:len(w.field)-len("_percent")] }

func (w word) days(more string) string {
	return `SELECT "` + w.field + `" AS "` + w.short() + `" FROM "site_day" WHERE "` + toldBy[w.field] + `" > 0 AND $timeFilter` + more
}

func wordFigure(lang say.Lang, id uint32, w word) *stat.PanelBuilder {
	return number(lang, id, w.name, 6, 4, reduced(w.short(), "mean")).
		WithTarget(rows(w.days(""))).
		Unit("percent").Decimals(1).
		ColorMode(common.BigValueColorModeBackground).
		TextMode(common.BigValueTextModeValue).
		Thresholds(percentSteps())
}

// percentSteps colour a figure that is good when it is high.
func percentSteps() *dashboard.ThresholdsConfigBuilder {
	return steps("red", 90.0, "orange", 95.0, "yellow", 99.0, "green")
}

// bySite puts the words of each site beside its name, terrain, area and state.
func bySite(p *table.PanelBuilder) *table.PanelBuilder {
	fold := map[string]string{"label": "lastNotNull", "terrain": "lastNotNull", "area": "lastNotNull", "state": "lastNotNull"}
	for i, w := range fourWords {
		p.WithTarget(rowsOf(refID(i), w.days(` GROUP BY "site"`)))
		fold[w.short()] = "mean"
	}
	return p.
		WithTarget(rowsOf("E", `SELECT last("state") AS "state", "label", "terrain", "area" FROM "site_state" WHERE $timeFilter GROUP BY "site"`)).
		WithTransformation(groupBy([]string{"site"}, fold)).
		WithTransformation(joinOn("site"))
}

// percentColumn are the settings of a column of per cent.
func percentColumn(lang say.Lang, name say.Key) []dashboard.DynamicConfigValue {
	return named(lang, name, property("unit", "percent"), property("decimals", 1), painted(), property("thresholds", map[string]any{"mode": "absolute", "steps": []any{
		map[string]any{"color": "red", "value": nil}, map[string]any{"color": "orange", "value": 90}, map[string]any{"color": "yellow", "value": 95}, map[string]any{"color": "green", "value": 99},
	}}))
}

// siteQuality are the sites of some terrains, the one with the worst word first, and
// before it those of which nothing is known. The mountains have a table of their own
// above the plain, because Grafana sorts by one column.
func siteQuality(lang say.Lang, id uint32, key say.Key, terrains ...string) *table.PanelBuilder {
	p := bySite(list(lang, id, key, 24, 10)).
		WithTransformation(keep(matches("terrain (lastNotNull)", anyOf(terrains...)), matches("state (lastNotNull)", anyOf(installed()...)))).
		WithTransformation(least("worst", wordColumns("(mean)")...)).
		WithTransformation(sortBy("worst", false)).
		WithTransformation(columns([]string{"state (lastNotNull)"}, append(append([]string{"terrain (lastNotNull)", "label (lastNotNull)", "area (lastNotNull)", "worst"}, wordColumns("(mean)")...), "site")...)).
		OverrideByName("terrain (lastNotNull)", named(lang, "dashboard.terrain", property("mappings", terrainMapping(lang)), width(150))).
		OverrideByName("label (lastNotNull)", named(lang, "dashboard.site", toCommune(lang))).
		OverrideByName("area (lastNotNull)", named(lang, "dashboard.area")).
		OverrideByName("worst", percentColumn(lang, "wall.worst_word")).
		OverrideByName("site", named(lang, "dashboard.code", width(110)))
	for _, w := range fourWords {
		p.OverrideByName(w.short()+" (mean)", percentColumn(lang, w.name))
	}
	return p
}

// areaQuality are the areas, the one with the worst word first.
func areaQuality(lang say.Lang) *table.PanelBuilder {
	fold := map[string]string{"site": "count"}
	for _, w := range fourWords {
		fold[w.short()+" (mean)"] = "mean"
	}
	p := bySite(list(lang, panelAreaQuality, "wall.area_quality", 24, 8)).
		WithTransformation(keep(matches("state (lastNotNull)", anyOf(installed()...)))).
		WithTransformation(groupBy([]string{"area (lastNotNull)"}, fold)).
		WithTransformation(least("worst", wordColumns("(mean) (mean)")...)).
		WithTransformation(sortBy("worst", false)).
		WithTransformation(columns(nil, append([]string{"area (lastNotNull)", "site (count)", "worst"}, wordColumns("(mean) (mean)")...)...)).
		OverrideByName("area (lastNotNull)", named(lang, "dashboard.area")).
		OverrideByName("site (count)", named(lang, "wall.sites", plainNumber(), width(90))).
		OverrideByName("worst", percentColumn(lang, "wall.worst_word"))
	for _, w := range fourWords {
		p.OverrideByName(w.short()+" (mean) (mean)", percentColumn(lang, w.name))
	}
	return p
}

func wordColumns(ending string) []string {
	var names []string
	for _, w := range fourWords {
		names = append(names, w.short()+" "+ending)
	}
	return names
}

// installed are the states of a site that has an agent.
func installed() []api.State {
	var list []api.State
	for _, s := range api.StatesBySeverity() {
		if s != api.StateNotInstalled {
			list = append(list, s)
		}
	}
	return list
}

// coverage is what came in of the rounds that were due. Sums first, then the ratio: an
// interval in which nothing was due is a gap.
func coverage(lang say.Lang) *timeseries.PanelBuilder {
	return ratio(graph(lang, panelCoverage, "wall.coverage", 12, 8, "percentunit")).Interval("1h").
		SpanNulls(common.BoolOrFloat64{Float64: hourMs()}).
		WithTarget(series("A", lang.Text("wall.coverage_line"), `SELECT sum("came") / sum("due") AS "value" FROM (SELECT sum("rounds") AS "came", sum("rounds_due") AS "due" FROM "site_hour" WHERE $timeFilter GROUP BY time($__interval) fill(none)) WHERE "due" > 0 AND $timeFilter GROUP BY time($__interval) fill(null)`))
}

// rejected are the lines that can never be stored, and the batches that came twice.
func rejected(lang say.Lang) *timeseries.PanelBuilder {
	p := bars(graph(lang, panelRejected, "wall.rejected", 12, 8, "none")).Interval("1h").Decimals(0).
		Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNone)).
		OverrideByQuery("A", []dashboard.DynamicConfigValue{fixed("red")})
	for i, l := range []line{{"dashboard.rejected_lines", "rejected"}, {"wall.duplicates", "duplicates"}} {
		p.WithTarget(series(refID(i), lang.Text(l.name), `SELECT sum("`+l.head+`") AS "value" FROM "site_hour" WHERE $timeFilter GROUP BY time($__interval) fill(none)`))
	}
	return p
}

// clocks are the requests by what their agents knew of the time.
func clocks(lang say.Lang) *timeseries.PanelBuilder {
	p := bars(graph(lang, panelClocks, "wall.clocks", 12, 8, "none")).Interval("10m").Decimals(0)
	for i, c := range []struct{ state, colour string }{{"synced", "green"}, {"corrected", "blue"}, {"bounded", "orange"}} {
		p.WithTarget(series(refID(i), lang.Text(say.Key("wall.clock_"+c.state)), `SELECT count("lines") AS "value" FROM "receipt" WHERE "clock" = '`+c.state+`' AND $timeFilter GROUP BY time($__interval) fill(none)`)).
			OverrideByQuery(refID(i), []dashboard.DynamicConfigValue{fixed(c.colour)})
	}
	return p
}

// lateness is how late data came: of each interval the worst site's hour.
func lateness(lang say.Lang) *timeseries.PanelBuilder {
	return graph(lang, panelLate, "wall.late", 12, 8, "ms").Interval("1h").Min(0).
		SpanNulls(common.BoolOrFloat64{Float64: hourMs()}).
		WithTarget(series("A", lang.Text("wall.late_worst"), `SELECT max("delay_p95_ms") AS "value" FROM "site_hour" WHERE "requests" > 0 AND $timeFilter GROUP BY time($__interval) fill(null)`)).
		WithTarget(series("B", lang.Text("wall.late_mean"), `SELECT mean("delay_p95_ms") AS "value" FROM "site_hour" WHERE "requests" > 0 AND $timeFilter GROUP BY time($__interval) fill(null)`))
}

// offsets are the sites whose clocks are the farthest off, whether before or behind:
// sorted by the square.
func offsets(lang say.Lang) *table.PanelBuilder {
	return list(lang, panelOffsets, "wall.offsets", 12, 8).
		WithTarget(rowsOf("A", `SELECT last("clock_offset_ms") AS "ahead", "clock_uncertainty_ms" AS "uncertainty" FROM "agent_health" WHERE $timeFilter GROUP BY "site"`)).
		WithTarget(rowsOf("B", `SELECT last("state") AS "state", "label", "terrain" FROM "site_state" WHERE $timeFilter GROUP BY "site"`)).
		WithTransformation(groupBy([]string{"site"}, map[string]string{"ahead": "lastNotNull", "uncertainty": "lastNotNull", "label": "lastNotNull", "terrain": "lastNotNull"})).
		WithTransformation(joinOn("site")).
		WithTransformation(keep(known("ahead (lastNotNull)"))).
		WithTransformation(calculate("ahead (lastNotNull)", "*", "ahead (lastNotNull)", "square")).
		WithTransformation(sortBy("square", true)).
		WithTransformation(first(20)).
		WithTransformation(columns([]string{"square"}, "terrain (lastNotNull)", "label (lastNotNull)", "ahead (lastNotNull)", "uncertainty (lastNotNull)", "site")).
		OverrideByName("terrain (lastNotNull)", named(lang, "dashboard.terrain", property("mappings", terrainMapping(lang)), width(150))).
		OverrideByName("label (lastNotNull)", named(lang, "dashboard.site", toCommune(lang))).
		OverrideByName("ahead (lastNotNull)", named(lang, "wall.offset", property("unit", "ms"))).
		OverrideByName("uncertainty (lastNotNull)", named(lang, "wall.uncertainty", property("unit", "ms"))).
		OverrideByName("site", named(lang, "dashboard.code", width(110)))
}

// changes are what late data changed of what had been judged before, the newest first.
func changes(lang say.Lang, id uint32) *table.PanelBuilder {
	return list(lang, id, "wall.changes", 12, 8).
		WithTarget(rows(`SELECT "changed", "outages", "hours" FROM "judgement" WHERE $timeFilter`)).
		WithTransformation(keep(known("changed"))).
		WithTransformation(sortBy("Time", true)).
		WithTransformation(first(100)).
		WithTransformation(columns(nil, "Time", "changed", "outages", "hours")).
		OverrideByName("Time", named(lang, "dashboard.judged", moment(), width(110))).
		OverrideByName("changed", named(lang, "wall.changed")).
		OverrideByName("outages", named(lang, "wall.changed_outages", plainNumber(), width(110))).
		OverrideByName("hours", named(lang, "wall.changed_hours", plainNumber(), width(110)))
}
