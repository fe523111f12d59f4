package goal

import (
	"strconv"

	"communewatch/collector/say"
)

// How sums are put into words, so that a page and a paper say the same.

// MoneyText writes đồng: "1.500.000 đ".
func MoneyText(lang say.Lang, vnd int64) string { return CountText(lang, vnd) + " đ" }

// CountText writes a whole number, thousands apart: by points in Vietnamese, in English by
// commas, since a point there is the decimal sign of the figures beside it.
func CountText(lang say.Lang, n int64) string {
	mark := ","
	if lang == say.Vietnamese {
		mark = "."
	}
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + mark + digits[i:]
	}
	return digits
}

// SumText is what works cost, of some of which the price may not be known.
func SumText(lang say.Lang, vnd int64, unknown bool) string {
	switch {
	case unknown && vnd == 0:
		return lang.Text("goal.price_unknown")
	case unknown:
		return lang.Text("goal.price_and_more", MoneyText(lang, vnd))
	case vnd == 0:
		return lang.Text("goal.free")
	}
	return MoneyText(lang, vnd)
}

// PriceText is what a task costs; work is that of the report's standard.
func PriceText(lang say.Lang, t Task, work Work) string {
	return SumText(lang, t.Price, t.Price == 0 && !work.Free)
}
