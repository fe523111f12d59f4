package paper

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// sitePaper and areaPaper print one A4 page.
func sitePaper(t *testing.T, r *goal.Report, id string, lang say.Lang) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := SitePage(&out, r, id, lang); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func areaPaper(t *testing.T, r *goal.Report, code string, lang say.Lang) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := AreaPage(&out, r, code, lang); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestPagesAreAsTheyWereLookedAt(t *testing.T) {
	for _, lang := range say.Langs {
		golden(t, "sample."+string(lang)+".html", print(t, "html", sample(), lang))
		golden(t, "site."+string(lang)+".html", sitePaper(t, sample(), "bd-21786", lang))
		golden(t, "area."+string(lang)+".html", areaPaper(t, sample(), "544", lang))
	}
}

func TestAPageAsksNothingOfAnybody(t *testing.T) {
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`)
	for name, page := range map[string][]byte{
		"report": print(t, "html", sample(), say.Vietnamese),
		"site":   sitePaper(t, sample(), "bd-21787", say.Vietnamese),
		"area":   areaPaper(t, sample(), "544", say.English),
	} {
		for _, never := range []string{"<script", " style=", " on", "<link", "<img", "@import", "url(", "src=", "href=", "javascript:"} {
			if bytes.Contains(page, []byte(never+"\"")) || never != " on" && bytes.Contains(page, []byte(never)) {
				t.Errorf("%s holds %q", name, never)
			}
		}
		found := style.FindAllSubmatch(page, -1)
		if len(found) != 1 {
			t.Fatalf("%s has %d styles", name, len(found))
		}
		sum := sha256.Sum256(found[0][1])
		if got := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; got != StyleHash() {
			t.Errorf("%s: style %s, StyleHash says %s", name, got, StyleHash())
		}
	}
}

func TestWhatIsNotInAReportHasNoPage(t *testing.T) {
	var out bytes.Buffer
	if err := SitePage(&out, sample(), "bd-00000", say.Vietnamese); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("site: %v", err)
	}
	if err := AreaPage(&out, sample(), "21786", say.Vietnamese); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("area: %v", err)
	}
	if out.Len() > 0 {
		t.Errorf("printed %q", out.String())
	}
}

// worst is a report by the real standard in which sites of one area fail all that is asked,
// with figures and names as long as they come.
func worst(t *testing.T, sites int) *goal.Report {
	t.Helper()
	standards := goal.Embedded()
	if len(standards) == 0 {
		t.Fatal("no standard is embedded")
	}
	s := standards[0]
	r := sample()
	r.Goal, r.Plan, r.Changes = goal.GoalStamp{Standard: *s, Hash: r.Goal.Hash}, nil, nil
	r.Over = false
	area := goal.Group{Kind: goal.OfArea, Code: "544", Name: "Vĩnh Thạnh", UnitOf: "district", Verdict: goal.NotMet, Split: true}
	line := r.Sites[0]
	line.Name, line.Kind, line.UnitName, line.UnitKind, line.Split, line.Verified = "Trần Quang Diệu", "ward", "Hoài Nhơn Đông", "ward", true, false
	line.Responsible = "Nguyễn Thị Thanh Huyền Trân"
	line.Findings, line.Todo, line.History, line.Relapses = nil, nil, nil, nil
	for i := range s.Criteria {
		f, _ := sampleFinding(&s.Criteria[i], 'n')
		f.Measured.ToCome, f.Unit = 3, ""
		switch s.Criteria[i].Evidence {
		case goal.ByMeasured:
			f.Declared, f.Differ = nil, false
		case goal.ByDeclared:
			f.Measured, f.Why, f.Differ = nil, "declared_short", false
		}
		line.Findings = append(line.Findings, f)
		line.Todo = worstTodo(line.Todo, s, &s.Criteria[i])
	}
	for m := range 12 {
		line.History = append(line.History, goal.MonthVerdict{Month: october.Add(m - 11), Verdict: goal.NotMet})
	}
	line.FirstMet, line.Relapses = ptr(october.Add(-11)), []goal.Month{october.Add(-9), october.Add(-6), october.Add(-2)}
	r.Sites = nil
	for i := range sites {
		l := line
		l.ID = "bd-2178" + string(rune('a'+i))
		r.Sites = append(r.Sites, l)
		area.Sites = append(area.Sites, l.ID)
	}
	area.NotMet = sites
	r.Groups = []goal.Group{area}
	return r
}

// worstTodo adds the work of a criterion, and what evidence is lacking needs.
func worstTodo(todo []goal.Task, s *goal.Standard, c *goal.Criterion) []goal.Task {
	for i := range todo {
		if todo[i].Work == c.Work {
			todo[i].Criteria = append(todo[i].Criteria, c.ID)
			return todo
		}
	}
	return append(todo, goal.Task{Work: c.Work, Criteria: []string{c.ID}, Price: s.Works[c.Work].Price})
}

var pdfPage = regexp.MustCompile(`/Type\s*/Page\b`)

// printed prints a page as a browser does, and gives the PDF and how many pages it has.
func printed(t *testing.T, name string, page []byte) ([]byte, int) {
	t.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("Chromium is needed to print a page (%v): run `make setup`", err)
	}
	dir := t.TempDir()
	file, pdf := filepath.Join(dir, name+".html"), filepath.Join(dir, name+".pdf")
	if err := os.WriteFile(file, page, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	run := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--print-to-pdf="+pdf, "--no-pdf-header-footer", "file://"+file)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("print: %v: %s", err, out)
	}
	data, err := os.ReadFile(pdf)
	if err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("PAPER_KEEP"); keep != "" {
		if err := os.WriteFile(filepath.Join(keep, name+".pdf"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return data, len(pdfPage.FindAll(data, -1))
}

func TestAnOfficeWithFewCriteriaAndLongReasonsFitsOnePage(t *testing.T) {
	r := sample()
	if _, n := printed(t, "few", sitePaper(t, r, "bd-21786", say.Vietnamese)); n != 1 {
		t.Errorf("it takes %d pages", n)
	}
}

func TestAnOfficeThatFailsAllAndADistrictOfTwentyOneFitOnePageEach(t *testing.T) {
	r := worst(t, 21)
	for _, lang := range say.Langs {
		for name, page := range map[string][]byte{
			"site": sitePaper(t, r, r.Sites[0].ID, lang),
			"area": areaPaper(t, r, "544", lang),
		} {
			pdf, n := printed(t, name+"-"+string(lang), page)
			if n != 1 {
				t.Errorf("%s in %s takes %d pages", name, lang, n)
			}
			if !strings.Contains(string(pdf), "/MediaBox [0 0 594.9") && !strings.Contains(string(pdf), "/MediaBox [0 0 595") {
				t.Errorf("%s in %s is no A4", name, lang)
			}
		}
	}
}
