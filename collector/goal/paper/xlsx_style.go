package paper

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// How a workbook looks, on a screen and on paper.

func (b *book) style(s excelize.Style) int {
	id, err := b.file.NewStyle(&s)
	b.try(err)
	return id
}

// styles use no colour but grey. Text that is not wrapped runs over its cell's end.
func (b *book) styles() {
	line := []excelize.Border{{Type: "bottom", Color: "A6A6A6", Style: 1}}
	top, wrap := &excelize.Alignment{Vertical: "top"}, &excelize.Alignment{Vertical: "top", WrapText: true}
	cell := func(format string) int {
		return b.style(excelize.Style{Font: font(false, 10), Border: line, Alignment: top, CustomNumFmt: &format})
	}
	stamp, sum := "hh:mm dd/mm/yyyy", "#,##0_)"
	b.plain = b.style(excelize.Style{Font: font(false, 10), Border: line, Alignment: wrap})
	b.title = b.style(excelize.Style{Font: font(true, 14)})
	b.soft = b.style(excelize.Style{Font: font(false, 10), Alignment: top})
	b.text = b.style(excelize.Style{Font: font(false, 10), Alignment: wrap})
	head := func(horizontal string) int {
		return b.style(excelize.Style{Font: font(true, 10), Alignment: &excelize.Alignment{Horizontal: horizontal, Vertical: "center", WrapText: true},
			Fill:   excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E7E6E6"}},
			Border: []excelize.Border{{Type: "bottom", Color: "000000", Style: 2}, {Type: "top", Color: "000000", Style: 1}}})
	}
	b.head, b.headRight = head("left"), head("right")
	b.number, b.count, b.vnd = cell("General_)"), cell("#,##0_)"), cell("#,##0_)")
	b.date, b.month = cell("dd/mm/yyyy"), cell("mm/yyyy")
	b.stamp = b.style(excelize.Style{Font: font(false, 10), Alignment: &excelize.Alignment{Vertical: "top", Horizontal: "left"}, CustomNumFmt: &stamp})
	b.sum = b.style(excelize.Style{Font: font(true, 10), CustomNumFmt: &sum})
	b.notMet = b.conditional(excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"D9D9D9"}}})
	b.noData = b.conditional(excelize.Style{Font: &excelize.Font{Italic: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 18, Color: []string{"EDEDED"}}})
}

func font(bold bool, size float64) *excelize.Font {
	return &excelize.Font{Bold: bold, Size: size, Family: "Calibri"}
}

func (b *book) conditional(s excelize.Style) int {
	id, err := b.file.NewConditionalStyle(&s)
	b.try(err)
	return id
}

// Heights in points, of a line and of a header's two.
const (
	lineHeight = 13.5
	headHeight = 2*lineHeight + 3
)

// height is what the wrapped texts of a row need: not every program makes a row as high
// as its text when it opens a workbook.
func height(row []any, cols []column) float64 {
	lines := 1
	for i, cell := range row {
		if s, ok := cell.(string); ok {
			lines = max(lines, linesOf(s, cols[i].width))
		}
	}
	return float64(lines) * lineHeight
}

// linesOf is in how many lines a text of 10 points is wrapped in a column.
func linesOf(s string, width float64) int {
	lines, used := 1, 0
	room := int(width * 1.05)
	for _, word := range strings.Fields(s) {
		w := say.Width(word)
		if used > 0 && used+w > room {
			lines, used = lines+1, 0
		}
		for used += w + 1; used > room+1; used -= room {
			lines++
		}
	}
	return lines
}

// layout makes a sheet fit for paper: A4 landscape, as wide as the page, numbered.
func (b *book) layout(name string) {
	paper, wide, tall, landscape, fit := 9, 1, 0, "landscape", true
	b.try(b.file.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &paper, Orientation: &landscape, FitToWidth: &wide, FitToHeight: &tall}))
	b.try(b.file.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}))
	side, edge := 0.4, 0.6
	b.try(b.file.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &side, Right: &side, Top: &edge, Bottom: &edge}))
	b.try(b.file.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddFooter: "&L" + footer(b.printer.title()) + "&R&P / &N"}))
}

// footer is a text without the codes of a footer, and no longer than one may be.
func footer(s string) string {
	s = strings.ReplaceAll(s, "&", "+")
	if runes := []rune(s); len(runes) > 200 {
		s = string(runes[:200])
	}
	return s
}

// hatch tells verdicts apart without colour, those that formulas give too.
func (b *book) hatch(s *sheet) {
	for i, c := range s.cols {
		if !c.verdict {
			continue
		}
		name, _ := excelize.ColumnNumberToName(i + 1)
		b.hatchCells(s.name, fmt.Sprintf("%s%d:%s%d", name, s.first(), name, s.last()))
	}
}

func (b *book) hatchCells(name, cells string) {
	equals := func(v goal.Verdict, style int) excelize.ConditionalFormatOptions {
		return excelize.ConditionalFormatOptions{Type: "cell", Criteria: "==", Value: `"` + b.verdict(v) + `"`, Format: &style}
	}
	b.try(b.file.SetConditionalFormat(name, cells, []excelize.ConditionalFormatOptions{equals(goal.NotMet, b.notMet), equals(goal.NoData, b.noData)}))
}
