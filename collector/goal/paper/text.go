package paper

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"strings"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// textWidth is the columns of the terminal that the text is for.
const textWidth = 100

// Text prints for a terminal of 100 columns.
func Text(w io.Writer, r *goal.Report, lang say.Lang) error {
	out := bufio.NewWriter(w)
	t := &textPaper{newPrinter(r, lang), out}
	t.head()
	t.groups()
	t.list(t.all())
	t.todo(t.all())
	t.plan()
	t.changes()
	return out.Flush()
}

type textPaper struct {
	*printer
	out *bufio.Writer
}

func (t *textPaper) line(s string) {
	t.out.WriteString(strings.TrimRight(s, " "))
	t.out.WriteByte('\n')
}

// wrapped prints a text in lines, all but the first one indented by more.
func (t *textPaper) wrapped(indent, more int, s string) {
	margin, room, used := strings.Repeat(" ", indent), textWidth-indent, 0
	var line strings.Builder
	for _, word := range strings.Fields(s) {
		w := say.Width(word)
		switch {
		case used > 0 && used+1+w > room:
			t.line(margin + line.String())
			line.Reset()
			margin, room, used = strings.Repeat(" ", indent+more), textWidth-indent-more, 0
		case used > 0:
			line.WriteByte(' ')
			used++
		}
		line.WriteString(word)
		used += w
	}
	t.line(margin + line.String())
}

func (t *textPaper) heading(s string) {
	t.line("")
	t.line(strings.ToUpper(s))
}

// table prints rows under their headings; the columns right are flush right.
func (t *textPaper) table(rows [][]string, widths []int, right ...int) {
	for _, row := range rows {
		for i := range row {
			row[i] = clip(row[i], widths[i])
		}
	}
	for _, col := range right {
		flushRight(rows, col)
	}
	for _, line := range say.Align(rows, 2) {
		t.line("  " + line)
	}
}

// clip shortens a cell to what there is room for.
func clip(s string, width int) string {
	if say.Width(s) <= width {
		return s
	}
	var kept strings.Builder
	for _, r := range s {
		if say.Width(kept.String()+string(r)) > width-1 {
			break
		}
		kept.WriteRune(r)
	}
	return kept.String() + "…"
}

func flushRight(rows [][]string, col int) {
	most := 0
	for _, row := range rows {
		most = max(most, say.Width(row[col]))
	}
	for _, row := range rows {
		row[col] = strings.Repeat(" ", most-say.Width(row[col])) + row[col]
	}
}

// head is what the report is and how to read it.
func (t *textPaper) head() {
	t.wrapped(0, 0, strings.ToUpper(t.title()))
	var rows [][]string
	for _, f := range t.stamp() {
		rows = append(rows, []string{f.Name, f.Value})
	}
	for i, line := range say.Align(rows, 2) {
		if say.Width(line) <= textWidth {
			t.line(line)
			continue
		}
		t.wrapped(0, 4, rows[i][0]+": "+rows[i][1])
	}
	t.line("")
	for _, note := range t.notes() {
		t.wrapped(0, 2, "• "+note)
	}
}

// groups are the sums: of the province, terrains, areas, units.
func (t *textPaper) groups() {
	t.heading(t.t("paper.summary"))
	n := count(t.all())
	t.wrapped(2, 2, t.t("paper.totals", n.Sites, n.Met, n.NotMet, n.NoData))
	t.wrapped(2, 2, t.rolloutLine())
	for _, line := range t.comparedLines() {
		t.wrapped(2, 2, line)
	}
	kind := ""
	var rows [][]string
	flush := func() {
		if len(rows) > 1 {
			t.line("")
			t.table(rows, []int{44, 18, 9, 9, 9, 9}, 2, 3, 4, 5)
		}
	}
	for i := range t.Groups {
		g := &t.Groups[i]
		if g.Kind != kind {
			flush()
			kind = g.Kind
			rows = [][]string{{t.t("paper.of_" + say.Key(kind)), t.t("paper.verdict"), t.t("paper.sites_short"), t.t("paper.count_met"), t.t("paper.count_not_met"), t.t("paper.count_no_data")}}
		}
		rows = append(rows, []string{t.groupMarked(g), t.verdict(g.Verdict), strconv.Itoa(len(g.Sites)), strconv.Itoa(g.Met), strconv.Itoa(g.NotMet), strconv.Itoa(g.NoData)})
	}
	flush()
}

// list is one line a site.
func (t *textPaper) list(sites []*goal.SiteLine) {
	t.heading(t.t("paper.sites"))
	t.wrapped(2, 0, t.t("paper.sites_order"))
	rows := [][]string{{t.t("paper.site"), t.t("paper.terrain"), t.t("paper.area"), t.t("paper.verdict"), t.t("paper.distance_short"), t.t("paper.cost_short"), t.t("paper.first_met")}}
	widths := []int{22, 14, 10, 15, 5, 12, 9}
	for _, s := range sites {
		first := none
		if s.FirstMet != nil {
			first = s.FirstMet.From().Format("01/2006")
		}
		rows = append(rows, []string{t.site(s), t.terrainMarked(s), plain(s.Area), t.verdict(s.Verdict), t.number(s.Distance), strings.TrimSuffix(t.cost(s), " đ"), first})
	}
	t.table(rows, widths, 4, 5)
	for _, mark := range t.marks(sites) {
		t.wrapped(2, 2, mark)
	}
}

// todo is what each site lacks, and what is to be done about it; neighbours in the order
// of which the same holds are told together.
func (t *textPaper) todo(sites []*goal.SiteLine) {
	t.heading(t.t("paper.todo"))
	short := slices.DeleteFunc(slices.Clone(sites), func(s *goal.SiteLine) bool { return s.Verdict == goal.Met })
	if len(short) == 0 {
		t.wrapped(2, 0, t.t("paper.nothing_to_do"))
	}
	for len(short) > 0 {
		same, n := t.sameTodo(short[0]), 1
		for n < len(short) && t.sameTodo(short[n]) == same {
			n++
		}
		t.todoOf(short[:n])
		short = short[n:]
	}
	t.rulesCited()
}

// todoOf is one paragraph.
func (t *textPaper) todoOf(same []*goal.SiteLine) {
	t.line("")
	for _, s := range same {
		t.wrapped(0, 2, t.t("paper.site_line", t.site(s), t.area(s), t.unitMarked(s), s.Verdict.Text(t.lang), t.number(s.Distance)))
	}
	for _, line := range t.falls(same[0]) {
		t.wrapped(2, 2, "- "+line)
	}
	for _, task := range same[0].Todo {
		t.wrapped(2, 2, "→ "+t.task(task))
	}
}

// falls is why a site falls short.
func (p *printer) falls(s *goal.SiteLine) []string { return p.told(s, goal.NotMet, goal.NoData) }

// told is what is known of the criteria with these verdicts, a line for all of which the
// same is known.
func (p *printer) told(s *goal.SiteLine, verdicts ...goal.Verdict) []string {
	type known struct {
		verdict goal.Verdict
		text    string
	}
	names := map[known][]string{}
	var order []known
	for _, f := range s.Findings {
		if !slices.Contains(verdicts, f.Verdict) {
			continue
		}
		k := known{f.Verdict, goal.FindingText(p.lang, f)}
		if names[k] == nil {
			order = append(order, k)
		}
		names[k] = append(names[k], p.criterionAsked(&f))
	}
	var lines []string
	for _, k := range order {
		lines = append(lines, p.t("paper.falls", strings.Join(names[k], ", "), k.verdict.Text(p.lang), k.text))
	}
	return lines
}

// task is one work: what, who, by which rule, for how much.
func (p *printer) task(t goal.Task) string {
	s := p.t("paper.task", p.work(t.Work), p.responsible(t.Work), p.price(t))
	if n := p.ruleNo[t.Work]; n > 0 {
		s += " [" + strconv.Itoa(n) + "]"
	}
	return s
}

func (t *textPaper) rulesCited() {
	if len(t.rules) == 0 {
		return
	}
	t.line("")
	t.wrapped(2, 0, t.t("paper.rules")+":")
	for i, rule := range t.rules {
		t.wrapped(2, 4, "["+strconv.Itoa(i+1)+"] "+rule)
	}
}

func (t *textPaper) plan() {
	if t.Plan == nil {
		return
	}
	t.heading(t.t("paper.plan"))
	t.wrapped(2, 2, t.planSum())
	rows := [][]string{{"", t.t("paper.site"), t.t("paper.cost"), t.t("paper.running_total"), ""}}
	for i, step := range t.Plan.Steps {
		rows = append(rows, []string{strconv.Itoa(i + 1), t.siteByID(step.Site), t.money(step.Cost), t.money(step.Total), t.t("paper.within")})
	}
	for i, step := range t.Plan.Beyond {
		rows = append(rows, []string{strconv.Itoa(len(t.Plan.Steps) + i + 1), t.siteByID(step.Site), t.money(step.Cost), t.money(step.Total), t.t("paper.beyond")})
	}
	if len(rows) > 1 {
		t.table(rows, []int{4, 34, 18, 18, 18}, 0, 2, 3)
	}
	if unknown := t.unknownPrices(); unknown != "" {
		t.wrapped(2, 2, unknown)
	}
}

func (t *textPaper) changes() {
	if t.Changes == nil {
		return
	}
	t.heading(t.t("paper.changes"))
	t.wrapped(2, 2, t.changesSum())
	for _, c := range t.Changes.Sites {
		t.wrapped(2, 4, "- "+t.change(c))
	}
}
