package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/table"

	"communewatch/collector/say"
)

// lookBackPath is how far back a look at the path is shown: an agent looks at its
// start, when a line hurts and when that is over, which may be weeks ago.
const lookBackPath = "90d"

// pathRows are what the agent saw of the way to the collector and to the uplink's
// targets: the newest look at each, the hops of one of them, and all looks.
func pathRows(lang say.Lang, b *builder) *builder {
	return b.
		WithRow(row(lang, rowPath, "wall.row_path")).
		WithPanel(newestLook(lang)).
		WithPanel(hops(lang)).
		WithPanel(looks(lang))
}

// lookColumns are the settings of a look's columns.
func lookColumns(lang say.Lang, p *table.PanelBuilder) *table.PanelBuilder {
	for _, field := range []string{"dns_error", "connect_error", "tls_error", "trace_error", "mtu_error"} {
		p.OverrideByName(field, named(lang, say.Key("wall."+field), property("mappings", errorMapping(lang, field)), width(140)))
	}
	for _, field := range []string{"dns_ms", "connect_ms", "tls_ms"} {
		p.OverrideByName(field, named(lang, say.Key("wall."+field), property("unit", "ms"), property("decimals", 1), width(90)))
	}
	return p.
		OverrideByName("target", named(lang, "wall.path_to", property("mappings", toCollector(lang)), width(140))).
		OverrideByName("cause", named(lang, "wall.look", property("mappings", lookMapping(lang)), width(190))).
		OverrideByName("address", named(lang, "wall.address", width(130))).
		OverrideByName("reached", named(lang, "wall.reached", plainNumber(), property("mappings", upMapping(lang)), painted(), width(120))).
		OverrideByName("hops", named(lang, "wall.hops", plainNumber(), width(80))).
		OverrideByName("last_hop", named(lang, "wall.last_hop", width(130))).
		OverrideByName("last_hop_number", named(lang, "wall.last_hop_number", plainNumber(), width(80))).
		OverrideByName("mtu_bytes", named(lang, "wall.mtu", property("unit", "decbytes"), width(90))).
		OverrideByName("Time", named(lang, "wall.looked", moment(), width(110)))
}

const (
	ofLook     = `"address", "reached", "hops", "last_hop", "last_hop_number", "dns_ms", "connect_ms", "tls_ms", "mtu_bytes", "dns_error", "connect_error", "tls_error", "trace_error", "mtu_error" FROM "path" WHERE "site" = '$site' AND $timeFilter`
	newestFrom = `SELECT last("cause") AS "cause", `
)

var lookOrder = []string{"Time", "target", "cause", "reached", "last_hop_number", "last_hop", "hops", "trace_error", "dns_ms", "dns_error", "connect_ms", "connect_error", "tls_ms", "tls_error", "mtu_bytes", "mtu_error", "address"}

// newestLook is the last look at each target, read whole from that one look.
func newestLook(lang say.Lang) *table.PanelBuilder {
	return lookColumns(lang, list(lang, panelLook, "wall.newest_look", 24, 5)).
		TimeFrom(lookBackPath).HideTimeOverride(true).
		WithTarget(rows(newestFrom + ofLook + ` GROUP BY "target"`)).
		WithTransformation(sortBy("target", false)).
		WithTransformation(columns(nil, lookOrder...))
}

// hops are those of the chosen target, of the newest look first. A hop's place is a tag
// and so a text; sorted twice, because Grafana sorts by one column and leaves what is
// equal as it was: by place, then by time.
func hops(lang say.Lang) *table.PanelBuilder {
	return list(lang, panelHops, "wall.path_hops", 10, 8).
		TimeFrom(lookBackPath).HideTimeOverride(true).
		WithTarget(rows(`SELECT "address", "rtt_ms" FROM "path_hop" WHERE "site" = '$site' AND "target" = '$target' AND $timeFilter GROUP BY "hop"`)).
		WithTransformation(asNumber("hop")).
		WithTransformation(sortBy("hop", false)).
		WithTransformation(sortBy("Time", true)).
		WithTransformation(first(60)).
		WithTransformation(columns(nil, "Time", "hop", "address", "rtt_ms")).
		OverrideByName("hop", named(lang, "wall.hop", plainNumber(), width(70))).
		OverrideByName("address", named(lang, "wall.address")).
		OverrideByName("rtt_ms", named(lang, "wall.hop_rtt", property("unit", "ms"), property("decimals", 1),
			property("custom.cellOptions", map[string]any{"type": "gauge", "mode": string(common.BarGaugeDisplayModeBasic), "valueDisplayMode": string(common.BarGaugeValueModeText)}), fixed("blue"))).
		OverrideByName("Time", named(lang, "wall.looked", moment(), width(110)))
}

// looks are all of the time shown, the newest first.
func looks(lang say.Lang) *table.PanelBuilder {
	return lookColumns(lang, list(lang, panelLooks, "wall.looks", 14, 8)).
		WithTarget(rows(`SELECT "cause", ` + ofLook + ` GROUP BY "target"`)).
		WithTransformation(sortBy("Time", true)).
		WithTransformation(first(100)).
		WithTransformation(columns(nil, lookOrder...))
}
