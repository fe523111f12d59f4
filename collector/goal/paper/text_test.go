package paper

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

func TestTextKeepsToItsColumns(t *testing.T) {
	for _, lang := range say.Langs {
		for _, r := range []*goal.Report{sample(), worst(t, 21)} {
			for i, line := range strings.Split(string(print(t, "text", r, lang)), "\n") {
				if say.Width(line) > textWidth || strings.HasSuffix(line, " ") {
					t.Errorf("%s: line %d takes %d columns: %q", lang, i+1, say.Width(line), line)
				}
			}
		}
	}
}

func TestTextHoldsNothingThatATerminalActsOn(t *testing.T) {
	r := sample()
	for i := range r.Sites {
		l := &r.Sites[i]
		for _, s := range []*string{&l.Name, &l.Area, &l.Unit, &l.UnitName, &l.Responsible, &l.ID} {
			*s += "\x1b[2J\u009b\x07\r\u202e"
		}
	}
	for _, format := range []string{"text", "csv", "html"} {
		if found := regexp.MustCompile(`[\x00-\x09\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}\x{202e}]`).Find(print(t, format, r, say.Vietnamese)); found != nil {
			t.Errorf("%s holds %q", format, found)
		}
	}
}

// Every paper says what it is, and what it is not.
func TestEveryPaperSaysWhatItIs(t *testing.T) {
	r := sample()
	r.Over, r.Known.Unread = false, 3
	for _, lang := range say.Langs {
		papers := map[string][]byte{"text": print(t, "text", r, lang), "csv": print(t, "csv", r, lang), "html": print(t, "html", r, lang),
			"site": sitePaper(t, r, "bd-21786", lang), "area": areaPaper(t, r, "544", lang)}
		var book bytes.Buffer
		f := workbook(t, r, lang)
		for _, row := range rowsOf(t, f, lang.Text("paper.summary")) {
			book.WriteString(strings.Join(row, " ") + "\n")
		}
		papers["xlsx"] = book.Bytes()
		p := newPrinter(r, lang)
		for name, paper := range papers {
			flat := strings.Join(strings.Fields(string(paper)), " ")
			for _, want := range []string{p.say(r.Goal.Name), lang.Text("paper.note_no_data"), lang.Text("paper.note_applied", p.month(r.Month)), lang.Text("paper.note_running"), lang.Text("paper.note_unread", 3), p.say(r.Goal.Note), "5ca1ab1e0000", "1a2b3c4d5e6f", "2b3c4d5e6f70", "3c4d5e6f7081"} {
				want = strings.NewReplacer("'", "&#39;").Replace(want)
				if name == "text" || name == "csv" || name == "xlsx" {
					want = strings.ReplaceAll(want, "&#39;", "'")
				}
				if !strings.Contains(flat, want) {
					t.Errorf("%s in %s does not say %q", name, lang, want)
				}
			}
			for _, moment := range [][2]string{{p.moment(r.Made), "2026-11-05 10:15"}, {p.moment(r.Judged), "2026-11-05 09:00"}} {
				if !strings.Contains(flat, moment[0]) && !strings.Contains(flat, moment[1]) && !strings.Contains(flat, strings.ReplaceAll(moment[0], "5 Nov 2026", "05/11/2026")) {
					t.Errorf("%s in %s does not say %s", name, lang, moment[0])
				}
			}
		}
	}
}

// What was published is printed from its own content: nothing of the inventory or of the
// standards that come with the program is asked.
func TestAPublishedReportIsPrintedAsBefore(t *testing.T) {
	archive, err := goal.OpenArchive(filepath.Join(t.TempDir(), "published"))
	if err != nil {
		t.Fatal(err)
	}
	r := sample() // its standard, offices and units are in no file
	p, err := archive.Publish(r, "lan")
	if err != nil {
		t.Fatal(err)
	}
	kept, _, err := archive.Get(p.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range say.Langs {
		for name := range Formats {
			if !bytes.Equal(print(t, name, r, lang), print(t, name, kept, lang)) {
				t.Errorf("%s in %s is another after it was published", name, lang)
			}
		}
		if !bytes.Equal(sitePaper(t, r, "bd-21786", lang), sitePaper(t, kept, "bd-21786", lang)) || !bytes.Equal(areaPaper(t, r, "544", lang), areaPaper(t, kept, "544", lang)) {
			t.Errorf("a page in %s is another after it was published", lang)
		}
	}
}

// Whoever asks for a comparison is told how the two differ, on each paper for people.
func TestAComparisonSaysHowTheTwoDiffer(t *testing.T) {
	r := sample()
	differing := ""
	for i := range r.Sites {
		l := &r.Sites[i]
		l.Compared = &goal.Result{Verdict: l.Verdict}
		if l.Verdict == goal.NotMet && differing == "" {
			differing, l.Compared.Verdict = l.Name, goal.Met
		}
	}
	p := newPrinter(r, say.Vietnamese)
	want := count(p.all())
	sum := p.t("paper.compared_sum", p.say(r.Compared.Name), r.Compared.ID, want.Met+1, want.NotMet-1, want.NoData, 1)
	for _, format := range []string{"text", "html"} {
		got := strings.Join(strings.Fields(string(print(t, format, r, say.Vietnamese))), " ")
		if !strings.Contains(got, sum) || !strings.Contains(got, differing+": không đạt → đạt.") {
			t.Errorf("%s does not say %q and that %s differs", format, sum, differing)
		}
	}
	r.Compared = nil
	if lines := p.comparedLines(); lines != nil {
		t.Errorf("without a second standard it says %q", lines)
	}
}
