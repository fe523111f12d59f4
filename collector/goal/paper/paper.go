// Package paper prints a report of collector/goal: as text for a terminal (text.go), as a
// workbook (xlsx.go), as CSV that Excel opens with its diacritics (csv.go), as JSON
// (json.go), and as pages of A4 (page.go): all of it, of one area, of one site. In comes a
// report, out goes what can be handed to a meeting, in one language. It computes nothing:
// every figure on paper is one of the report's.
package paper

import (
	"errors"
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

// Text prints for a terminal of 100 columns.
func Text(w io.Writer, r *goal.Report, lang say.Lang) error { return errors.New("not yet") }

// XLSX prints a workbook: summary, sites, evidence, to do.
func XLSX(w io.Writer, r *goal.Report, lang say.Lang) error { return errors.New("not yet") }

// CSV prints one row a site; a byte order mark, semicolons, NFC.
func CSV(w io.Writer, r *goal.Report, lang say.Lang) error { return errors.New("not yet") }

// JSON prints the report as it is.
func JSON(w io.Writer, r *goal.Report, lang say.Lang) error { return errors.New("not yet") }

// Page prints all of it as one HTML file without script, with nothing from outside; its
// style is inline, and StyleHash is the source by which a CSP may allow it.
func Page(w io.Writer, r *goal.Report, lang say.Lang) error { return errors.New("not yet") }

// SitePage and AreaPage print one A4 page for the head of a site and of an area.
func SitePage(w io.Writer, r *goal.Report, site string, lang say.Lang) error {
	return errors.New("not yet")
}
func AreaPage(w io.Writer, r *goal.Report, area string, lang say.Lang) error {
	return errors.New("not yet")
}

// StyleHash is "'sha256-…'" of the pages' style.
func StyleHash() string { return "" }
