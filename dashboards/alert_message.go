package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/alerting"
	"github.com/grafana/grafana-foundation-sdk/go/cog"

	"communewatch/collector/say"
)

// Names of the templates that contact points use.
const (
	titleTemplate   = "communewatch.title"
	messageTemplate = "communewatch.message"
)

// What a message can hold, in characters; Telegram takes 4,096 and Grafana cuts what
// is longer in the middle of a line. A test renders the longest.
const (
	maxMessage = 4_000
	maxTitle   = 200
	// MaxPages bounds the address of the collector's pages, which stands in messages.
	MaxPages = 80
)

// The template group. It uses what Grafana documents and Go's own, no more:
// https://grafana.com/docs/grafana/latest/alerting/configure-notifications/template-notifications/reference/
//
// The most important stands first: mountainous sites before the others, three of them
// with all that is needed to act, the names of up to 24 more, then what is over. There is no
// arithmetic in these templates, so things are counted by the length of a string.
// Times are the tag "since", written by the judge as people in Vietnam read it:
// converting a time here would rest on the zone files of Grafana's machine. A "resolved"
// that comes without a 0 of the judge (Grafana gives its reason) is not called over.
// Silence and power are told of while the office is due: what ends may be its day. Their
// evidence is when it was last heard.
const messageText = `{{ define "communewatch.kind" }}{{ with .CommonAnnotations.summary }}{{ printf "%.60s" . }}{{ else }}«many»{{ end }}{{ end }}

{{ define "communewatch.name" }}{{ if eq .Labels.mountain "1" }}⛰ {{ end }}{{ printf "%.30s" .Labels.label }}{{ end }}

{{ define "communewatch.which" }}
{{- if and (eq (len .) 1) (index . 0).Labels.label }}: {{ template "communewatch.name" index . 0 }}
{{- else if (index . 0).Labels.label }}: {{ len . }} «places»
{{- $m := "" }}{{ range . }}{{ if eq .Labels.mountain "1" }}{{ $m = printf "%sx" $m }}{{ end }}{{ end }}
{{- if $m }} (⛰ {{ len $m }}){{ end }}{{ end }}{{ end }}

{{ define "communewatch.title" }}
{{- if .Alerts.Firing }}{{ template "communewatch.kind" . }}{{ template "communewatch.which" .Alerts.Firing }}
{{- if .Alerts.Resolved }} · «also_over»: {{ len .Alerts.Resolved }}{{ end }}
{{- else if .Alerts.Resolved }}
{{- $lost := "" }}{{ range .Alerts.Resolved }}{{ if .Annotations.grafana_state_reason }}{{ $lost = "x" }}{{ end }}{{ end }}
{{- if $lost }}«unsure»{{ else }}«over»{{ end }}: {{ template "communewatch.kind" . }}{{ template "communewatch.which" .Alerts.Resolved }}
{{- end }}{{ end }}

{{ define "communewatch.site" }}
{{ if eq .Labels.mountain "1" }}⛰ {{ end }}{{ printf "%.60s" .Labels.label }} ({{ printf "%.40s" .Labels.site }})
{{ printf "%.60s" .Annotations.summary }}. «since»: {{ printf "%.30s" .Labels.since }}
{{- with .Labels.evidence }}{{ if ne . "-" }}
{{ if eq $.Labels.kind "silent" "power_lost" }}«heard»{{ else }}«evidence»{{ end }}: {{ printf "%.78s" . }}{{ end }}{{ end }}
{{- with .Labels.office }}{{ if ne . "-" }}
«office»: {{ printf "%.70s" . }}{{ end }}{{ end }}
{{- with .Labels.provider }}{{ if ne . "-" }}
«provider»: {{ printf "%.70s" . }}{{ end }}{{ end }}{{ end }}

{{ define "communewatch.message" }}
{{- template "communewatch.title" . }}
{{- $grafana := printf "%.80s" (reReplaceAll "/+$" "" .ExternalURL) }}{{ $n := "" }}{{ $more := "" }}{{ $told := "" }}
{{- range $group := stringSlice "mountain" "other" }}{{ range $.Alerts.Firing }}
{{- if eq (eq .Labels.mountain "1") (eq $group "mountain") }}
{{- if not .Labels.site }}
{{ printf "%.600s" .Annotations.description }}
{{- else if lt (len $n) 3 }}
{{ template "communewatch.site" . }}
«board»: {{ $grafana }}/d/«commune»?var-area=%24__all&var-site={{ printf "%.40s" .Labels.site }}«page»
{{- else if eq (len $n) 3 }}

«others»: {{ template "communewatch.name" . }}
{{- else if lt (len $n) 27 }}, {{ template "communewatch.name" . }}
{{- else }}{{ $more = "x" }}{{ end }}
{{- $n = printf "%sx" $n }}{{ end }}{{ end }}{{ end }}
{{- if $more }}, … «more»: {{ $grafana }}/d/«province»{{ end }}
{{- $n = "" }}{{ $closed := "" }}{{ range .Alerts.Resolved }}{{ if and .Labels.site (not .Annotations.grafana_state_reason) }}
{{- if not $n }}

«ended»: {{ else if lt (len $n) 8 }}, {{ else if eq (len $n) 8 }}, …{{ end }}
{{- if lt (len $n) 8 }}{{ template "communewatch.name" . }}{{ end }}
{{- if or (eq .Labels.kind "silent") (eq .Labels.kind "power_lost") }}{{ $closed = "x" }}{{ end }}
{{- $n = printf "%sx" $n }}{{ end }}{{ end }}{{ if $closed }} («or_closed»){{ end }}
{{- $n = "" }}{{ range .Alerts.Resolved }}{{ if and .Labels.site .Annotations.grafana_state_reason }}
{{- if lt (len $n) 3 }}

{{ template "communewatch.name" . }}: «ended_not_seen» {{ printf "%.40s" .Annotations.grafana_state_reason }}
{{- else if eq (len $n) 3 }}, …{{ end }}
{{- $n = printf "%sx" $n }}{{ end }}{{ end }}
{{ end }}
`

// pageText leads to the collector's page: of the incident, once for all its sites, where
// one takes it on and writes notes; of the site where there is none, as with a disk that
// is nearly full. What is told of no incident has the alarm's own name as that label.
const pageText = `{{ $i := printf "%.40s" (index .Labels "incident") }}{{ if match "^i-" $i }}{{ if ne $told $i }}{{ $told = $i }}
«page_is»/incident/{{ $i }}{{ end }}{{ else }}
«page_is»/site/{{ printf "%.40s" .Labels.site }}{{ end }}`

// alertTemplate is the group in one language, with its version in front.
func alertTemplate(o AlertOptions) (alerting.NotificationTemplate, error) {
	page := ""
	if o.Pages != "" {
		page = strings.ReplaceAll(pageText, "«page_is»", o.Lang.Text("alert.page")+": "+strings.TrimRight(o.Pages, "/"))
	}
	parts := []string{"«commune»", CommuneUID(o.Lang), "«province»", ProvinceUID(o.Lang), "«page»", page}
	for _, key := range []string{"many", "places", "also_over", "unsure", "over", "since", "evidence", "heard", "office", "provider", "board", "others", "more", "ended", "or_closed", "ended_not_seen"} {
		parts = append(parts, "«"+key+"»", o.Lang.Text(say.Key("alert."+key)))
	}
	text := strings.NewReplacer(parts...).Replace(messageText)
	version, err := versionOf(text)
	return alerting.NotificationTemplate{
		Name:     cog.ToPtr(TemplateName),
		Template: cog.ToPtr("{{/* " + VersionLabel + " " + version + " */}}\n" + text),
	}, err
}

// TemplateVersion is the version in a stored template group, empty if it says none.
func TemplateVersion(text string) string {
	_, rest, ok := strings.Cut(text, "{{/* "+VersionLabel+" ")
	if !ok {
		return ""
	}
	version, _, _ := strings.Cut(rest, " ")
	return version
}
