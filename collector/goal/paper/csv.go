package paper

import (
	"bufio"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// byteOrderMark makes Excel read a CSV as UTF-8. A line "sep=;" would cancel it.
const byteOrderMark = "\ufeff"

// CSV prints one row a site, for Excel first:
//
//   - UTF-8 with a byte order mark, NFC, lines that end in CRLF.
//   - Semicolons in both languages. Excel takes the list separator of Windows' regional
//     settings, which is ";" wherever the decimal sign is a comma, as in Vietnam. Where it
//     is "," (en-US) a double click shows one column: there "Data › From Text/CSV" reads it,
//     or the workbook is the better format.
//   - Numbers without thousand marks, with a decimal comma in Vietnamese and a decimal point
//     in English, as Excel has them in these regions. The other sign would not stay text: "9.5"
//     becomes the 9th of May, "1.234" one thousand.
//   - What is text stays text (inert).
//
// What is said of the report stands in each row, so that a row that was copied says it too.
func CSV(w io.Writer, r *goal.Report, lang say.Lang) error {
	out := bufio.NewWriter(w)
	if _, err := out.WriteString(byteOrderMark); err != nil {
		return err
	}
	p := newPrinter(r, lang)
	rows := csv.NewWriter(out)
	rows.Comma, rows.UseCRLF = ';', true
	if err := rows.Write(p.csvHead()); err != nil {
		return err
	}
	about := p.csvAbout()
	for i := range r.Sites {
		if err := rows.Write(append(p.csvSite(&r.Sites[i]), about...)); err != nil {
			return err
		}
	}
	rows.Flush()
	if err := rows.Error(); err != nil {
		return err
	}
	return out.Flush()
}

func (p *printer) csvHead() []string {
	head := p.texts("paper.site_id", "paper.site", "paper.terrain", "paper.terrain_verified", "paper.area_code", "paper.area",
		"paper.unit_code", "paper.unit", "paper.unit_split", "paper.verdict", "paper.distance", "paper.rollout")
	if p.Compared != nil {
		head = append(head, p.t("paper.compared"))
	}
	for _, c := range p.Goal.Criteria {
		name := p.say(c.Name)
		if unit := unitOf(c.Measure); unit != "" {
			name += " (" + unit + ")"
		}
		head = append(head, inert(name), inert(p.t("paper.col_measured", name)), inert(p.t("paper.col_days", p.say(c.Name))), inert(p.t("paper.col_declared", name)))
	}
	return append(head, p.texts("paper.todo", "paper.cost_vnd", "paper.cost_missing", "paper.first_met", "paper.relapses", "paper.responsible_person",
		"paper.standard", "paper.month", "paper.made", "paper.judged", "paper.known", "paper.notes")...)
}

func (p *printer) texts(keys ...say.Key) []string {
	var texts []string
	for _, key := range keys {
		texts = append(texts, inert(p.t(key)))
	}
	return texts
}

// unitOf is a measure's unit.
func unitOf(measure string) string {
	if m := goal.MeasureOf(measure); m != nil {
		return m.Unit
	}
	return ""
}

func (p *printer) csvSite(s *goal.SiteLine) []string {
	row := []string{
		inert(s.ID), inert(p.site(s)), inert(p.terrain(s.Terrain)), p.yesNo(s.Verified), code(s.AreaCode), inert(p.area(s)),
		code(s.Unit), inert(p.kind(s.UnitKind, s.UnitName)), p.yesNo(s.Split), p.verdict(s.Verdict), p.figure(&s.Distance), p.rollout(s.Rollout),
	}
	if p.Compared != nil {
		compared := ""
		if s.Compared != nil {
			compared = p.verdict(s.Compared.Verdict)
		}
		row = append(row, compared)
	}
	found := map[string]*goal.Finding{}
	for i := range s.Findings {
		found[s.Findings[i].Criterion] = &s.Findings[i]
	}
	for _, c := range p.Goal.Criteria {
		row = append(row, p.csvFinding(found[c.ID])...)
	}
	first := ""
	if s.FirstMet != nil {
		first = s.FirstMet.String()
	}
	cost := ""
	if vnd, known := costKnown(s); known {
		cost = strconv.FormatInt(vnd, 10)
	}
	return append(row, inert(p.tasks(s)), cost, p.yesNo(s.CostUnknown), first, inert(p.relapses(s)), inert(s.Responsible))
}

// csvFinding is a criterion's verdict, what was measured, the days that decided, and what
// was declared; of one that is not asked, nothing.
func (p *printer) csvFinding(f *goal.Finding) []string {
	if f == nil {
		return []string{p.t("paper.not_asked"), "", "", ""}
	}
	row := []string{p.verdict(f.Verdict), "", inert(goal.DaysText(p.lang, *f)), ""}
	if f.Measured != nil {
		row[1] = p.figure(f.Measured.Value)
	}
	switch d := f.Declared; {
	case d == nil:
	case d.Value != nil:
		row[3] = p.figure(d.Value)
	default:
		row[3] = inert(p.words(f))
	}
	return row
}

// csvAbout is what each row says of the report.
func (p *printer) csvAbout() []string {
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(inventory.Zone()).Format("2006-01-02 15:04")
	}
	known := strings.Join([]string{short(p.Goal.Hash), short(p.Known.Inventory), short(p.Known.Declarations), short(p.Known.Days)}, " ")
	return []string{inert(p.say(p.Goal.Name)), p.Month.String(), stamp(p.Made), stamp(p.Judged), inert(known), inert(strings.Join(p.notes(), " "))}
}

// tasks are what a site needs, each with who, the rule's words and the price.
func (p *printer) tasks(s *goal.SiteLine) string {
	var tasks []string
	for _, t := range s.Todo {
		task := p.t("paper.task", p.work(t.Work), p.responsible(t.Work), p.price(t))
		if rule := p.say(p.Goal.Works[t.Work].Rule); rule != "" {
			task += " [" + rule + "]"
		}
		tasks = append(tasks, task)
	}
	return strings.Join(tasks, " | ")
}

func (p *printer) yesNo(yes bool) string {
	if yes {
		return p.t("paper.yes")
	}
	return p.t("paper.no")
}

// figure is a number as a cell of CSV; empty where there is none.
func (p *printer) figure(v *float64) string {
	if v == nil {
		return ""
	}
	return p.number(*v)
}

// code keeps its zeros: Excel makes a number of all that looks like one, so one that begins
// with 0 is marked as text, visibly.
func code(s string) string {
	if s = plain(s); strings.HasPrefix(s, "0") {
		return "'" + s
	}
	return inert(s)
}

// inert is a text that no spreadsheet takes for a formula. Full-width signs count too: some
// input methods make them, and some programs fold them.
func inert(s string) string {
	s = plain(s)
	for _, sign := range []string{"=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%"} {
		if strings.HasPrefix(s, sign) {
			return "'" + s
		}
	}
	return s
}
