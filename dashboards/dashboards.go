// Package dashboards says what is shown in Grafana: the province (every site, the
// mountains first) and one commune. In comes a language, out go Grafana
// dashboards as values, built with Grafana's Foundation SDK; their JSON is
// committed in json/ and a test holds the two equal.
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

// ProvinceUID and CommuneUID are stable: links and bookmarks rest on them.
func ProvinceUID(lang say.Lang) string { return "cw-province" + suffix(lang) }

// CommuneUID is the UID of the dashboard of one commune.
func CommuneUID(lang say.Lang) string { return "cw-commune" + suffix(lang) }

func suffix(lang say.Lang) string {
	if lang == say.Vietnamese {
		return ""
	}
	return "-" + string(lang)
}

// All are the dashboards of one language.
func All(lang say.Lang) ([]Dashboard, error) {
	province, err := Province(lang)
	if err != nil {
		return nil, err
	}
	commune, err := Commune(lang)
	if err != nil {
		return nil, err
	}
	return []Dashboard{province, commune}, nil
}

// board starts a dashboard with what both share.
func board(lang say.Lang, uid string, title, description say.Key) *builder {
	return dashboard.NewDashboardBuilder(lang.Text(title)).
		Uid(uid).
		Description(lang.Text(description)).
		Tags([]string{Tag}).
		Timezone(timezone).
		Time("now-6h", "now").
		Refresh("30s").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		WeekStart("monday")
}

// link leads to another dashboard of ours and keeps the time. (The SDK's own
// builder always hides links in a menu.)
func link(title, uid string) cog.Builder[dashboard.DashboardLink] {
	return ready[dashboard.DashboardLink]{dashboard.DashboardLink{
		Title: title, Type: dashboard.DashboardLinkTypeLink, Icon: "dashboard", Url: cog.ToPtr("/d/" + uid), Tags: []string{}, KeepTime: true,
	}}
}

// ready is a value where the SDK wants a builder.
type ready[T any] struct{ value T }

func (r ready[T]) Build() (T, error) { return r.value, nil }

// finish names the dashboard in what went wrong.
func finish(b cog.Builder[Dashboard], uid string) (Dashboard, error) {
	d, err := b.Build()
	if err != nil {
		return Dashboard{}, fmt.Errorf("build dashboard %s: %w", uid, err)
	}
	return d, nil
}
