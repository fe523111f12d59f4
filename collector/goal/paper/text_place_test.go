package paper

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

func TestASiteAndAnAreaAreAlsoATextForTheTerminal(t *testing.T) {
	r := sample()
	for _, lang := range say.Langs {
		p := newPrinter(r, lang)
		var site, area bytes.Buffer
		if err := errors.Join(SiteText(&site, r, "bd-21786", lang), AreaText(&area, r, "544", lang)); err != nil {
			t.Fatal(err)
		}
		s := p.sites["bd-21786"]
		for _, f := range s.Findings {
			if f.Verdict != "" && !strings.Contains(flat(site.String()), p.criterion(f.Criterion)) {
				t.Errorf("%s: the text of a site does not name %s", lang, f.Criterion)
			}
		}
		for _, task := range s.Todo {
			if !strings.Contains(flat(site.String()), p.work(task.Work)) {
				t.Errorf("%s: the text of a site does not name the work %s", lang, task.Work)
			}
		}
		for _, s := range p.all() {
			if got := strings.Contains(flat(area.String()), p.site(s)); got != (s.AreaCode == "544") {
				t.Errorf("%s: the text of area 544 names %s: %v", lang, p.site(s), got)
			}
		}
		for _, line := range strings.Split(site.String()+area.String(), "\n") {
			if say.Width(line) > textWidth {
				t.Errorf("%s: %d columns: %q", lang, say.Width(line), line)
			}
		}
	}
	for _, err := range []error{SiteText(&bytes.Buffer{}, r, "bd-1", say.English), AreaText(&bytes.Buffer{}, r, "1", say.English)} {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a place that is not in the report gives %v", err)
		}
	}
}

// Before the first agent reports all offices lack the same, and a terminal is not for
// three thousand lines of it.
func TestNeighboursThatLackTheSameAreToldTogether(t *testing.T) {
	r := sample()
	first := r.Sites[0]
	first.Verdict = goal.NoData
	r.Sites = nil
	for _, id := range []string{"a-1", "a-2", "a-3", "b-1", "a-4"} {
		l := first
		l.ID, l.Name = id, "Xóm "+id
		if id == "b-1" {
			l.Distance++
		}
		r.Sites = append(r.Sites, l)
	}
	_, todo, _ := strings.Cut(string(print(t, "text", r, say.English)), "\nTO DO\n")
	work := newPrinter(r, say.English).work(first.Todo[0].Work)
	if got := strings.Count(flat(todo), "→ "+work); got != 3 { // a-1 to a-3, b-1, a-4: the order holds
		t.Errorf("%q is told %d times in\n%s", work, got, todo)
	}
	at := -1
	for _, l := range r.Sites {
		next := strings.Index(todo, l.Name)
		if next < at {
			t.Errorf("%s is out of order in\n%s", l.Name, todo)
		}
		at = next
	}
}

func flat(s string) string { return strings.Join(strings.Fields(s), " ") }
