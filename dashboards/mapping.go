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

// reasons are the rules that the judge gives for a state or a cause, as the catalogue has them.
var reasons = say.Keys("reason.")

// words shows the values of the contract as the catalogue's "<prefix><value>".
func words(lang say.Lang, prefix, values string) map[string]dashboard.ValueMappingResult {
	options := map[string]dashboard.ValueMappingResult{}
	for i, v := range strings.Fields(values) {
		options[v] = result(i, lang.Text(say.Key(prefix+v)), "")
	}
	return options
}

// kindMapping shows what an outage or an incident is of: the states in which an office
// is lost, one of its devices, or the collector itself.
func kindMapping(lang say.Lang) []dashboard.ValueMapping {
	options := map[string]dashboard.ValueMappingResult{}
	for i, kind := range strings.Fields(api.IncidentKinds) {
		switch kind {
		case api.KindDevice, api.KindCollector:
			options[kind] = result(i, lang.Text(say.Key("wall.kind_"+kind)), "#8e8e8e")
		default:
			options[kind] = result(i, stateText(lang, api.State(kind)), colours[api.State(kind)])
		}
	}
	return valueMap(options)
}

func causeMapping(lang say.Lang) []dashboard.ValueMapping {
	return valueMap(words(lang, "wall.cause_", api.Causes))
}

// lookMapping says why a path was looked at, errorMapping why a part of it failed, by
// what the contract allows.
func lookMapping(lang say.Lang) []dashboard.ValueMapping {
	return valueMap(words(lang, "wall.look_", api.Lookup("path").Field("cause").Allowed))
}

func errorMapping(lang say.Lang, field string) []dashboard.ValueMapping {
	return valueMap(words(lang, "wall.path_", api.Lookup("path").Field(field).Allowed))
}

// maintenanceMapping says what is true and leaves out what is not.
func maintenanceMapping(lang say.Lang) []dashboard.ValueMapping {
	return []dashboard.ValueMapping{
		special(dashboard.SpecialValueMatchTrue, result(0, lang.Text("wall.in_maintenance"), "blue")),
		special(dashboard.SpecialValueMatchFalse, result(1, "–", "")),
	}
}

// endedMapping shows 0 as what it means.
func endedMapping(lang say.Lang) []dashboard.ValueMapping {
	return valueMap(map[string]dashboard.ValueMappingResult{"0": result(0, lang.Text("wall.goes_on"), "red")})
}

// nobodyMapping shows a provider that nobody wrote down: empty in an outage, "-" in a list.
func nobodyMapping(lang say.Lang) []dashboard.ValueMapping {
	nobody := lang.Text("wall.provider_unknown")
	return append(valueMap(map[string]dashboard.ValueMappingResult{"-": result(0, nobody, "")}), special(dashboard.SpecialValueMatchEmpty, result(1, nobody, "")))
}

// absentMapping shows what is not there as a text.
func absentMapping(text, colour string) []dashboard.ValueMapping {
	return []dashboard.ValueMapping{special(dashboard.SpecialValueMatchNull, result(0, text, colour))}
}

// special maps what is no text and no number.
// https://grafana.com/docs/grafana/latest/panels-visualizations/configure-value-mappings/#types-of-value-mappings
func special(match dashboard.SpecialValueMatch, shown dashboard.ValueMappingResult) dashboard.ValueMapping {
	return dashboard.ValueMapping{SpecialValueMap: &dashboard.SpecialValueMap{
		Type: dashboard.MappingTypeSpecialValue, Options: dashboard.DashboardSpecialValueMapOptions{Match: match, Result: shown},
	}}
}

// mainsMapping says what a supply runs on.
func mainsMapping(lang say.Lang) []dashboard.ValueMapping {
	return valueMap(map[string]dashboard.ValueMappingResult{
		"0": result(0, lang.Text("wall.on_mains"), "green"),
		"1": result(1, lang.Text("wall.from_battery"), "orange"),
	})
}

// toCollector names the target that every agent has.
func toCollector(lang say.Lang) []dashboard.ValueMapping {
	return valueMap(map[string]dashboard.ValueMappingResult{"collector": result(0, lang.Text("wall.the_collector"), "")})
}
