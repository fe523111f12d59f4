package provision

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/grafana/grafana-foundation-sdk/go/alerting"
)

// Grafana's alerting provisioning API, for which grafana-tools/sdk has no call:
// https://grafana.com/docs/grafana/latest/developer-resources/api-reference/http-api/alerting_provisioning/
// Grafana 13 names a successor for contact points, policies and templates and goes on
// answering here. Every write says X-Disable-Provenance (see call), so that people can
// edit what is ours on Grafana's own pages.
const provisioning = "/api/v1/provisioning/"

// templateGroup is a group of message templates as it is read.
type templateGroup struct{ Name, Template, Version, Provenance string }

func (g *grafana) readTemplate(ctx context.Context, name string) (templateGroup, error) {
	var found templateGroup
	return found, g.call(ctx, http.MethodGet, provisioning+"templates/"+name, nil, &found)
}

// writeTemplate makes a group, or replaces the one of that version.
func (g *grafana) writeTemplate(ctx context.Context, name, text, version string) error {
	body := map[string]any{"template": text, "version": version}
	return g.write(ctx, http.MethodPut, provisioning+"templates/"+name, body)
}

func (g *grafana) readContactPoints(ctx context.Context) ([]contactPoint, error) {
	var found []contactPoint
	return found, g.call(ctx, http.MethodGet, provisioning+"contact-points", nil, &found)
}

func (g *grafana) createContactPoint(ctx context.Context, p alerting.ContactPoint) error {
	return g.write(ctx, http.MethodPost, provisioning+"contact-points", p)
}

func (g *grafana) updateContactPoint(ctx context.Context, uid string, p alerting.ContactPoint) error {
	return g.write(ctx, http.MethodPut, provisioning+"contact-points/"+uid, p)
}

func (g *grafana) readRule(ctx context.Context, uid string) (map[string]any, error) {
	var found map[string]any
	return found, g.call(ctx, http.MethodGet, provisioning+"alert-rules/"+uid, nil, &found)
}

func (g *grafana) createRule(ctx context.Context, r alerting.Rule) error {
	return g.write(ctx, http.MethodPost, provisioning+"alert-rules", r)
}

func (g *grafana) updateRule(ctx context.Context, uid string, r alerting.Rule) error {
	return g.write(ctx, http.MethodPut, provisioning+"alert-rules/"+uid, r)
}

func (g *grafana) readPolicies(ctx context.Context) (json.RawMessage, error) {
	var tree json.RawMessage
	return tree, g.call(ctx, http.MethodGet, provisioning+"policies", nil, &tree)
}

func (g *grafana) writePolicies(ctx context.Context, tree json.RawMessage) error {
	return g.write(ctx, http.MethodPut, provisioning+"policies", tree)
}

// write is a call that changes something: none in a dry run.
func (g *grafana) write(ctx context.Context, method, path string, body any) error {
	if g.dry {
		return nil
	}
	return g.call(ctx, method, path, body, &json.RawMessage{})
}
