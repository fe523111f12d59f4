package office

import (
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"

	"communewatch/collector/say"
)

// date is a moment by this PC's clock.
func (t *statusText) date(at time.Time) string { return at.Local().Format(dateForm) }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// span says about how long something is, in its largest unit.
func (t *statusText) span(d time.Duration) string {
	d = max(0, d)
	switch {
	case d >= 48*time.Hour:
		return t.say("status.days", int(d/(24*time.Hour)))
	case d >= 2*time.Hour:
		return t.say("status.hours", int(d/time.Hour))
	case d >= 2*time.Minute:
		return t.say("status.minutes", int(d/time.Minute))
	case d >= time.Second:
		return t.say("status.seconds", t.number(d.Truncate(time.Second).Seconds(), 0))
	}
	return t.say("status.seconds", t.number(d.Seconds(), 3))
}

// number writes a decimal as the language does.
func (t *statusText) number(v float64, digits int) string {
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if t.lang == say.Vietnamese {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text
}

// bytes uses powers of ten, as a line's tariff does.
func (t *statusText) bytes(n int64) string {
	if n < 1_000_000 {
		return t.number(float64(n)/1e3, 0) + " kB"
	}
	return t.number(float64(n)/1e6, 1) + " MB"
}

// writeColumns aligns cells by what they take on a screen, two spaces apart. The last
// column is not filled up.
func writeColumns(w io.StringWriter, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-columns(cell)+gap(i)))
			}
		}
		_, _ = w.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// gap: behind the sign stands one space, as on all lines.
func gap(column int) int {
	if column == 0 {
		return 1
	}
	return 2
}

// columns is how many cells of a screen a text takes: a letter with its marks takes one,
// whether they are one character or several; Chinese takes two.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) || unicode.Is(unicode.Cf, r):
		case wide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

func wide(r rune) bool {
	k := width.LookupRune(r).Kind()
	return k == width.EastAsianWide || k == width.EastAsianFullwidth
}
