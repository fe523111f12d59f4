package provision

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// putPolicies takes a whole tree, as Grafana does: there is no call for a part of it.
func (f *fakeGrafana) putPolicies(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	var tree map[string]any
	if err != nil || json.Unmarshal(raw, &tree) != nil || r.Header.Get("X-Disable-Provenance") == "" {
		f.t.Errorf("PUT policies: %.200s", raw)
	}
	if f.beforeWrite != nil {
		f.beforeWrite(r.URL.Path)
	}
	f.writes = append(f.writes, "PUT "+r.URL.Path)
	if complaint := f.wrongRoute(tree, true); complaint != "" {
		f.t.Errorf("policies: %s", complaint)
		f.refuse(w, http.StatusBadRequest, "invalid object specification: "+complaint, "")
		return
	}
	f.alerting.policies = raw
	f.answer(w, http.StatusAccepted, map[string]any{"message": "policies updated"})
}

func (f *fakeGrafana) wrongRoute(route map[string]any, root bool) string {
	for name := range route {
		if !slices.Contains(strings.Fields(documented["route"]), name) && !strings.HasPrefix(name, "x_") {
			return "a route has no field " + name
		}
	}
	receiver, named := route["receiver"].(string)
	if root && (!named || route["object_matchers"] != nil) {
		return "the root needs a receiver and no matchers"
	}
	if named && !slices.ContainsFunc(f.alerting.contacts, func(c map[string]any) bool { return c["name"] == receiver }) {
		return "receiver " + receiver + " does not exist"
	}
	matchers, _ := route["object_matchers"].([]any)
	for _, m := range matchers {
		if triple, _ := m.([]any); len(triple) != 3 {
			return "a matcher is a triple"
		}
	}
	for _, name := range []string{"group_wait", "group_interval", "repeat_interval"} {
		if s, ok := route[name].(string); ok {
			if _, err := time.ParseDuration(s); err != nil {
				return name
			}
		}
	}
	children, _ := route["routes"].([]any)
	for _, child := range children {
		if complaint := f.wrongRoute(child.(map[string]any), false); complaint != "" {
			return complaint
		}
	}
	return ""
}
