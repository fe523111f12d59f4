package paper

import (
	"strings"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// matrix is the table of sites by criteria that pages of an area and of all share.
type matrix struct {
	Criteria []matrixCriterion
	Sites    []matrixSite
	Works    []matrixWork
}

type matrixCriterion struct {
	No                                  int
	Name, Asked, Evidence, Source, Rule string
}

type matrixSite struct {
	Name, Unit, Verdict, Class, Works, Distance, Cost, FirstMet string
	Cells                                                       []matrixCell
}

type matrixCell struct{ Mark, Verdict, Class string }

type matrixWork struct {
	Letter, Name, Who, Rule, Cost string
	Sites                         int
	sum                           int64
	unknown                       bool
}

// markMountain stands behind the name of an office that is shown first.
const markMountain = "▲"

// matrix shows these sites: every criterion by a sign, every work by a letter.
func (p *printer) matrix(sites []*goal.SiteLine) matrix {
	var m matrix
	for i, c := range p.Goal.Criteria {
		m.Criteria = append(m.Criteria, matrixCriterion{No: i + 1, Name: p.say(c.Name), Asked: p.asked(&c), Evidence: goal.EvidenceText(p.lang, c.Evidence), Source: p.say(c.Source), Rule: p.say(c.Rule)})
	}
	letters := m.addWorks(p, sites)
	for _, s := range sites {
		m.Sites = append(m.Sites, p.matrixSite(s, letters))
	}
	return m
}

// asked is what the standard asks everywhere, and in the mountains.
func (p *printer) asked(c *goal.Criterion) string {
	f := goal.Finding{Measure: c.Measure, AtLeast: c.AtLeast, AtMost: c.AtMost}
	all := p.threshold(&f)
	if c.Mountain == nil {
		return all
	}
	if f.AtLeast != nil {
		f.AtLeast = c.Mountain
	} else {
		f.AtMost = c.Mountain
	}
	return p.t("paper.asked_mountain", all, p.threshold(&f))
}

// addWorks sums up what is to be done, in the order in which it comes, and gives letters.
func (m *matrix) addWorks(p *printer, sites []*goal.SiteLine) map[string]string {
	at := map[string]int{}
	for _, s := range sites {
		for _, t := range s.Todo {
			i, known := at[t.Work]
			if !known {
				i = len(m.Works)
				at[t.Work] = i
				m.Works = append(m.Works, matrixWork{Letter: letter(i), Name: p.work(t.Work), Who: p.responsible(t.Work), Rule: p.say(p.Goal.Works[t.Work].Rule)})
			}
			w := &m.Works[i]
			w.Sites++
			w.sum += t.Price
			w.unknown = w.unknown || t.Price == 0 && !p.Goal.Works[t.Work].Free
		}
	}
	letters := map[string]string{}
	for name, i := range at {
		letters[name] = m.Works[i].Letter
	}
	for i := range m.Works {
		m.Works[i].Cost = goal.SumText(p.lang, m.Works[i].sum, m.Works[i].unknown)
	}
	return letters
}

// letter names a work: a … z, aa, ab …
func letter(i int) string {
	if i < 26 {
		return string(rune('a' + i))
	}
	return letter(i/26-1) + letter(i%26)
}

// between is what stands between letters of works: nothing, while each is one letter.
func between(letters map[string]string) string {
	if len(letters) > 26 {
		return " "
	}
	return ""
}

func (p *printer) matrixSite(s *goal.SiteLine, letters map[string]string) matrixSite {
	site := matrixSite{Name: p.site(s), Unit: p.kind(s.UnitKind, s.UnitName), Verdict: p.verdict(s.Verdict), Class: string(s.Verdict),
		Distance: p.number(s.Distance), Cost: strings.TrimSuffix(p.cost(s), " đ"), FirstMet: none}
	if s.Mountain {
		site.Name += " " + markMountain
	}
	if s.Split {
		site.Unit += markSplit
	}
	if s.FirstMet != nil {
		site.FirstMet = s.FirstMet.From().Format("01/2006")
	}
	found := map[string]goal.Verdict{}
	for _, f := range s.Findings {
		found[f.Criterion] = f.Verdict
	}
	for _, c := range p.Goal.Criteria {
		v, asked := found[c.ID]
		cell := matrixCell{mark(v), p.t("paper.not_asked"), string(v)}
		if asked {
			cell.Verdict = p.verdict(v)
		}
		site.Cells = append(site.Cells, cell)
	}
	var works []string
	for _, t := range s.Todo {
		works = append(works, letters[t.Work])
	}
	site.Works = strings.Join(works, between(letters))
	return site
}

// areaPage is what the page of one area shows.
type areaPage struct {
	document
	matrix
	Name string
}

func (p *printer) areaPage(g *goal.Group) areaPage {
	var sites []*goal.SiteLine
	var cost int64
	unknown := false
	for _, id := range g.Sites {
		if s := p.sites[id]; s != nil {
			sites = append(sites, s)
			cost += s.Cost
			unknown = unknown || s.CostUnknown
		}
	}
	page := areaPage{document: p.document(p.t("paper.page_title", p.groupName(g), p.title())), matrix: p.matrix(sites), Name: p.groupName(g)}
	page.Verdict, page.Class = p.verdict(g.Verdict), string(g.Verdict)
	page.Sum = p.t("paper.totals", len(g.Sites), g.Met, g.NotMet, g.NoData)
	page.Cost = goal.SumText(p.lang, cost, unknown)
	page.Marks = p.matrixMarks(sites)
	page.Fit = fit(page.lines)
	return page
}

// matrixMarks explain the marks in a matrix of these sites.
func (p *printer) matrixMarks(sites []*goal.SiteLine) []string {
	var marks []string
	for _, s := range sites {
		if s.Mountain {
			marks = append(marks, markMountain+" "+p.t("paper.mark_mountain"))
			break
		}
	}
	for _, s := range sites {
		if s.Split {
			return append(marks, markSplit+" "+p.t("paper.mark_split"))
		}
	}
	return marks
}

// lines is about how many lines a page takes in letters of so many points.
func (a *areaPage) lines(points float64) float64 {
	in := func(text string, percent float64) int { return linesOf(text, charactersIn(percent, points)) }
	n, rows := 17+len(a.Criteria)/3, len(a.Sites)+len(a.Works)
	for _, note := range a.Notes {
		n += in(note, 115)
	}
	room := max(a.unitRoom(points), 7)
	for _, s := range a.Sites {
		n += linesOf(s.Unit, room)
	}
	for _, w := range a.Works {
		n += max(in(w.Name, 29), in(w.Rule, 28), in(w.Who, 13))
	}
	return float64(n) + 0.3*float64(rows)
}

// unitRoom is how many characters of a line are left for the unit, the only column of the
// matrix that is wrapped.
func (a *areaPage) unitRoom(points float64) float64 {
	name, verdict, works, cost := 0, 0, 8, 12
	for _, s := range a.Sites {
		name, verdict = max(name, say.Width(s.Name)), max(verdict, say.Width(s.Verdict))
		works, cost = max(works, len(s.Works)), max(cost, say.Width(s.Cost))
	}
	const sign, bold, others, between = 2.46, 1.03, 5 + 7, 7 // in characters: of a criterion; of a name; distance and month; room around cells
	return charactersIn(100, points) - bold*float64(name) - float64(verdict+works+cost+others+between) - sign*float64(len(a.Criteria))
}
