package declared

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// spare are rows below the sites' that have formats and lists too.
const spare = 20

// workbookOut is an XLSX on its way; its first error stays.
type workbookOut struct {
	*excelize.File
	sheet string
	err   error
}

func (b *workbookOut) do(err error) {
	if b.err == nil {
		b.err = err
	}
}

// WriteXLSX writes a sheet with these declarations, that can be filled in and read again; of
// sites without one, an empty row, in display order, mountain offices first. A second sheet
// says what each column means.
func WriteXLSX(w io.Writer, inv *inventory.Inventory, have map[string]Declaration, lang say.Lang) error {
	b := &workbookOut{File: excelize.NewFile(), sheet: lang.Text("declared.sheet")}
	defer b.Close()
	b.do(b.SetSheetName("Sheet1", b.sheet))
	rows := rowsOf(inv, have, lang)
	b.columns(len(rows), lang)
	for i, row := range rows {
		for j, value := range row {
			b.value(cellName(i+2, j+1), value)
		}
	}
	b.guide(lang)
	b.SetActiveSheet(0)
	if b.err != nil {
		return fmt.Errorf("write a sheet of declarations: %w", b.err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("write a sheet of declarations: %w", err)
	}
	return nil
}

// columns are the headings, with formats and lists below them.
func (b *workbookOut) columns(rows int, lang say.Lang) {
	head := b.style(&excelize.Style{
		Font: &excelize.Font{Bold: true, Family: "Calibri", Size: 11}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"D9D9D9"}},
		Alignment: &excelize.Alignment{WrapText: true, Vertical: "center", Horizontal: "center"},
		Border:    []excelize.Border{{Type: "bottom", Color: "000000", Style: 1}},
	})
	last := rows + 1 + spare
	all := written()
	for i, c := range all {
		name, err := excelize.ColumnNumberToName(i + 1)
		b.do(err)
		b.do(b.SetCellStr(b.sheet, name+"1", lang.Text(c.heading())))
		b.do(b.SetColWidth(b.sheet, name, name, widthOf(c)))
		b.do(b.SetCellStyle(b.sheet, name+"1", name+"1", head))
		b.do(b.SetCellStyle(b.sheet, name+"2", fmt.Sprint(name, last), b.style(styleOf(c, lang))))
		b.rule(c, fmt.Sprintf("%s2:%s%d", name, name, last), lang)
	}
	b.do(b.SetRowHeight(b.sheet, 1, 48))
	b.do(b.SetPanes(b.sheet, &excelize.Panes{Freeze: true, XSplit: 2, YSplit: 1, TopLeftCell: "C2", ActivePane: "bottomRight"}))
	b.do(b.AutoFilter(b.sheet, "A1:"+cellName(rows+1, len(all)), nil))
	b.do(b.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + b.sheet + "'!$A:$B,'" + b.sheet + "'!$1:$1", Scope: b.sheet}))
	landscape, a4 := "landscape", 9
	b.do(b.SetPageLayout(b.sheet, &excelize.PageLayoutOptions{Orientation: &landscape, Size: &a4}))
}

func (b *workbookOut) style(s *excelize.Style) int {
	id, err := b.NewStyle(s)
	b.do(err)
	return id
}

func styleOf(c *column, lang say.Lang) *excelize.Style {
	day := "dd/mm/yyyy"
	if lang == say.English {
		day = "yyyy-mm-dd"
	}
	switch c.form {
	case dayForm:
		return &excelize.Style{CustomNumFmt: &day}
	case speedForm:
		return &excelize.Style{}
	case moneyForm:
		return &excelize.Style{NumFmt: 3} // #,##0
	case countForm:
		return &excelize.Style{NumFmt: 1} // 0
	}
	return &excelize.Style{NumFmt: 49} // @: text, in which zeros stay
}

func widthOf(c *column) float64 {
	switch {
	case c.name == "name" || c.name == "area" || c.name == "models" || c.name == "note" || c.name == "source":
		return 26
	case c.form == countForm || c.form == speedForm:
		return 10
	}
	return 15
}

// rule is what Excel lets be typed into a column.
func (b *workbookOut) rule(c *column, cells string, lang say.Lang) {
	v := excelize.NewDataValidation(true)
	v.SetSqref(cells)
	switch c.form {
	case lineForm:
		b.do(v.SetDropList(lineNames(lang)))
	case dayForm:
		first, last := earliestDeclared, time.Date(2100, 1, 1, 0, 0, 0, 0, inventory.Zone())
		if c.name == "line_since" {
			first = earliestLine
		}
		b.do(v.SetRange(dayNumber(first), dayNumber(last), excelize.DataValidationTypeDate, excelize.DataValidationOperatorBetween))
	case speedForm:
		b.do(v.SetRange(0, mostMbps, excelize.DataValidationTypeDecimal, excelize.DataValidationOperatorBetween))
	case moneyForm:
		b.do(v.SetRange(0, mostVND, excelize.DataValidationTypeWhole, excelize.DataValidationOperatorBetween))
	case countForm:
		b.do(v.SetRange(0, mostCount, excelize.DataValidationTypeWhole, excelize.DataValidationOperatorBetween))
	default:
		return
	}
	about := lang.Text(c.about())
	if c.form == lineForm {
		about = lang.Text("declared.choose")
	}
	v.SetError(excelize.DataValidationErrorStyleStop, lang.Text(c.heading()), about)
	b.do(b.AddDataValidation(b.sheet, v))
}

// dayNumber is a day as Excel counts.
func dayNumber(day time.Time) int {
	y, m, d := day.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour))
}

func (b *workbookOut) value(cell string, value any) {
	switch v := value.(type) {
	case string:
		if strings.HasPrefix(v, "'") {
			v = guarded(v) // what reads it takes an apostrophe off
		}
		b.do(b.SetCellStr(b.sheet, cell, v))
	case float64:
		b.do(b.SetCellFloat(b.sheet, cell, v, -1, 64))
	case int64:
		b.do(b.SetCellInt(b.sheet, cell, v))
	case time.Time:
		b.do(b.SetCellInt(b.sheet, cell, int64(dayNumber(v))))
	}
}

// guide is the second sheet.
func (b *workbookOut) guide(lang say.Lang) {
	name := lang.Text("declared.guide")
	_, err := b.NewSheet(name)
	b.do(err)
	wrap := b.style(&excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	bold := b.style(&excelize.Style{Font: &excelize.Font{Bold: true, Family: "Calibri", Size: 11}})
	b.do(b.SetColWidth(name, "A", "A", 32))
	b.do(b.SetColWidth(name, "B", "B", 90))
	b.do(b.SetColWidth(name, "C", "C", 16))
	put := func(row int, texts ...string) {
		for i, text := range texts {
			b.do(b.SetCellStr(name, cellName(row, i+1), text))
		}
	}
	put(1, lang.Text("declared.guide_column"), lang.Text("declared.guide_about"), lang.Text("declared.guide_machine"))
	b.do(b.SetCellStyle(name, "A1", "C1", bold))
	row := 2
	for _, c := range written() {
		put(row, lang.Text(c.heading()), lang.Text(c.about()), c.name)
		row++
	}
	put(row+1, "", lang.Text("declared.guide_rules"))
	b.do(b.SetCellStyle(name, "A2", cellName(row+1, 3), wrap))
}
