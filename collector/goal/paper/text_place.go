package paper

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// SiteText and AreaText print for a terminal what [SitePage] and [AreaPage] print on A4.
func SiteText(w io.Writer, r *goal.Report, site string, lang say.Lang) error {
	p := newPrinter(r, lang)
	s := p.sites[site]
	if s == nil {
		return fmt.Errorf("no site %.40q in this report: %w", site, os.ErrNotExist)
	}
	p.citeOnly([]*goal.SiteLine{s})
	t := &textPaper{p, bufio.NewWriter(w)}
	t.head()
	t.heading(t.site(s))
	t.wrapped(2, 2, t.siteSum(s))
	t.facts(t.siteFacts(s))
	t.line("")
	for _, line := range append(t.falls(s), t.told(s, goal.Met, goal.Exempt)...) {
		t.wrapped(2, 2, "- "+line)
	}
	t.heading(t.t("paper.todo"))
	if len(s.Todo) == 0 {
		t.wrapped(2, 0, t.t("paper.nothing_to_do"))
	}
	for _, task := range s.Todo {
		t.wrapped(2, 2, "→ "+t.task(task))
	}
	t.rulesCited()
	return t.out.Flush()
}

func AreaText(w io.Writer, r *goal.Report, area string, lang say.Lang) error {
	p := newPrinter(r, lang)
	name, ok := p.areas[area]
	if !ok {
		return fmt.Errorf("no area %.40q in this report: %w", area, os.ErrNotExist)
	}
	var sites []*goal.SiteLine
	for _, s := range p.all() {
		if s.AreaCode == area {
			sites = append(sites, s)
		}
	}
	p.citeOnly(sites)
	t := &textPaper{p, bufio.NewWriter(w)}
	t.head()
	t.heading(name)
	n := count(sites)
	t.wrapped(2, 2, t.t("paper.totals", n.Sites, n.Met, n.NotMet, n.NoData))
	t.list(sites)
	t.todo(sites)
	return t.out.Flush()
}

func (t *textPaper) facts(facts []fact) {
	var rows [][]string
	for _, f := range facts {
		rows = append(rows, []string{f.Name, f.Value})
	}
	for i, line := range say.Align(rows, 2) {
		if say.Width(line) <= textWidth-2 {
			t.line("  " + line)
			continue
		}
		t.wrapped(2, 4, rows[i][0]+": "+rows[i][1])
	}
}

// sameTodo is of which sites one paragraph can speak: the same is missing, and the same is
// to be done, so before the first agent reports a page says what a hundred would.
func (t *textPaper) sameTodo(s *goal.SiteLine) string {
	lines := append([]string{string(s.Verdict), t.number(s.Distance)}, t.falls(s)...)
	for _, task := range s.Todo {
		lines = append(lines, t.task(task))
	}
	return strings.Join(lines, "\n")
}
