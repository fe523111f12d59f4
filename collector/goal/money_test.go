package goal

import (
	"testing"

	"communewatch/collector/say"
)

func TestMoneyHasItsThousandsApart(t *testing.T) {
	for lang, want := range map[say.Lang][]string{
		say.Vietnamese: {"0 đ", "999 đ", "1.000 đ", "12.345.678 đ", "-1.500 đ", "-999 đ"},
		say.English:    {"0 đ", "999 đ", "1,000 đ", "12,345,678 đ", "-1,500 đ", "-999 đ"},
	} {
		for i, vnd := range []int64{0, 999, 1_000, 12_345_678, -1_500, -999} {
			if got := MoneyText(lang, vnd); got != want[i] {
				t.Errorf("%d in %s is %q, want %q", vnd, lang, got, want[i])
			}
		}
	}
}

// A price that nobody holds is not nothing, and nothing is not a price that nobody holds.
func TestWhatIsFreeAndWhatHasNoPriceAreToldApart(t *testing.T) {
	for _, c := range []struct {
		vnd     int64
		unknown bool
		want    string
	}{{0, false, "free"}, {0, true, "no price"}, {1_500_000, true, "> 1,500,000 đ"}, {1_500_000, false, "1,500,000 đ"}} {
		if got := SumText(say.English, c.vnd, c.unknown); got != c.want {
			t.Errorf("%d, unknown %v: %q, want %q", c.vnd, c.unknown, got, c.want)
		}
	}
	if got := PriceText(say.English, Task{}, Work{Free: true}); got != "free" {
		t.Errorf("a work that is free: %q", got)
	}
	if got := PriceText(say.English, Task{}, Work{}); got != "no price" {
		t.Errorf("a work without a price: %q", got)
	}
}

// A device that answers is one at least: beside "3 declared" a "1" would look like a count.
func TestADeviceThatAnswersIsNotCounted(t *testing.T) {
	for value, want := range map[float64]string{1: "answers", 0: "no answer"} {
		f := Finding{Measure: "routers", Measured: &Measured{Value: &value}}
		if got := MeasuredValueText(say.English, f); got != want {
			t.Errorf("%v: %q, want %q", value, got, want)
		}
	}
	value := 18.0
	if got := MeasuredValueText(say.English, Finding{Measure: "down_mbps", Measured: &Measured{Value: &value}}); got != "18 Mbit/s" {
		t.Errorf("a speed: %q", got)
	}
	if got := MeasuredValueText(say.English, Finding{Measure: "down_mbps"}); got != "" {
		t.Errorf("nothing measured: %q", got)
	}
}
