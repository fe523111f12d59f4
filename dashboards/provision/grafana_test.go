package provision

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fakeGrafana is a FAKE. A Grafana cannot be had where these tests run (it is no Go
// module, no Debian package, and there is no container engine), so what we send is
// held against its public HTTP API documentation instead, as read in November 2026:
//
//	https://grafana.com/docs/grafana/latest/developers/http_api/data_source/
//	https://grafana.com/docs/grafana/latest/developers/http_api/folder/
//	https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/
//	https://grafana.com/docs/grafana/latest/developers/http_api/other/#health-api
//
// It is stricter than Grafana: fields that the documentation does not name, other
// methods, calls by numeric id (deprecated since 9.0, off in 13) and everything
// unknown fail the test. It knows nothing of how Grafana rewrites a dashboard.
type fakeGrafana struct {
	t             *testing.T
	authorization string // the only one it lets in
	version       string
	forbidden     bool              // a token that may not do anything
	beforeWrite   func(path string) // somebody else, in between

	mu      sync.Mutex
	ids     int
	sources map[string]map[string]any // by uid; secureJsonData is kept as Grafana keeps it, and never told
	folders map[string]map[string]any
	boards  map[string]map[string]any // {"dashboard": …, "folderUid": …, "message": …}
	writes  []string

	alerting fakeAlerting
}

func newFake(t *testing.T, authorization string) (*fakeGrafana, string) {
	f := &fakeGrafana{
		t: t, authorization: authorization, version: "11.6.0",
		sources: map[string]map[string]any{}, folders: map[string]map[string]any{}, boards: map[string]map[string]any{},
		alerting: newFakeAlerting(),
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return f, server.URL
}

// What each body may hold: the fields of the documentation's examples and schemas.
var documented = map[string]string{
	"datasource": "id uid orgId name type typeLogoUrl access url password user database basicAuth basicAuthUser basicAuthPassword withCredentials isDefault jsonData secureJsonData version",
	"folder":     "id uid title url hasAcl canSave canEdit canAdmin createdBy created updatedBy updated version overwrite parentUid",
	"dashboard":  "dashboard folderId folderUid overwrite message",
	"template":   "template version",
	"contact":    "uid name type settings disableResolveMessage provenance",
	"rule": "id uid orgID folderUID ruleGroup title condition data updated noDataState execErrState for keep_firing_for annotations labels " +
		"provenance isPaused notification_settings record missingSeriesEvalsToResolve",
	"query": "refId queryType relativeTimeRange datasourceUid model",
	"route": "receiver group_by match match_re matchers object_matchers mute_time_intervals active_time_intervals continue routes " +
		"group_wait group_interval repeat_interval provenance",
}

func (f *fakeGrafana) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.URL.Path == "/api/health" { // needs no login
		f.answer(w, http.StatusOK, map[string]any{"commit": "087143285", "database": "ok", "version": f.version})
		return
	}
	if r.Header.Get("Authorization") != f.authorization {
		f.answer(w, http.StatusUnauthorized, map[string]any{"message": "Invalid API key"})
		return
	}
	if f.forbidden {
		f.answer(w, http.StatusForbidden, map[string]any{"message": "You'll need additional permissions to perform this action"})
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	route := r.Method + " " + r.URL.Path
	switch {
	case r.Method == "GET" && len(parts) == 4 && parts[1] == "datasources" && parts[2] == "uid":
		f.get(w, f.sources[parts[3]], toldSource)
	case r.Method == "PUT" && len(parts) == 4 && parts[1] == "datasources" && parts[2] == "uid":
		f.write(w, r, "datasource", func(body map[string]any) { f.putSource(w, parts[3], body) })
	case route == "POST /api/datasources":
		f.write(w, r, "datasource", func(body map[string]any) { f.postSource(w, body) })
	case r.Method == "GET" && len(parts) == 3 && parts[1] == "folders":
		f.get(w, f.folders[parts[2]], maps.Clone)
	case route == "POST /api/folders":
		f.write(w, r, "folder", func(body map[string]any) { f.postFolder(w, body) })
	case r.Method == "GET" && len(parts) == 4 && parts[1] == "dashboards" && parts[2] == "uid":
		f.get(w, f.boards[parts[3]], toldBoard)
	case route == "POST /api/dashboards/db":
		f.write(w, r, "dashboard", func(body map[string]any) { f.postBoard(w, body) })
	case len(parts) >= 4 && len(parts) <= 5 && parts[1] == "v1" && parts[2] == "provisioning":
		f.serveAlerting(w, r, parts)
	default:
		f.t.Errorf("%s is not in the documentation, or gone in Grafana 13", route)
		f.answer(w, http.StatusNotFound, map[string]any{"message": "Not found"})
	}
}

func (f *fakeGrafana) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		f.t.Error(err)
	}
}

func (f *fakeGrafana) refuse(w http.ResponseWriter, status int, message, code string) {
	f.answer(w, status, map[string]any{"message": message, "status": code})
}

func (f *fakeGrafana) get(w http.ResponseWriter, found map[string]any, tell func(map[string]any) map[string]any) {
	if found == nil {
		f.refuse(w, http.StatusNotFound, "Not found", "not-found")
		return
	}
	f.answer(w, http.StatusOK, tell(found))
}

// write reads and checks a body, records the write, and lets do answer.
func (f *fakeGrafana) write(w http.ResponseWriter, r *http.Request, kind string, do func(map[string]any)) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		f.t.Error(err)
	}
	var body map[string]any
	if r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(raw, &body) != nil {
		f.t.Errorf("%s %s: not JSON: %.100s", r.Method, r.URL.Path, raw)
		f.refuse(w, http.StatusBadRequest, "bad request data", "")
		return
	}
	for name := range body {
		if !slices.Contains(strings.Fields(documented[kind]), name) {
			f.t.Errorf("%s %s: the documentation has no field %q", r.Method, r.URL.Path, name)
		}
	}
	if f.beforeWrite != nil {
		f.beforeWrite(r.URL.Path)
	}
	f.writes = append(f.writes, r.Method+" "+r.URL.Path)
	do(body)
}

func (f *fakeGrafana) next() float64 {
	f.ids++
	return float64(f.ids)
}

// toldSource is a data source as it is read: secrets only as "it is there".
func toldSource(stored map[string]any) map[string]any {
	told := maps.Clone(stored)
	set := map[string]any{}
	if secret, ok := stored["secureJsonData"].(map[string]any); ok {
		for name := range secret {
			set[name] = true
		}
	}
	delete(told, "secureJsonData")
	told["secureJsonFields"], told["typeLogoUrl"], told["orgId"] = set, "", 1
	if told["readOnly"] == nil {
		told["readOnly"] = false
	}
	return told
}

func (f *fakeGrafana) postSource(w http.ResponseWriter, body map[string]any) {
	uid, _ := body["uid"].(string)
	for _, required := range []string{"name", "type", "access"} {
		if body[required] == "" || body[required] == nil {
			f.t.Errorf("POST /api/datasources without %s", required)
		}
	}
	for _, other := range f.sources {
		if other["name"] == body["name"] || other["uid"] == uid {
			f.refuse(w, http.StatusConflict, "data source with the same name already exists", "")
			return
		}
	}
	body["id"], body["version"] = f.next(), 1.0
	f.sources[uid] = body
	f.answer(w, http.StatusOK, map[string]any{"datasource": toldSource(body), "id": body["id"], "message": "Datasource added", "name": body["name"]})
}

func (f *fakeGrafana) putSource(w http.ResponseWriter, uid string, body map[string]any) {
	stored := f.sources[uid]
	switch {
	case stored == nil:
		f.refuse(w, http.StatusNotFound, "Data source not found", "")
		return
	case stored["readOnly"] == true:
		f.refuse(w, http.StatusForbidden, "Cannot update read-only data source", "")
		return
	case body["version"] != nil && body["version"] != stored["version"]:
		f.refuse(w, http.StatusConflict, "Datasource has already been updated by someone else. Please reload and try again", "")
		return
	}
	secret := map[string]any{} // what is not sent again is kept
	for _, from := range []map[string]any{stored, body} {
		if s, ok := from["secureJsonData"].(map[string]any); ok {
			maps.Copy(secret, s)
		}
	}
	body["id"], body["uid"], body["version"], body["secureJsonData"] = stored["id"], uid, stored["version"].(float64)+1, secret
	f.sources[uid] = body
	f.answer(w, http.StatusOK, map[string]any{"datasource": toldSource(body), "id": body["id"], "message": "Datasource updated", "name": body["name"]})
}

func (f *fakeGrafana) postFolder(w http.ResponseWriter, body map[string]any) {
	uid, _ := body["uid"].(string)
	switch {
	case body["title"] == "" || body["title"] == nil || uid == "" || len(uid) > 40:
		f.refuse(w, http.StatusBadRequest, "folder title cannot be empty", "")
	case f.folders[uid] != nil:
		f.refuse(w, http.StatusConflict, "a folder with the same uid already exists", "")
	default:
		f.folders[uid] = map[string]any{
			"id": f.next(), "uid": uid, "title": body["title"], "url": "/dashboards/f/" + uid + "/x", "version": 1,
			"hasAcl": false, "canSave": true, "canEdit": true, "canAdmin": true,
		}
		f.answer(w, http.StatusOK, f.folders[uid])
	}
}

func toldBoard(stored map[string]any) map[string]any {
	return map[string]any{
		"dashboard": stored["dashboard"],
		"meta":      map[string]any{"isStarred": false, "url": "/d/x", "folderId": 2, "folderUid": stored["folderUid"], "slug": "x", "created": "2026-11-25T00:00:00Z", "version": 1},
	}
}

func (f *fakeGrafana) postBoard(w http.ResponseWriter, body map[string]any) {
	board, _ := body["dashboard"].(map[string]any)
	uid, _ := board["uid"].(string)
	if uid == "" || len(uid) > 40 || board["title"] == nil {
		f.refuse(w, http.StatusBadRequest, "Dashboard title cannot be empty", "empty-name")
		return
	}
	if f.folders[fmt.Sprint(body["folderUid"])] == nil {
		f.refuse(w, http.StatusNotFound, "folder not found", "not-found")
		return
	}
	version, id := 1.0, any(nil)
	if stored := f.boards[uid]; stored != nil {
		was := stored["dashboard"].(map[string]any)
		if body["overwrite"] != true && board["version"] != was["version"] {
			f.refuse(w, http.StatusPreconditionFailed, "The dashboard has been changed by someone else", "version-mismatch")
			return
		}
		version, id = was["version"].(float64)+1, was["id"]
	} else if board["id"] != nil {
		f.refuse(w, http.StatusNotFound, "Dashboard not found", "not-found")
		return
	}
	if id == nil {
		id = f.next()
	}
	board["id"], board["version"] = id, version
	f.boards[uid] = map[string]any{"dashboard": board, "folderUid": body["folderUid"], "message": body["message"]}
	f.answer(w, http.StatusOK, map[string]any{"id": id, "uid": uid, "url": "/d/" + uid, "status": "success", "version": version, "slug": "x"})
}

// takeWrites gives what was written since the last time.
func (f *fakeGrafana) takeWrites() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	writes := f.writes
	f.writes = nil
	return writes
}

// snapshot is all that is stored, to compare.
func (f *fakeGrafana) snapshot() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", " ")
	if err := encoder.Encode([]any{f.sources, f.folders, f.boards, f.alerting.templates, f.alerting.contacts, f.alerting.rules, f.alerting.policies}); err != nil {
		f.t.Error(err)
	}
	return b.String()
}
