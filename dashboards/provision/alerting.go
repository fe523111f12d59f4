package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/grafana/grafana-foundation-sdk/go/alerting"

	"communewatch/dashboards"
)

// alertSteps are what there is to do for the alerts, in this order: what is said, who
// is told, what is told, and last the way from one to the other, so that a policy
// tree that somebody else provisions stops nothing but itself.
//
// Channels that the configuration does not name stay as they are in Grafana.
func (g *grafana) alertSteps(ctx context.Context, cfg Config, report *Report) ([]func() (Object, error), error) {
	there, err := g.readContactPoints(ctx)
	if err != nil {
		return nil, fmt.Errorf("read contact points: %w", err)
	}
	wanted := cfg.Contacts.Points()
	has := func(uids ...string) bool {
		ours := func(uid string) bool { return slices.Contains(uids, uid) }
		return slices.ContainsFunc(wanted, func(p alerting.ContactPoint) bool { return ours(*p.Uid) }) ||
			slices.ContainsFunc(there, func(p contactPoint) bool { return ours(p.UID) })
	}
	report.Told = has(dashboards.ContactUIDs...)
	alerts, err := dashboards.Alerts(dashboards.AlertOptions{
		Lang: cfg.Lang, Pages: cfg.Pages, Contact: report.Told, Watchdog: has(dashboards.WatchdogUID),
	})
	if err != nil {
		return nil, err
	}
	steps := []func() (Object, error){func() (Object, error) { return g.template(ctx, alerts.Template) }}
	steps = append(steps, g.contactSteps(ctx, wanted, there)...)
	for _, rule := range alerts.Rules {
		steps = append(steps, func() (Object, error) { return g.rule(ctx, rule) })
	}
	return append(steps, func() (Object, error) { return g.policy(ctx, alerts.Policy) }), nil
}

// errFromFile is what Grafana itself would refuse, said before it is tried.
var errFromFile = errors.New("it is provisioned from a file or by another program, and Grafana lets nobody else change it; change it there")

// template writes the message templates that are missing or not of this version.
func (g *grafana) template(ctx context.Context, wanted alerting.NotificationTemplate) (Object, error) {
	o := Object{Kind: "template", UID: *wanted.Name}
	found, err := g.readTemplate(ctx, o.UID)
	if refused(err, http.StatusNotFound) {
		o.Outcome = Created
		return o, g.writeTemplate(ctx, o.UID, *wanted.Template, "")
	}
	if err != nil {
		return o, err
	}
	switch version := dashboards.TemplateVersion(found.Template); {
	case version == "":
		return o, errors.New("there is a template group of this name and it is not ours (it does not say its version); it was left as it is: rename it")
	case version == dashboards.TemplateVersion(*wanted.Template):
		o.Outcome = Unchanged
		return o, nil
	case found.Provenance != "":
		return o, errFromFile
	}
	o.Outcome, o.Diff = Updated, changes(lines(found.Template), lines(*wanted.Template))
	return o, g.writeTemplate(ctx, o.UID, *wanted.Template, found.Version)
}

// rule writes a rule that is missing or not of this version. Somebody's pause is kept.
func (g *grafana) rule(ctx context.Context, wanted alerting.Rule) (Object, error) {
	o := Object{Kind: "alert-rule", UID: *wanted.Uid}
	found, err := g.readRule(ctx, o.UID)
	if refused(err, http.StatusNotFound) {
		o.Outcome = Created
		return o, g.createRule(ctx, wanted)
	}
	if err != nil {
		return o, err
	}
	annotations, _ := found["annotations"].(map[string]any)
	switch version, _ := annotations[dashboards.VersionLabel].(string); {
	case version == "":
		return o, fmt.Errorf("there is an alert rule with this UID and without the annotation %q; it was left as it is: give it the annotation to have it replaced, or another UID to keep it", dashboards.VersionLabel)
	case version == wanted.Annotations[dashboards.VersionLabel]:
		o.Outcome = Unchanged
		return o, nil
	case found["provenance"] != nil && found["provenance"] != "":
		return o, errFromFile
	}
	if paused, ok := found["isPaused"].(bool); ok {
		wanted.IsPaused = &paused
	}
	plain, err := generic(wanted)
	if err != nil {
		return o, err
	}
	o.Outcome, o.Diff = Updated, changes(overlap(found, plain), plain)
	return o, g.updateRule(ctx, o.UID, wanted)
}

// generic is a value as its JSON reads.
func generic(v any) (map[string]any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	return m, json.Unmarshal(raw, &m)
}

// overlap is of what was found only what we write too: Grafana tells more.
func overlap(found, wanted map[string]any) map[string]any {
	common := map[string]any{}
	for name := range wanted {
		if v, ok := found[name]; ok {
			common[name] = v
		}
	}
	return common
}
