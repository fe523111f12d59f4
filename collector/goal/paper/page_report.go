package paper

import (
	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// reportPage is what the page of all shows.
type reportPage struct {
	document
	matrix
	Rollout  string
	Compared []string
	Groups   []pageGroups
	Short    []shortSite
	Rules    []string
	Plan     *pagePlan
	Since    *pageChanges
	Source   string
}

type pageGroups struct {
	Name string
	Rows []pageGroup
}

type pageGroup struct {
	Name, Verdict, Class       string
	Sites, Met, NotMet, NoData int
}

// shortSite is a site that falls short, why, and what is to be done.
type shortSite struct {
	Name, Verdict, Class string
	Falls, Tasks         []string
}

type pagePlan struct {
	Sum, Unknown string
	Steps        []pageStep
}

type pageStep struct {
	No                       int
	Name, Cost, Total, Where string
}

type pageChanges struct {
	Sum     string
	Changes []string
}

func (p *printer) reportPage() reportPage {
	all := p.all()
	page := reportPage{document: p.document(p.title()), matrix: p.matrix(all), Rollout: p.rolloutLine(), Compared: p.comparedLines(), Rules: p.rules, Source: p.say(p.Goal.Source)}
	n := count(all)
	page.Sum = p.t("paper.totals", n.Sites, n.Met, n.NotMet, n.NoData)
	page.Marks = p.matrixMarks(all)
	var cost int64
	unknown := false
	for _, s := range all {
		cost += s.Cost
		unknown = unknown || s.CostUnknown
		if s.Verdict != goal.Met {
			page.Short = append(page.Short, p.shortSite(s))
		}
	}
	page.Cost = goal.SumText(p.lang, cost, unknown)
	page.addGroups(p)
	page.addPlan(p)
	if p.Changes != nil {
		page.Since = &pageChanges{Sum: p.changesSum()}
		for _, c := range p.Changes.Sites {
			page.Since.Changes = append(page.Since.Changes, p.change(c))
		}
	}
	return page
}

func (p *printer) shortSite(s *goal.SiteLine) shortSite {
	short := shortSite{Name: p.site(s) + ", " + p.area(s), Verdict: p.verdict(s.Verdict), Class: string(s.Verdict)}
	short.Falls = p.falls(s)
	for _, t := range s.Todo {
		short.Tasks = append(short.Tasks, p.task(t))
	}
	return short
}

func (r *reportPage) addGroups(p *printer) {
	kind := ""
	for i := range p.Groups {
		g := &p.Groups[i]
		if g.Kind == goal.OfProvince {
			r.Verdict, r.Class = p.verdict(g.Verdict), string(g.Verdict)
		}
		if g.Kind != kind {
			kind = g.Kind
			r.Groups = append(r.Groups, pageGroups{Name: p.t("paper.of_" + say.Key(kind))})
		}
		last := &r.Groups[len(r.Groups)-1]
		last.Rows = append(last.Rows, pageGroup{p.groupMarked(g), p.verdict(g.Verdict), string(g.Verdict), len(g.Sites), g.Met, g.NotMet, g.NoData})
	}
}

func (r *reportPage) addPlan(p *printer) {
	if p.Plan == nil {
		return
	}
	r.Plan = &pagePlan{Sum: p.planSum(), Unknown: p.unknownPrices()}
	add := func(steps []goal.PlanStep, where say.Key) {
		for _, s := range steps {
			r.Plan.Steps = append(r.Plan.Steps, pageStep{len(r.Plan.Steps) + 1, p.siteByID(s.Site), p.money(s.Cost), p.money(s.Total), p.t(where)})
		}
	}
	add(p.Plan.Steps, "paper.within")
	add(p.Plan.Beyond, "paper.beyond")
}
