// Package dashboards says what is shown in Grafana: the province on a wall (every
// site, the mountains first), one commune, the providers of the lines, the quality of
// the data, and the collector itself. In comes a language, out go Grafana dashboards
// as values, built with Grafana's Foundation SDK; their JSON is committed in json/ and
// a test holds the two equal.
//
// The JSON is Grafana's classic schema. It is meant for Grafana 12 and 13, and uses
// what their documents describe; a Grafana down to [MinimumGrafana] takes it too, and
// there sorts the lists to choose from by id. No real Grafana has shown it yet: the tests
// do what Grafana's documents and public source say that it does with a query, its
// answer and a transformation.
//
// Names of measurements, tags and fields are those of collector/api, nothing
// else of the collector's is imported. It must never talk to Grafana or InfluxDB:
// how a dashboard gets into Grafana is the room provision.
//
// Shown is what is known. A site that nobody asked about is "no data", nothing
// sent is neither 0 % nor 100 % loss, and a judge that died leaves a panel empty
// and not full of zeros.
package dashboards

//lint:file-ignore SA1019 The SDK prefers the schema of Grafana 13, dashboardv2; the classic one is what every Grafana since MinimumGrafana takes.

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"communewatch/collector/say"
)

// What every dashboard of ours is known by in Grafana.
const (
	// DatasourceUID is the InfluxDB data source that all panels ask.
	DatasourceUID = "communewatch"
	// FolderUID is the folder the dashboards are in.
	FolderUID = "communewatch"
	// Tag marks a dashboard as ours.
	Tag = "communewatch"
	// MinimumGrafana is the oldest Grafana these dashboards work on, major.minor: its
	// InfluxDB data source sends a query's retention policy as the URL parameter "rp"
	// also for a raw query (grafana/grafana#72763, backported to 10.1 by #74103).
	MinimumGrafana = "10.2"
)

// The time zone of days and clocks on screen, whatever the browser's is.
const timezone = "Asia/Ho_Chi_Minh"

// Dashboard is a dashboard in Grafana's classic schema; its JSON is what the
// dashboard API takes.
type Dashboard = dashboard.Dashboard

type builder = dashboard.DashboardBuilder

// page is one dashboard: the beginning of its UID, and its title.
type page struct {
	id    string
	title say.Key
}

// The dashboards, in the order in which they link to one another.
var (
	provincePage  = page{"cw-province", "dashboard.province"}
	communePage   = page{"cw-commune", "dashboard.commune"}
	providerPage  = page{"cw-provider", "wall.provider"}
	qualityPage   = page{"cw-quality", "wall.quality"}
	collectorPage = page{"cw-collector", "wall.collector"}

	pages = []page{provincePage, communePage, providerPage, qualityPage, collectorPage}
)

// uid is stable: links and bookmarks rest on it.
func (p page) uid(lang say.Lang) string {
	if lang == say.Vietnamese {
		return p.id
	}
	return p.id + "-" + string(lang)
}

// ProvinceUID is the UID of the wall of the province.
func ProvinceUID(lang say.Lang) string { return provincePage.uid(lang) }

// CommuneUID is the UID of the dashboard of one commune.
func CommuneUID(lang say.Lang) string { return communePage.uid(lang) }

// All are the dashboards of one language.
func All(lang say.Lang) ([]Dashboard, error) {
	var all []Dashboard
	for _, build := range []func(say.Lang) (Dashboard, error){Province, Commune, Provider, Quality, Collector} {
		d, err := build(lang)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// board starts a dashboard with what all share: the data source to choose, and links
// to the others.
func board(lang say.Lang, p page) *builder {
	title, about := panelText(lang, p.title)
	b := dashboard.NewDashboardBuilder(title).
		Uid(p.uid(lang)).
		Description(about).
		Tags([]string{Tag}).
		Timezone(timezone).
		Time("now-6h", "now").
		Refresh("30s").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		WeekStart("monday").
		WithVariable(datasourceVariable(lang))
	for _, other := range pages {
		if other != p {
			b.Link(link(lang, other))
		}
	}
	return b
}

// link leads to another dashboard of ours and keeps the time and the variables. (The
// SDK's own builder always hides links in a menu.)
// https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/manage-dashboard-links/
func link(lang say.Lang, to page) cog.Builder[dashboard.DashboardLink] {
	return ready[dashboard.DashboardLink]{dashboard.DashboardLink{
		Title: lang.Text(to.title), Type: dashboard.DashboardLinkTypeLink, Icon: "dashboard", Url: cog.ToPtr("/d/" + to.uid(lang)), Tags: []string{},
		KeepTime: true, IncludeVars: true,
	}}
}

// ready is a value where the SDK wants a builder.
type ready[T any] struct{ value T }

func (r ready[T]) Build() (T, error) { return r.value, nil }

// finish names the dashboard in what went wrong.
func finish(b cog.Builder[Dashboard], p page) (Dashboard, error) {
	d, err := b.Build()
	if err != nil {
		return Dashboard{}, fmt.Errorf("build dashboard %s: %w", p.id, err)
	}
	return d, nil
}
