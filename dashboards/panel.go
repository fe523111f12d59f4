package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"communewatch/collector/say"
)

// spanMs joins points over empty intervals up to three minutes, in ms: an office
// that measures once a minute is one line also where the graph's interval is
// shorter, and an outage stays a gap.
const spanMs = 180_000

// panelText is a panel's title and the sentence behind its "i".
func panelText(lang say.Lang, key say.Key) (title, description string) {
	return lang.Text(key), lang.Text(key + "_about")
}

// graph is a panel of lines over time.
func graph(lang say.Lang, id uint32, key say.Key, width, height uint32, unit string) *timeseries.PanelBuilder {
	title, about := panelText(lang, key)
	return timeseries.NewPanelBuilder().
		Id(id).Title(title).Description(about).Span(width).Height(height).
		Datasource(datasource()).
		Unit(unit).
		Interval("5s").
		NoValue(lang.Text("dashboard.no_data")).
		LineWidth(1).FillOpacity(0).ShowPoints(common.VisibilityModeAuto).
		SpanNulls(common.BoolOrFloat64{Float64: cog.ToPtr[float64](spanMs)}).
		Legend(common.NewVizLegendOptionsBuilder().
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).ShowLegend(true)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
}

// bars turns a graph into columns, where nothing drawn is nothing counted.
func bars(p *timeseries.PanelBuilder) *timeseries.PanelBuilder {
	return p.DrawStyle(common.GraphDrawStyleBars).FillOpacity(80).LineWidth(0).
		Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal).Group("A"))
}

// ratio makes a graph of 0 to 1, shown as per cent.
func ratio(p *timeseries.PanelBuilder) *timeseries.PanelBuilder { return p.Min(0).Max(1) }

// list is a table.
func list(lang say.Lang, id uint32, key say.Key, width, height uint32) *table.PanelBuilder {
	title, about := panelText(lang, key)
	return table.NewPanelBuilder().
		Id(id).Title(title).Description(about).Span(width).Height(height).
		Datasource(datasource()).
		NoValue("–").
		ShowHeader(true).CellHeight(common.TableCellHeightSm)
}

// number is one big figure, or one for each row.
func number(lang say.Lang, id uint32, key say.Key, width, height uint32, reduce *common.ReduceDataOptionsBuilder) *stat.PanelBuilder {
	title, about := panelText(lang, key)
	return stat.NewPanelBuilder().
		Id(id).Title(title).Description(about).Span(width).Height(height).
		Datasource(datasource()).
		NoValue(lang.Text("dashboard.no_data")).
		Orientation(common.VizOrientationAuto).
		GraphMode(common.BigValueGraphModeNone).
		ReduceOptions(reduce)
}

// reduced takes one value of one column; everyRow takes all of it.
func reduced(column, calculation string) *common.ReduceDataOptionsBuilder {
	return common.NewReduceDataOptionsBuilder().Fields("/^" + column + "$/").Calcs([]string{calculation}).Values(false)
}

func everyRow(column string) *common.ReduceDataOptionsBuilder {
	return common.NewReduceDataOptionsBuilder().Fields("/^" + column + "$/").Calcs([]string{"lastNotNull"}).Values(true)
}

// at is a place on the grid, for what cannot stand where the panel before it ends.
func at(x, y, w, h uint32) dashboard.GridPos {
	return dashboard.GridPos{X: x, Y: y, W: w, H: h}
}

// refID names the queries of a panel: A, B, …
func refID(i int) string { return string(rune('A' + i)) }

// property is one setting of a column or line.
func property(id string, value any) dashboard.DynamicConfigValue {
	return dashboard.DynamicConfigValue{Id: id, Value: value}
}

// named are the settings of a column shown under another name.
func named(lang say.Lang, key say.Key, more ...dashboard.DynamicConfigValue) []dashboard.DynamicConfigValue {
	return append([]dashboard.DynamicConfigValue{property("displayName", lang.Text(key))}, more...)
}

// painted fills a cell with the colour of its value.
func painted() dashboard.DynamicConfigValue {
	return property("custom.cellOptions", map[string]any{"type": "color-background", "mode": "basic"})
}

func width(pixels int) dashboard.DynamicConfigValue { return property("custom.width", pixels) }

func fixed(colour string) dashboard.DynamicConfigValue {
	return property("color", map[string]any{"mode": "fixed", "fixedColor": colour})
}

// moment shows a time as the clock on the wall does, which needs no words.
// https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/#custom-units
func moment() dashboard.DynamicConfigValue { return property("unit", "time:HH:mm DD/MM") }

// duration shows seconds as hours, minutes and seconds.
func duration() dashboard.DynamicConfigValue { return property("unit", "dthms") }

// plainNumber is counted and has no unit.
func plainNumber() dashboard.DynamicConfigValue { return property("unit", "none") }

// toCommune leads from a cell to the page of the row's site, at the same time.
// https://grafana.com/docs/grafana/latest/panels-visualizations/configure-data-links/
func toCommune(lang say.Lang) dashboard.DynamicConfigValue {
	return property("links", []any{map[string]any{
		"title": lang.Text("dashboard.open_commune"),
		"url":   "/d/" + CommuneUID(lang) + "?var-area=%24__all&var-site=${__data.fields.site}&var-datasource=${datasource}&${__url_time_range}",
	}})
}

// steps colours a number: below the first limit the first colour.
func steps(base string, limits ...any) *dashboard.ThresholdsConfigBuilder {
	list := []dashboard.Threshold{{Color: base}}
	for i := 0; i+1 < len(limits); i += 2 {
		list = append(list, dashboard.Threshold{Value: cog.ToPtr(limits[i].(float64)), Color: limits[i+1].(string)})
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(list)
}

// stateColumns are the settings of the columns of a site's state, wherever they are shown.
func stateColumns(lang say.Lang, p *table.PanelBuilder) *table.PanelBuilder {
	return p.
		OverrideByName("terrain", named(lang, "dashboard.terrain", property("mappings", terrainMapping(lang)), width(150))).
		OverrideByName("label", named(lang, "dashboard.site")).
		OverrideByName("state", named(lang, "dashboard.state", property("mappings", stateMapping(lang)), painted(), width(150))).
		OverrideByName("since_ms", named(lang, "dashboard.since", moment())).
		OverrideByName("reason", named(lang, "dashboard.reason", property("mappings", reasonMapping(lang)))).
		OverrideByName("evidence", named(lang, "dashboard.evidence")).
		OverrideByName("area", named(lang, "dashboard.area")).
		OverrideByName("unit", named(lang, "dashboard.unit")).
		OverrideByName("provider", named(lang, "wall.provider_name")).
		OverrideByName("maintenance", named(lang, "wall.maintenance", property("mappings", maintenanceMapping(lang)), width(100))).
		OverrideByName("Time", named(lang, "dashboard.judged", property("unit", "dateTimeFromNow"))).
		OverrideByName("site", named(lang, "dashboard.code", width(110)))
}
