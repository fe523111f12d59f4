package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// Annotations are marks on the graphs' time: where an outage began, and what people
// wrote. Each kind is an annotation of its own, because Grafana maps no values in
// them: so it has its name in words, its colour and its switch.
//
// They are queries like those of the panels, with the retention policy beside the
// statement, and mapped by Grafana's own field mapping
// (https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/annotate-visualizations/).
// The data source's older form, a target with "fromAnnotations", sends no policy
// (annotationEvents in its datasource.ts) and could not reach what is kept in "events".

// Kinds whose beginnings are marked, on the province's and on a commune's page.
var (
	provinceKinds = []string{string(api.StateUplinkDown), string(api.StateLANDown), string(api.StatePowerLost), string(api.StateSilent)}
	communeKinds  = append(provinceKinds[:len(provinceKinds):len(provinceKinds)], api.KindDevice)
)

// annotated marks the notes, and where outages of these kinds began. which says of which sites.
func annotated(lang say.Lang, b *builder, kinds []string, which string) *builder {
	b.Annotation(note(lang))
	for _, kind := range kinds {
		b.Annotation(beginning(lang, kind, which))
	}
	return b
}

// beginning marks the first moment of outages. Its title is the kind, its text the
// site, its tag the cause.
func beginning(lang say.Lang, kind, which string) cog.Builder[dashboard.AnnotationQuery] {
	shown := lang.Text(say.Key("wall.kind_" + kind))
	if kind != api.KindDevice {
		shown = stateText(lang, api.State(kind))
	}
	colour := colours[api.State(kind)]
	if colour == "" {
		colour = "#8e8e8e"
	}
	return dashboard.NewAnnotationQueryBuilder().
		Name(shown).
		Datasource(datasource()).
		Enable(true).
		IconColor(colour).
		Target(rowsOf("Anno", `SELECT "label", "evidence", "cause" FROM "outage" WHERE "kind" = '`+kind+`' AND `+which+thereWas+` AND $timeFilter`)).
		Mappings(mapped(map[string]dashboard.AnnotationEventFieldMapping{"title": text(shown), "text": column("label"), "tags": column("cause")}))
}

// note marks what people wrote. Its title is the incident's, its tag who wrote.
func note(lang say.Lang) cog.Builder[dashboard.AnnotationQuery] {
	return dashboard.NewAnnotationQueryBuilder().
		Name(lang.Text("wall.notes")).
		Datasource(datasource()).
		Enable(true).
		IconColor("light-blue").
		Target(rowsOf("Anno", `SELECT "title", "text", "by" FROM "note" WHERE $timeFilter`)).
		Mappings(mapped(map[string]dashboard.AnnotationEventFieldMapping{"title": column("title"), "text": column("text"), "tags": column("by")}))
}

func column(name string) dashboard.AnnotationEventFieldMapping {
	return dashboard.AnnotationEventFieldMapping{Source: cog.ToPtr(dashboard.AnnotationEventFieldSourceField), Value: &name}
}

func text(s string) dashboard.AnnotationEventFieldMapping {
	return dashboard.AnnotationEventFieldMapping{Source: cog.ToPtr(dashboard.AnnotationEventFieldSourceText), Value: &s}
}

func mapped(of map[string]dashboard.AnnotationEventFieldMapping) map[string]cog.Builder[dashboard.AnnotationEventFieldMapping] {
	builders := map[string]cog.Builder[dashboard.AnnotationEventFieldMapping]{}
	for key, m := range of {
		builders[key] = ready[dashboard.AnnotationEventFieldMapping]{m}
	}
	return builders
}
