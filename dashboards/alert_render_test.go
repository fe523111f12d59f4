package dashboards

import (
	"regexp"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/say"
)

// What Grafana hands to a template, as documented:
// https://grafana.com/docs/grafana/latest/alerting/configure-notifications/template-notifications/reference/
type notification struct {
	Receiver, Status                             string
	Alerts                                       told
	GroupLabels, CommonLabels, CommonAnnotations map[string]string
	ExternalURL                                  string
}

type toldAlert struct {
	Status              string
	Labels, Annotations map[string]string
	Values              map[string]string
	StartsAt, EndsAt    time.Time
	GeneratorURL        string
	SilenceURL          string
	DashboardURL        string
	PanelURL            string
	Fingerprint         string
	ValueString         string
}

type told []toldAlert

func (t told) Firing() told   { return t.with("firing") }
func (t told) Resolved() told { return t.with("resolved") }

func (t told) with(status string) (list told) {
	for _, a := range t {
		if a.Status == status {
			list = append(list, a)
		}
	}
	return list
}

// The functions that are documented there, and no other.
var templateFunctions = template.FuncMap{
	"title": strings.ToTitle, "toUpper": strings.ToUpper, "toLower": strings.ToLower, "trimSpace": strings.TrimSpace,
	"match": regexp.MatchString,
	"reReplaceAll": func(pattern, replacement, text string) string {
		return regexp.MustCompile(pattern).ReplaceAllString(text, replacement)
	},
	"join": func(sep string, s []string) string { return strings.Join(s, sep) }, "safeHtml": func(s string) string { return s },
	"stringSlice": func(s ...string) []string { return s },
	"date":        func(format string, t time.Time) string { return t.Format(format) },
	"tz": func(name string, t time.Time) (time.Time, error) {
		zone, err := time.LoadLocation(name)
		return t.In(zone), err
	},
}

// render gives title and message, as a contact point of ours would send them.
func render(t *testing.T, o AlertOptions, alerts ...toldAlert) (title, message string) {
	t.Helper()
	group, err := alertTemplate(o)
	if err != nil {
		t.Fatal(err)
	}
	n := notification{Receiver: ContactName, Status: "resolved", Alerts: alerts, ExternalURL: "https://grafana.tinh.example/g/", CommonAnnotations: map[string]string{}}
	for i, a := range alerts {
		if a.Status == "firing" {
			n.Status = "firing"
		}
		if s := a.Annotations["summary"]; i == 0 || n.CommonAnnotations["summary"] == s {
			n.CommonAnnotations["summary"] = s
		} else {
			n.CommonAnnotations["summary"] = "\x00" // no longer common
		}
	}
	if n.CommonAnnotations["summary"] == "\x00" {
		delete(n.CommonAnnotations, "summary")
	}
	first := execute(t, *group.Template, "missingkey=zero", n)
	if diff := cmp.Diff(first, execute(t, *group.Template, "missingkey=default", n)); diff != "" {
		t.Errorf("a label that is absent is shown: %s", diff)
	}
	return first[0], first[1]
}

// execute renders title and message. Which way Grafana takes a key that is absent is
// not documented: both must do.
func execute(t *testing.T, group, option string, n notification) (parts [2]string) {
	t.Helper()
	set := template.Must(template.New("").Funcs(templateFunctions).Option(option).Parse(group))
	for i, name := range []string{titleTemplate, messageTemplate} {
		var b strings.Builder
		whole := template.Must(template.Must(set.Clone()).New("use").Parse(use(name)))
		if err := whole.Execute(&b, n); err != nil {
			t.Fatal(err)
		}
		parts[i] = b.String()
	}
	return parts
}

func firing(label, site, mountain string) toldAlert {
	return toldAlert{
		Status: "firing",
		Labels: map[string]string{
			"alertname": "Mất đường truyền", "communewatch": "alarm", "kind": "uplink_down", "incident": "i-1", "site": site, "label": label, "mountain": mountain,
			"since": "08:30 27/11/2026", "evidence": "isp 100 %, 8.8.8.8 100 %", "office": "Bà Hoa 0905 000 111", "provider": "VNPT Bình Định 1800 1166",
		},
		Annotations: map[string]string{"summary": "Mất đường truyền", VersionLabel: "cw-0"},
	}
}

func over(a toldAlert, reason string) toldAlert {
	a.Status = "resolved"
	if reason != "" {
		a.Annotations = map[string]string{"summary": a.Annotations["summary"], "grafana_state_reason": reason}
	}
	return a
}

var vietnamese = AlertOptions{Lang: say.Vietnamese, Contact: true, Watchdog: true, Pages: "http://10.0.0.5:8080/"}
