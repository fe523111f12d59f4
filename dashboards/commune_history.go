package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"communewatch/collector/say"
)

// lookBackSite is how far back the outages of one site are shown.
const lookBackSite = "30d"

// word is one of the four words by which the province measures its data: its name, and
// its field of an hour or a day.
type word struct {
	name  say.Key
	field string
}

// toldBy is the count without which a word says nothing: the database keeps a percent
// that once stood beside it.
var toldBy = map[string]string{"correct_percent": "clock_told", "complete_percent": "rounds_due", "clean_percent": "points", "live_percent": "due_seconds"}

// The four, in the order in which they are said.
var fourWords = []word{
	{"wall.correct", "correct_percent"},
	{"wall.complete", "complete_percent"},
	{"wall.clean", "clean_percent"},
	{"wall.live", "live_percent"},
}

// outageRows are what happened to the site, and how its hours were.
func outageRows(lang say.Lang, b *builder) *builder {
	return b.
		WithRow(row(lang, rowOutages, "wall.row_outages")).
		WithPanel(siteOutages(lang)).
		WithPanel(availability(lang)).
		WithPanel(qualityHours(lang)).
		WithPanel(lostTime(lang))
}

// siteOutages are those of the site, the newest first, with what each was first judged.
func siteOutages(lang say.Lang) *table.PanelBuilder {
	return outageColumns(lang, list(lang, panelSiteOutages, "wall.site_outages", 24, 7)).
		TimeFrom(lookBackSite).HideTimeOverride(true).
		WithTarget(rows(outageFields + `"site" = '$site' AND ` + thereWas + ` AND $timeFilter GROUP BY "id"`)).
		WithTransformation(sortBy("started_ms", true)).
		WithTransformation(first(100)).
		WithTransformation(columns([]string{"Time", "id", "label", "terrain"},
			"started_ms", "ended_ms", "kind", "target", "cause", "down_seconds", "interruptions", "maintenance", "reason", "evidence", "first_kind", "first_cause", "provider"))
}

// hourly is a graph of hours: one point is one whole hour of the judge's.
func hourly(lang say.Lang, id uint32, key say.Key, unit string) *timeseries.PanelBuilder {
	return graph(lang, id, key, 8, 7, unit).Interval("1h").
		ShowPoints(common.VisibilityModeAlways).
		SpanNulls(common.BoolOrFloat64{Float64: hourMs()})
}

// hourMs joins the points of hours that follow one another.
func hourMs() *float64 {
	ms := 3_600_000.0
	return &ms
}

func availability(lang say.Lang) *timeseries.PanelBuilder {
	return hourly(lang, panelHours, "wall.availability_hours", "percent").Min(0).Max(100).
		WithTarget(series("A", lang.Text("wall.availability"), `SELECT mean("availability_percent") AS "value" FROM "site_hour" WHERE "site" = '$site' AND "known_seconds" > 0 AND $timeFilter GROUP BY time($__interval) fill(null)`))
}

func qualityHours(lang say.Lang) *timeseries.PanelBuilder {
	p := hourly(lang, panelQualityHours, "wall.quality_hours", "percent").Min(0).Max(100)
	for i, w := range fourWords {
		p.WithTarget(series(refID(i), lang.Text(w.name), `SELECT mean("`+w.field+`") AS "value" FROM "site_hour" WHERE "site" = '$site' AND "`+toldBy[w.field]+`" > 0 AND $timeFilter GROUP BY time($__interval) fill(null)`))
	}
	return p
}

// lostTime is how much of the due time was down, in maintenance, or is not known.
func lostTime(lang say.Lang) *timeseries.PanelBuilder {
	p := bars(hourly(lang, panelLostHours, "wall.lost_hours", "dthms"))
	for i, l := range []struct {
		name          say.Key
		field, colour string
	}{
		{"wall.down", "down_seconds", "red"},
		{"wall.unknown_time", "unknown_seconds", "purple"},
		{"wall.maintenance", "maintenance_seconds", "blue"},
	} {
		p.WithTarget(series(refID(i), lang.Text(l.name), `SELECT sum("`+l.field+`") AS "value" FROM "site_hour" WHERE "site" = '$site' AND $timeFilter GROUP BY time($__interval) fill(none)`)).
			OverrideByQuery(refID(i), []dashboard.DynamicConfigValue{fixed(l.colour)})
	}
	return p
}
