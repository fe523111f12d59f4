package dashboards

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// The rules that every dashboard of ours keeps, in every language.

func TestEveryDashboardPassesTheLinter(t *testing.T) {
	for _, lang := range say.Langs {
		for _, b := range built(t, lang) {
			for _, complaint := range lint(b, catalogue(lang)) {
				t.Errorf("%s: %s", b.UID, complaint)
			}
		}
	}
}

// catalogue are all texts of a language.
func catalogue(lang say.Lang) map[string]bool {
	texts := map[string]bool{}
	for _, key := range say.Keys("") {
		texts[lang.Text(key)] = true
	}
	return texts
}

// lint says what is wrong with a dashboard.
func lint(b boardJSON, texts map[string]bool) []string {
	var complaints []string
	say := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	for _, s := range shownTexts(b) {
		if !norm.NFC.IsNormalString(s) {
			say("%q is not in NFC", s)
		}
		if strings.Contains(s, "%!") || !inCatalogue(s, texts) {
			say("%q is no text of the catalogue", s)
		}
	}
	complaints = append(complaints, lintSources(b)...)
	complaints = append(complaints, lintGrid(b)...)
	for _, p := range b.Panels {
		if p.Title == "" {
			say("panel %d has no title", p.ID)
		}
		if p.Type == "row" {
			continue
		}
		if p.Description == "" {
			say("panel %d %q does not say what it means", p.ID, p.Title)
		}
		if len(p.Targets) == 0 {
			say("panel %d %q asks nothing", p.ID, p.Title)
		}
		if p.Type != "table" && p.FieldConfig.Defaults.Unit == "" && numeric(p) {
			say("panel %d %q shows numbers without a unit", p.ID, p.Title)
		}
		complaints = append(complaints, lintColours(p)...)
	}
	return complaints
}

// numeric tells whether a panel draws numbers: not one that shows a text of the contract.
func numeric(p panelJSON) bool {
	shows := strings.Trim(p.Options.ReduceOptions.Fields, "/^$")
	return !slices.ContainsFunc(p.Targets, func(q targetJSON) bool {
		m := api.Lookup(fromMeasurement.FindStringSubmatch(q.Query)[1])
		if p.Type == "state-timeline" {
			shows = "state"
		}
		f := m.Field(shows)
		return f != nil && f.Kind == api.Text
	})
}

// lintColours wants a text, a number or a shape wherever there is a colour.
func lintColours(p panelJSON) []string {
	var complaints []string
	if p.Options.TextMode == "none" || p.Options.ShowValue == "never" {
		complaints = append(complaints, fmt.Sprintf("panel %d shows its colour and no value", p.ID))
	}
	for _, r := range mappingResults(p) {
		if r["color"] != nil && (r["text"] == nil || r["text"] == "") {
			complaints = append(complaints, fmt.Sprintf("panel %d maps a value to the colour %v alone", p.ID, r["color"]))
		}
	}
	return complaints
}

// mappingResults are what values of a panel are shown as.
func mappingResults(p panelJSON) []map[string]any {
	mappings := slices.Clone(p.FieldConfig.Defaults.Mappings)
	for _, o := range p.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if property.ID == "mappings" {
				mappings = append(mappings, property.Value.([]any)...)
			}
		}
	}
	var results []map[string]any
	for _, m := range mappings {
		of := m.(map[string]any)["options"].(map[string]any)
		if r, ok := of["result"]; ok {
			results = append(results, r.(map[string]any))
			continue
		}
		for _, r := range of {
			results = append(results, r.(map[string]any))
		}
	}
	return results
}

// shownTexts are all texts of a dashboard that a person reads.
func shownTexts(b boardJSON) []string {
	texts := []string{b.Title, b.Description}
	for _, l := range b.Links {
		texts = append(texts, l.Title)
	}
	for _, v := range b.Templating.List {
		texts = append(texts, v.Label)
	}
	for _, a := range b.Annotations.List {
		texts = append(texts, a.Name)
		for _, m := range a.Mappings {
			if m.Source == "text" {
				texts = append(texts, m.Value)
			}
		}
	}
	for _, p := range b.Panels {
		texts = append(texts, p.Title, p.Description, p.FieldConfig.Defaults.NoValue, p.FieldConfig.Defaults.DisplayName)
		for _, q := range p.Targets {
			texts = append(texts, q.Alias)
		}
		for _, l := range p.Options.Layers {
			texts = append(texts, l.Name)
		}
		for _, o := range p.FieldConfig.Overrides {
			for _, property := range o.Properties {
				switch property.ID {
				case "displayName", "noValue":
					texts = append(texts, property.Value.(string))
				case "links":
					texts = append(texts, property.Value.([]any)[0].(map[string]any)["title"].(string))
				}
			}
		}
		for _, r := range mappingResults(p) {
			if s, ok := r["text"].(string); ok {
				texts = append(texts, s)
			}
		}
	}
	return texts
}

var macro = regexp.MustCompile(`\$(\w+|\{[\w.]+\})`)

// inCatalogue tells whether a text is one of the catalogue, or is put together of those,
// of what Grafana fills in, and of signs.
func inCatalogue(s string, texts map[string]bool) bool {
	if texts[s] || texts[strings.TrimPrefix(s, peak)] {
		return true
	}
	for _, part := range strings.FieldsFunc(macro.ReplaceAllString(s, "·"), func(r rune) bool { return strings.ContainsRune("·:↓↑", r) }) {
		part = strings.TrimSpace(part)
		if strings.ContainsFunc(part, unicode.IsLetter) && !texts[part] {
			return false
		}
	}
	return true
}

// A linter that finds nothing proves nothing.
func TestTheLinterFindsWhatIsWrong(t *testing.T) {
	texts := catalogue(say.Vietnamese)
	good := built(t, say.Vietnamese)[0]
	for name, c := range map[string]struct {
		spoil func(*boardJSON)
		want  string
	}{
		"no title":                   {func(b *boardJSON) { b.Panels[0].Title = "" }, "no title"},
		"no description":             {func(b *boardJSON) { b.Panels[0].Description = "" }, "does not say what it means"},
		"no unit":                    {func(b *boardJSON) { b.Panels[0].FieldConfig.Defaults.Unit = "" }, "without a unit"},
		"no query":                   {func(b *boardJSON) { b.Panels[0].Targets = nil }, "asks nothing"},
		"panel's fixed data source":  {func(b *boardJSON) { b.Panels[0].Datasource.UID = DatasourceUID }, "not the data source of the variable"},
		"query's fixed data source":  {func(b *boardJSON) { b.Panels[0].Targets[0].Datasource.UID = "x" }, "not the data source of the variable"},
		"note's fixed data source":   {func(b *boardJSON) { b.Annotations.List[0].Target.Datasource.UID = "x" }, "not the data source of the variable"},
		"an annotation that is off":  {func(b *boardJSON) { b.Annotations.List[0].Enable = false }, "is off"},
		"no data source variable":    {func(b *boardJSON) { b.Templating.List = nil }, "0 variables name our data source"},
		"another default":            {func(b *boardJSON) { b.Templating.List[0].Current.Value = "x" }, "0 variables name our data source"},
		"too wide":                   {func(b *boardJSON) { b.Panels[0].GridPos.W = 25 }, "24 columns"},
		"beyond the edge":            {func(b *boardJSON) { b.Panels[1].GridPos.X = 23 }, "24 columns"},
		"no height":                  {func(b *boardJSON) { b.Panels[1].GridPos.H = 0 }, "24 columns"},
		"one upon another":           {func(b *boardJSON) { b.Panels[1].GridPos = b.Panels[0].GridPos }, "overlap"},
		"a number twice":             {func(b *boardJSON) { b.Panels[1].ID = b.Panels[0].ID }, "not its own"},
		"a title of its own":         {func(b *boardJSON) { b.Panels[0].Title = "Sites" }, "no text of the catalogue"},
		"a key instead of its text":  {func(b *boardJSON) { b.Panels[0].Description = "wall.nothing" }, "no text of the catalogue"},
		"a foreign word in an alias": {func(b *boardJSON) { b.Panels[0].Targets[0].Alias = "$tag_site · loss" }, "no text of the catalogue"},
		"a foreign link":             {func(b *boardJSON) { b.Links[0].Title = "Home" }, "no text of the catalogue"},
		"a foreign annotation":       {func(b *boardJSON) { b.Annotations.List[1].Name = "uplink_down" }, "no text of the catalogue"},
		"letters and marks apart":    {func(b *boardJSON) { b.Panels[0].Title = norm.NFD.String(b.Panels[0].Title) }, "not in NFC"},
		"an unfilled verb":           {func(b *boardJSON) { b.Panels[0].Title = "%!d(MISSING)" }, "no text of the catalogue"},
		"colour alone in a figure":   {func(b *boardJSON) { b.Panels[0].Options.TextMode = "none" }, "no value"},
		"colour alone in a timeline": {func(b *boardJSON) { b.Panels[0].Options.ShowValue = "never" }, "no value"},
		"colour alone in a cell": {func(b *boardJSON) {
			b.Panels[0].FieldConfig.Defaults.Mappings = []any{map[string]any{"options": map[string]any{"ok": map[string]any{"color": "red"}}}}
		}, "alone"},
	} {
		b := clone(t, good)
		c.spoil(&b)
		got := lint(b, texts)
		if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, c.want) }) {
			t.Errorf("%s: found %q, want %q", name, got, c.want)
		}
	}
}

func clone(t *testing.T, b boardJSON) boardJSON {
	t.Helper()
	raw, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, raw)
}
