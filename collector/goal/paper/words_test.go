package paper

import (
	"testing"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

func TestTheKindOfALineIsSaidAndNotItsCode(t *testing.T) {
	p := newPrinter(&goal.Report{}, say.Vietnamese)
	for _, c := range []struct {
		measure, text string
		value         float64
		want          string
	}{
		{"uplink", "fiber", 1, "có đường truyền (cáp quang)"},
		{"uplink", "none", 0, "không có đường truyền"},
		{"routers", "fiber", 2, "2 (fiber)"}, // a model's name is as it was written
	} {
		f := &goal.Finding{Measure: c.measure, Declared: &goal.Declared{Text: c.text, Value: &c.value}}
		if got := p.declared(f); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.measure, c.text, got, c.want)
		}
	}
}
