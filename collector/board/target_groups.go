package board

import (
	"cmp"
	"slices"
	"time"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// goalGroup sums up the sites of an area, a terrain or a unit.
type goalGroup struct {
	Label, Href, Page          string // the list of its sites; its page of A4, empty: it has none
	Mark, VerdictText          string
	Met, NotMet, NoData, Sites int
	Chosen, Split              bool
}

// goalGroups are those of the kind that the view asks for.
func (b *board) goalGroups(v view, r *goal.Report) (groups []goalGroup, title string, kinds []choice) {
	kind := cmp.Or(v.by, goal.OfArea)
	for _, k := range []string{goal.OfArea, goal.OfTerrain, goal.OfUnit} {
		kinds = append(kinds, choice{Text: v.lang.Text(say.Key("target.of_" + k)), Href: v.with("by", k), Chosen: k == kind})
	}
	title = v.lang.Text(say.Key("target.of_" + kind))
	if kind == goal.OfUnit {
		title = v.lang.Text("target.units_on", format{lang: v.lang}.day(r.UnitsOn))
	}
	for _, g := range r.Groups {
		if g.Kind != kind {
			continue
		}
		row := goalGroup{
			Label: b.groupLabel(v.lang, g), Mark: verdictMark(g.Verdict), VerdictText: verdictWord(v.lang, g.Verdict),
			Met: g.Met, NotMet: g.NotMet, NoData: g.NoData, Sites: len(g.Sites), Split: g.Split,
		}
		filter := map[string]string{goal.OfArea: v.area, goal.OfTerrain: v.terrain, goal.OfUnit: v.unit}[kind]
		if row.Chosen = filter == g.Code && g.Code != ""; row.Chosen {
			row.Href = v.with(kind, "")
		} else if g.Code != "" {
			row.Href = v.with(kind, g.Code)
		}
		if kind == goal.OfArea && v.live {
			row.Page = v.of("/target/area/" + g.Code)
		}
		groups = append(groups, row)
	}
	return groups, title, kinds
}

func (b *board) groupLabel(lang say.Lang, g goal.Group) string {
	switch g.Kind {
	case goal.OfTerrain:
		return lang.Text(say.Key("terrain." + g.Code))
	case goal.OfArea:
		return cmp.Or(b.areaLabel(lang, g.Code), unitLabel(lang, g.UnitOf, g.Name))
	case goal.OfUnit:
		return unitLabel(lang, g.UnitOf, g.Name)
	}
	return g.Name
}

// areaLabel is empty for an area that the inventory does not know.
func (b *board) areaLabel(lang say.Lang, code string) string {
	area, ok := b.deps.Inventory().Area(code)
	if !ok {
		return ""
	}
	return area.Label(lang)
}

// unitDays are the days from which on the units were others, of which the report may show
// each: a merger is seen from both sides.
func (b *board) unitDays(v view, r *goal.Report) []choice {
	if v.by != goal.OfUnit {
		return nil
	}
	inv := b.deps.Inventory()
	var days []time.Time
	for _, u := range inv.Units() {
		days = append(days, u.From)
	}
	slices.SortFunc(days, time.Time.Compare)
	days = slices.CompactFunc(days, time.Time.Equal)
	var out []choice
	for i, day := range days {
		next := i+1 < len(days) && !r.UnitsOn.Before(days[i+1])
		out = append(out, choice{
			Text:   v.lang.Text("target.units_from", format{lang: v.lang}.day(day), len(inv.UnitsOn(day))),
			Href:   v.with("on", day.Format(time.DateOnly)),
			Chosen: !r.UnitsOn.Before(day) && !next,
		})
	}
	return out
}

// filterForm is what of a view a reader may change by a form.
type filterForm struct {
	Action             string
	Hidden             [][2]string
	Search, Budget     string
	BudgetProblem      string // why no plan is made of it; empty: one is, or none was wanted
	Selects            []selectField
	Month, First, Last string // months; empty: it cannot be chosen
	Open               bool   // something is chosen
}

type selectField struct {
	Name, Label string
	Options     []option
}

type option struct {
	Value, Text string
	Chosen      bool
}

// filterForm offers a report's filters; of the desk's, also which report it is.
func (b *board) filterForm(v view, r *goal.Report) filterForm {
	form := filterForm{Action: v.path, Search: v.search, Open: v.filtered()}
	hidden := []string{"sort", v.sort, "by", v.by, "unit", v.unit}
	if v.todo {
		hidden = append(hidden, "show", "todo")
	}
	if v.lang != say.Langs[0] {
		hidden = append(hidden, "lang", string(v.lang))
	}
	if v.live && !v.request.UnitsOn.IsZero() {
		hidden = append(hidden, "on", v.request.UnitsOn.Format(time.DateOnly))
	}
	for i := 0; i < len(hidden); i += 2 {
		if hidden[i+1] != "" {
			form.Hidden = append(form.Hidden, [2]string{hidden[i], hidden[i+1]})
		}
	}
	if v.live {
		form.Month, form.First, form.Last = r.Month.String(), goalMonth.String(), goal.MonthOf(b.deps.Now()).String()
		form.Budget = cmp.Or(v.budget, v.unread)
		if v.unread != "" {
			form.BudgetProblem = v.lang.Text("target.budget_problem", v.unread)
		}
		form.Selects = append(form.Selects, b.standardFields(v)...)
	}
	form.Selects = append(form.Selects,
		field(v.lang, "verdict", v.verdict, []string{string(goal.Met), string(goal.NotMet), string(goal.NoData)}, func(s string) string { return verdictWord(v.lang, goal.Verdict(s)) }),
		field(v.lang, "area", v.area, codes(r, goal.OfArea), func(s string) string { return cmp.Or(b.areaLabel(v.lang, s), s) }),
		field(v.lang, "terrain", v.terrain, codes(r, goal.OfTerrain), func(s string) string { return v.lang.Text(say.Key("terrain." + s)) }),
		field(v.lang, "lacks", v.lacks, goal.Groups, func(s string) string { return goal.GroupText(v.lang, s) }),
	)
	return form
}

// standardFields choose the target and one to compare with, where there is a choice.
func (b *board) standardFields(v view) []selectField {
	all := b.desk.standards()
	if len(all) < 2 {
		return nil
	}
	one := selectField{Name: "goal", Label: v.lang.Text("target.filter_goal")}
	other := selectField{Name: "compare", Label: v.lang.Text("target.filter_compare"), Options: []option{{"", v.lang.Text("target.compare_none"), v.request.Compare == ""}}}
	for _, s := range all {
		name := s.Name.In(v.lang)
		one.Options = append(one.Options, option{s.ID, name, s.ID == v.request.Goal})
		other.Options = append(other.Options, option{s.ID, name, s.ID == v.request.Compare})
	}
	return []selectField{one, other}
}

func field(lang say.Lang, name, chosen string, values []string, text func(string) string) selectField {
	f := selectField{Name: name, Label: lang.Text(say.Key("target.filter_" + name)), Options: []option{{"", lang.Text("target.any"), chosen == ""}}}
	for _, value := range values {
		f.Options = append(f.Options, option{value, text(value), value == chosen})
	}
	return f
}

func codes(r *goal.Report, kind string) (out []string) {
	for _, g := range r.Groups {
		if g.Kind == kind {
			out = append(out, g.Code)
		}
	}
	return out
}
