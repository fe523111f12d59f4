package declared

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"communewatch/collector/say"
)

// What figures may be. A line for less than leastVND a month is not sold: who writes "1.500"
// meant thousands.
const (
	mostMbps  = 100_000
	leastVND  = 10_000
	mostVND   = 1_000_000_000
	mostCount = 1_000
)

// figure is a number with what stands behind it.
var figure = regexp.MustCompile(`^([-+]?)\s*([0-9][0-9.,  ]*)\s*([^0-9]*)$`)

// grouped are blanks between groups of three digits.
var grouped = regexp.MustCompile(`^[0-9]{1,3}( [0-9]{3})+([.,]|$)`)

// readings are the numbers that digits may stand for: "1.500" is 1500 where points part
// thousands, as in Vietnam, and 1.5 where they part decimals, as in the other half of the
// programs. "1.500.000", "1,5" and "0.500" are one number only. None: it is no number.
func readings(s string) []float64 {
	s = strings.TrimSpace(s)
	if grouped.MatchString(s) {
		s = strings.ReplaceAll(s, " ", "")
	}
	last := strings.LastIndexAny(s, ".,")
	if len(s) > 20 || strings.Contains(s, " ") || last == len(s)-1 {
		return nil
	}
	if last < 0 {
		return number(s)
	}
	head, tail, mark := s[:last], s[last+1:], s[last:last+1]
	switch other := strings.Trim(".,", mark); {
	case strings.Contains(head, mark) && strings.Contains(head, other):
		return nil
	case strings.Contains(head, mark):
		return groups(s, mark)
	case strings.Contains(head, other):
		if whole := groups(head, other); whole != nil {
			return number(strings.ReplaceAll(head, other, "") + "." + tail)
		}
		return nil
	}
	if len(tail) == 3 && len(head) <= 3 && head[0] != '0' {
		return append(number(head+tail), number(head+"."+tail)...)
	}
	return number(head + "." + tail)
}

// groups reads digits in groups of three.
func groups(s, mark string) []float64 {
	parts := strings.Split(s, mark)
	for i, p := range parts {
		if i > 0 && len(p) != 3 || len(p) == 0 || len(p) > 3 {
			return nil
		}
	}
	return number(strings.Join(parts, ""))
}

func number(s string) []float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil
	}
	return []float64{f}
}

// cellNumber is what a cell with a number holds: Excel keeps 15 digits, and has 0.3 as
// 0.30000000000000004.
func cellNumber(s string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	f, err = strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	return f, err == nil
}

// plainNumber is a number as a person types it; false: more digits than Excel keeps.
func plainNumber(s string) (string, bool) {
	f, ok := cellNumber(s)
	if !ok || math.Abs(f) >= 1e15 {
		return s, false
	}
	return strconv.FormatFloat(f, 'f', -1, 64), true
}

// quantity reads a cell with a number: all that it may mean, in a column's own unit.
func (r *row) quantity(name string, at cell, units map[string]float64) (all []float64, unit bool) {
	if at.date {
		r.complain(name, "declared.became_day", columnNamed(name).heading())
		return nil, false
	}
	if at.kind == numberCell {
		f, ok := cellNumber(at.text)
		if !ok {
			r.refuse(name, "declared.no_number", wanted[columnNamed(name).form])
			return nil, false
		}
		return []float64{f}, false
	}
	m := figure.FindStringSubmatch(norm.NFC.String(at.text))
	if m == nil {
		r.refuse(name, "declared.no_number", wanted[columnNamed(name).form])
		return nil, false
	}
	times, known := units[strings.TrimSuffix(fold(m[3]), " thang")]
	if all = readings(m[2]); !known || all == nil || octets.MatchString(m[3]) {
		r.refuse(name, "declared.no_number", wanted[columnNamed(name).form])
		return nil, false
	}
	for i := range all {
		all[i] *= times
		if m[1] == "-" {
			all[i] = -all[i]
		}
	}
	return all, times != 1
}

var wanted = map[form]say.Key{speedForm: "declared.want_speed", moneyForm: "declared.want_money", countForm: "declared.want_count"}

var (
	speedUnits = map[string]float64{
		"": 1, "mbps": 1, "mb s": 1, "mbit s": 1, "mbits": 1, "mbit": 1, "m": 1, "mb": 1, "megabit": 1, "mb giay": 1, "mbit giay": 1,
		"gbps": 1000, "gb s": 1000, "gbit s": 1000, "g": 1000, "gb": 1000, "kbps": .001, "kb s": .001, "kbit s": .001,
	}
	moneyUnits = map[string]float64{
		"": 1, "d": 1, "dong": 1, "vnd": 1, "thang": 1,
		"k": 1e3, "nghin": 1e3, "ngan": 1e3, "nghin dong": 1e3, "ngan dong": 1e3,
		"tr": 1e6, "trieu": 1e6, "trieu dong": 1e6, "tr dong": 1e6,
	}
	countUnits = map[string]float64{"": 1, "cai": 1, "bo": 1, "chiec": 1, "may": 1, "con": 1, "thiet bi": 1}

	// octets are units that may be bytes: eight times as much.
	octets = regexp.MustCompile(`[MGKmgk]B(/|$|ps|\s)`)
)

// speed reads Mbit/s.
func (r *row) speed(name string, at cell) *float64 {
	all, _ := r.quantity(name, at, speedUnits)
	switch {
	case len(all) == 0:
		return nil
	case len(all) == 2:
		r.refuse(name, "declared.two_readings", figures(all[0]), figures(all[1]), figures(all[1]))
	case all[0] <= 0 || all[0] > mostMbps:
		r.refuse(name, "declared.range", figures(0.1), figures(mostMbps))
	}
	return &all[0]
}

// whole reads đồng or a count. Of đồng nobody writes thousandths, so three digits behind a
// point or a comma are thousands, as they always are in Vietnam.
func (r *row) whole(c *column, at cell) *int64 {
	units, least, most := countUnits, 0., float64(mostCount)
	if c.form == moneyForm {
		units, most = moneyUnits, mostVND
	}
	if nothing[fold(at.text)] && at.kind == textCell && (c.form == countForm || at.text == "0") {
		return new(int64)
	}
	all, times := r.quantity(c.name, at, units)
	if c.form == moneyForm && !times && len(all) == 2 {
		all = all[:1]
	}
	all = slices.DeleteFunc(all, func(f float64) bool { return len(all) == 2 && f != math.Trunc(f) })
	switch {
	case len(all) == 0:
		return nil
	case len(all) == 2:
		r.refuse(c.name, "declared.two_readings", figures(all[0]), figures(all[1]), figures(all[1]))
	case c.form == moneyForm && all[0] > 0 && all[0] < leastVND:
		r.refuse(c.name, "declared.few_dong", figures(all[0]), figures(all[0]*1e3))
	case all[0] < least || all[0] > most:
		r.refuse(c.name, "declared.range", figures(least), figures(most))
	case math.Abs(all[0]-math.Round(all[0])) > 1e-6:
		r.refuse(c.name, "declared.no_whole")
	}
	n := int64(math.Round(max(min(all[0], mostVND), -mostVND)))
	return &n
}

// figures is a number as each language writes it.
type figures float64

func (f figures) in(lang say.Lang) string {
	s := strconv.FormatFloat(float64(f), 'f', -1, 64)
	whole, rest, _ := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	thousands, decimal := ".", ","
	if lang == say.English {
		thousands, decimal = ",", "."
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + thousands + whole[i:]
	}
	if rest != "" {
		whole += decimal + rest
	}
	return sign + whole
}
