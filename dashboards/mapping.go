package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// peak marks a mountainous site.
const peak = "⛰ "

// colours of the states, in the order of severity: what is down is red, what is
// not known violet, what is normal green or blue, what does not exist yet grey.
var colours = map[api.State]string{
	api.StateUplinkDown:   "dark-red",
	api.StateLANDown:      "red",
	api.StatePowerLost:    "orange",
	api.StateSilent:       "purple",
	api.StateDegraded:     "yellow",
	api.StateNotInstalled: "#8e8e8e",
	api.StateClosed:       "blue",
	api.StateOK:           "green",
}

func stateText(lang say.Lang, s api.State) string { return lang.Text(say.Key("state." + string(s))) }

// stateMapping shows a state as text and colour. A state that is not listed here
// is shown as it is.
func stateMapping(lang say.Lang) []dashboard.ValueMapping {
	options := map[string]dashboard.ValueMappingResult{}
	for i, s := range api.StatesBySeverity() {
		options[string(s)] = result(i, stateText(lang, s), colours[s])
	}
	return valueMap(options)
}

// mountainous are the terrains shown first; unknown is among them until it is verified.
var mountainous = []string{"highland", "mountain", "unknown"}

// terrainMapping marks the mountains; unknown says only that it is not verified.
func terrainMapping(lang say.Lang) []dashboard.ValueMapping {
	text := func(t string) string { return lang.Text(say.Key("terrain." + t)) }
	return valueMap(map[string]dashboard.ValueMappingResult{
		"highland": result(0, peak+text("highland"), ""),
		"mountain": result(1, peak+text("mountain"), ""),
		"unknown":  result(2, text("unknown"), "yellow"),
		"plain":    result(3, text("plain"), ""),
	})
}

// upMapping shows 1 and 0 as answering or not.
func upMapping(lang say.Lang) []dashboard.ValueMapping {
	return valueMap(map[string]dashboard.ValueMappingResult{
		"0": result(0, lang.Text("dashboard.no_answer"), "red"),
		"1": result(1, lang.Text("dashboard.answers"), "green"),
	})
}

func valueMap(options map[string]dashboard.ValueMappingResult) []dashboard.ValueMapping {
	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: options}}}
}

func result(index int, text, colour string) dashboard.ValueMappingResult {
	r := dashboard.ValueMappingResult{Text: &text, Index: cog.ToPtr(int32(index))}
	if colour != "" {
		r.Color = &colour
	}
	return r
}

// anyOf is a pattern that matches exactly one of the words.
func anyOf[T ~string](words ...T) string {
	var b strings.Builder
	b.WriteString("^(?:")
	for i, w := range words {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(string(w))
	}
	b.WriteString(")$")
	return b.String()
}

// reasonMapping shows a rule's key as its sentence. A key that the catalogue does
// not have is shown as it is.
func reasonMapping(lang say.Lang) []dashboard.ValueMapping {
	options := map[string]dashboard.ValueMappingResult{}
	for i, key := range reasons {
		options[string(key)] = result(i, lang.Text(key), "")
	}
	return valueMap(options)
}

// reasons are the rules that the judge gives for a state, as the catalogue has them.
var reasons = []say.Key{
	"reason.ok",
	"reason.lan_all_lost",
	"reason.router_lost",
	"reason.uplink_all_lost",
	"reason.uplink_unclear",
	"reason.gateway_silent",
	"reason.uplink_partly",
	"reason.lan_partly",
	"reason.uplink_loss",
	"reason.gateway_loss",
	"reason.device_down",
	"reason.cannot_probe",
	"reason.no_targets",
	"reason.one_round",
	"reason.late_data",
	"reason.goodbye",
	"reason.closed_hours",
	"reason.silent",
	"reason.never_heard",
	"reason.waiting",
}
