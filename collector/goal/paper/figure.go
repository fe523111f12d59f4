package paper

import (
	"math"
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
func (p *printer) number(v float64) string { return goal.FigureText(p.lang, v) }

// rounded is v to two decimals, as it is printed everywhere.
func rounded(v float64) float64 { return math.Round(v*100) / 100 }

func (p *printer) money(vnd int64) string { return goal.MoneyText(p.lang, vnd) }

// cost is what a site's works cost, in a column of figures: where nothing is to be paid, 0.
func (p *printer) cost(s *goal.SiteLine) string {
	switch {
	case len(s.Todo) == 0:
		return none
	case s.CostUnknown:
		return goal.SumText(p.lang, s.Cost, true)
	}
	return p.money(s.Cost)
}

// costKnown is the sum of the prices that are held; false where none of them is, since a
// nought in a column of money reads as free.
func costKnown(s *goal.SiteLine) (int64, bool) { return s.Cost, s.Cost > 0 || !s.CostUnknown }

// price is a task's.
func (p *printer) price(t goal.Task) string {
	return goal.PriceText(p.lang, t, p.Goal.Works[t.Work])
}

func (p *printer) month(m goal.Month) string { return m.Text(p.lang) }

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
