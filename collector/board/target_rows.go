package board

import (
	"cmp"
	"slices"
	"strings"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// section is the mountainous sites, the others, or, in an order that a reader chose, all.
type section struct {
	Title string // empty: all
	Rows  []goalRow
}

// goalRow is one site of a report.
type goalRow struct {
	Label, Href       string
	Mountain          bool
	Mark, VerdictText string
	Compared          string // the verdict by the other standard
	Place             string // area and terrain
	Lacks             string // criteria that are not met
	Unknown           string // those of which too little is known
	Todo              []todoItem
	Cost              string
	Said              []string // declared beside measured
	Held, Marks       string   // months in which it was met, of all; and each of them
	Note              string   // first met, relapses
}

// sorts are the orders that a reader may choose, by column.
var sorts = map[string]func(a, b *goal.SiteLine) int{
	"verdict": func(a, b *goal.SiteLine) int { return cmp.Compare(rankOf(a.Verdict), rankOf(b.Verdict)) },
	"site":    func(a, b *goal.SiteLine) int { return say.Compare(a.Name, b.Name) },
	"area":    func(a, b *goal.SiteLine) int { return say.Compare(a.Area, b.Area) },
	"lacks":   func(a, b *goal.SiteLine) int { return cmp.Compare(b.Distance, a.Distance) },
	"said":    func(a, b *goal.SiteLine) int { return cmp.Compare(differing(b), differing(a)) },
	"cost":    func(a, b *goal.SiteLine) int { return cmp.Compare(a.Cost, b.Cost) },
	"months":  func(a, b *goal.SiteLine) int { return cmp.Compare(held(a), held(b)) },
	"compare": func(a, b *goal.SiteLine) int { return cmp.Compare(rankOf(compared(a)), rankOf(compared(b))) },
}

// rankOf puts what falls short first.
func rankOf(v goal.Verdict) int {
	return slices.Index([]goal.Verdict{goal.NotMet, goal.NoData, goal.Met, ""}, v)
}

func compared(s *goal.SiteLine) goal.Verdict {
	if s.Compared == nil {
		return ""
	}
	return s.Compared.Verdict
}

func differing(s *goal.SiteLine) (n int) {
	for _, at := range s.Findings {
		if at.Differ {
			n++
		}
	}
	return n
}

func held(s *goal.SiteLine) (n int) {
	for _, m := range s.History {
		if m.Verdict == goal.Met {
			n++
		}
	}
	return n
}

func (v view) filtered() bool {
	return v.verdict+v.area+v.terrain+v.unit+v.lacks+v.search != ""
}

// chosen are the sites that the view's filters leave, in its order.
func (v view) chosen(r *goal.Report) []*goal.SiteLine {
	var out []*goal.SiteLine
	search := folded(v.search)
	for i := range r.Sites {
		if s := &r.Sites[i]; v.shows(s, search) {
			out = append(out, s)
		}
	}
	by, chosen := sorts[strings.TrimPrefix(v.sort, "-")]
	if !chosen {
		return out
	}
	slices.SortStableFunc(out, func(a, b *goal.SiteLine) int {
		if strings.HasPrefix(v.sort, "-") {
			a, b = b, a
		}
		return by(a, b)
	})
	return out
}

func (v view) shows(s *goal.SiteLine, search string) bool {
	switch {
	case v.verdict != "" && string(s.Verdict) != v.verdict,
		v.area != "" && s.AreaCode != v.area,
		v.terrain != "" && s.Terrain != v.terrain,
		v.unit != "" && s.Unit != v.unit,
		v.lacks != "" && !fallsShort(s, v.lacks):
		return false
	}
	return search == "" || strings.Contains(folded(strings.Join([]string{
		unitLabel(v.lang, s.Kind, s.Name), s.ID, s.Area, unitLabel(v.lang, s.UnitKind, s.UnitName), s.Responsible,
	}, " \x00 ")), search)
}

// fallsShort tells whether a site lacks something of a group of criteria, evidence too.
func fallsShort(s *goal.SiteLine, group string) bool {
	return slices.ContainsFunc(s.Findings, func(at goal.Finding) bool {
		return at.Group == group && (at.Verdict == goal.NotMet || at.Verdict == goal.NoData)
	})
}

// column is one of the list's, with the link that sorts by it.
type column struct {
	Text, Href string
	Sorted     string // aria-sort; empty: not by this one
	Number     bool
}

func (v view) columns(comparing bool) []column {
	names := []string{"verdict", "site", "area", "lacks", "said", "months"}
	if v.todo {
		names = []string{"verdict", "site", "area", "todo", "cost", "months"}
	}
	if comparing {
		names = slices.Insert(names, 1, "compare")
	}
	var out []column
	for _, name := range names {
		c := column{Text: v.lang.Text(say.Key("target.column_" + name)), Number: name == "cost"}
		if _, can := sorts[name]; can {
			c.Href = v.with("sort", name)
		}
		switch v.sort {
		case name:
			c.Sorted, c.Href = "ascending", v.with("sort", "-"+name)
		case "-" + name:
			c.Sorted, c.Href = "descending", v.with("sort", "")
		}
		out = append(out, c)
	}
	return out
}

func (v view) sections(f format, r *goal.Report, sites []*goal.SiteLine) []section {
	all := []section{{}}
	if v.sort == "" {
		all = []section{{Title: v.lang.Text("board.mountainous")}, {Title: v.lang.Text("board.plain")}}
	}
	for _, s := range sites {
		at := 0
		if v.sort == "" && !s.Mountain {
			at = 1
		}
		all[at].Rows = append(all[at].Rows, v.row(f, r, s))
	}
	return slices.DeleteFunc(all, func(s section) bool { return len(s.Rows) == 0 })
}

func (v view) row(f format, r *goal.Report, s *goal.SiteLine) goalRow {
	row := goalRow{
		Label: unitLabel(f.lang, s.Kind, s.Name), Href: v.of("/site/" + s.ID), Mountain: markedMountain(s),
		Mark: verdictMark(s.Verdict), VerdictText: verdictWord(f.lang, s.Verdict), Place: whereabouts(f.lang, s),
	}
	if v.by == goal.OfUnit {
		row.Place = unitLabel(f.lang, s.UnitKind, s.UnitName) + "; " + row.Place
	}
	if s.Compared != nil {
		row.Compared = verdictWord(f.lang, s.Compared.Verdict)
	}
	if v.todo {
		row.Todo, row.Cost = todo(f, r, s), cost(f, s)
	} else {
		row.Lacks, row.Unknown = lacks(f, r, s)
		row.Said = said(f, r, s)
	}
	row.Held, row.Marks, row.Note = history(f, s)
	return row
}

func markedMountain(s *goal.SiteLine) bool {
	return s.Terrain == inventory.Highland || s.Terrain == inventory.Mountain
}

func whereabouts(lang say.Lang, s *goal.SiteLine) string {
	p := s.Area + ", " + lang.Text(say.Key("terrain."+s.Terrain))
	if !s.Verified && s.Terrain != inventory.Unknown {
		p += "*"
	}
	return p
}

// namedLacks is how many criteria a row names before it only counts.
const namedLacks = 3

// lacks are the criteria that a site does not meet, and those that cannot be judged.
func lacks(f format, r *goal.Report, s *goal.SiteLine) (notMet, noData string) {
	var short []string
	unknown := 0
	for _, at := range s.Findings {
		switch at.Verdict {
		case goal.NotMet:
			short = append(short, criterionName(f.lang, r, at.Criterion))
		case goal.NoData:
			unknown++
		}
	}
	if more := len(short) - namedLacks; more > 0 {
		short = append(short[:namedLacks:namedLacks], f.lang.Text("target.and_more", more))
	}
	if unknown > 0 {
		noData = f.lang.Text("target.unknown_criteria", unknown)
	}
	return strings.Join(short, "; "), noData
}

// said are values that a commune declared beside those that were measured: of its speed,
// and of whatever else tells two different things.
func said(f format, r *goal.Report, s *goal.SiteLine) (out []string) {
	for _, at := range s.Findings {
		both := at.Declared != nil && at.Declared.Value != nil && at.Measured != nil && at.Measured.Value != nil
		switch {
		case at.Differ:
			out = append(out, criterionName(f.lang, r, at.Criterion)+": "+goal.SidesText(f.lang, at))
		case both && at.Measure == "down_mbps":
			out = append(out, goal.SidesText(f.lang, at))
		}
		if len(out) == 2 {
			return out
		}
	}
	return out
}

// history is each month as a small mark.
func history(f format, s *goal.SiteLine) (held, marks, note string) {
	met := 0
	var drawn strings.Builder
	for _, m := range s.History {
		switch m.Verdict {
		case goal.Met:
			met++
			drawn.WriteRune('●')
		case goal.NotMet:
			drawn.WriteRune('✕')
		default:
			drawn.WriteRune('·')
		}
	}
	if s.FirstMet != nil {
		note = f.lang.Text("target.first_met", shortMonth(*s.FirstMet))
	}
	if n := len(s.Relapses); n > 0 {
		note += "; " + f.lang.Text("target.relapsed", shortMonth(s.Relapses[n-1]))
	}
	return f.lang.Text("target.held", met, len(s.History)), drawn.String(), note
}

func shortMonth(m goal.Month) string { return m.From().Format("01/2006") }
