package dashboards

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

var update = flag.Bool("update", false, "rewrite json/ from the code")

func TestTheCommittedJSONIsWhatTheCodeMakes(t *testing.T) {
	want := map[string]bool{}
	for _, lang := range say.Langs {
		for _, made := range raw(t, lang) {
			name := filepath.Join("json", parsed(t, made).UID+".json")
			want[name] = true
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
	if diff := cmp.Diff([]string{
		"cw-province", "cw-commune", "cw-provider", "cw-quality", "cw-collector",
		"cw-province-en", "cw-commune-en", "cw-provider-en", "cw-quality-en", "cw-collector-en",
	}, got); diff != "" {
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
		for j, v := range vi[i].Templating.List {
			if w := en[i].Templating.List[j]; v.Name != w.Name || v.Query != w.Query || v.Regex != w.Regex {
				t.Errorf("variable %s asks differently", v.Name)
			}
		}
		for j, a := range vi[i].Annotations.List {
			if diff := cmp.Diff(a.Target, en[i].Annotations.List[j].Target); diff != "" {
				t.Errorf("annotation %s asks differently:\n%s", a.Name, diff)
			}
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
			if p.TimeFrom != q.TimeFrom || p.ID != q.ID || p.GridPos != q.GridPos {
				t.Errorf("panel %d is not where panel %d is", p.ID, q.ID)
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

func TestEveryValueOfTheContractThatIsShownHasAText(t *testing.T) {
	for _, lang := range say.Langs {
		for name, shown := range map[string]struct {
			mapping []dashboard.ValueMapping
			values  string
		}{
			"kinds":  {kindMapping(lang), api.IncidentKinds},
			"causes": {causeMapping(lang), api.Causes},
			"looks":  {lookMapping(lang), api.Lookup("path").Field("cause").Allowed},
			"errors": {errorMapping(lang, "connect_error"), api.Lookup("path").Field("connect_error").Allowed},
		} {
			for _, v := range strings.Fields(shown.values) {
				if r, ok := shown.mapping[0].ValueMap.Options[v]; !ok || *r.Text == "" || strings.HasPrefix(*r.Text, "wall.") {
					t.Errorf("%s: %s: %s has no text", lang, name, v)
				}
			}
		}
	}
	if len(reasons) < 20 {
		t.Errorf("only %d reasons are shown as text", len(reasons))
	}
}

func TestPagesLinkToOneAnotherAndKeepTimeAndVariables(t *testing.T) {
	for _, lang := range say.Langs {
		for _, b := range built(t, lang) {
			var want, got []string
			for _, p := range pages {
				if p.uid(lang) != b.UID {
					want = append(want, "/d/"+p.uid(lang))
				}
			}
			for _, l := range b.Links {
				got = append(got, l.URL)
				if !l.KeepTime || !l.IncludeVars {
					t.Errorf("%s: the link to %s forgets", b.UID, l.URL)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", b.UID, diff)
			}
		}
	}
}

// What a wall must show stands in its first 1,080 lines, and it is all that.
func TestTheWallNeedsNoScrolling(t *testing.T) {
	essential := []uint32{panelStates, panelMountainDown, panelMountainSilent, panelInIncident, panelJudged, panelIncidents, panelMap, panelSites, panelNewestOutages, panelAreaTimeline}
	b := one(t, provincePage, say.Vietnamese)
	cells := 0
	for _, id := range essential {
		g := b.panel(t, id).GridPos
		if g.Y+g.H > wallRows {
			t.Errorf("panel %d ends in row %d, a wall has %d", id, g.Y+g.H, wallRows)
		}
		cells += g.W * g.H
	}
	if cells != 24*wallRows || wallRows*38 > 1080 {
		t.Errorf("%d of %d cells of the wall are used", cells, 24*wallRows)
	}
}

// Shape and size tell apart what colour does.
func TestTheMapHasASecondSign(t *testing.T) {
	shapes, sizes := map[string]bool{}, map[float64]bool{}
	p := one(t, provincePage, say.Vietnamese).panel(t, panelMap)
	for i, l := range p.Options.Layers {
		shapes[l.Config.Style.Symbol.Fixed], sizes[l.Config.Style.Size.Fixed] = true, true
		if l.FilterData.ID != "byRefId" || l.FilterData.Options != p.Targets[i].RefID || l.Config.Style.Color.Field != "state" || l.Location.Mode != "coords" {
			t.Errorf("layer %+v", l)
		}
	}
	var shown []api.State
	for _, l := range layers {
		shown = append(shown, l.states...)
	}
	if len(shapes) != 3 || len(sizes) != 3 || len(shown) != len(api.StatesBySeverity()) {
		t.Errorf("%d shapes, %d sizes, %d states", len(shapes), len(sizes), len(shown))
	}
}

func TestARowOpensTheCommuneAtTheSameTimeWithTheSameSource(t *testing.T) {
	for _, lang := range say.Langs {
		want := "/d/" + CommuneUID(lang) + "?var-area=%24__all&var-site=${__data.fields.site}&var-datasource=${datasource}&${__url_time_range}"
		for _, c := range []struct {
			page   page
			panel  uint32
			column string
		}{
			{provincePage, panelSites, "label"}, {provincePage, panelSites, "site"}, {provincePage, panelNewestOutages, "label"},
			{provincePage, panelWorst, "label (lastNotNull)"}, {provincePage, panelMap, "label"},
			{providerPage, panelProviderOutages, "label"}, {qualityPage, panelMountainQuality, "label (lastNotNull)"}, {collectorPage, panelSpools, "site"},
		} {
			found := false
			for _, o := range one(t, c.page, lang).panel(t, c.panel).FieldConfig.Overrides {
				for _, property := range o.Properties {
					found = found || o.Matcher.Options == c.column && property.ID == "links" && strings.Contains(fmt.Sprint(property.Value), want)
				}
			}
			if !found {
				t.Errorf("%s: column %s of panel %d does not lead to %s", c.page.uid(lang), c.column, c.panel, want)
			}
		}
	}
}
