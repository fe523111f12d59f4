package board

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

var zone = inventory.Zone()

// none is shown where there is no value: never a zero.
const none = "–"

// format writes figures and times as the language does.
type format struct {
	lang say.Lang
	now  time.Time
}

// number writes v with that many decimals at most.
func (f format) number(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if decimals > 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	s = strings.Replace(s, "-", "−", 1)
	if s == "−0" {
		s = "0"
	}
	if f.lang == say.Vietnamese {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// significant writes v to about two or three digits.
func (f format) significant(v float64) string {
	if math.Abs(v) < 99.5 {
		return f.number(v, 1)
	}
	return f.number(v, 0)
}

// milliseconds never says that a packet took no time.
func (f format) milliseconds(v float64) string {
	if v > 0 && v < 0.05 {
		return "< " + f.number(0.1, 1) + " ms"
	}
	return f.significant(v) + " ms"
}

// percent writes a share of 1. What is not all is never rounded to all, what is not
// nothing never to nothing.
func (f format) percent(share float64) string {
	p := share * 100
	switch {
	case p > 0 && p < 0.1:
		return "< " + f.number(0.1, 1) + " %"
	case p < 9.95:
		return f.number(p, 1) + " %"
	case p > 99 && p < 100:
		return "> 99 %"
	}
	return f.number(p, 0) + " %"
}

// bits writes a rate in bit/s, decimal prefixes.
func (f format) bits(rate float64) string {
	return f.scaled(rate, 1000, "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s")
}

// bytes writes a size, binary prefixes (IEC 80000-13).
func (f format) bytes(size float64) string {
	return f.scaled(size, 1024, "B", "KiB", "MiB", "GiB", "TiB")
}

func (f format) scaled(v, step float64, units ...string) string {
	i := 0
	for ; v >= step && i < len(units)-1; i++ {
		v /= step
	}
	if i == 0 {
		return f.number(v, 0) + " " + units[0]
	}
	return f.significant(v) + " " + units[i]
}

// span writes how long, in its two greatest units at most.
func (f format) span(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		return f.lang.Text("board.seconds", int(d/time.Second))
	case d < time.Hour:
		return f.lang.Text("board.minutes", int(d/time.Minute))
	case d < 10*time.Hour && d%time.Hour >= time.Minute:
		return f.lang.Text("board.hours_minutes", int(d/time.Hour), int(d%time.Hour/time.Minute))
	case d < 48*time.Hour:
		return f.lang.Text("board.hours", int(d/time.Hour))
	}
	return f.lang.Text("board.days", int(d/(24*time.Hour)))
}

// clock is the time of day, with the day if it is not today.
func (f format) clock(t time.Time) string {
	t = t.In(zone)
	switch y, m, d := t.Date(); {
	case sameDay(t, f.now):
		return t.Format("15:04")
	case y == f.now.In(zone).Year():
		if f.lang == say.Vietnamese {
			return t.Format("02/01 15:04")
		}
		return t.Format("2 Jan 15:04")
	default:
		return f.day(time.Date(y, m, d, 0, 0, 0, 0, zone)) + t.Format(" 15:04")
	}
}

func sameDay(a, b time.Time) bool {
	return a.In(zone).Format(time.DateOnly) == b.In(zone).Format(time.DateOnly)
}

func (f format) day(t time.Time) string {
	if f.lang == say.Vietnamese {
		return t.In(zone).Format("02/01/2006")
	}
	return t.In(zone).Format("2 Jan 2006")
}

// stamp is a whole date with seconds.
func (f format) stamp(t time.Time) string {
	if f.lang == say.Vietnamese {
		return t.In(zone).Format("15:04:05 02/01/2006")
	}
	return t.In(zone).Format("15:04:05, 2 Jan 2006")
}

// moments are times in an evidence, as the judge writes them.
var moments = regexp.MustCompile(`\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b`)

// evidence writes the times in one as people read them; targets and figures are the
// same in every language.
func (f format) evidence(s string) string {
	return moments.ReplaceAllStringFunc(s, func(found string) string {
		t, err := time.ParseInLocation(time.DateTime, found, zone)
		if err != nil {
			return found
		}
		return f.clock(t)
	})
}

// since is when something began and how long ago that is.
func (f format) since(t time.Time) string {
	if t.IsZero() {
		return none
	}
	return f.lang.Text("board.since", f.clock(t), f.span(f.now.Sub(t)))
}

// ago is how long something is past.
func (f format) ago(t time.Time) string {
	if t.IsZero() {
		return none
	}
	return f.lang.Text("board.ago", f.span(f.now.Sub(t)))
}
