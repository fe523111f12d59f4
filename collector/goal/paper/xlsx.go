package paper

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// XLSX prints a workbook: summary, sites, evidence, to do, history, and plan and changes
// where there are any. Sums and counts are formulas over the other sheets, with the value
// that they have now, so that a figure that was corrected by hand is counted at once, and a
// phone that calculates nothing shows them too.
//
// Verdicts are told apart by word, weight and hatching: a grey print is enough.
func XLSX(w io.Writer, r *goal.Report, lang say.Lang) error {
	b := &book{printer: newPrinter(r, lang), file: excelize.NewFile()}
	defer b.file.Close()
	b.styles()
	b.summary()
	b.siteSheet()
	b.evidenceSheet()
	b.todoSheet()
	b.planSheet()
	b.historySheet()
	b.changesSheet()
	b.finish()
	if b.err != nil {
		return fmt.Errorf("print workbook: %w", b.err)
	}
	packed, err := b.file.WriteToBuffer()
	if err != nil {
		return fmt.Errorf("print workbook: %w", err)
	}
	return inOrder(w, packed.Bytes())
}

// inOrder writes a zip with its parts in the order of their names, since they come in any
// order: the same report is the same bytes, whenever it is printed.
func inOrder(w io.Writer, packed []byte) error {
	parts, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return fmt.Errorf("print workbook: %w", err)
	}
	slices.SortFunc(parts.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	out := zip.NewWriter(w)
	for _, part := range parts.File {
		if err := out.Copy(part); err != nil {
			return fmt.Errorf("print workbook: %w", err)
		}
	}
	return out.Close()
}

// book is a workbook that is being made. The first error stays, and nothing follows it.
type book struct {
	*printer
	file   *excelize.File
	sheets int
	err    error

	plain, title, soft, text, head, headRight, number, count, vnd, date, month, stamp, sum int // styles
	notMet, noData                                                                         int // conditional ones
}

func (b *book) try(err error) {
	if b.err == nil {
		b.err = err
	}
}

// column is one of a sheet.
type column struct {
	name    string
	width   float64
	style   int
	verdict bool // told apart by hatching
}

// sheet is a table with what stands above it. Columns and rows count from 1.
type sheet struct {
	name    string
	above   [][]any // between the stamp and the header
	cols    []column
	rows    [][]any
	frozen  int // columns that stay in sight
	printed int // columns that go on paper, of A4's width; 0: all
}

// headRow is the row of the header, first and last those of the rows below it; a sheet
// without rows has an empty one.
func (s *sheet) headRow() int { return 4 + len(s.above) }
func (s *sheet) first() int   { return s.headRow() + 1 }
func (s *sheet) last() int    { return s.headRow() + max(1, len(s.rows)) }

// column names the cells below a header, for a formula on any sheet: 'Cơ quan'!$C$5:$C$16.
func (s *sheet) column(n int) string {
	name, _ := excelize.ColumnNumberToName(n)
	return fmt.Sprintf("'%s'!$%s$%d:$%s$%d", strings.ReplaceAll(s.name, "'", "''"), name, s.first(), name, s.last())
}

// formula is a cell that calculates, with what comes out now.
func formula(f string, now any, style int) excelize.Cell {
	return excelize.Cell{Formula: f, Value: now, StyleID: style}
}

// add makes a sheet and its name.
func (b *book) add(name string) {
	if b.sheets++; b.sheets == 1 {
		b.try(b.file.SetSheetName("Sheet1", name))
		return
	}
	_, err := b.file.NewSheet(name)
	b.try(err)
}

// table writes a sheet: title, stamp, what stands above, header, rows.
func (b *book) table(s *sheet) {
	b.add(s.name)
	b.hatch(s)
	head, _ := excelize.CoordinatesToCellName(1, s.headRow())
	end, _ := excelize.CoordinatesToCellName(len(s.cols), s.last())
	b.try(b.file.AutoFilter(s.name, head+":"+end, nil))
	b.layout(s.name) // after the filter, which forgets it
	b.defineName(s.name, "_xlnm.Print_Titles", fmt.Sprintf("'%s'!$%d:$%d", s.name, s.headRow(), s.headRow()))
	if s.printed > 0 {
		last, _ := excelize.ColumnNumberToName(s.printed)
		b.defineName(s.name, "_xlnm.Print_Area", fmt.Sprintf("'%s'!$A$1:$%s$%d", s.name, last, s.last()))
	}
	if b.err != nil {
		return
	}
	out, err := b.file.NewStreamWriter(s.name)
	if err != nil {
		b.try(err)
		return
	}
	for i, c := range s.cols {
		b.try(out.SetColWidth(i+1, i+1, c.width))
	}
	below, _ := excelize.CoordinatesToCellName(1+s.frozen, s.first())
	b.try(out.SetPanes(&excelize.Panes{Freeze: true, XSplit: s.frozen, YSplit: s.headRow(), TopLeftCell: below, ActivePane: "bottomRight"}))
	b.row(out, 1, []any{excelize.Cell{StyleID: b.title, Value: s.name + " – " + b.printer.title()}})
	b.sentence(out, s, 2, b.oneLine())
	b.sentence(out, s, 3, strings.Join(b.notes()[:2], " "))
	for i, row := range s.above {
		b.row(out, 4+i, row)
	}
	names := make([]any, len(s.cols))
	for i, c := range s.cols {
		style := b.head
		if c.style != b.plain {
			style = b.headRight // over figures
		}
		names[i] = excelize.Cell{StyleID: style, Value: c.name}
	}
	b.row(out, s.headRow(), names, headHeight)
	for i, row := range s.rows {
		high := height(row, s.cols)
		b.row(out, s.first()+i, styled(row, s.cols), high)
	}
	b.try(out.Flush())
}

// sentence writes a text over all columns that are printed.
func (b *book) sentence(out *excelize.StreamWriter, s *sheet, n int, text string) {
	last, width := s.printed, 0.0
	if last == 0 {
		last = len(s.cols)
	}
	for _, c := range s.cols[:last] {
		width += c.width
	}
	end, _ := excelize.CoordinatesToCellName(last, n)
	b.try(out.MergeCell(fmt.Sprintf("A%d", n), end))
	b.row(out, n, []any{excelize.Cell{StyleID: b.text, Value: text}}, float64(linesOf(text, width))*lineHeight)
}

func (b *book) defineName(sheet, name, refersTo string) {
	b.try(b.file.SetDefinedName(&excelize.DefinedName{Name: name, RefersTo: refersTo, Scope: sheet}))
}

// row writes one, as high as said; 0: as high as a row is.
func (b *book) row(out *excelize.StreamWriter, n int, cells []any, high ...float64) {
	if len(cells) == 0 {
		return
	}
	var opts []excelize.RowOpts
	if len(high) > 0 && high[0] > 0 {
		opts = append(opts, excelize.RowOpts{Height: high[0]})
	}
	b.try(out.SetRow(fmt.Sprintf("A%d", n), cells, opts...))
}

// styled gives each cell the style of its column, unless it has its own.
func styled(row []any, cols []column) []any {
	for i, cell := range row {
		if c, ok := cell.(excelize.Cell); ok && c.StyleID != 0 {
			continue
		} else if ok {
			c.StyleID = cols[i].style
			row[i] = c
			continue
		}
		if cell == "" {
			cell = nil
		}
		row[i] = excelize.Cell{StyleID: cols[i].style, Value: cell}
	}
	return row
}

// oneLine is the stamp in one line.
func (b *book) oneLine() string {
	var parts []string
	for _, f := range b.printer.stamp()[1:] {
		parts = append(parts, f.Name+": "+f.Value)
	}
	return strings.Join(parts, "; ")
}

// finish says what the workbook is, and that it shall calculate when it is opened.
func (b *book) finish() {
	made := b.Made.UTC().Format(time.RFC3339)
	b.try(b.file.SetDocProps(&excelize.DocProperties{Title: b.printer.title(), Creator: "CommuneWatch", Created: made, Modified: made, Language: string(b.lang), Description: strings.Join(b.notes(), " ")}))
	yes := true
	b.try(b.file.SetCalcProps(&excelize.CalcPropsOptions{FullCalcOnLoad: &yes}))
}

// wall is a time as a cell holds it: what a clock in Vietnam showed. Zero: nothing.
func wall(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	t = t.In(inventory.Zone())
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// figureCell is a number, or nothing.
func figureCell(v *float64) any {
	if v == nil {
		return nil
	}
	return rounded(*v)
}
