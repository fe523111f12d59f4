package office

import (
	"io"
	"strconv"
	"strings"
	"time"

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

// writeColumns writes aligned lines: behind the sign stands one space, as on all lines.
func writeColumns(w io.StringWriter, rows [][]string) {
	for _, line := range say.Align(rows, 1) {
		_, _ = w.WriteString(line + "\n")
	}
}
