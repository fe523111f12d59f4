package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// Panels of the province. Numbers are stable: links to a panel rest on them.
const (
	panelStates uint32 = iota + 1
	panelMountainDown
	panelMountainSilent
	panelJudged
	panelSites
	panelHistory
	panelAreas
	panelWorst
	panelIncidents
	panelInIncident
	panelMap
	panelNewestOutages
	panelAreaTimeline
)

// A state is read whole from the newest point of a site: the other fields beside
// last(state) are those of the same point, so that a reason of yesterday never
// stands beside the state of today.
const statesNow = `SELECT last("state") AS "state", "label", "since_ms", "reason", "evidence", "rank", "terrain", "area", "unit", "provider", "maintenance", "incident" FROM "site_state" WHERE $timeFilter GROUP BY "site"`

// wallRows is how much is seen on a wall of 1,080 lines without scrolling: a row of the
// grid is 30 pixels high and 8 apart (GRID_CELL_HEIGHT and GRID_CELL_VMARGIN in
// grafana/grafana public/app/core/constants.ts), with ?kiosk nothing stands above it.
const wallRows = 27

// Province is the dashboard of the whole province, mountains first. What a wall must
// show stands within wallRows: counts, incidents and map, sites, outages and areas.
func Province(lang say.Lang) (Dashboard, error) {
	b := board(lang, provincePage).
		WithPanel(provinceStates(lang).GridPos(at(0, 0, 12, 4))).
		WithPanel(mountain(lang, panelMountainDown, "dashboard.mountain_down", api.StateUplinkDown, api.StateLANDown, api.StatePowerLost).GridPos(at(12, 0, 3, 4))).
		WithPanel(mountain(lang, panelMountainSilent, "dashboard.mountain_silent", api.StateSilent).GridPos(at(15, 0, 3, 4))).
		WithPanel(inIncident(lang).GridPos(at(18, 0, 3, 4))).
		WithPanel(judged(lang).GridPos(at(21, 0, 3, 4))).
		WithPanel(incidents(lang).GridPos(at(0, 4, 15, 9))).
		WithPanel(siteMap(lang).GridPos(at(15, 4, 9, 9))).
		WithPanel(sites(lang).GridPos(at(0, 13, 15, 14))).
		WithPanel(newestOutages(lang).GridPos(at(15, 13, 9, 7))).
		WithPanel(areaTimeline(lang).GridPos(at(15, 20, 9, 7))).
		WithPanel(history(lang).GridPos(at(0, 27, 12, 10))).
		WithPanel(areas(lang).GridPos(at(12, 27, 12, 10))).
		WithPanel(worst(lang).GridPos(at(0, 37, 24, 10)))
	return finish(annotated(lang, b, provinceKinds, ""), provincePage)
}

// provinceStates counts the sites of each state, the worst state of a mountain first.
func provinceStates(lang say.Lang) *stat.PanelBuilder {
	return number(lang, panelStates, "dashboard.states", 12, 4, everyRow(`site \(count\)`)).
		WithTarget(rows(statesNow)).
		WithTransformation(sortBy("rank", false)).
		WithTransformation(groupBy([]string{"state"}, map[string]string{"site": "count"})).
		Orientation(common.VizOrientationVertical).
		ColorMode(common.BigValueColorModeNone).
		TextMode(common.BigValueTextModeValueAndName).
		Unit("none").
		OverrideByName("state", []dashboard.DynamicConfigValue{property("mappings", stateMapping(lang))})
}

// mountain counts the mountainous sites in these states. Where no site is in them
// the filter leaves no row and the count is 0; where nothing was judged there is no
// answer to filter, and the panel says so instead of 0. Counted is rank, a number
// that every site has: a count over text is never coloured.
func mountain(lang say.Lang, id uint32, key say.Key, in ...api.State) *stat.PanelBuilder {
	return number(lang, id, key, 4, 4, reduced("rank", "count")).
		WithTarget(rows(statesNow)).
		WithTransformation(keep(matches("terrain", anyOf(mountainous...)), matches("state", anyOf(in...)))).
		Unit("none").
		ColorMode(common.BigValueColorModeBackground).
		TextMode(common.BigValueTextModeValue).
		Thresholds(steps("green", 1.0, "red"))
}

// judged says how old the newest judgement is: a judge that died must be seen.
func judged(lang say.Lang) *stat.PanelBuilder {
	return number(lang, panelJudged, "dashboard.judged_last", 4, 4, reduced("Time", "max")).
		WithTarget(rows(statesNow)).
		Unit("dateTimeFromNow").
		ColorMode(common.BigValueColorModeNone).
		TextMode(common.BigValueTextModeValue)
}

// sites is every site: mountains first, then by severity, then by name. rank is
// that order; InfluxQL cannot sort by a field, so Grafana does.
func sites(lang say.Lang) *table.PanelBuilder {
	return stateColumns(lang, list(lang, panelSites, "dashboard.sites", 24, 16)).
		WithTarget(rows(statesNow)).
		WithTransformation(sortBy("rank", false)).
		WithTransformation(columns([]string{"rank", "unit", "incident"}, "terrain", "label", "state", "since_ms", "area", "maintenance", "reason", "evidence", "provider", "Time", "site")).
		Filterable(true).
		OverrideByName("label", []dashboard.DynamicConfigValue{toCommune(lang)}).
		OverrideByName("site", []dashboard.DynamicConfigValue{toCommune(lang)})
}

// inIncident counts the sites that are in an incident that is open.
func inIncident(lang say.Lang) *stat.PanelBuilder {
	return number(lang, panelInIncident, "wall.in_incident", 3, 4, reduced("rank", "count")).
		WithTarget(rows(statesNow)).
		WithTransformation(keep(known("incident"), matches("incident", "."))).
		Unit("none").
		ColorMode(common.BigValueColorModeBackground).
		TextMode(common.BigValueTextModeValue).
		Thresholds(steps("green", 1.0, "red"))
}

// history is how many sites were in which state: of each site the last state of
// the interval. Nothing is drawn where nothing was judged.
func history(lang say.Lang) *timeseries.PanelBuilder {
	p := bars(graph(lang, panelHistory, "dashboard.history", 12, 10, "none")).
		Interval("5m").MaxDataPoints(100).Decimals(0)
	for i, s := range api.StatesBySeverity() {
		id := refID(i)
		p.WithTarget(series(id, stateText(lang, s), fmt.Sprintf(
			`SELECT count("state_then") AS "sites" FROM (SELECT last("state") AS "state_then" FROM "site_state" WHERE $timeFilter GROUP BY time($__interval), "site" fill(none)) WHERE "state_then" = '%s' AND $timeFilter GROUP BY time($__interval) fill(none)`, s))).
			OverrideByQuery(id, []dashboard.DynamicConfigValue{fixed(colours[s])})
	}
	return p
}

// areas is how many sites of each area are in which state now, the area with the
// worst mountain site first.
func areas(lang say.Lang) *table.PanelBuilder {
	order := []string{`area\state`}
	p := list(lang, panelAreas, "dashboard.areas", 12, 10).
		NoValue("0").Unit("none").
		WithTarget(rows(statesNow)).
		WithTransformation(sortBy("rank", false)).
		WithTransformation(groupBy([]string{"area", "state"}, map[string]string{"site": "count"})).
		WithTransformation(matrix("area", "state", "site (count)")).
		OverrideByName(`area\state`, named(lang, "dashboard.area"))
	for _, s := range api.StatesBySeverity() {
		order = append(order, string(s))
		p.OverrideByName(string(s), []dashboard.DynamicConfigValue{property("displayName", stateText(lang, s))})
	}
	return p.WithTransformation(columns(nil, order...))
}

// worst are the ten sites that lost most on their uplink over the time shown: lost
// and sent are added up first, and who sent nothing has no loss to show.
func worst(lang say.Lang) *table.PanelBuilder {
	return list(lang, panelWorst, "dashboard.worst", 24, 10).
		MaxDataPoints(20).
		WithTarget(rows(`SELECT sum("sent") - sum("received") AS "lost", sum("sent") AS "sent" FROM "ping" WHERE "role" = 'uplink' AND $timeFilter GROUP BY time($__interval), "site" fill(none)`)).
		WithTarget(rowsOf("B", `SELECT last("state") AS "state", "label", "terrain" FROM "site_state" WHERE $timeFilter GROUP BY "site"`)).
		WithTransformation(groupBy([]string{"site"}, map[string]string{
			"lost": "sum", "sent": "sum", "label": "lastNotNull", "terrain": "lastNotNull",
		})).
		WithTransformation(joinOn("site")).
		WithTransformation(keep(greater("sent (sum)", 0))).
		WithTransformation(divide("lost (sum)", "sent (sum)", "loss")).
		WithTransformation(sortBy("loss", true)).
		WithTransformation(first(10)).
		WithTransformation(columns([]string{"lost (sum)"}, "terrain (lastNotNull)", "label (lastNotNull)", "loss", "sent (sum)", "site")).
		OverrideByName("terrain (lastNotNull)", named(lang, "dashboard.terrain", property("mappings", terrainMapping(lang)), width(150))).
		OverrideByName("label (lastNotNull)", named(lang, "dashboard.site", toCommune(lang))).
		OverrideByName("loss", named(lang, "dashboard.loss", property("unit", "percentunit"), property("decimals", 1), painted(),
			property("thresholds", map[string]any{"mode": "absolute", "steps": []any{
				map[string]any{"color": "green", "value": nil}, map[string]any{"color": "yellow", "value": 0.02}, map[string]any{"color": "red", "value": 0.1},
			}}))).
		OverrideByName("sent (sum)", named(lang, "dashboard.sent", plainNumber(), property("decimals", 0))).
		OverrideByName("site", named(lang, "dashboard.code", width(110)))
}
