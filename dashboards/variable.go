package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"communewatch/collector/say"
)

// Names of variables, as they stand in addresses and queries.
const (
	varDatasource = "datasource"
	varArea       = "area"
	varSite       = "site"
	varUplink     = "uplink"
	varTarget     = "target"
	varProvider   = "provider"
)

// How Grafana's InfluxDB data source fills a list, which the queries below rest on
// (metricFindQuery and toMetricFindValue in public/app/plugins/datasource/influxdb/
// datasource.ts since 10.2, before that response_parser.ts; documented only for SHOW:
// https://grafana.com/docs/grafana/latest/datasources/influxdb/template-variables/):
//
//   - of a SELECT it takes the first column after the time that holds text, of every
//     series, each value once;
//   - it sends no retention policy, so that only what is in the default one, "raw", can
//     be asked;
//   - text and value are the same, until a regular expression with the named groups
//     text and value takes them apart
//     (https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#filter-and-modify-using-named-text-and-value-capture-groups).
//
// The range is written out and is not that of the dashboard: who looks at one quarter
// of an hour, or at last month, still finds every site that there is today. The judge
// says who there is at its start and once an hour.
const lately = `time >= now() - 2d`

// choice takes "label | id" apart; a label may hold a bar of its own.
const choice = `/^(?<text>.*) \| (?<value>[^|]*)$/`

// datasourceVariable is what all panels ask. It is not shown: an address with
// var-datasource= changes it, and the links hand it on.
// https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#add-a-data-source-variable
func datasourceVariable(lang say.Lang) *dashboard.DatasourceVariableBuilder {
	return dashboard.NewDatasourceVariableBuilder(varDatasource).
		Label(lang.Text("wall.datasource")).
		Type("influxdb").
		Hide(dashboard.VariableHideHideVariable).
		Multi(false).IncludeAll(false).
		Current(option("CommuneWatch", DatasourceUID))
}

// areaVariable lists the districts of 2023 that have a site.
func areaVariable(lang say.Lang) *dashboard.QueryVariableBuilder {
	return everything(oneOf(lang, varArea, "dashboard.area",
		`SELECT last("area_choice") AS "choice" FROM "directory" WHERE `+lately+` GROUP BY "site"`).Regex(choice))
}

// siteVariable lists the sites of the chosen areas by name.
func siteVariable(lang say.Lang) *dashboard.QueryVariableBuilder {
	return oneOf(lang, varSite, "dashboard.site",
		`SELECT last("choice") AS "choice" FROM "directory" WHERE "area" =~ /^${area:regex}$/ AND `+lately+` GROUP BY "site"`).Regex(choice)
}

// uplinkVariable lists the uplink targets of the site; a panel is repeated for each.
func uplinkVariable(lang say.Lang) *dashboard.QueryVariableBuilder {
	all := func(s string) dashboard.StringOrArrayOfString {
		return dashboard.StringOrArrayOfString{ArrayOfString: []string{s}}
	}
	return oneOf(lang, varUplink, "role.uplink", `SHOW TAG VALUES FROM "ping" WITH KEY = "target" WHERE "site" = '$site' AND "role" = 'uplink'`).
		Multi(true).IncludeAll(true).
		Current(dashboard.VariableOption{Selected: cog.ToPtr(true), Text: all("All"), Value: all("$__all")})
}

// targetVariable lists what the site has traced the path to.
func targetVariable(lang say.Lang) *dashboard.QueryVariableBuilder {
	return oneOf(lang, varTarget, "wall.path_to", `SHOW TAG VALUES FROM "path" WITH KEY = "target" WHERE "site" = '$site'`)
}

// providerVariable lists who provides a line; "-" is nobody known.
func providerVariable(lang say.Lang) *dashboard.QueryVariableBuilder {
	return everything(oneOf(lang, varProvider, "wall.provider_name",
		`SELECT last("provider") AS "provider" FROM "directory" WHERE `+lately+` GROUP BY "site"`))
}

// oneOf is a variable of one value.
func oneOf(lang say.Lang, name string, label say.Key, query string) *dashboard.QueryVariableBuilder {
	return dashboard.NewQueryVariableBuilder(name).
		Label(lang.Text(label)).
		Datasource(datasource()).
		Query(dashboard.StringOrMap{String: &query}).
		Definition(query).
		Refresh(dashboard.VariableRefreshOnDashboardLoad).
		Sort(dashboard.VariableSortNaturalAsc). // by the reader's language, numbers by value; older than Grafana 11: by id
		Multi(false).IncludeAll(false)
}

// everything adds the choice of all, which is also what it starts with. It goes into
// an anchored pattern as it is.
func everything(v *dashboard.QueryVariableBuilder) *dashboard.QueryVariableBuilder {
	return v.IncludeAll(true).AllValue(".*").Current(option("All", "$__all"))
}

func option(text, value string) dashboard.VariableOption {
	one := func(s string) dashboard.StringOrArrayOfString { return dashboard.StringOrArrayOfString{String: &s} }
	return dashboard.VariableOption{Selected: cog.ToPtr(true), Text: one(text), Value: one(value)}
}
