package board

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// targetEvery is how often, at most, a page of a report is fetched again, though something
// changed: its days come once a day, and the reader may be on a line of 2G.
const targetEvery = 60

// targetPage is the page /target, and that of a report that was published.
type targetPage struct {
	frame
	Goal, Month, Note, Source string
	Hint                      string // that the month goes on, or that nothing is judged in it
	Published                 *publishedHead
	Tiles                     []tile
	Rollout, RolloutHref      string
	Changes                   *changesBox
	Prev, Next                *choice // months
	Filters                   filterForm
	Map                       *provinceMap
	By, On                    []choice // kinds of groups; days for the units
	Groups                    []goalGroup
	GroupsOf                  string
	Show                      []choice
	Todo, Comparing           bool
	Columns                   []column
	Sections                  []section
	Shown, Total              int
	AllHref                   string // without filters; empty: there are none
	Exports                   []choice
	Plan                      *planBox
	Publish                   *publishForm
}

func (p targetPage) framed() frame { return p.frame }

func (b *board) serveTarget(w http.ResponseWriter, r *http.Request) {
	v, report, ok := b.viewed(w, r)
	if !ok {
		return
	}
	p := b.targetPage(v, report, report.Made)
	p.Published, p.Changes = nil, changes(v, report, report.Changes)
	p.RolloutHref = link(v.lang, "/rollout")
	p.On = b.unitDays(v, report)
	b.months(&p, v)
	p.Filters = b.filterForm(v, report)
	for _, name := range exports {
		p.Exports = append(p.Exports, choice{Text: v.lang.Text(say.Key("target.export_" + name)), Href: v.of("/target." + name)})
	}
	if who := visitor(r); who.Role.May(api.RolePlanner) {
		p.Publish = b.publishForm(v, who)
	}
	b.write(w, r, http.StatusOK, "target", p)
}

// viewed is the report that an address names, as it asks to see it; where there is none, that
// was answered.
func (b *board) viewed(w http.ResponseWriter, r *http.Request) (view, *goal.Report, bool) {
	v, err := b.viewOf(r)
	if err != nil {
		b.wrongView(w, r, err)
		return v, nil, false
	}
	report, err := b.report(r.Context(), v.request)
	return v, report, b.read(w, r, err)
}

// targetPage is what both have: a report as the view asks for it.
func (b *board) targetPage(v view, r *goal.Report, at time.Time) targetPage {
	f := format{v.lang, b.deps.Now()}
	name := r.Goal.Name.In(v.lang)
	p := targetPage{
		frame: b.frame(v.lang, v.lang.Text("target.title", f.month(r.Month))),
		Goal:  name, Month: f.month(r.Month), Note: r.Goal.Note.In(v.lang), Source: r.Goal.Source.In(v.lang),
		Total: len(r.Sites), Todo: v.todo, Comparing: r.Compared != nil,
		Rollout: v.lang.Text("paper.rollout_line", r.Rollout.NotInstalled, r.Rollout.Installed, r.Rollout.Reporting, r.Rollout.Declared, r.Rollout.Sites),
	}
	p.At, p.Stamp, p.Every = f.stamp(at), at.UTC().Format(time.RFC3339), targetEvery
	switch {
	case !r.Over:
		p.Hint = v.lang.Text("target.goes_on", f.month(r.Month))
	case r.Month == goalMonth:
		p.Hint = v.lang.Text("target.nothing_measured")
	}
	if r.Known.Unread > 0 {
		p.Hint = strings.TrimSpace(p.Hint + " " + v.lang.Text("paper.note_unread", r.Known.Unread))
	}
	sites := v.chosen(r)
	p.Shown = len(sites)
	if v.filtered() {
		p.AllHref = v.with("verdict", "", "area", "", "terrain", "", "unit", "", "lacks", "", "q", "")
	}
	p.Tiles = v.tiles(r)
	p.Groups, p.GroupsOf, p.By = b.goalGroups(v, r)
	p.Columns = v.columns(p.Comparing)
	p.Sections = v.sections(f, r, sites)
	p.Show = []choice{
		{Text: v.lang.Text("target.show_missing"), Href: v.with("show", ""), Chosen: !v.todo},
		{Text: v.lang.Text("target.show_todo"), Href: v.with("show", "todo"), Chosen: v.todo},
	}
	p.Map = b.provinceMap(v, r, sites)
	p.Plan = plan(v, f, r)
	return p
}

// tiles count the verdicts; what is not known stands apart.
func (v view) tiles(r *goal.Report) []tile {
	counts := map[goal.Verdict]int{}
	for _, s := range r.Sites {
		counts[s.Verdict]++
	}
	var out []tile
	for _, verdict := range []goal.Verdict{goal.Met, goal.NotMet, goal.NoData} {
		t := tile{State: verdictMark(verdict), Text: verdictWord(v.lang, verdict), Count: counts[verdict], Chosen: v.verdict == string(verdict)}
		t.Href = v.with("verdict", string(verdict))
		if t.Chosen {
			t.Href = v.with("verdict", "")
		}
		out = append(out, t)
	}
	return out
}

// months are links to the month before and after.
func (b *board) months(p *targetPage, v view) {
	f := format{v.lang, b.deps.Now()}
	to := func(m goal.Month) *choice { return &choice{Text: f.month(m), Href: v.with("month", m.String())} }
	if m := v.request.Month; goalMonth.From().Before(m.From()) {
		p.Prev = to(m.Add(-1))
	}
	if m := v.request.Month; m.From().Before(goal.MonthOf(f.now).From()) {
		p.Next = to(m.Add(1))
	}
}

// changesBox is what a report says otherwise than one that was published.
type changesBox struct {
	Since, Hash string
	Sites       []changeRow
	More        int
	Of          []string // what it was made from and is another now
	None        bool
}

type changeRow struct{ Label, Href, Was, WasText, Is, IsText, Criteria string }

// maxChanges bounds what a page lists of them; the printed report has all.
const maxChanges = 40

func changes(v view, r *goal.Report, c *goal.Changes) *changesBox {
	if c == nil {
		return nil
	}
	f := format{v.lang, r.Made}
	box := &changesBox{Since: f.stamp(c.Since), Hash: c.Hash[:min(12, len(c.Hash))]}
	for _, one := range []struct {
		other bool
		key   say.Key
	}{{c.Goal, "target.other_goal"}, {c.Invent, "target.other_inventory"}, {c.Declare, "target.other_declarations"}, {c.Days, "target.other_days"}} {
		if one.other {
			box.Of = append(box.Of, v.lang.Text(one.key))
		}
	}
	names := map[string]string{}
	for _, s := range r.Sites {
		names[s.ID] = unitLabel(v.lang, s.Kind, s.Name)
	}
	box.More = max(0, len(c.Sites)-maxChanges)
	for _, s := range c.Sites[:len(c.Sites)-box.More] {
		row := changeRow{Label: cmp.Or(names[s.Site], s.Site), Href: link(v.lang, "/site/"+s.Site), Was: verdictMark(s.Was), Is: verdictMark(s.Is), WasText: verdictWord(v.lang, s.Was), IsText: verdictWord(v.lang, s.Is)}
		for i, criterion := range s.Criteria {
			if i > 0 {
				row.Criteria += "; "
			}
			row.Criteria += v.lang.Text("target.changed", criterionName(v.lang, r, criterion.Criterion), verdictWord(v.lang, criterion.Was), verdictWord(v.lang, criterion.Is))
		}
		box.Sites = append(box.Sites, row)
	}
	box.None = len(box.Sites) == 0
	return box
}

func criterionName(lang say.Lang, r *goal.Report, id string) string {
	for i := range r.Goal.Criteria {
		if r.Goal.Criteria[i].ID == id {
			return r.Goal.Criteria[i].Name.In(lang)
		}
	}
	return id
}

// planBox is the cheapest order of work.
type planBox struct {
	Budget, Spent string
	Steps, Beyond []planRow
	Unknown       int
}

type planRow struct {
	N                        string
	Label, Href, Cost, Total string
	Mountain                 bool
}

func plan(v view, f format, r *goal.Report) *planBox {
	if r.Plan == nil {
		return nil
	}
	sites := map[string]*goal.SiteLine{}
	for i := range r.Sites {
		sites[r.Sites[i].ID] = &r.Sites[i]
	}
	rows := func(steps []goal.PlanStep) []planRow {
		var out []planRow
		for i, step := range bounded(steps) {
			row := planRow{N: strconv.Itoa(i + 1), Label: step.Site, Href: v.of("/site/" + step.Site), Cost: f.money(step.Cost), Total: f.money(step.Total)}
			if s := sites[step.Site]; s != nil {
				row.Label, row.Mountain = unitLabel(f.lang, s.Kind, s.Name), markedMountain(s)
			}
			out = append(out, row)
		}
		return out
	}
	return &planBox{f.money(r.Plan.Budget), f.money(r.Plan.Spent), rows(r.Plan.Steps), rows(r.Plan.Beyond), len(r.Plan.Unknown)}
}
