package paper

import (
	"strings"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

func (p *printer) verdict(v goal.Verdict) string {
	if v == "" {
		return none
	}
	return p.t("paper.verdict_" + say.Key(v))
}

func (p *printer) group(g string) string { return p.t("paper.group_" + say.Key(g)) }

// criterion is its name.
func (p *printer) criterion(id string) string {
	if c, ok := p.criteria[id]; ok {
		return p.say(c.Name)
	}
	return plain(id)
}

// work is its name.
func (p *printer) work(id string) string {
	if w, ok := p.Goal.Works[id]; ok {
		return p.say(w.Name)
	}
	return plain(id)
}

// responsible is who has to see to a work.
func (p *printer) responsible(work string) string {
	switch w := p.Goal.Works[work]; w.Responsible {
	case goal.Locality, goal.Provider, goal.Province:
		return p.t("paper.by_" + say.Key(w.Responsible))
	}
	return none
}

// threshold is what is asked: "≥ 95 %".
func (p *printer) threshold(f *goal.Finding) string {
	switch {
	case f.AtLeast != nil:
		return "≥ " + p.amount(*f.AtLeast, f.Unit)
	case f.AtMost != nil:
		return "≤ " + p.amount(*f.AtMost, f.Unit)
	}
	return none
}

// amount is a figure with its unit.
func (p *printer) amount(v float64, unit string) string {
	if unit == "" {
		return p.number(v)
	}
	return p.number(v) + " " + unit
}

// measured is the value that was measured.
func (p *printer) measured(f *goal.Finding) string {
	if f.Measured == nil || f.Measured.Value == nil {
		return none
	}
	return p.amount(*f.Measured.Value, f.Unit)
}

// declared is what was declared: the figure, or the words where there is no figure.
func (p *printer) declared(f *goal.Finding) string {
	d := f.Declared
	switch {
	case d == nil:
		return none
	case d.Text != "":
		return plain(d.Text)
	case d.Value != nil:
		return p.amount(*d.Value, f.Unit)
	}
	return none
}

// days are the good ones of those that are needed, and all that are due.
func (p *printer) days(m *goal.Measured) string {
	if m == nil {
		return none
	}
	return p.t("paper.days_short", m.Good, m.Needed, m.Due)
}

func (p *printer) why(f *goal.Finding) string { return p.t("paper.why_" + say.Key(f.Why)) }

// by is what decided.
func (p *printer) by(f *goal.Finding) string {
	switch f.By {
	case goal.ByMeasured, goal.ByDeclared:
		return p.t("paper.evidence_" + say.Key(f.By))
	}
	return none
}

func (p *printer) rollout(r string) string { return p.t("paper.rollout_" + say.Key(r)) }

// site names an office as people read it.
func (p *printer) site(s *goal.SiteLine) string { return p.kind(s.Kind, s.Name) }

// siteByID names one that may not be in the report any more.
func (p *printer) siteByID(id string) string {
	if s := p.sites[id]; s != nil {
		return p.site(s)
	}
	return plain(id)
}

// kind puts a unit's kind to its bare name.
func (p *printer) kind(kind, name string) string {
	if name == "" {
		return ""
	}
	if key := say.Key("kind." + kind); say.Has(key) {
		return p.t(key, plain(name))
	}
	return plain(name)
}

// unit names the unit of a site, with its code; codes alone name nothing.
func (p *printer) unit(s *goal.SiteLine) string {
	if s.Unit == "" {
		return p.t("paper.no_unit")
	}
	return p.withCode(p.kind(s.UnitKind, s.UnitName), s.Unit)
}

func (p *printer) withCode(name, code string) string { return name + " (" + plain(code) + ")" }

func (p *printer) terrain(t string) string {
	if key := say.Key("terrain." + t); say.Has(key) {
		return p.t(key)
	}
	return plain(t)
}

// groupName names a group of sites.
func (p *printer) groupName(g *goal.Group) string {
	switch g.Kind {
	case goal.OfProvince:
		return p.t("paper.whole_province")
	case goal.OfTerrain:
		return p.terrain(g.Code)
	case goal.OfUnit:
		if g.Code == "" {
			return p.t("paper.no_unit")
		}
		return p.withCode(p.kind(g.UnitOf, g.Name), g.Code)
	}
	return p.kind(g.UnitOf, g.Name)
}

// area names that of a site: its group knows whether it is a town or a district.
func (p *printer) area(s *goal.SiteLine) string {
	if name, ok := p.areas[s.AreaCode]; ok {
		return name
	}
	return plain(s.Area)
}

// names are the criteria of a site that have a verdict.
func (p *printer) names(s *goal.SiteLine, v goal.Verdict) string {
	var names []string
	for _, f := range s.Findings {
		if f.Verdict == v {
			names = append(names, p.criterion(f.Criterion))
		}
	}
	return strings.Join(names, "; ")
}

// works are what a site needs, by name.
func (p *printer) works(s *goal.SiteLine) string {
	var names []string
	for _, t := range s.Todo {
		names = append(names, p.work(t.Work))
	}
	return strings.Join(names, "; ")
}

// firstMet is the month in which a site met the target first, as far as the history goes.
func (p *printer) firstMet(s *goal.SiteLine) string {
	if s.FirstMet == nil {
		return none
	}
	return p.month(*s.FirstMet)
}

func (p *printer) relapses(s *goal.SiteLine) string {
	var months []string
	for _, m := range s.Relapses {
		months = append(months, p.month(m))
	}
	return strings.Join(months, ", ")
}
