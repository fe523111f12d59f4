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

// Panels of the providers. Numbers are stable: links to a panel rest on them.
const (
	panelLineFaults uint32 = iota + 301
	panelLineRepair
	panelLineDown
	panelPowerCuts
	panelPowerDown
	panelProviders
	panelOutagesPerDay
	panelDownPerDay
	panelCauses
	panelProviderOutages
)

// Which outages are the line's, and which are the power's. What is known to have been
// the province's own network is no provider's; what is not known stays with the line,
// since the line is what was lost. Maintenance was announced, and is neither.
const (
	ofProvider  = `"provider" =~ /^${provider:regex}$/ AND `
	unannounced = `"maintenance" = false AND `
	lineFault   = `"kind" = 'uplink_down' AND "cause" != 'province' AND ` + unannounced
	powerCut    = `"kind" = 'power_lost' AND ` + unannounced
)

// Provider is the dashboard of who provides the lines: how available they were, and how
// long a repair took, with power cuts apart from faults of the line.
func Provider(lang say.Lang) (Dashboard, error) {
	return finish(board(lang, providerPage).
		Time("now-30d", "now").
		Refresh("5m").
		WithVariable(providerVariable(lang)).
		WithPanel(outageFigure(lang, panelLineFaults, "wall.line_faults", lineFault, "count", "none")).
		WithPanel(outageFigure(lang, panelLineRepair, "wall.line_repair", lineFault+`"status" = 'closed' AND `, "mean", "dthms")).
		WithPanel(outageFigure(lang, panelLineDown, "wall.line_down", lineFault, "sum", "dthms")).
		WithPanel(outageFigure(lang, panelPowerCuts, "wall.power_cuts", powerCut, "count", "none")).
		WithPanel(outageFigure(lang, panelPowerDown, "wall.power_down", powerCut, "sum", "dthms")).
		WithPanel(providers(lang)).
		WithPanel(perDay(lang, panelOutagesPerDay, "wall.outages_per_day", `count("kind")`, "none")).
		WithPanel(perDay(lang, panelDownPerDay, "wall.down_per_day", `sum("down_seconds")`, "dthms")).
		WithPanel(causes(lang)).
		WithPanel(providerOutages(lang)), providerPage)
}

// outageFigure is one figure over the outages of the chosen providers. Where there was
// none there is no answer, and no figure.
func outageFigure(lang say.Lang, id uint32, key say.Key, which, calculation, unit string) *stat.PanelBuilder {
	width := uint32(5)
	if id == panelLineFaults {
		width = 4
	}
	return number(lang, id, key, width, 4, reduced("down_seconds", calculation)).
		WithTarget(rows(`SELECT "down_seconds" FROM "outage" WHERE ` + ofProvider + which + thereWas + ` AND $timeFilter`)).
		NoValue(lang.Text("wall.none")).
		Unit(unit).
		ColorMode(common.BigValueColorModeNone).
		TextMode(common.BigValueTextModeValue)
}

// providers are the lines of each provider, the least available first. Known time comes
// from the days of the sites, who provides each from the list of sites, the outages from
// themselves; all are put together by site, and then added up by provider. A provider
// that lost nothing has no outage to join, and yet 0 seconds lost: that is what total is for.
func providers(lang say.Lang) *table.PanelBuilder {
	outages := func(name, which string) string {
		return `SELECT "down_seconds" AS "` + name + `" FROM "outage" WHERE ` + which + thereWas + ` AND $timeFilter GROUP BY "site"`
	}
	return list(lang, panelProviders, "wall.providers", 24, 8).
		MaxDataPoints(20).
		WithTarget(rowsOf("A", `SELECT sum("known_seconds") AS "known", sum("down_seconds") AS "down" FROM "site_day" WHERE $timeFilter GROUP BY time($__interval), "site" fill(none)`)).
		WithTarget(rowsOf("B", `SELECT last("provider") AS "provider" FROM "directory" WHERE `+ofProvider+lately+` GROUP BY "site"`)).
		WithTarget(rowsOf("C", outages("line", lineFault))).
		WithTarget(rowsOf("D", outages("power", powerCut))).
		WithTransformation(groupBy([]string{"site"}, map[string]string{"known": "sum", "down": "sum", "provider": "lastNotNull", "line": "count sum", "power": "count sum"})).
		WithTransformation(joinOn("site")).
		WithTransformation(keep(known("provider (lastNotNull)"))).
		WithTransformation(groupBy([]string{"provider (lastNotNull)"}, map[string]string{
			"site": "count", "known (sum)": "sum", "down (sum)": "sum", "line (count)": "sum", "line (sum)": "sum", "power (count)": "sum", "power (sum)": "sum",
		})).
		WithTransformation(keep(greater("known (sum) (sum)", 0))).
		WithTransformation(total("lost", "line (sum) (sum)")).
		WithTransformation(divide("lost", "known (sum) (sum)", "lost_part")).
		WithTransformation(calculate("1", "-", "lost_part", "line_availability")).
		WithTransformation(divide("down (sum) (sum)", "known (sum) (sum)", "down_part")).
		WithTransformation(calculate("1", "-", "down_part", "availability")).
		WithTransformation(sortBy("line_availability", false)).
		WithTransformation(columns([]string{"lost", "lost_part", "down_part", "down (sum) (sum)"},
			"provider (lastNotNull)", "site (count)", "known (sum) (sum)", "line_availability", "line (count) (sum)", "line (sum) (sum)", "availability", "power (count) (sum)", "power (sum) (sum)")).
		OverrideByName("provider (lastNotNull)", named(lang, "wall.provider_name", property("mappings", nobodyMapping(lang)))).
		OverrideByName("site (count)", named(lang, "wall.sites", plainNumber(), width(80))).
		OverrideByName("known (sum) (sum)", named(lang, "wall.known_time", duration())).
		OverrideByName("line_availability", named(lang, "wall.line_availability", property("unit", "percentunit"), property("decimals", 3))).
		OverrideByName("line (count) (sum)", named(lang, "wall.line_faults", plainNumber())).
		OverrideByName("line (sum) (sum)", named(lang, "wall.line_down", duration())).
		OverrideByName("availability", named(lang, "wall.availability_all", property("unit", "percentunit"), property("decimals", 3))).
		OverrideByName("power (count) (sum)", named(lang, "wall.power_cuts", plainNumber())).
		OverrideByName("power (sum) (sum)", named(lang, "wall.power_down", duration()))
}

// perDay counts outages by the day in Vietnam on which they began, by what was lost.
func perDay(lang say.Lang, id uint32, key say.Key, count, unit string) *timeseries.PanelBuilder {
	p := bars(graph(lang, id, key, 12, 8, unit)).Interval("1d").Decimals(0)
	for i, kind := range provinceKinds {
		p.WithTarget(series(refID(i), stateText(lang, api.State(kind)),
			`SELECT `+count+` AS "value" FROM "outage" WHERE `+ofProvider+unannounced+`"kind" = '`+kind+`' AND `+thereWas+` AND $timeFilter GROUP BY time(1d, -7h) fill(none)`)).
			OverrideByQuery(refID(i), []dashboard.DynamicConfigValue{fixed(colours[api.State(kind)])})
	}
	return p
}

// causes are the outages that are over, by provider, what was lost and why: how many,
// and how long until the line was back. What happened most stands first.
func causes(lang say.Lang) *table.PanelBuilder {
	return list(lang, panelCauses, "wall.causes", 24, 9).
		WithTarget(rows(`SELECT "provider", "kind", "cause", "down_seconds" FROM "outage" WHERE `+ofProvider+unannounced+`"status" = 'closed' AND $timeFilter`)).
		WithTransformation(groupBy([]string{"provider", "kind", "cause"}, map[string]string{"down_seconds": "count mean max sum"})).
		WithTransformation(sortBy("down_seconds (count)", true)).
		OverrideByName("provider", named(lang, "wall.provider_name", property("mappings", nobodyMapping(lang)))).
		OverrideByName("kind", named(lang, "wall.kind", property("mappings", kindMapping(lang)), painted(), width(170))).
		OverrideByName("cause", named(lang, "wall.cause", property("mappings", causeMapping(lang)))).
		OverrideByName("down_seconds (count)", named(lang, "wall.how_often", plainNumber())).
		OverrideByName("down_seconds (mean)", named(lang, "wall.mean_repair", duration())).
		OverrideByName("down_seconds (max)", named(lang, "wall.longest", duration())).
		OverrideByName("down_seconds (sum)", named(lang, "wall.down", duration()))
}

// providerOutages are the outages of the chosen providers, the newest first.
func providerOutages(lang say.Lang) *table.PanelBuilder {
	return outageColumns(lang, list(lang, panelProviderOutages, "wall.provider_outages", 24, 12)).
		WithTarget(rows(outageFields + ofProvider + `"kind" =~ /` + anyOf(provinceKinds...) + `/ AND ` + thereWas + ` AND $timeFilter GROUP BY "site", "id"`)).
		WithTransformation(sortBy("started_ms", true)).
		WithTransformation(first(200)).
		WithTransformation(columns([]string{"Time", "id", "target", "first_kind", "first_cause", "interruptions", "reason"},
			"provider", "started_ms", "ended_ms", "down_seconds", "terrain", "label", "kind", "cause", "maintenance", "evidence", "site"))
}
