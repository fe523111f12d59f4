package judge

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Against the plain way: each second by itself.
func TestStretchesAreWhatEachSecondSays(t *testing.T) {
	const length = 60
	in := func(s stretch) (seconds [length]bool) {
		for i := range seconds {
			for _, one := range s {
				at := noon.Add(time.Duration(i) * time.Second)
				seconds[i] = seconds[i] || !at.Before(one.From) && at.Before(one.To)
			}
		}
		return seconds
	}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) []Span {
			var all []Span
			for range rapid.IntRange(0, 5).Draw(t, name) {
				from := rapid.IntRange(0, length).Draw(t, "from")
				to := rapid.IntRange(0, length).Draw(t, "to") // before from, too
				all = append(all, Span{noon.Add(time.Duration(from) * time.Second), noon.Add(time.Duration(to) * time.Second)})
			}
			return all
		}
		first := draw("first")
		a, b := stretchOf(first...), stretchOf(draw("second")...)
		var union, both, rest [length]bool
		seconds := int64(0)
		for i, is := range in(a) {
			if is {
				seconds++
			}
			union[i], both[i], rest[i] = is || in(b)[i], is && in(b)[i], is && !in(b)[i]
		}
		if in(first) != in(a) || in(a.or(b)) != union || in(a.and(b)) != both || in(a.less(b)) != rest || a.seconds() != seconds {
			t.Errorf("%v and %v", a, b)
		}
		for i, one := range a.or(b) {
			if !one.From.Before(one.To) || i > 0 && !a.or(b)[i-1].To.Before(one.From) {
				t.Errorf("not apart, in order and with a length: %v", a.or(b))
			}
		}
	})
}

func TestPartsOfASecondDoNotGetLostBetweenParts(t *testing.T) {
	cut := noon.Add(10*time.Minute + 400*time.Millisecond)
	a, b := stretchOf(Span{noon, cut}), stretchOf(Span{cut, noon.Add(time.Hour)})
	if d := cmp.Diff(int64(3600), a.seconds()+b.seconds()); d != "" {
		t.Error(d)
	}
}

// A day of Vietnam lies in two of the database's days; any interval that holds it will do.
func TestOneIntervalOfTheDatabaseHoldsAWholeDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := dayOf(time.Unix(rapid.Int64Range(1_600_000_000, 2_500_000_000).Draw(t, "at"), 0))
		every := oneInterval(day, day.Add(oneDay))
		if every < oneDay || day.Unix()/int64(every/time.Second) != (day.Unix()+86_399)/int64(every/time.Second) || every%time.Millisecond != 0 {
			t.Errorf("%s: %s", day, every)
		}
		if local := day.In(zone); local.Hour() != 0 || local.Minute() != 0 {
			t.Errorf("a day begins at %s", local)
		}
	})
}
