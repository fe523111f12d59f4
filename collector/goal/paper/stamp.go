package paper

import (
	"communewatch/collector/goal"
)

// fact is one line of what a report says of itself.
type fact struct{ Name, Value string }

// title is the standard's name and the month to which it is applied.
func (p *printer) title() string {
	return p.t("paper.title", p.say(p.Goal.Name), p.month(p.Month))
}

// stamp is what a report says of itself, on every paper.
func (p *printer) stamp() []fact {
	facts := []fact{
		{p.t("paper.standard"), p.say(p.Goal.Name) + " (" + plain(p.Goal.ID) + ")"},
		{p.t("paper.month"), p.monthState()},
		{p.t("paper.made"), p.moment(p.Made)},
		{p.t("paper.judged"), p.judged()},
		{p.t("paper.units_on"), p.day(p.UnitsOn)},
		{p.t("paper.known"), p.known()},
	}
	if p.Compared != nil {
		facts = append(facts, fact{p.t("paper.compared"), p.say(p.Compared.Name) + " (" + plain(p.Compared.ID) + ")"})
	}
	if p.Version != "" {
		facts = append(facts, fact{p.t("paper.version"), plain(p.Version)})
	}
	return facts
}

func (p *printer) monthState() string {
	if p.Over {
		return p.month(p.Month)
	}
	return p.t("paper.month_running", p.month(p.Month))
}

func (p *printer) judged() string {
	if p.Judged.IsZero() {
		return p.t("paper.never_judged")
	}
	return p.moment(p.Judged)
}

// known are the beginnings of the hashes; the whole ones are in workbook and JSON.
func (p *printer) known() string {
	return p.t("paper.known_hashes", short(p.Goal.Hash), short(p.Known.Inventory), short(p.Known.Declarations), short(p.Known.Days))
}

// notes are what must be known to read a report rightly, on every paper.
func (p *printer) notes() []string {
	notes := []string{p.t("paper.note_no_data"), p.t("paper.note_applied", p.month(p.Month))}
	if !p.Over {
		notes = append(notes, p.t("paper.note_running"))
	}
	if p.Known.Unread > 0 {
		notes = append(notes, p.t("paper.note_unread", p.Known.Unread))
	}
	if note := p.say(p.Goal.Note); note != "" {
		notes = append(notes, note)
	}
	return notes
}

// marks explain the marks that are used in lists of these sites.
func (p *printer) marks(sites []*goal.SiteLine) []string {
	var unverified, split bool
	for _, s := range sites {
		unverified = unverified || !s.Verified
		split = split || s.Split
	}
	var marks []string
	if unverified {
		marks = append(marks, markUnverified+" "+p.t("paper.mark_unverified"))
	}
	if split {
		marks = append(marks, markSplit+" "+p.t("paper.mark_split"))
	}
	return marks
}

// Marks behind a terrain that no source names for this office, and behind a unit that was
// chosen among several.
const (
	markUnverified = "*"
	markSplit      = "†"
)

func (p *printer) terrainMarked(s *goal.SiteLine) string {
	if s.Verified {
		return p.terrain(s.Terrain)
	}
	return p.terrain(s.Terrain) + markUnverified
}

func (p *printer) unitMarked(s *goal.SiteLine) string {
	if s.Split {
		return p.unit(s) + markSplit
	}
	return p.unit(s)
}

// all are the sites of the report, in its order.
func (p *printer) all() []*goal.SiteLine {
	all := make([]*goal.SiteLine, len(p.Sites))
	for i := range p.Sites {
		all[i] = &p.Sites[i]
	}
	return all
}

// tally counts sites by verdict.
type tally struct{ Met, NotMet, NoData, Sites int }

func (t *tally) add(v goal.Verdict) {
	t.Sites++
	switch v {
	case goal.Met:
		t.Met++
	case goal.NotMet:
		t.NotMet++
	default:
		t.NoData++
	}
}

func count(sites []*goal.SiteLine) (t tally) {
	for _, s := range sites {
		t.add(s.Verdict)
	}
	return t
}
