package dashboards

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/alerting"
	"go.yaml.in/yaml/v4"

	"communewatch/collector/say"
)

const filesFolder = "../deploy/grafana/provisioning"

// For who provisions Grafana by files: the same data source, dashboards' folder,
// rules, templates, contact points and policies, as Grafana reads them there.
// https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/
// https://grafana.com/docs/grafana/latest/administration/provisioning/
func TestTheFilesForGrafanaAreWhatTheCodeMakes(t *testing.T) {
	want := map[string]bool{}
	for name, content := range files(t) {
		path := filepath.Join(filesFolder, name)
		want[path] = true
		if *update {
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		committed, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%v; run: go test ./dashboards -update", err)
		}
		if !bytes.Equal(committed, content) {
			t.Errorf("%s is not what the code makes; run: go test ./dashboards -update\n%s", path, cmp.Diff(string(committed), string(content)))
		}
	}
	for _, path := range must(filepath.Glob(filesFolder + "/*/*")) {
		if !want[path] {
			t.Errorf("%s is nobody's", path)
		}
	}
}

type object = map[string]any

// files are all of them, by their place. Secrets are variables of Grafana's environment.
func files(t *testing.T) map[string][]byte {
	t.Helper()
	a := mustAlerts(t, AlertOptions{Lang: say.Vietnamese, Contact: true, Watchdog: true})
	list := map[string][]byte{
		"datasources/communewatch.yaml": yamlFile(t, "InfluxDB, as Grafana reaches it and as a user who only reads.", "datasources", object{
			"name": "CommuneWatch", "uid": DatasourceUID, "type": "influxdb", "access": "proxy", "url": "$COMMUNEWATCH_INFLUX_URL",
			"jsonData":       object{"dbName": "communewatch", "httpMode": "GET", "version": "InfluxQL", "httpHeaderName1": "Authorization"},
			"secureJsonData": object{"httpHeaderValue1": "Token $COMMUNEWATCH_INFLUX_CREDENTIAL"},
		}),
		"dashboards/communewatch.yaml": yamlFile(t, "Where the dashboards lie: copy dashboards/json/*.json (of one language) there.", "providers", object{
			"name": "CommuneWatch", "folder": "CommuneWatch", "type": "file", "allowUiUpdates": true,
			"options": object{"path": "/etc/grafana/communewatch/dashboards"},
		}),
		"alerting/communewatch-rules.yaml": yamlFile(t, "What is told. Terrain is a tag of the alarm, \"for\" is shorter for the mountains.", "groups", ruleGroups(t, a.Rules)...),
		"alerting/communewatch-templates.yaml": yamlFile(t, "In what words.", "templates", object{
			"orgId": 1, "name": *a.Template.Name, "template": *a.Template.Template,
		}),
		"alerting/communewatch-policies.yaml": yamlFile(t, "To whom. CAREFUL: Grafana has one tree of policies and a file replaces all of it.\n"+
			"# Where somebody has policies of their own, leave this file out and use\n# communewatch-collector provision, which puts in one route and keeps the rest.", "policies", policyFile(t, a.Policy)),
	}
	everybody := Contacts{
		Emails: []string{"$COMMUNEWATCH_EMAILS"}, TelegramToken: "$COMMUNEWATCH_TELEGRAM_TOKEN", TelegramChat: "$COMMUNEWATCH_TELEGRAM_CHAT",
		Webhook: "$COMMUNEWATCH_WEBHOOK_URL", Watchdog: "$COMMUNEWATCH_WATCHDOG_URL",
	}
	for _, p := range everybody.Points() {
		name := strings.TrimPrefix(*p.Uid, "cw-")
		list["alerting/communewatch-contact-"+name+".yaml"] = yamlFile(t, "A way in which people are told. Leave the file out if there is none.", "contactPoints", object{
			"orgId": 1, "name": *p.Name,
			"receivers": []any{object{"uid": *p.Uid, "type": string(p.Type), "disableResolveMessage": *p.DisableResolveMessage, "settings": p.Settings}},
		})
	}
	return list
}

func yamlFile(t *testing.T, comment, list string, items ...object) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("# " + comment + "\n# Made by: go test ./dashboards -update\n")
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(object{"apiVersion": 1, list: items}); err != nil {
		t.Fatal(err)
	}
	if err := encoder.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ruleGroups are rules as a file names them: by group, the folder by its title.
func ruleGroups(t *testing.T, rules []alerting.Rule) []object {
	t.Helper()
	var groups []object
	for _, r := range rules {
		plain := asObject(t, r)
		if n := plain["missingSeriesEvalsToResolve"]; n != nil {
			plain["missing_series_evals_to_resolve"] = n
		}
		for _, name := range []string{"missingSeriesEvalsToResolve", "folderUID", "ruleGroup", "orgID"} {
			delete(plain, name)
		}
		if len(groups) == 0 || groups[len(groups)-1]["name"] != r.RuleGroup {
			groups = append(groups, object{"orgId": 1, "name": r.RuleGroup, "folder": "CommuneWatch", "interval": short(EvaluateEvery), "rules": []any{}})
		}
		group := groups[len(groups)-1]
		group["rules"] = append(group["rules"].([]any), plain)
	}
	return groups
}

func policyFile(t *testing.T, ours alerting.NotificationPolicy) object {
	t.Helper()
	return object{"orgId": 1, "receiver": ContactName, "group_by": []any{"grafana_folder", "alertname"}, "routes": []any{asObject(t, ours)}}
}

// asObject is a value as its JSON reads, with whole numbers whole.
func asObject(t *testing.T, v any) object {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(dump(t, v)))
	decoder.UseNumber()
	var o object
	if err := decoder.Decode(&o); err != nil {
		t.Fatal(err)
	}
	return whole(o).(object)
}

func whole(v any) any {
	switch v := v.(type) {
	case object:
		for name, item := range v {
			v[name] = whole(item)
		}
	case []any:
		for i, item := range v {
			v[i] = whole(item)
		}
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			f, _ := v.Float64()
			return f
		}
		return n
	}
	return v
}

// A file that Grafana reads must say the same as what is pushed.
func TestTheRulesOfTheFileAreTheRulesThatArePushed(t *testing.T) {
	var file struct {
		Groups []struct {
			Name, Folder, Interval string
			Rules                  []object
		}
	}
	if err := yaml.Unmarshal(must(os.ReadFile(filesFolder+"/alerting/communewatch-rules.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	read := map[string]object{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			r["ruleGroup"], r["folderUID"], r["orgID"] = g.Name, FolderUID, 1
			if n, ok := r["missing_series_evals_to_resolve"]; ok {
				r["missingSeriesEvalsToResolve"] = n
				delete(r, "missing_series_evals_to_resolve")
			}
			read[r["uid"].(string)] = r
		}
	}
	pushed := mustAlerts(t, vietnamese).Rules
	for _, r := range pushed {
		if diff := cmp.Diff(dump(t, asObject(t, r)), dump(t, asObject(t, read[*r.Uid]))); diff != "" {
			t.Errorf("%s: %s", *r.Uid, diff)
		}
	}
	if len(read) != len(pushed) || len(file.Groups) != 3 {
		t.Errorf("%d rules in %d groups", len(read), len(file.Groups))
	}
}

// Grafana puts variables of its environment in where a "$" stands, but for queries and
// message templates: those it takes as they are.
func TestADollarInAFileIsAVariableOfOursOrInAQuery(t *testing.T) {
	for name, content := range files(t) {
		for line := range strings.Lines(string(content)) {
			line = strings.ReplaceAll(line, "$COMMUNEWATCH_", "")
			if strings.Contains(line, "$") && !strings.Contains(line, "$timeFilter") && name != "alerting/communewatch-templates.yaml" {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}
