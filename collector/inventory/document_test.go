package inventory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"communewatch/collector/api"
)

func TestASiteOfWhichNothingIsSaidHasAnEmptyListAndTheDefaults(t *testing.T) {
	inv := read(t, small())
	d, err := inv.Document("bd-21997")
	if err != nil {
		t.Fatal(err)
	}
	data, etag, err := encode(d)
	if err != nil || string(data) != `{"interval":60000000000,"packets":10,"targets":[]}` || len(etag) != 18 {
		t.Errorf("%s %s %v", data, etag, err)
	}
	if d, _ := inv.WithInterval(10 * time.Second).Document("bd-21997"); d.Interval != 10*time.Second {
		t.Errorf("the interval of the centre is not used: %s", d.Interval)
	}
	if d, _ := read(t, equipped()).WithInterval(time.Second).Document("bd-21997"); d.Interval != 5*time.Minute {
		t.Errorf("the interval of the centre is above a template's: %s", d.Interval)
	}
	if _, err := inv.Document("bd-00000"); err == nil {
		t.Error("a stranger has a document")
	}
}

// twoSites is the province with a secret of each of two sites.
func twoSites(t testing.TB) fstest.MapFS {
	files := province(t)
	files["targets.yaml"] = &fstest.MapFile{Data: []byte(`areas:
  "551":
    targets: [{name: switch, address: 10.0.0.2, role: lan, snmp: {version: 2c, secret: switch-551}}]
sites:
  bd-21787:
    targets: [{name: router, address: 10.0.0.1, role: gateway, snmp: {version: 2c, secret: router-21787}}]
`)}
	files["secrets.yaml"] = &fstest.MapFile{Data: []byte("switch-551: {community: alpha-secret}\nrouter-21787: {community: beta-secret}\n"), Mode: 0o600}
	files["profiles/x.yaml"] = &fstest.MapFile{Data: []byte("fields: []\n")}
	return files
}

func TestASecretGoesToNoOtherSite(t *testing.T) {
	inv := read(t, twoSites(t))
	got := map[string]int{}
	for _, s := range inv.Sites() {
		d, err := inv.Document(s.ID)
		if err != nil {
			t.Fatal(err)
		}
		data, _, err := encode(d)
		if err != nil {
			t.Fatal(err)
		}
		alpha, beta := bytes.Contains(data, []byte("alpha-secret")), bytes.Contains(data, []byte("beta-secret"))
		if alpha != (s.AreaCode == "551") || beta != (s.ID == "bd-21787") {
			t.Errorf("%s is told: %s", s.ID, data)
		}
		if asked := alpha || beta; asked != (len(d.Profiles) == 1) {
			t.Errorf("%s has %d profiles", s.ID, len(d.Profiles))
		}
		got[fmt.Sprint(alpha, beta)]++
	}
	if d := cmp.Diff(map[string]int{"true false": 7, "false true": 1, "false false": 151}, got); d != "" {
		t.Error(d)
	}
}

func TestADocumentThatIsTooLargeForAnAgentIsRefused(t *testing.T) {
	files := equipped()
	for i := range 20 {
		files[fmt.Sprintf("profiles/x%d.yaml", i)] = &fstest.MapFile{Data: bytes.Repeat([]byte("x: y\n"), 12_000)}
	}
	if _, err := Read(files); err == nil || err.Error() != "targets.yaml:14:3: the document of bd-21997 is larger than 1048576 bytes" {
		t.Error(err)
	}
	files = small()
	var many strings.Builder
	many.WriteString("province:\n  targets:\n")
	for i := range api.MaxTargets + 1 {
		fmt.Fprintf(&many, "  - {name: t%d, address: 10.0.0.1, role: lan}\n", i)
	}
	files["targets.yaml"] = &fstest.MapFile{Data: []byte(many.String())}
	if _, err := Read(files); err == nil || err.Error() != "targets.yaml:1:1: bd-21997 has 1001 targets, at most 1000" {
		t.Error(err)
	}
}

// What stands in which row is nobody's business.
func TestTheOrderOfRowsChangesNeitherTheInventoryNorADocument(t *testing.T) {
	want := read(t, twoSites(t))
	documents := everyDocument(t, want)
	rapid.Check(t, func(rt *rapid.T) {
		files := twoSites(t)
		for _, table := range tables {
			file := files[table.name]
			if file == nil {
				continue
			}
			lines := strings.Split(strings.TrimSpace(string(file.Data)), "\n")
			rows := rapid.Permutation(lines[1:]).Draw(rt, table.name)
			file.Data = []byte(lines[0] + "\n" + strings.Join(rows, "\n") + "\n")
		}
		got, err := Read(files)
		if err != nil {
			rt.Fatal(err)
		}
		if d := diff(want, got); d != "" {
			rt.Fatal(d)
		}
		if d := cmp.Diff(documents, everyDocument(t, got)); d != "" {
			rt.Fatal(d)
		}
	})
}

func everyDocument(t testing.TB, inv *Inventory) map[string]string {
	out := map[string]string{}
	for _, s := range inv.Sites() {
		d, err := inv.Document(s.ID)
		if err != nil {
			t.Fatal(err)
		}
		data, etag, err := encode(d)
		if err != nil || !json.Valid(data) {
			t.Fatal(err)
		}
		out[s.ID] = etag + string(data)
	}
	return out
}
