package dashboards

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/alerting"

	"communewatch/collector/say"
)

// What belongs to our alerts is known by these.
const (
	// AlertLabel is on every alert of ours: what sort of alert it is. Routes match it.
	AlertLabel = "communewatch"
	// VersionLabel is on no alert. A route that matches on its absence is ours, and
	// says of which version; a rule has it as an annotation.
	VersionLabel = "communewatch_version"
	// ContactName is the contact point of all alerts, WatchdogName that of the sign of life.
	ContactName  = "CommuneWatch"
	WatchdogName = "CommuneWatch watchdog"
	// TemplateName is the group of message templates.
	TemplateName = "communewatch"
	// AlertsMinimumGrafana is the oldest Grafana for the alerts: it has "keep last
	// state" for no data and for errors, and a count of evaluations before a missing
	// series is given up.
	AlertsMinimumGrafana = "12.0"
)

// The values of [AlertLabel].
const (
	sortAlarm     = "alarm"     // what the judge says people shall be told of
	sortCollector = "collector" // the judge says nothing any more
	sortWatchdog  = "watchdog"  // the sign of life
)

// AlertOptions are what the alerts depend on beside the language. They speak one
// language at a time: two sets would tell everything twice.
type AlertOptions struct {
	Lang     say.Lang
	Contact  bool   // there is a contact point of ours; else the tree's own receiver gets all
	Watchdog bool   // there is somebody who takes the sign of life
	Pages    string // address of the collector's pages as people on duty reach it; empty: no link
}

// Alerting is what Grafana tells, to whom and in what words.
type Alerting struct {
	Rules    []alerting.Rule
	Policy   alerting.NotificationPolicy // one route, to stand in the tree
	Template alerting.NotificationTemplate
}

// Alerts are rules, route and message template, each marked with its version: a hash
// of what it says. So a second run knows what it made, and an edit by hand stays
// until we have something new to say.
func Alerts(o AlertOptions) (Alerting, error) {
	rules, err := alertRules(o)
	if err != nil {
		return Alerting{}, err
	}
	for i := range rules {
		version, err := versionOf(rules[i])
		if err != nil {
			return Alerting{}, err
		}
		rules[i].Annotations[VersionLabel] = version
	}
	a := Alerting{Rules: rules, Policy: alertPolicy(o)}
	if err := markPolicy(&a.Policy); err != nil {
		return Alerting{}, err
	}
	a.Template, err = alertTemplate(o)
	return a, err
}

// versionOf is what tells one content from another.
func versionOf(content any) (string, error) {
	raw, err := json.Marshal(content)
	if err != nil {
		return "", fmt.Errorf("version of an alerting resource: %w", err)
	}
	sum := sha256.Sum256(raw)
	return "cw-" + hex.EncodeToString(sum[:5]), nil
}
