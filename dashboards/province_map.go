package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/geomap"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// layer is one kind of mark on the map: how grave its states are is told by shape,
// size and order, and the state itself by colour and by its name beside the pointer.
type layer struct {
	name   say.Key
	states []api.State
	shape  string // of Grafana's own marker icons
	size   int    // its radius in pixels
	named  bool   // with the site's name on the map
}

// The layers, from below to above.
var layers = []layer{
	{"wall.map_rest", []api.State{api.StateOK, api.StateClosed, api.StateNotInstalled}, "circle", 4, false},
	{"wall.map_degraded", []api.State{api.StateDegraded}, "square", 6, false},
	{"wall.map_lost", []api.State{api.StateUplinkDown, api.StateLANDown, api.StatePowerLost, api.StateSilent}, "triangle", 9, true},
}

// siteMap is where the sites are. The picture below the marks comes from the Internet,
// by the reader's browser; without it the marks stand on nothing, at the right places.
// https://grafana.com/docs/grafana/latest/panels-visualizations/visualizations/geomap/
func siteMap(lang say.Lang) *geomap.PanelBuilder {
	title, about := panelText(lang, "wall.map")
	p := geomap.NewPanelBuilder().
		Id(panelMap).Title(title).Description(about).Span(9).Height(9).
		Datasource(datasource()).
		NoValue("–").
		Unit("none").
		View(geomap.NewMapViewConfigBuilder().Id(string(geomap.MapCenterIDFit)).AllLayers(true).Padding(5)).
		Controls(geomap.NewControlsOptionsBuilder().ShowZoom(true).MouseWheelZoom(false).ShowAttribution(true).ShowScale(false).ShowDebug(false).ShowMeasure(false)).
		Basemap(common.NewMapLayerOptionsBuilder().Type("default").Name("basemap").Config(map[string]any{})).
		Tooltip(geomap.NewTooltipOptionsBuilder().Mode(geomap.TooltipModeDetails)).
		OverrideByName("state", named(lang, "dashboard.state", property("mappings", stateMapping(lang)))).
		OverrideByName("terrain", named(lang, "dashboard.terrain", property("mappings", terrainMapping(lang)))).
		OverrideByName("label", named(lang, "dashboard.site", toCommune(lang))).
		OverrideByName("since_ms", named(lang, "dashboard.since", moment())).
		OverrideByName("area", named(lang, "dashboard.area")).
		OverrideByName("provider", named(lang, "wall.provider_name")).
		OverrideByName("site", named(lang, "dashboard.code"))
	var marks []cog.Builder[common.MapLayerOptions]
	for i, l := range layers {
		// Which state it is must be asked of the newest point alone: asked of all, a site
		// would stand in every layer that it ever was in.
		p.WithTarget(rowsOf(refID(i), `SELECT "label", "state", "since_ms", "terrain", "area", "provider", "latitude", "longitude" FROM (SELECT last("state") AS "state", "label", "since_ms", "terrain", "area", "provider", "latitude", "longitude" FROM "site_state" WHERE $timeFilter GROUP BY "site") WHERE "state" =~ /`+anyOf(l.states...)+`/ AND $timeFilter GROUP BY "site"`))
		marks = append(marks, l.marks(lang, refID(i)))
	}
	return p.Layers(marks)
}

// marks are a layer as Grafana stores it (MarkersConfig and StyleConfig in
// grafana/grafana public/app/plugins/panel/geomap).
func (l layer) marks(lang say.Lang, query string) cog.Builder[common.MapLayerOptions] {
	style := map[string]any{
		"color":       map[string]any{"field": "state", "fixed": "#8e8e8e"},
		"opacity":     0.9,
		"rotation":    map[string]any{"fixed": 0, "min": -360, "max": 360, "mode": "mod"},
		"size":        map[string]any{"fixed": l.size, "min": 2, "max": 15},
		"symbol":      map[string]any{"fixed": "img/icons/marker/" + l.shape + ".svg", "mode": "fixed"},
		"symbolAlign": map[string]any{"horizontal": "center", "vertical": "center"},
		"textConfig":  map[string]any{"fontSize": 12, "offsetX": 0, "offsetY": -14, "textAlign": "center", "textBaseline": "middle"},
	}
	if l.named {
		style["text"] = map[string]any{"field": "label", "fixed": "", "mode": "field"}
	}
	return common.NewMapLayerOptionsBuilder().
		Type("markers").Name(lang.Text(l.name)).
		Config(map[string]any{"showLegend": false, "style": style}).
		Location(ready[common.FrameGeometrySource]{common.FrameGeometrySource{
			Mode: common.FrameGeometrySourceModeCoords, Latitude: cog.ToPtr("latitude"), Longitude: cog.ToPtr("longitude"),
		}}).
		FilterData(map[string]any{"id": "byRefId", "options": query}).
		Tooltip(true)
}
