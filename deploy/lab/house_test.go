package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// may says which rooms of ours a room may import. Imports go one way; a room that
// is not in the table fails the test, so that a new one gets its row.
var may = map[string]string{
	"collector/api":      "",
	"collector/say":      "",
	"collector/settings": "collector/say",

	"agent":          "agent/doctor agent/office agent/service collector/say collector/settings",
	"agent/office":   "agent/clock agent/doctor agent/icmp agent/round agent/service agent/snmp agent/spool agent/upstream collector/api collector/say collector/settings",
	"agent/round":    "collector/api",
	"agent/icmp":     "collector/api collector/say",
	"agent/snmp":     "collector/api collector/say collector/settings",
	"agent/clock":    "collector/api",
	"agent/doctor":   "collector/api collector/say",
	"agent/service":  "collector/say",
	"agent/spool":    "collector/api",
	"agent/upstream": "collector/api collector/say",

	"collector":                "collector/api collector/center collector/enrol collector/goal collector/goal/declared collector/goal/paper collector/users collector/inventory collector/say collector/settings collector/store/embedded collector/watch dashboards/provision",
	"collector/center":         "collector/api collector/board collector/enrol collector/gate collector/goal collector/users collector/ingest collector/inventory collector/judge collector/say collector/settings collector/store collector/store/embedded",
	"collector/gate":           "collector/api",
	"collector/enrol":          "collector/api",
	"collector/inventory":      "collector/api collector/say collector/settings",
	"collector/store":          "collector/api",
	"collector/store/embedded": "",
	// For tests only: no program imports it.
	"collector/store/storetest": "collector/api collector/store collector/store/embedded",
	"collector/ingest":          "collector/api collector/store",
	"collector/judge":           "collector/api collector/inventory collector/say collector/settings collector/store",
	"collector/goal":            "collector/api collector/goal/declared collector/goal/kept collector/inventory collector/judge collector/say collector/settings collector/store",
	"collector/goal/declared":   "collector/goal/kept collector/inventory collector/say collector/settings",
	"collector/goal/kept":       "",
	"collector/goal/paper":      "collector/goal collector/inventory collector/say",
	"collector/users":           "collector/api collector/say collector/settings",
	"collector/board":           "collector/api collector/goal collector/goal/declared collector/goal/paper collector/inventory collector/judge collector/say collector/store",
	"collector/watch":           "collector/say",
	"dashboards":                "collector/api collector/say",
	"dashboards/provision":      "collector/say dashboards",
	"deploy/packages":           "",
}

// The lab alone may import both sides.
var anything = []string{"deploy/lab", "deploy/lab/browser", "deploy/lab/compare", "deploy/lab/demo"}

const module = "communewatch/"

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestImportsGoOneWay(t *testing.T) {
	for _, line := range goList(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...") {
		path, imports, _ := strings.Cut(line, " ")
		room := strings.TrimPrefix(path, module)
		if slices.Contains(anything, room) {
			continue
		}
		allowed, known := may[room]
		if !known {
			t.Errorf("%s is no room of the house: give it a row in this table", room)
		}
		for imported := range strings.FieldsSeq(imports) {
			name, ours := strings.CutPrefix(imported, module)
			if ours && !slices.Contains(strings.Fields(allowed), name) {
				t.Errorf("%s imports %s; it may import only: %s", room, name, allowed)
			}
		}
	}
}

func TestTheContractNeedsTheStandardLibraryOnly(t *testing.T) {
	for _, path := range goList(t, "-deps", "./collector/api") {
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			t.Errorf("collector/api depends on %s", path)
		}
	}
}

func TestTheAgentCarriesNoPrometheusClientAndNothingElseOfTheCollector(t *testing.T) {
	for _, path := range goList(t, "-deps", "./agent") {
		if strings.Contains(path, "prometheus/client_golang") {
			t.Errorf("the agent depends on %s", path)
		}
		name, ours := strings.CutPrefix(path, module+"collector/")
		if ours && !slices.Contains([]string{"api", "say", "settings"}, name) {
			t.Errorf("the agent depends on collector/%s", name)
		}
	}
}

func TestEveryRoomSaysWhatItIsForInTheFileNamedAsIt(t *testing.T) {
	for _, line := range goList(t, "-f", `{{.Dir}} {{.Name}}`, "./...") {
		dir, name, _ := strings.Cut(line, " ")
		data, err := os.ReadFile(filepath.Join(dir, name+".go"))
		if err != nil {
			t.Error(err)
			continue
		}
		want := "// Package " + name + " "
		if name == "main" {
			want = "// Command communewatch-"
		}
		if !strings.Contains(string(data), want) {
			t.Errorf("%s/%s.go has no package comment", dir, name)
		}
	}
}
