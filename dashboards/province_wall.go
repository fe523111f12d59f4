package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// What is looked back for, whatever time the dashboard shows: what is open may have
// begun long ago, and is as old as it is.
const (
	lookBackOpen   = "90d" // of incidents and notes
	lookBackNewest = "7d"  // of outages on the wall
)

// There was an outage or an incident: what was withdrawn was none.
var thereWas = `"status" =~ /` + anyOf(api.StatusOpen, api.StatusClosed) + `/`

// incidents are those that are open, in the judge's order, and who has taken each: the
// last who acknowledged it. The tag is read as a column named as in the notes, so that
// both can be put together.
func incidents(lang say.Lang) *table.PanelBuilder {
	return list(lang, panelIncidents, "wall.incidents", 15, 9).
		TimeFrom(lookBackOpen).HideTimeOverride(true).
		WithTarget(rowsOf("A", `SELECT "kind", "title", "sites", "mountain", "cause", "started_ms", "evidence", "members", "rank", "id" AS "incident" FROM "incident" WHERE "status" = 'open' AND $timeFilter`)).
		WithTarget(rowsOf("B", `SELECT last("by") AS "by" FROM "note" WHERE "act" = 'acknowledge' AND $timeFilter GROUP BY "incident"`)).
		WithTransformation(without("Time")).
		WithTransformation(joinOn("incident")).
		WithTransformation(keep(known("title"))).
		WithTransformation(sortBy("rank", false)).
		WithTransformation(columns([]string{"rank", "incident"}, "kind", "title", "mountain", "sites", "cause", "started_ms", "by", "evidence", "members")).
		OverrideByName("kind", named(lang, "wall.kind", property("mappings", kindMapping(lang)), painted(), width(140))).
		OverrideByName("title", named(lang, "wall.what")).
		OverrideByName("mountain", named(lang, "wall.mountain", plainNumber(), width(50))).
		OverrideByName("sites", named(lang, "wall.sites", plainNumber(), width(60))).
		OverrideByName("cause", named(lang, "wall.cause", property("mappings", causeMapping(lang)), width(170))).
		OverrideByName("started_ms", named(lang, "dashboard.since", moment(), width(110))).
		OverrideByName("by", named(lang, "wall.taken_by", property("mappings", absentMapping(lang.Text("wall.nobody_yet"), "orange")), property("custom.cellOptions", map[string]any{"type": "color-text"}), width(130))).
		OverrideByName("evidence", named(lang, "dashboard.evidence")).
		OverrideByName("members", named(lang, "wall.members"))
}

// outageFields are what is shown of an outage, read whole: each is one point.
const outageFields = `SELECT "kind", "target", "cause", "started_ms", "ended_ms", "down_seconds", "interruptions", "reason", "evidence", "maintenance", "first_kind", "first_cause", "label", "terrain", "provider" FROM "outage" WHERE `

// outageColumns are the settings of an outage's columns, wherever they are shown.
func outageColumns(lang say.Lang, p *table.PanelBuilder) *table.PanelBuilder {
	return p.
		OverrideByName("kind", named(lang, "wall.kind", property("mappings", kindMapping(lang)), painted(), width(140))).
		OverrideByName("target", named(lang, "dashboard.device", width(110))).
		OverrideByName("label", named(lang, "dashboard.site", toCommune(lang))).
		OverrideByName("terrain", named(lang, "dashboard.terrain", property("mappings", terrainMapping(lang)), width(110))).
		OverrideByName("cause", named(lang, "wall.cause", property("mappings", causeMapping(lang)), width(170))).
		OverrideByName("started_ms", named(lang, "wall.started", moment(), width(110))).
		OverrideByName("ended_ms", named(lang, "wall.ended", moment(), property("mappings", endedMapping(lang)), width(110))).
		OverrideByName("down_seconds", named(lang, "wall.down", duration(), width(100))).
		OverrideByName("interruptions", named(lang, "wall.interruptions", plainNumber(), width(90))).
		OverrideByName("reason", named(lang, "dashboard.reason", property("mappings", reasonMapping(lang)))).
		OverrideByName("evidence", named(lang, "dashboard.evidence")).
		OverrideByName("maintenance", named(lang, "wall.maintenance", property("mappings", maintenanceMapping(lang)), width(90))).
		OverrideByName("first_kind", named(lang, "wall.first_kind", property("mappings", kindMapping(lang)), width(140))).
		OverrideByName("first_cause", named(lang, "wall.first_cause", property("mappings", causeMapping(lang)), width(170))).
		OverrideByName("provider", named(lang, "wall.provider_name", property("mappings", nobodyMapping(lang)))).
		OverrideByName("site", named(lang, "dashboard.code", width(110)))
}

// newestOutages are the ones that began last.
func newestOutages(lang say.Lang) *table.PanelBuilder {
	return outageColumns(lang, list(lang, panelNewestOutages, "wall.newest_outages", 9, 7)).
		TimeFrom(lookBackNewest).HideTimeOverride(true).
		WithTarget(rows(outageFields + thereWas + ` AND $timeFilter GROUP BY "site", "id"`)).
		WithTransformation(sortBy("started_ms", true)).
		WithTransformation(first(20)).
		WithTransformation(columns(
			[]string{"Time", "id", "site", "target", "down_seconds", "interruptions", "reason", "evidence", "maintenance", "first_kind", "first_cause", "provider"},
			"started_ms", "terrain", "label", "kind", "cause", "ended_ms"))
}

// areaTimeline is the gravest state of each area over time. The tag is a code, so the
// name is read beside it and each name made a line: Grafana takes a line's name from a
// label by ${__field.labels}.
// https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/#display-name
// An area stands where its code stands, so that a wall's lines do not wander.
func areaTimeline(lang say.Lang) *statetimeline.PanelBuilder {
	title, about := panelText(lang, "wall.area_timeline")
	return statetimeline.NewPanelBuilder().
		Id(panelAreaTimeline).Title(title).Description(about).Span(9).Height(7).
		Datasource(datasource()).
		Interval("1m").
		NoValue(lang.Text("dashboard.no_data")).
		InsertNullsThreshold(600_000). // ms without a judgement are a gap
		ShowValue(common.VisibilityModeAuto).
		RowHeight(0.9).
		Legend(common.NewVizLegendOptionsBuilder().DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).ShowLegend(false)).
		Mappings(stateMapping(lang)).
		DisplayName("${__field.labels.label}").
		WithTarget(rows(`SELECT last("state") AS "state", "label" FROM "area_state" WHERE $timeFilter GROUP BY time($__interval), "area" fill(none)`)).
		WithTransformation(without("area")).
		WithTransformation(partition("label"))
}
