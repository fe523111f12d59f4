package dashboards

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

var update = flag.Bool("update", false, "rewrite json/ from the code")

func TestTheCommittedJSONIsWhatTheCodeMakes(t *testing.T) {
	want := map[string]bool{}
	for _, lang := range say.Langs {
		all, err := All(lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			name := filepath.Join("json", *d.Uid+".json")
			want[name] = true
			made := raw(t, d)
			if *update {
				if err := os.WriteFile(name, made, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			committed, err := os.ReadFile(name)
			if err != nil {
				t.Fatalf("%v; run: go test ./dashboards -update", err)
			}
			if !bytes.Equal(committed, made) {
				t.Errorf("%s is not what the code makes; run: go test ./dashboards -update\n%s", name, cmp.Diff(string(committed), string(made)))
			}
		}
	}
	for _, name := range must(filepath.Glob("json/*")) {
		if !want[name] {
			t.Errorf("%s belongs to no dashboard", name)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestUIDsAreStable(t *testing.T) {
	var got []string
	for _, lang := range say.Langs {
		for _, b := range built(t, lang) {
			got = append(got, b.UID)
			if !slices.Contains(b.Tags, Tag) {
				t.Errorf("%s has not the tag %s", b.UID, Tag)
			}
			if b.Timezone != "Asia/Ho_Chi_Minh" {
				t.Errorf("%s shows times of %s", b.UID, b.Timezone)
			}
		}
	}
	if diff := cmp.Diff([]string{"cw-province", "cw-commune", "cw-province-en", "cw-commune-en"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLanguagesDifferInTextsOnly(t *testing.T) {
	vi, en := built(t, say.Vietnamese), built(t, say.English)
	for i := range vi {
		if vi[i].Title == en[i].Title {
			t.Errorf("both languages have the title %q", vi[i].Title)
		}
		if len(vi[i].Panels) != len(en[i].Panels) {
			t.Fatalf("%s has %d panels, %s %d", vi[i].UID, len(vi[i].Panels), en[i].UID, len(en[i].Panels))
		}
		for j, p := range vi[i].Panels {
			q := en[i].Panels[j]
			for k := range p.Targets {
				p.Targets[k].Alias, q.Targets[k].Alias = "", ""
			}
			if diff := cmp.Diff(p.Targets, q.Targets); diff != "" {
				t.Errorf("panel %d asks differently:\n%s", p.ID, diff)
			}
			if diff := cmp.Diff(p.Transformations, q.Transformations); diff != "" {
				t.Errorf("panel %d transforms differently:\n%s", p.ID, diff)
			}
			if p.ID != q.ID || p.GridPos != q.GridPos {
				t.Errorf("panel %d is not where panel %d is", p.ID, q.ID)
			}
		}
	}
}

// A key that is not in the catalogue comes back as itself and would be seen as "room.what".
func TestEveryTextIsInTheCatalogueAndComposed(t *testing.T) {
	for _, lang := range say.Langs {
		all, err := All(lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			text := string(raw(t, d))
			for _, room := range []string{"dashboard", "state", "terrain", "role", "reason"} {
				if at := strings.Index(text, `: "`+room+"."); at >= 0 {
					t.Errorf("%s: no text for %.60s", *d.Uid, text[at:])
				}
			}
			if at := strings.Index(text, "· dashboard."); at >= 0 {
				t.Errorf("%s: no text for %.60s", *d.Uid, text[at:])
			}
			if !norm.NFC.IsNormalString(text) {
				t.Errorf("%s is not in NFC", *d.Uid)
			}
			if strings.Contains(text, "%!") {
				t.Errorf("%s has a text with a verb that nothing fills", *d.Uid)
			}
		}
	}
}

func TestEveryPanelHasItsOwnNumberAPlaceAndAnExplanation(t *testing.T) {
	for _, b := range built(t, say.Vietnamese) {
		ids := map[uint32]bool{}
		taken := map[string]uint32{}
		for _, p := range b.Panels {
			if p.ID == 0 || ids[p.ID] {
				t.Errorf("%s: number %d of %q is not its own", b.UID, p.ID, p.Title)
			}
			ids[p.ID] = true
			if p.Description == "" && p.Type != "row" {
				t.Errorf("%s: %q does not say what it means", b.UID, p.Title)
			}
			g := p.GridPos
			if g.X+g.W > 24 || g.W == 0 || g.H == 0 {
				t.Errorf("%s: %q is at %+v, the grid has 24 columns", b.UID, p.Title, g)
			}
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					cell := fmt.Sprint(x, y)
					if other := taken[cell]; other != 0 {
						t.Fatalf("%s: panels %d and %d overlap", b.UID, other, p.ID)
					}
					taken[cell] = p.ID
				}
			}
		}
	}
}

func TestEveryStateAndTerrainHasTextAndEveryStateAColour(t *testing.T) {
	for _, lang := range say.Langs {
		shown := stateMapping(lang)[0].ValueMap.Options
		for _, s := range api.StatesBySeverity() {
			r, ok := shown[string(s)]
			if !ok || *r.Text == "" || r.Color == nil || !say.Has(say.Key("state."+string(s))) {
				t.Errorf("%s: state %s has no text or no colour", lang, s)
			}
		}
		if len(shown) != len(api.StatesBySeverity()) || len(colours) != len(api.StatesBySeverity()) {
			t.Errorf("%d states are shown, %d have a colour, there are %d", len(shown), len(colours), len(api.StatesBySeverity()))
		}
		terrains := terrainMapping(lang)[0].ValueMap.Options
		for _, name := range strings.Fields(api.Lookup("site_state").Field("terrain").Allowed) {
			r, ok := terrains[name]
			if !ok {
				t.Errorf("%s: terrain %s has no text", lang, name)
				continue
			}
			if marked := strings.HasPrefix(*r.Text, "⛰"); marked != (name == "highland" || name == "mountain") {
				t.Errorf("%s: terrain %s is shown as %q", lang, name, *r.Text)
			}
		}
	}
	if got := *terrainMapping(say.Vietnamese)[0].ValueMap.Options["unknown"].Text; got != "chưa xác minh" {
		t.Errorf("unknown terrain is shown as %q", got)
	}
}

// The catalogue cannot be listed from here, so its source is read.
func TestEveryReasonOfTheCatalogueIsShownAsText(t *testing.T) {
	source, err := os.ReadFile("../collector/say/state.go")
	if err != nil {
		t.Fatal(err)
	}
	var want []say.Key
	for _, found := range regexp.MustCompile(`"(reason\.\w+)":`).FindAllSubmatch(source, -1) {
		want = append(want, say.Key(found[1]))
	}
	if diff := cmp.Diff(want, reasons); diff != "" || len(want) == 0 {
		t.Errorf("the reasons that are shown are not those of the catalogue: %s", diff)
	}
}

func TestAProvinceRowOpensTheCommuneAtTheSameTime(t *testing.T) {
	for _, lang := range say.Langs {
		want := "/d/" + CommuneUID(lang) + "?var-site=${__data.fields.site}&${__url_time_range}"
		linked := map[string]bool{}
		for _, p := range built(t, lang)[0].panels() {
			if p.ID != panelSites {
				continue
			}
			for _, o := range p.FieldConfig.Overrides {
				for _, property := range o.Properties {
					if property.ID == "links" && strings.Contains(fmt.Sprint(property.Value), want) {
						linked[fmt.Sprint(o.Matcher.Options)] = true
					}
				}
			}
		}
		if !linked["label"] || !linked["site"] {
			t.Errorf("%s: columns that lead to %s: %v", lang, want, linked)
		}
	}
}
