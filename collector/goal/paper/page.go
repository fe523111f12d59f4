package paper

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"os"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

//go:embed page/*.html
var pageFiles embed.FS

//go:embed page/style.css
var style string

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"t": func(lang say.Lang, key say.Key) string { return lang.Text(key) },
}).ParseFS(pageFiles, "page/*.html"))

// StyleHash is "'sha256-…'" of the pages' style.
func StyleHash() string {
	sum := sha256.Sum256([]byte(style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// document is what every page has.
type document struct {
	Lang    say.Lang
	Title   string
	Over    string // above the title: of which report this is a part
	Style   template.CSS
	Stamp   []fact
	Notes   []string
	Marks   []string
	Fit     string // how small the letters must be for one A4 page
	Verdict string
	Class   string // of the verdict
	Sum     string // a sentence on it
	Cost    string // of all that is to be done
}

func (p *printer) document(title string) document {
	return document{Lang: p.lang, Title: title, Over: p.title(), Style: template.CSS(style), Stamp: p.stamp(), Notes: p.notes()}
}

// Page prints all of it as one HTML file without script, with nothing from outside; its
// style is inline, and StyleHash is the source by which a CSP may allow it.
func Page(w io.Writer, r *goal.Report, lang say.Lang) error {
	return pages.ExecuteTemplate(w, "report.html", newPrinter(r, lang).reportPage())
}

// SitePage and AreaPage print one A4 page for the head of a site and of an area. One that
// is not in the report gives [os.ErrNotExist].
func SitePage(w io.Writer, r *goal.Report, site string, lang say.Lang) error {
	p := newPrinter(r, lang)
	s := p.sites[site]
	if s == nil {
		return fmt.Errorf("no site %.40q in this report: %w", site, os.ErrNotExist)
	}
	return pages.ExecuteTemplate(w, "site.html", p.sitePage(s))
}

func AreaPage(w io.Writer, r *goal.Report, area string, lang say.Lang) error {
	p := newPrinter(r, lang)
	for i := range r.Groups {
		if g := &r.Groups[i]; g.Kind == goal.OfArea && g.Code == area {
			return pages.ExecuteTemplate(w, "area.html", p.areaPage(g))
		}
	}
	return fmt.Errorf("no area %.40q in this report: %w", area, os.ErrNotExist)
}

// mark is a verdict in one sign, told apart without colour.
func mark(v goal.Verdict) string {
	switch v {
	case goal.Met:
		return "✓"
	case goal.NotMet:
		return "✗"
	case goal.Exempt:
		return "○"
	case goal.NoData:
		return "?"
	}
	return "·"
}
