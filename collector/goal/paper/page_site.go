package paper

import (
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

type siteRow struct{ Name, Asked, Declared, Measured, Verdict, Class, Why string }

type siteTask struct{ Name, For, Who, Rule, Price string }

type historyMonth struct{ Month, Mark, Verdict, Class string }

func (p *printer) sitePage(s *goal.SiteLine) sitePage {
	page := sitePage{document: p.document(p.t("paper.page_title", p.site(s), p.title())), Name: p.site(s), Facts: p.siteFacts(s)}
	page.Verdict, page.Class = p.verdict(s.Verdict), string(s.Verdict)
	page.Sum = p.siteSum(s)
	page.Notes = append(page.Notes, p.marks([]*goal.SiteLine{s})...)
	for _, group := range goal.Groups {
		if rows := p.siteRows(s, group); len(rows) > 0 {
			page.Groups = append(page.Groups, siteGroup{p.group(group), rows})
		}
	}
	for _, t := range s.Todo {
		w := p.Goal.Works[t.Work]
		var names []string
		for _, c := range t.Criteria {
			names = append(names, p.criterion(c))
		}
		page.Todo = append(page.Todo, siteTask{p.work(t.Work), strings.Join(names, "; "), p.responsible(t.Work), p.say(w.Rule), p.price(t)})
	}
	page.Cost = p.cost(s)
	for _, h := range s.History {
		page.History = append(page.History, historyMonth{h.Month.From().Format("01/2006"), mark(h.Verdict), p.verdict(h.Verdict), string(h.Verdict)})
	}
	page.Fit = fit(page.lines())
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
		rows = append(rows, siteRow{p.criterion(f.Criterion), p.threshold(f), p.declaredWhen(f), p.measured(f), p.verdict(f.Verdict), string(f.Verdict), why})
	}
	return rows
}

// declaredWhen is what was declared, and as of which day.
func (p *printer) declaredWhen(f *goal.Finding) string {
	said := p.declared(f)
	if said == none || f.Declared.Date.IsZero() {
		return said
	}
	return said + " (" + p.day(f.Declared.Date) + ")"
}

// lines is about how many lines of ordinary letters a page takes.
func (s *sitePage) lines() int {
	n := 14 + linesOf(s.Sum, 90) + len(s.Groups)
	for _, note := range s.Notes {
		n += linesOf(note, 130)
	}
	for _, g := range s.Groups {
		for _, r := range g.Rows {
			n += max(linesOf(r.Name, 24), linesOf(r.Asked, 13), linesOf(r.Declared, 13), linesOf(r.Why, 36))
		}
	}
	for _, t := range s.Todo {
		n += max(linesOf(t.Name, 24), linesOf(t.For, 26), linesOf(t.Who, 12), linesOf(t.Rule, 34))
	}
	return n
}

// fit chooses letters by the lines that a page takes: as large as one A4 page bears.
func fit(lines int) string {
	switch {
	case lines <= 58:
		return ""
	case lines <= 74:
		return "full"
	case lines <= 90:
		return "dense"
	}
	return "tight"
}
