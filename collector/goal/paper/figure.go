package paper

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// none stands where there is no value: never a zero.
const none = "–"

// plain is a text from outside as one line that no terminal and no sheet takes for more
// than text: NFC, without what does not print.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.In(r, unicode.Cf) {
			return ' '
		}
		return r
	}, norm.NFC.String(s))
	return strings.Join(strings.Fields(s), " ")
}

// number writes v with two decimals at most, as the language does.
func (p *printer) number(v float64) string {
	s := strconv.FormatFloat(rounded(v), 'f', -1, 64)
	if p.lang == say.Vietnamese {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

// rounded is v to two decimals, as it is printed everywhere.
func rounded(v float64) float64 { return math.Round(v*100) / 100 }

// money writes đồng.
func (p *printer) money(vnd int64) string { return p.thousands(vnd) + " đ" }

// thousands writes a whole number, thousands apart: by points in Vietnamese, in English by
// commas, since a point there is the decimal sign of the figures beside it.
func (p *printer) thousands(n int64) string {
	mark := byte(',')
	if p.lang == say.Vietnamese {
		mark = '.'
	}
	digits := strconv.FormatInt(n, 10)
	var out []byte
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			out = append(out, mark)
		}
		out = append(out, digits[i])
	}
	return string(out)
}

// cost is what a site's works cost, as far as it is known.
func (p *printer) cost(s *goal.SiteLine) string {
	switch {
	case len(s.Todo) == 0:
		return none
	case s.CostUnknown && s.Cost == 0:
		return p.t("paper.price_unknown")
	case s.CostUnknown:
		return p.t("paper.price_and_more", p.money(s.Cost))
	}
	return p.money(s.Cost)
}

// costKnown is the sum of the prices that are held; false where none of them is, since a
// nought in a column of money reads as free.
func costKnown(s *goal.SiteLine) (int64, bool) { return s.Cost, s.Cost > 0 || !s.CostUnknown }

// price is a task's.
func (p *printer) price(t goal.Task) string {
	switch {
	case t.Price > 0:
		return p.money(t.Price)
	case p.Goal.Works[t.Work].Free:
		return p.t("paper.free")
	}
	return p.t("paper.price_unknown")
}

func (p *printer) month(m goal.Month) string {
	if p.lang == say.Vietnamese {
		return m.From().Format("01/2006")
	}
	return m.From().Format("January 2006")
}

func (p *printer) day(t time.Time) string {
	switch t = t.In(inventory.Zone()); {
	case t.IsZero():
		return none
	case p.lang == say.Vietnamese:
		return t.Format("02/01/2006")
	}
	return t.Format("2 Jan 2006")
}

// moment is a time of Vietnam.
func (p *printer) moment(t time.Time) string {
	if t.IsZero() {
		return none
	}
	return t.In(inventory.Zone()).Format("15:04 ") + p.day(t)
}

// short is the beginning of a hash: enough to compare by eye.
func short(hash string) string {
	if len(hash) > 12 {
		return hash[:12]
	}
	return hash
}
