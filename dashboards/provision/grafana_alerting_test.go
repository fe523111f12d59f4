package provision

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The alerting provisioning API of the fake, from its public documentation and, where
// that is silent (status of a missing rule, what is redacted, what is refused), from
// what Grafana's public source says of itself, as read in November 2026:
//
//	https://grafana.com/docs/grafana/latest/developer-resources/api-reference/http-api/alerting_provisioning/
//	grafana/grafana docs/sources/shared/alerts/alerting_provisioning.md
//	grafana/grafana pkg/services/ngalert/api/api_provisioning.go
//	grafana/grafana pkg/services/ngalert/api/tooling/definitions/provisioning_*.go
//
// It is stricter: a write without X-Disable-Provenance fails the test, since people
// could not edit what it makes, and so do undocumented fields at any depth of a route.
type fakeAlerting struct {
	templates map[string]map[string]any
	contacts  []map[string]any
	rules     map[string]map[string]any
	policies  json.RawMessage
}

func newFakeAlerting() fakeAlerting {
	return fakeAlerting{
		templates: map[string]map[string]any{}, rules: map[string]map[string]any{},
		contacts: []map[string]any{{
			"uid": "default", "name": "grafana-default-email", "type": "email", "disableResolveMessage": false,
			"settings": map[string]any{"addresses": "<example@email.com>"},
		}},
		policies: json.RawMessage(`{"receiver":"grafana-default-email","group_by":["grafana_folder","alertname"]}`),
	}
}

// serveAlerting answers what is under /api/v1/provisioning/.
func (f *fakeGrafana) serveAlerting(w http.ResponseWriter, r *http.Request, parts []string) {
	kind, name := parts[3], ""
	if len(parts) == 5 {
		name = parts[4]
	}
	switch call := r.Method + " " + kind; {
	case call == "GET templates" && name != "":
		f.get(w, f.alerting.templates[name], maps.Clone)
	case call == "PUT templates" && name != "":
		f.writeAlerting(w, r, "template", func(body map[string]any) { f.putTemplate(w, name, body) })
	case call == "GET contact-points" && name == "":
		f.answer(w, http.StatusOK, redacted(f.alerting.contacts))
	case call == "POST contact-points" && name == "":
		f.writeAlerting(w, r, "contact", func(body map[string]any) { f.postContact(w, body) })
	case call == "PUT contact-points" && name != "":
		f.writeAlerting(w, r, "contact", func(body map[string]any) { f.putContact(w, name, body) })
	case call == "GET alert-rules" && name != "":
		if f.alerting.rules[name] == nil {
			w.WriteHeader(http.StatusNotFound) // no body, and so no JSON
			return
		}
		f.answer(w, http.StatusOK, f.alerting.rules[name])
	case call == "POST alert-rules" && name == "":
		f.writeAlerting(w, r, "rule", func(body map[string]any) { f.putRule(w, "", body) })
	case call == "PUT alert-rules" && name != "":
		f.writeAlerting(w, r, "rule", func(body map[string]any) { f.putRule(w, name, body) })
	case call == "GET policies" && name == "":
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(f.alerting.policies)
	case call == "PUT policies" && name == "":
		f.putPolicies(w, r)
	default:
		f.t.Errorf("%s %s is not in the documentation", r.Method, r.URL.Path)
		f.answer(w, http.StatusNotFound, map[string]any{"message": "Not found"})
	}
}

func (f *fakeGrafana) writeAlerting(w http.ResponseWriter, r *http.Request, kind string, do func(map[string]any)) {
	if r.Header.Get("X-Disable-Provenance") == "" {
		f.t.Errorf("%s %s would lock what it writes against its people", r.Method, r.URL.Path)
	}
	f.write(w, r, kind, do)
}

func (f *fakeGrafana) putTemplate(w http.ResponseWriter, name string, body map[string]any) {
	stored := f.alerting.templates[name]
	text, _ := body["template"].(string)
	was, _ := stored["version"].(string)
	switch {
	case !strings.Contains(text, "{{ define "):
		f.refuse(w, http.StatusBadRequest, "invalid template", "")
	case body["version"] != "" && body["version"] != was:
		f.refuse(w, http.StatusConflict, "Provided version of the template does not match", "alerting.notifications.templates.versionMismatch")
	case stored["provenance"] == "file":
		f.refuse(w, http.StatusConflict, "cannot change provenance from 'file' to ''", "")
	default:
		f.alerting.templates[name] = map[string]any{"name": name, "template": text, "version": fmt.Sprint("v", f.next())}
		f.answer(w, http.StatusAccepted, f.alerting.templates[name])
	}
}

// redacted are contact points as they are read: what Grafana knows to be secret is not told.
func redacted(stored []map[string]any) []map[string]any {
	told := []map[string]any{}
	for _, c := range stored {
		c = maps.Clone(c)
		settings := maps.Clone(c["settings"].(map[string]any))
		if settings["bottoken"] != nil {
			settings["bottoken"] = "[REDACTED]"
		}
		c["settings"] = settings
		told = append(told, c)
	}
	return told
}

// What a contact point of a type must have.
// https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/#settings
var requiredSettings = map[string]string{"email": "addresses", "telegram": "bottoken chatid", "webhook": "url"}

func (f *fakeGrafana) usable(w http.ResponseWriter, body map[string]any) bool {
	settings, _ := body["settings"].(map[string]any)
	required, known := requiredSettings[fmt.Sprint(body["type"])]
	ok := known && body["name"] != nil && body["name"] != ""
	for name := range strings.FieldsSeq(required) {
		ok = ok && settings[name] != nil && settings[name] != "" && settings[name] != "[REDACTED]"
	}
	if !ok {
		f.t.Errorf("a contact point that cannot work: %v", body)
		f.refuse(w, http.StatusBadRequest, "invalid object specification", "")
	}
	return ok
}

func (f *fakeGrafana) postContact(w http.ResponseWriter, body map[string]any) {
	same := func(c map[string]any) bool { return c["uid"] == body["uid"] }
	if slices.ContainsFunc(f.alerting.contacts, same) {
		f.refuse(w, http.StatusBadRequest, "receiver configuration with this UID exists already", "")
		return
	}
	if f.usable(w, body) {
		f.alerting.contacts = append(f.alerting.contacts, body)
		f.answer(w, http.StatusAccepted, redacted([]map[string]any{body})[0])
	}
}

func (f *fakeGrafana) putContact(w http.ResponseWriter, uid string, body map[string]any) {
	i := slices.IndexFunc(f.alerting.contacts, func(c map[string]any) bool { return c["uid"] == uid })
	switch {
	case i < 0:
		f.refuse(w, http.StatusNotFound, "contact point not found", "")
	case f.alerting.contacts[i]["provenance"] == "file":
		f.refuse(w, http.StatusConflict, "cannot change provenance from 'file' to ''", "")
	case f.usable(w, body):
		body["uid"] = uid
		f.alerting.contacts[i] = body
		f.answer(w, http.StatusAccepted, map[string]any{"message": "contactpoint updated"})
	}
}

func (f *fakeGrafana) putRule(w http.ResponseWriter, uid string, body map[string]any) {
	if uid != "" && f.alerting.rules[uid] == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if uid == "" {
		if uid, _ = body["uid"].(string); f.alerting.rules[uid] != nil {
			f.refuse(w, http.StatusBadRequest, "a conflicting alert rule is found", "")
			return
		}
	}
	if complaint := f.wrongRule(uid, body); complaint != "" {
		f.t.Errorf("rule %s: %s", uid, complaint)
		f.refuse(w, http.StatusBadRequest, "invalid alert rule: "+complaint, "")
		return
	}
	for _, q := range body["data"].([]any) { // Grafana fills in what a query does not say
		model := q.(map[string]any)["model"].(map[string]any)
		model["intervalMs"], model["maxDataPoints"] = 1000.0, 43200.0
	}
	status := http.StatusOK
	if f.alerting.rules[uid] == nil {
		status = http.StatusCreated
	}
	body["id"], body["uid"], body["updated"] = f.next(), uid, "2026-11-27T08:30:00+07:00"
	f.alerting.rules[uid] = body
	f.answer(w, status, body)
}

var ruleUID = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`)

// wrongRule says what Grafana refuses in a rule.
func (f *fakeGrafana) wrongRule(uid string, body map[string]any) string {
	text := func(name string) string { s, _ := body[name].(string); return s }
	wait, err := time.ParseDuration(text("for"))
	switch {
	case !ruleUID.MatchString(uid):
		return "its UID"
	case text("title") == "" || len(text("title")) > 190 || text("ruleGroup") == "" || len(text("ruleGroup")) > 190:
		return "title or group"
	case f.folders[text("folderUID")] == nil:
		return "there is no folder " + text("folderUID")
	case body["orgID"] != 1.0:
		return "its organization"
	case err != nil || wait%time.Minute != 0:
		return "for must be a multiple of the group's interval"
	case !slices.Contains([]string{"OK", "Alerting", "NoData", "KeepLast"}, text("noDataState")), !slices.Contains([]string{"OK", "Alerting", "Error", "KeepLast"}, text("execErrState")):
		return "no-data or error state"
	case body["missingSeriesEvalsToResolve"] != nil && body["missingSeriesEvalsToResolve"].(float64) < 1:
		return "missingSeriesEvalsToResolve"
	}
	for other, r := range f.alerting.rules {
		if other != uid && r["title"] == body["title"] && r["folderUID"] == body["folderUID"] {
			return "another rule of the folder has this title"
		}
	}
	return f.wrongQueries(text("condition"), body["data"])
}

func (f *fakeGrafana) wrongQueries(condition string, data any) string {
	list, _ := data.([]any)
	known := map[string]bool{}
	for _, item := range list {
		q := item.(map[string]any)
		for name := range q {
			if !slices.Contains(strings.Fields(documented["query"]), name) {
				return "a query has no field " + name
			}
		}
		model, _ := q["model"].(map[string]any)
		reach, _ := q["relativeTimeRange"].(map[string]any)
		uid, _ := q["datasourceUid"].(string)
		source, _ := model["datasource"].(map[string]any)
		switch {
		case known[fmt.Sprint(q["refId"])] || model["refId"] != q["refId"]:
			return "refId of a query"
		case uid != "__expr__" && (f.sources[uid] == nil || reach["from"] == nil || reach["from"].(float64) <= 0):
			return "data source or time range of a query"
		case uid != source["uid"]:
			return "a query names two data sources"
		case uid == "__expr__" && !known[fmt.Sprint(model["expression"])]:
			return "an expression over what is not there"
		}
		known[fmt.Sprint(q["refId"])] = true
	}
	if !known[condition] {
		return "no query " + condition
	}
	return ""
}
