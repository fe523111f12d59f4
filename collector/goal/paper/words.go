package paper

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// verdict is one as it stands in a cell.
func (p *printer) verdict(v goal.Verdict) string {
	if v == "" {
		return none
	}
	return capital(v.Text(p.lang))
}

// capital makes the first letter a capital one.
func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

func (p *printer) group(g string) string { return goal.GroupText(p.lang, g) }

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
		return goal.ResponsibleText(p.lang, w.Responsible)
	}
	return none
}

// threshold is what is asked.
func (p *printer) threshold(f *goal.Finding) string { return goal.ThresholdText(p.lang, *f) }

// bound is what is asked, short, for narrow columns: "≥ 99 %".
func (p *printer) bound(f *goal.Finding) string {
	switch {
	case f.AtMost != nil:
		return "≤ " + goal.ValueText(p.lang, f.Measure, *f.AtMost)
	case f.AtLeast == nil || f.Measure == "uplink":
		return p.threshold(f)
	}
	return "≥ " + goal.ValueText(p.lang, f.Measure, *f.AtLeast)
}

// criterionAsked is a criterion's name and what it asks here.
func (p *printer) criterionAsked(f *goal.Finding) string {
	if f.Measure == "uplink" { // its name says it
		return p.criterion(f.Criterion)
	}
	return p.criterion(f.Criterion) + " (" + p.bound(f) + ")"
}

// measured is the value that was measured.
func (p *printer) measured(f *goal.Finding) string {
	if f.Measured == nil || f.Measured.Value == nil {
		return none
	}
	// A device that answers is one at least: a figure would look like a count.
	if m := goal.MeasureOf(f.Measure); m != nil && m.LowerBound && m.Unit == "" {
		if *f.Measured.Value > 0 {
			return p.t("paper.answers")
		}
		return p.t("paper.no_answer")
	}
	return goal.ValueText(p.lang, f.Measure, *f.Measured.Value)
}

// declared is what was declared: the figure, and the words where there are some.
func (p *printer) declared(f *goal.Finding) string {
	d := f.Declared
	if d == nil || d.Value == nil && d.Text == "" {
		return none
	}
	said := p.declaredText(f)
	if d.Value != nil {
		value := goal.ValueText(p.lang, f.Measure, *d.Value)
		if said == "" || said == value {
			return value
		}
		said = value + " (" + said + ")"
	}
	return said
}

// declaredText is the words of a declaration; the kinds of lines have names in each language.
func (p *printer) declaredText(f *goal.Finding) string {
	if line := say.Key("declared.line_" + f.Declared.Text); f.Measure == "uplink" && say.Has(line) {
		return p.t(line)
	}
	return plain(f.Declared.Text)
}

func (p *printer) why(f *goal.Finding) string { return goal.WhyText(p.lang, *f) }

// by is what decided.
func (p *printer) by(f *goal.Finding) string {
	if f.By == "" {
		return none
	}
	return goal.EvidenceText(p.lang, f.By)
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
	if len(names) > 1 && len(names) == len(s.Findings) {
		return p.t("paper.all_criteria", len(names))
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
