// Package paper prints a report of collector/goal: as text for a terminal (text.go), as a
// workbook (xlsx.go), as CSV that Excel opens with its diacritics (csv.go), as JSON
// (json.go), and as pages of A4 (page.go): all of it, of one area, of one site. In comes a
// report, out goes what can be handed to a meeting, in one language. It judges nothing:
// every verdict and figure on paper is one of the report's, or a sum of them. A report says
// all that is needed, so that a published one is printed in ten years as it is today:
// nothing here may ask for the present inventory or standard.
//
// Every paper says which standard was applied to which month, when it was made, up to when
// it was judged, by which hashes what was known then can be told, that "no data" is not
// "met", and that May 2023 itself has no measurements.
package paper

import (
	"io"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// Formats by name, with how they are served.
var Formats = map[string]Format{
	"text": {Text, "text/plain; charset=utf-8", "txt"},
	"xlsx": {XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
	"csv":  {CSV, "text/csv; charset=utf-8", "csv"},
	"json": {JSON, "application/json; charset=utf-8", "json"},
	"html": {Page, "text/html; charset=utf-8", "html"},
}

// Format is one way to print.
type Format struct {
	Write     func(io.Writer, *goal.Report, say.Lang) error
	MediaType string
	Extension string
}

// printer knows what all papers of one report say.
type printer struct {
	*goal.Report
	lang     say.Lang
	criteria map[string]goal.Criterion
	sites    map[string]*goal.SiteLine
	areas    map[string]string // how an area is called, by code
	rules    []string          // on which works rest, in the order in which the works are shown
	ruleNo   map[string]int    // from 1, by work
}

func newPrinter(r *goal.Report, lang say.Lang) *printer {
	p := &printer{Report: r, lang: lang, criteria: map[string]goal.Criterion{}, sites: map[string]*goal.SiteLine{}, areas: map[string]string{}}
	for _, c := range r.Goal.Criteria {
		p.criteria[c.ID] = c
	}
	for _, g := range r.Groups {
		if g.Kind == goal.OfArea {
			p.areas[g.Code] = p.kind(g.UnitOf, g.Name)
		}
	}
	for i := range r.Sites {
		p.sites[r.Sites[i].ID] = &r.Sites[i]
	}
	p.citeOnly(p.all())
	return p
}

// citeOnly numbers the rules that these sites need.
func (p *printer) citeOnly(sites []*goal.SiteLine) {
	p.rules, p.ruleNo = nil, map[string]int{}
	for _, s := range sites {
		for _, t := range s.Todo {
			p.cite(t.Work)
		}
	}
}

// cite gives the rule of a work its number; works that rest on one rule share it.
func (p *printer) cite(work string) {
	rule := p.say(p.Goal.Works[work].Rule)
	if rule == "" || p.ruleNo[work] > 0 {
		return
	}
	for i, known := range p.rules {
		if known == rule {
			p.ruleNo[work] = i + 1
			return
		}
	}
	p.rules = append(p.rules, rule)
	p.ruleNo[work] = len(p.rules)
}

// t says a sentence of this room, "paper." + what.
func (p *printer) t(key say.Key, args ...any) string { return p.lang.Text(key, args...) }

// say gives a sentence of the standard's file.
func (p *printer) say(w goal.Words) string { return plain(w.In(p.lang)) }
