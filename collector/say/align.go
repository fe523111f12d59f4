package say

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Align sets cells in columns by what they take on a screen: so many spaces behind the
// first column, two behind the others, none at a line's end.
func Align(rows [][]string, first int) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(cell))
		}
	}
	lines := make([]string, 0, len(rows))
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			gap := 2
			if i == 0 {
				gap = first
			}
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-Width(cell)+gap))
		}
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	return lines
}

// Width is how many cells of a screen a text takes: a letter with its marks takes one,
// whether they are one character or several; Chinese takes two.
func Width(s string) (n int) {
	for _, r := range s {
		switch k := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case k == width.EastAsianWide || k == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
