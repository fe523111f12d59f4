package board

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"

	"communewatch/collector/goal"
	"communewatch/collector/goal/paper"
	"communewatch/collector/say"
)

// exports are the formats that a page offers, as the addresses end.
var exports = []string{"xlsx", "csv", "html", "json"}

// serveExport prints the report that an address names, in the format in which it ends.
// Filters do not hold here: what is printed is always the whole report.
func (b *board) serveExport(w http.ResponseWriter, r *http.Request) {
	_, report, ok := b.viewed(w, r)
	if !ok {
		return
	}
	b.print(w, r, report, strings.TrimPrefix(r.URL.Path, "/target."), fileName(report))
}

// print sends a report in a format; nothing is sent before all of it is made.
func (b *board) print(w http.ResponseWriter, r *http.Request, report *goal.Report, name, file string) {
	format, ok := paper.Formats[name]
	if !ok {
		b.message(w, r, http.StatusNotFound, "board.no_page", "board.no_page_hint")
		return
	}
	if name == "html" {
		file = "" // read at once, printed from the browser
	} else {
		file += "." + format.Extension
	}
	release, ok := b.reports.wait(r.Context())
	if !ok {
		return // the reader has gone away
	}
	defer release()
	b.send(w, r, format.MediaType, file, func(out io.Writer) error { return format.Write(out, report, langOf(r)) })
}

// fileName is plain ASCII, so that every system keeps it.
func fileName(r *goal.Report) string {
	id := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return '-'
	}, r.Goal.ID)
	return "communewatch_" + id + "_" + r.Month.String()
}

// send is a whole file. With a name it is to be kept, without one to be looked at.
func (b *board) send(w http.ResponseWriter, r *http.Request, mediaType, name string, make func(io.Writer) error) {
	var out bytes.Buffer
	if err := make(&out); err != nil {
		b.deps.Log.Error("a file cannot be made", "path", r.URL.Path, "error", err)
		lang := langOf(r)
		b.sentence(w, r, http.StatusInternalServerError, lang.Text("target.no_file"), lang.Text("target.no_file_hint"))
		return
	}
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Language", string(langOf(r)))
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	h.Set("Cache-Control", "no-store")
	if name != "" {
		h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	if strings.HasPrefix(mediaType, "text/html") { // paper's own style stands in it
		h.Set("Content-Security-Policy", "default-src 'none'; style-src "+paper.StyleHash()+"; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	}
	_, _ = out.WriteTo(w) // a reader who has gone away is no longer ours to tell
}

// serveSitePaper and serveAreaPaper are one page of A4 for the head of a site, of an area.
func (b *board) serveSitePaper(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	b.paper(w, r, func(out io.Writer, report *goal.Report, lang say.Lang) error {
		return paper.SitePage(out, report, id, lang)
	}, func(s *goal.SiteLine) bool { return s.ID == id })
}

func (b *board) serveAreaPaper(w http.ResponseWriter, r *http.Request) {
	code := r.PathValue("code")
	b.paper(w, r, func(out io.Writer, report *goal.Report, lang say.Lang) error {
		return paper.AreaPage(out, report, code, lang)
	}, func(s *goal.SiteLine) bool { return s.AreaCode == code })
}

func (b *board) paper(w http.ResponseWriter, r *http.Request, write func(io.Writer, *goal.Report, say.Lang) error, about func(*goal.SiteLine) bool) {
	v, report, ok := b.viewed(w, r)
	if !ok {
		return
	}
	for i := range report.Sites {
		if about(&report.Sites[i]) {
			b.send(w, r, "text/html; charset=utf-8", "", func(out io.Writer) error { return write(out, report, v.lang) })
			return
		}
	}
	b.message(w, r, http.StatusNotFound, "board.no_site", "board.no_site_hint")
}
