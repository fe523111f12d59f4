package board

import (
	"cmp"
	"net/http"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// siteTarget is how one site stands to the target, on its page.
type siteTarget struct {
	Missing           string // why there is nothing to show; empty: there is
	Goal, Month, Hint string
	Mark, VerdictText string
	Report, Page      string // where all of the report is, and the site's page of A4
	Groups            []criterionGroup
	Todo              []todoItem
	Cost              string
	Months            []monthMark
	Held, Note        string
	Declared          []fact
	Rollout           string
}

// criterionGroup are the criteria of one kind.
type criterionGroup struct {
	Title string
	Rows  []criterionRow
}

type criterionRow struct {
	Name, Threshold, Declared, DeclaredNote, Measured, MeasuredNote string
	Mark, VerdictText, Why, Rule, Source                            string
	Differ                                                          bool
}

type monthMark struct{ Month, Mark, Sign, VerdictText, Href string }

// siteTarget never keeps a site's page from being shown: what cannot be had is said.
func (b *board) siteTarget(r *http.Request, site string) *siteTarget {
	if b.desk == nil {
		return nil
	}
	v, err := b.viewOf(r)
	v.path = "/site/" + site
	if err != nil {
		return &siteTarget{Missing: v.lang.Text("target.no_month")}
	}
	report, err := b.report(r.Context(), v.request)
	if err != nil {
		if r.Context().Err() == nil {
			b.deps.Log.Error("a site's target cannot be shown", "site", site, "error", err)
		}
		return &siteTarget{Missing: v.lang.Text("target.no_report")}
	}
	for i := range report.Sites {
		if s := &report.Sites[i]; s.ID == site {
			return b.siteSection(v, report, s)
		}
	}
	return &siteTarget{Missing: v.lang.Text("target.not_in_report")}
}

func (b *board) siteSection(v view, r *goal.Report, s *goal.SiteLine) *siteTarget {
	f := format{v.lang, b.deps.Now()}
	t := &siteTarget{
		Goal: r.Goal.Name.In(v.lang), Month: f.month(r.Month), Mark: verdictMark(s.Verdict), VerdictText: verdictWord(v.lang, s.Verdict),
		Report: v.of("/target"), Page: v.of("/target/site/" + s.ID), Todo: todo(f, r, s), Cost: cost(f, s),
		Rollout: v.lang.Text(say.Key("paper.rollout_" + s.Rollout)),
	}
	if !r.Over {
		t.Hint = v.lang.Text("target.goes_on", t.Month)
	}
	for _, group := range goal.Groups {
		g := criterionGroup{Title: goal.GroupText(v.lang, group)}
		for _, at := range s.Findings {
			if at.Group == group {
				g.Rows = append(g.Rows, criterion(f, r, at))
			}
		}
		if len(g.Rows) > 0 {
			t.Groups = append(t.Groups, g)
		}
	}
	for _, m := range s.History {
		mark := monthMark{Month: shortMonth(m.Month), Mark: verdictMark(m.Verdict), VerdictText: verdictWord(v.lang, m.Verdict)}
		mark.Href = v.with("month", m.Month.String())
		t.Months = append(t.Months, mark)
	}
	t.Held, _, t.Note = history(f, s)
	t.Declared = b.declaredFacts(f, r, s.ID)
	return t
}

func criterion(f format, r *goal.Report, at goal.Finding) criterionRow {
	row := criterionRow{
		Name: criterionName(f.lang, r, at.Criterion), Threshold: cmp.Or(goal.ThresholdText(f.lang, at), none),
		Declared: cmp.Or(f.declaredValue(at), none), Measured: cmp.Or(goal.MeasuredValueText(f.lang, at), none),
		Mark: verdictMark(at.Verdict), VerdictText: verdictWord(f.lang, at.Verdict),
		Why: goal.WhyText(f.lang, at), Differ: at.Differ,
	}
	if d := at.Declared; d != nil {
		row.DeclaredNote = f.lang.Text("target.declared_on", f.day(d.Date))
		if d.Source != "" {
			row.DeclaredNote += "; " + d.Source
		}
	}
	if m := at.Measured; m != nil {
		row.MeasuredNote = f.lang.Text("target.window", f.day(m.From), f.day(m.Until.AddDate(0, 0, -1)))
		if days := goal.DaysText(f.lang, at); days != "" {
			row.MeasuredNote += "; " + days
		}
		row.MeasuredNote += "; " + f.lang.Text("target.observations", f.count(m.Observations))
	}
	for i := range r.Goal.Criteria {
		if c := &r.Goal.Criteria[i]; c.ID == at.Criterion {
			row.Rule, row.Source = c.Rule.In(f.lang), c.Source.In(f.lang)
		}
	}
	return row
}

// declaredFacts are all that the commune declared, in force at the month's end.
func (b *board) declaredFacts(f format, r *goal.Report, site string) (facts []fact) {
	day := r.Month.Until().AddDate(0, 0, -1)
	bySite, err := b.declared(day, r.Made)
	if err != nil {
		b.deps.Log.Error("declarations cannot be read", "error", err)
		return nil
	}
	d, ok := bySite[site]
	if !ok {
		return nil
	}
	for _, said := range declarationFacts(f, d) {
		facts = append(facts, fact{said.name, said.value, ""})
	}
	return facts
}
