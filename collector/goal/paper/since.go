package paper

import (
	"strings"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// What several papers say of groups, plan and changes.

func (p *printer) groupMarked(g *goal.Group) string {
	name := p.groupName(g)
	if g.Split {
		name += markSplit
	}
	return name
}

func (p *printer) rolloutLine() string {
	r := p.Rollout
	return p.t("paper.rollout_line", r.NotInstalled, r.Installed, r.Reporting, r.Declared, r.Sites)
}

// comparedLines is what the second standard says of these sites, and of which another thing.
func (p *printer) comparedLines() []string {
	if p.Compared == nil {
		return nil
	}
	var n tally
	var others []string
	for _, s := range p.all() {
		if s.Compared == nil {
			continue
		}
		n.add(s.Compared.Verdict)
		if s.Compared.Verdict != s.Verdict {
			others = append(others, p.t("paper.change", p.site(s), s.Verdict.Text(p.lang), s.Compared.Verdict.Text(p.lang)))
		}
	}
	lines := []string{p.t("paper.compared_sum", p.say(p.Compared.Name), plain(p.Compared.ID), n.Met, n.NotMet, n.NoData, len(others))}
	if len(others) > 0 {
		lines = append(lines, p.t("paper.compared_others", strings.Join(others, "; ")))
	}
	return lines
}

func (p *printer) planSum() string {
	return p.t("paper.plan_sum", p.money(p.Plan.Budget), len(p.Plan.Steps), p.money(p.Plan.Spent), len(p.Plan.Beyond))
}

// unknownPrices names the sites whose works have no price.
func (p *printer) unknownPrices() string {
	if len(p.Plan.Unknown) == 0 {
		return ""
	}
	var names []string
	for _, id := range p.Plan.Unknown {
		names = append(names, p.siteByID(id))
	}
	return p.t("paper.plan_unknown", len(names), strings.Join(names, ", "))
}

// changesSum is since which report, and which of what is known is another.
func (p *printer) changesSum() string {
	c := p.Changes
	var what []string
	for _, part := range []struct {
		changed bool
		key     say.Key
	}{
		{c.Goal, "paper.changed_standard"}, {c.Invent, "paper.changed_inventory"},
		{c.Declare, "paper.changed_declarations"}, {c.Days, "paper.changed_days"},
	} {
		if part.changed {
			what = append(what, p.t(part.key))
		}
	}
	s := p.t("paper.changes_since", p.moment(c.Since), short(c.Hash), len(c.Sites))
	if len(what) == 0 {
		return s + " " + p.t("paper.changed_nothing")
	}
	return s + " " + p.t("paper.changed_known", strings.Join(what, ", "))
}

// change is one site's.
func (p *printer) change(c goal.SiteChange) string {
	s := p.t("paper.change", p.siteByID(c.Site), p.verdict(c.Was), p.verdict(c.Is))
	if criteria := p.changedCriteria(c); criteria != "" {
		s += "; " + criteria
	}
	return s
}

func (p *printer) changedCriteria(c goal.SiteChange) string {
	var parts []string
	for _, k := range c.Criteria {
		parts = append(parts, p.t("paper.change", p.criterion(k.Criterion), p.verdict(k.Was), p.verdict(k.Is)))
	}
	return strings.Join(parts, "; ")
}
