package paper

import (
	"strconv"
	"strings"

	"communewatch/collector/goal"
)

// sitePage is what the page of one site shows.
type sitePage struct {
	document
	Name    string
	Facts   []fact
	Groups  []siteGroup
	Todo    []siteTask
	History []historyMonth
}

type siteGroup struct {
	Name string
	Rows []siteRow
}

type siteRow struct {
	No                                int
	id, Name, Asked, Window, Declared string
	Measured, Observed                string
	Verdict, By, Class, Why           string
}

type siteTask struct{ Name, For, Who, Rule, Price string }

type historyMonth struct{ Month, Mark, Verdict, Class string }

func (p *printer) sitePage(s *goal.SiteLine) sitePage {
	page := sitePage{document: p.document(p.t("paper.page_title", p.site(s), p.title())), Name: p.site(s), Facts: p.siteFacts(s)}
	page.Verdict, page.Class = p.verdict(s.Verdict), string(s.Verdict)
	page.Sum = p.siteSum(s)
	page.Notes = append(page.Notes, p.marks([]*goal.SiteLine{s})...)
	no := map[string]string{} // of criteria
	n := 0
	for _, group := range goal.Groups {
		rows := p.siteRows(s, group)
		for i := range rows {
			n++
			rows[i].No, no[rows[i].id] = n, strconv.Itoa(n)
		}
		if len(rows) > 0 {
			page.Groups = append(page.Groups, siteGroup{p.group(group), rows})
		}
	}
	for _, t := range s.Todo {
		w := p.Goal.Works[t.Work]
		var numbers []string
		for _, c := range t.Criteria {
			numbers = append(numbers, no[c])
		}
		page.Todo = append(page.Todo, siteTask{p.work(t.Work), strings.Join(numbers, ", "), p.responsible(t.Work), p.say(w.Rule), p.price(t)})
	}
	page.Cost = p.cost(s)
	for _, h := range s.History {
		page.History = append(page.History, historyMonth{h.Month.From().Format("01/2006"), mark(h.Verdict), p.verdict(h.Verdict), string(h.Verdict)})
	}
	page.Fit = fit(page.lines)
	return page
}

// siteFacts is what is known of the office beside its verdict.
func (p *printer) siteFacts(s *goal.SiteLine) []fact {
	facts := []fact{
		{p.t("paper.site_id"), plain(s.ID)},
		{p.t("paper.area"), p.area(s)},
		{p.t("paper.unit_on", p.day(p.UnitsOn)), p.unitMarked(s)},
		{p.t("paper.terrain"), p.terrainMarked(s)},
		{p.t("paper.rollout"), p.rollout(s.Rollout)},
		{p.t("paper.declared"), p.declaration(s)},
	}
	if s.Responsible != "" {
		facts = append(facts, fact{p.t("paper.responsible_person"), plain(s.Responsible)})
	}
	return facts
}

// siteSum is how far the office is, and since when it met the target, or fell back.
func (p *printer) siteSum(s *goal.SiteLine) string {
	var n [4]int
	for _, f := range s.Findings {
		switch f.Verdict {
		case goal.Met:
			n[0]++
		case goal.NotMet:
			n[1]++
		case goal.NoData:
			n[2]++
		default:
			n[3]++
		}
	}
	sum := p.t("paper.site_sum", len(s.Findings), n[0], n[1], n[2], n[3], p.number(s.Distance))
	if s.FirstMet != nil {
		sum += " " + p.t("paper.site_first", p.firstMet(s))
	}
	if len(s.Relapses) > 0 {
		sum += " " + p.t("paper.site_relapses", p.relapses(s))
	}
	if s.Compared != nil && p.Compared != nil {
		sum += " " + p.t("paper.site_compared", p.say(p.Compared.Name), s.Compared.Verdict.Text(p.lang))
	}
	return sum
}

func (p *printer) siteRows(s *goal.SiteLine, group string) []siteRow {
	var rows []siteRow
	for i := range s.Findings {
		f := &s.Findings[i]
		if f.Group != group {
			continue
		}
		why := p.why(f)
		if days := goal.DaysText(p.lang, *f); days != "" {
			why = days + "; " + why
		}
		if f.Differ {
			why += "; " + p.t("goal.differ")
		}
		rows = append(rows, siteRow{
			id: f.Criterion, Name: p.criterion(f.Criterion), Asked: p.bound(f), Window: p.months(f), Declared: p.declared(f),
			Measured: p.measured(f), Observed: p.observed(f), Verdict: p.verdict(f.Verdict), By: p.decidedBy(f), Class: string(f.Verdict), Why: why,
		})
	}
	return rows
}

// months is the window of what is measured, where it is more than the month.
func (p *printer) months(f *goal.Finding) string {
	if n := p.criteria[f.Criterion].Months; n > 1 && f.Measured != nil {
		return p.t("paper.in_months", n)
	}
	return ""
}

// observed is on how many observations what was measured rests.
func (p *printer) observed(f *goal.Finding) string {
	if f.Measured == nil || f.Measured.Observations == 0 {
		return ""
	}
	return p.t("paper.observed", goal.CountText(p.lang, f.Measured.Observations))
}

func (p *printer) decidedBy(f *goal.Finding) string {
	if f.By == "" {
		return ""
	}
	return p.t("paper.decided", p.by(f))
}

// declaration is as of which day, and by whom, the office declared what it did: one
// declaration is in force at a time.
func (p *printer) declaration(s *goal.SiteLine) string {
	for i := range s.Findings {
		if d := s.Findings[i].Declared; d != nil {
			return strings.TrimSpace(p.day(d.Date) + " " + plain(d.Source))
		}
	}
	return none
}

// lines is about how many lines a page takes in letters of so many points.
func (s *sitePage) lines(points float64) float64 {
	in := func(text string, percent float64) int { return linesOf(text, charactersIn(percent, points)) }
	n, rows := 13+in(s.Sum, 90)+len(s.Groups), len(s.Groups)
	for _, note := range s.Notes {
		n += in(note, 115)
	}
	for _, g := range s.Groups {
		for _, r := range g.Rows {
			n, rows = n+max(in(r.Name, 19), in(r.Asked, 8)+oneIf(r.Window), in(r.Declared, 8), in(r.Measured, 9)+oneIf(r.Observed), in(r.Verdict, 9)+oneIf(r.By), in(r.Why, 41)), rows+1
		}
	}
	for _, t := range s.Todo {
		n, rows = n+max(in(t.Name, 27), in(t.For, 6), in(t.Who, 13), in(t.Rule, 38)), rows+1
	}
	return float64(n) + 0.3*float64(rows)
}

// oneIf is the line of a text that may not be there.
func oneIf(text string) int { return min(len(text), 1) }
