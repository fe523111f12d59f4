package provision

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/say"
)

const (
	grafanaToken = "glsa_pQ7secretOfGrafana"
	influxSecret = "reader:s3cretOfInflux"
)

func config(url string) Config {
	return Config{GrafanaURL: url, Token: grafanaToken, InfluxURL: "http://127.0.0.1:8086", InfluxCredential: influxSecret}
}

// run provisions and fails on an error; it gives kind and outcome of each object.
func run(t *testing.T, cfg Config) []string {
	t.Helper()
	report, err := Provision(t.Context(), cfg, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []string
	for _, o := range report.Objects {
		outcomes = append(outcomes, o.Kind+" "+o.UID+" "+string(o.Outcome))
	}
	return outcomes
}

// uids are the dashboards', in the order in which they are written.
var uids = []string{"cw-province", "cw-commune", "cw-provider", "cw-quality", "cw-collector"}

var allUnchanged = append([]string{"datasource communewatch unchanged", "folder communewatch unchanged"}, boardsAre("unchanged", "")...)

func boardsAre(outcome, suffix string) []string {
	var list []string
	for _, uid := range uids {
		list = append(list, "dashboard "+uid+suffix+" "+outcome)
	}
	return list
}

func TestAFreshGrafanaGetsEverythingOnce(t *testing.T) {
	fake, url := newFake(t, "Bearer "+grafanaToken)
	want := append([]string{"datasource communewatch created", "folder communewatch created"}, boardsAre("created", "")...)
	if diff := cmp.Diff(want, run(t, config(url))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(append([]string{"POST /api/datasources", "POST /api/folders"}, slices.Repeat([]string{"POST /api/dashboards/db"}, len(uids))...), fake.takeWrites()); diff != "" {
		t.Error(diff)
	}

	before := fake.snapshot()
	if diff := cmp.Diff(allUnchanged, run(t, config(url))); diff != "" {
		t.Error(diff)
	}
	if writes := fake.takeWrites(); writes != nil {
		t.Errorf("the second run writes %q", writes)
	}
	if diff := cmp.Diff(before, fake.snapshot()); diff != "" {
		t.Errorf("the second run changes: %s", diff)
	}
}

func TestTheDatasourceReachesInfluxDBWithItsCredential(t *testing.T) {
	fake, url := newFake(t, "Bearer "+grafanaToken)
	run(t, config(url))
	got := fake.sources["communewatch"]
	settings := got["jsonData"].(map[string]any)
	delete(settings, fingerprintKey)
	for what, pair := range map[string][2]any{
		"type": {"influxdb", got["type"]}, "access": {"proxy", got["access"]}, "url": {"http://127.0.0.1:8086", got["url"]},
		"database": {"communewatch", got["database"]},
		"jsonData": {map[string]any{"dbName": "communewatch", "httpMode": "GET", "version": "InfluxQL", "httpHeaderName1": "Authorization"}, settings},
		"secrets":  {map[string]any{"httpHeaderValue1": "Token " + influxSecret}, got["secureJsonData"]},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
}

// Only identity and our version tag are added: no setting is lost on the way.
func TestADashboardArrivesAsItIsCommitted(t *testing.T) {
	fake, url := newFake(t, "Bearer "+grafanaToken)
	run(t, config(url))
	for _, uid := range uids {
		raw, err := os.ReadFile("../json/" + uid + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]any
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		stored := fake.boards[uid]
		got := stored["dashboard"].(map[string]any)
		tags := got["tags"].([]any)
		if len(tags) != 2 || tags[0] != "communewatch" || !strings.HasPrefix(tags[1].(string), versionTag) {
			t.Errorf("%s has the tags %v", uid, tags)
		}
		want["tags"], want["id"], want["version"] = tags, got["id"], got["version"]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", uid, diff)
		}
		if stored["folderUid"] != "communewatch" {
			t.Errorf("%s is in folder %v", uid, stored["folderUid"])
		}
	}
}

func TestAHandEditStaysUntilOurVersionChanges(t *testing.T) {
	fake, url := newFake(t, "Bearer "+grafanaToken)
	run(t, config(url))
	edited := fake.boards["cw-province"]["dashboard"].(map[string]any)
	edited["title"], edited["version"] = "Toàn tỉnh (trực ban)", 2.0
	fake.folders["communewatch"]["title"] = "Giám sát mạng"
	fake.takeWrites()
	if diff := cmp.Diff(allUnchanged, run(t, config(url))); diff != "" {
		t.Error(diff)
	}
	if edited["title"] != "Toàn tỉnh (trực ban)" || fake.takeWrites() != nil {
		t.Error("the edit is gone though our version is the same")
	}

	edited["tags"] = []any{"communewatch", "cw-0000000000", "trực ban"} // made by another version
	want := slices.Clone(allUnchanged)
	want[2] = "dashboard cw-province updated"
	if diff := cmp.Diff(want, run(t, config(url))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"POST /api/dashboards/db"}, fake.takeWrites()); diff != "" {
		t.Error(diff)
	}
	now := fake.boards["cw-province"]["dashboard"].(map[string]any)
	if now["title"] != "Toàn tỉnh" || now["version"] != 3.0 {
		t.Errorf("stored is %v, version %v", now["title"], now["version"])
	}
}

func TestTheDatasourceIsHeldToTheConfigurationAndKeepsTheRest(t *testing.T) {
	fake, url := newFake(t, "Bearer "+grafanaToken)
	run(t, config(url))
	ds := fake.sources["communewatch"]
	ds["name"], ds["isDefault"], ds["url"] = "InfluxDB của tỉnh", true, "http://wrong:1"
	ds["jsonData"].(map[string]any)["timeInterval"] = "10s"
	fake.takeWrites()
	want := slices.Clone(allUnchanged)
	want[0] = "datasource communewatch updated"
	if diff := cmp.Diff(want, run(t, config(url))); diff != "" {
		t.Error(diff)
	}
	ds = fake.sources["communewatch"]
	if ds["url"] != "http://127.0.0.1:8086" || ds["name"] != "InfluxDB của tỉnh" || ds["isDefault"] != true || ds["jsonData"].(map[string]any)["timeInterval"] != "10s" {
		t.Errorf("stored is %v", ds)
	}
	if diff := cmp.Diff([]string{"PUT /api/datasources/uid/communewatch"}, fake.takeWrites()); diff != "" {
		t.Error(diff)
	}
}

func TestADatasourceSavedOnGrafanasOwnPageIsStillOurs(t *testing.T) {
	fake, url := newFake(t, "Bearer "+grafanaToken)
	run(t, config(url))
	fake.sources["communewatch"]["database"] = "" // what the page does: it keeps dbName
	if diff := cmp.Diff(allUnchanged, run(t, config(url))); diff != "" {
		t.Error(diff)
	}
}

func TestANewCredentialIsWrittenOnce(t *testing.T) {
	fake, url := newFake(t, "Bearer "+grafanaToken)
	run(t, config(url))
	cfg := config(url)
	cfg.InfluxCredential = "reader:another"
	want := slices.Clone(allUnchanged)
	want[0] = "datasource communewatch updated"
	if diff := cmp.Diff(want, run(t, cfg)); diff != "" {
		t.Error(diff)
	}
	if got := fake.sources["communewatch"]["secureJsonData"].(map[string]any)["httpHeaderValue1"]; got != "Token reader:another" {
		t.Errorf("stored is %v", got)
	}
	if diff := cmp.Diff(allUnchanged, run(t, cfg)); diff != "" {
		t.Error(diff)
	}
}

func TestAnotherLanguageStandsBesideTheFirst(t *testing.T) {
	fake, url := newFake(t, "Bearer "+grafanaToken)
	run(t, config(url))
	cfg := config(url)
	cfg.Lang = say.English
	want := append([]string{"datasource communewatch unchanged", "folder communewatch unchanged"}, boardsAre("created", "-en")...)
	if diff := cmp.Diff(want, run(t, cfg)); diff != "" {
		t.Error(diff)
	}
	if len(fake.boards) != 2*len(uids) {
		t.Errorf("%d dashboards, want %d", len(fake.boards), 2*len(uids))
	}
}

// What carries our UID and is not ours, and all that has another UID, stays as it was.
func TestForeignObjectsAreNeverTouched(t *testing.T) {
	ours := func(f *fakeGrafana, uid string) { // as if people had made them by hand
		f.folders["communewatch"] = map[string]any{"id": 7.0, "uid": "communewatch", "title": "Khác", "version": 1.0}
		f.boards[uid] = map[string]any{"folderUid": "noc", "dashboard": map[string]any{"id": 9.0, "uid": uid, "title": "Của NOC", "version": 5.0, "tags": []any{"noc"}}}
		f.sources["loki"] = map[string]any{"id": 3.0, "uid": "loki", "name": "Loki", "type": "loki", "access": "proxy", "version": 1.0, "jsonData": map[string]any{}}
	}
	for name, c := range map[string]struct {
		make func(*fakeGrafana)
		want string
	}{
		"a dashboard without our tag": {func(f *fakeGrafana) { ours(f, "cw-commune") }, `without the tag "communewatch"`},
		"a data source of another type": {func(f *fakeGrafana) {
			f.sources["communewatch"] = map[string]any{"id": 3.0, "uid": "communewatch", "name": "P", "type": "prometheus", "version": 1.0}
		}, "of type prometheus"},
		"a data source with our name": {func(f *fakeGrafana) {
			f.sources["other"] = map[string]any{"id": 3.0, "uid": "other", "name": datasourceName, "type": "influxdb", "version": 1.0}
		}, `another data source is called "CommuneWatch"`},
		"a data source from a file": {func(f *fakeGrafana) {
			f.sources["communewatch"] = map[string]any{"id": 3.0, "uid": "communewatch", "name": "F", "type": "influxdb", "url": "http://old", "readOnly": true, "version": 1.0}
		}, "provisioned from a file"},
	} {
		t.Run(name, func(t *testing.T) {
			fake, url := newFake(t, "Bearer "+grafanaToken)
			c.make(fake)
			foreign := map[string]string{}
			for uid, o := range fake.sources {
				foreign["source "+uid] = dump(t, o)
			}
			for uid, o := range fake.boards {
				foreign["board "+uid] = dump(t, o)
			}
			_, err := Provision(t.Context(), config(url), Deps{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
			for uid, o := range fake.sources {
				if was, ok := foreign["source "+uid]; ok && was != dump(t, o) {
					t.Errorf("data source %s was changed to %v", uid, o)
				}
			}
			for uid, o := range fake.boards {
				if was, ok := foreign["board "+uid]; ok && was != dump(t, o) {
					t.Errorf("dashboard %s was changed to %v", uid, o)
				}
			}
		})
	}
}

func dump(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAChangeInBetweenIsNotOverwritten(t *testing.T) {
	fake, url := newFake(t, "Bearer "+grafanaToken)
	run(t, config(url))
	board := fake.boards["cw-commune"]["dashboard"].(map[string]any)
	board["tags"] = []any{"communewatch", "cw-0000000000"}
	fake.beforeWrite = func(string) { board["version"] = board["version"].(float64) + 1 }
	_, err := Provision(t.Context(), config(url), Deps{})
	if err == nil || !strings.Contains(err.Error(), "run again") || !strings.Contains(err.Error(), "cw-commune") {
		t.Errorf("error is %v", err)
	}
}

func TestUserAndPasswordWorkLikeAToken(t *testing.T) {
	_, url := newFake(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("admin:p:w")))
	cfg := config(url)
	cfg.Token = "admin:p:w"
	run(t, cfg)
}

func TestAGrafanaUnderAPathIsReached(t *testing.T) {
	fake, _ := newFake(t, "Bearer "+grafanaToken)
	server := httptest.NewServer(http.StripPrefix("/grafana", fake))
	defer server.Close()
	run(t, config(server.URL+"/grafana/"))
}

func TestAVersionThatIsHiddenIsLetPass(t *testing.T) {
	fake, url := newFake(t, "Bearer "+grafanaToken)
	fake.version = ""
	run(t, config(url))
}

func TestVersionsAreComparedByNumber(t *testing.T) {
	for version, want := range map[string]bool{
		"9.5.21": true, "10.1.9": true, "10.2.0": false, "10.10.0": false, "11.0.0-beta1": false, "13.2.0": false, "v10.2": false, "main": false,
	} {
		if got := older(version, "10.2"); got != want {
			t.Errorf("%s is older than 10.2: %v", version, got)
		}
	}
}
