package inventory

import (
	"os"
	"regexp"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

var example = regexp.MustCompile("(?s)\n## `([^`]+)`[^\n]*\n```\n(.*?)```\n")

// The folder that FORMAT.md shows is read as it stands there.
func TestTheFormatAsItIsWrittenDownHolds(t *testing.T) {
	text, err := os.ReadFile("binhdinh/FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, m := range example.FindAllSubmatch(text, -1) {
		files[string(m[1])] = &fstest.MapFile{Data: m[2], Mode: 0o600}
	}
	var names []string
	for _, table := range tables {
		names = append(names, table.name)
	}
	for _, name := range append(names, calendarsFile, targetsFile, secretsFile, "profiles/own-ups.yaml") {
		if files[name] == nil {
			t.Errorf("no example of %s", name)
		}
	}
	inv, report := Check(files, Options{})
	if len(report.Errors)+len(report.Warnings) > 0 {
		t.Fatal(report.Errors, report.Warnings)
	}
	want := Counts{
		Sites: 2, Areas: 1, Steps: []Step{{"2021-02-01", 2}, {"2025-07-01", 2}}, Terrain: map[string]int{Highland: 1, Unknown: 1},
		Providers: 1, Calendars: 2, Measured: 2, Profiles: 1, Windows: 2,
	}
	if d := cmp.Diff(want, report.Counts); d != "" {
		t.Error(d)
	}
	got := map[string][]string{}
	for _, s := range inv.Sites() {
		d, err := inv.Document(s.ID)
		if err != nil || d.Check() != nil {
			t.Errorf("%s: %v %v", s.ID, err, d.Check())
		}
		for _, target := range d.Targets {
			got[s.ID] = append(got[s.ID], target.Name)
		}
		if d.Metered != (s.Terrain == Highland) || d.Packets != api.DefaultPackets {
			t.Errorf("%s: %+v", s.ID, d)
		}
	}
	if d := cmp.Diff(map[string][]string{"bd-21994": {"provider-dns", "router"}, "bd-21997": {"router", "ups"}}, got); d != "" {
		t.Error(d)
	}
	canhLien, _ := inv.Site("bd-21997")
	vanCanh, _ := inv.Site("bd-21994")
	if !canhLien.Due(at("2026-11-29 03:00")) || !vanCanh.Due(at("2026-11-25 12:00")) || vanCanh.Due(at("2026-11-25 17:00")) {
		t.Error("the calendars are not those that are described")
	}
}
