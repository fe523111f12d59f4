package judge

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What a receipt does not say is not guessed: an agent that sends its newest batch along
// with a backlog names the first and the last of what may have many holes.
func TestABatchCountsAsSentTwiceOnlyWhereReceiptsProveIt(t *testing.T) {
	at := func(m float64) delivery { return delivery{at: minute(m), session: "0badcafe", lines: 5} }
	batches := func(m float64, first, last, n int64) delivery {
		d := at(m)
		d.first, d.last, d.batches = first, last, n
		return d
	}
	other := batches(3, 1, 1, 1)
	other.session = "0badcaff"
	for _, c := range []struct {
		name string
		came []delivery
		want []int64
	}{
		{"each once", []delivery{batches(0, 1, 1, 1), batches(1, 2, 2, 1), batches(2, 3, 5, 3)}, []int64{0, 0, 0}},
		{"one twice", []delivery{batches(0, 1, 1, 1), batches(1, 1, 1, 1)}, []int64{0, 1}},
		{"thrice", []delivery{batches(0, 1, 1, 1), batches(1, 1, 1, 1), batches(2, 1, 1, 1)}, []int64{0, 1, 1}},
		{"some of several", []delivery{batches(0, 1, 4, 4), batches(1, 3, 8, 6)}, []int64{0, 2}},
		{"the same number of another session", []delivery{batches(0, 1, 1, 1), other}, []int64{0, 0}},
		{"with holes between", []delivery{batches(0, 5, 100, 17), batches(1, 21, 101, 17), batches(2, 50, 50, 1)}, []int64{0, 0, 0}},
		{"the very same with holes", []delivery{batches(0, 5, 100, 17), batches(1, 5, 100, 17)}, []int64{0, 17}},
		{"without batches", []delivery{batches(0, 0, 0, 0), batches(1, 0, 0, 0)}, []int64{0, 0}},
		{"without a session", []delivery{{at: minute(0), batches: 1}, {at: minute(1), batches: 1}}, []int64{0, 0}},
		{"an hour later", []delivery{batches(0, 1, 1, 1), batches(60, 1, 1, 1)}, []int64{0, 0}},
		{"just within it, again and again", []delivery{batches(0, 1, 1, 1), batches(59, 1, 1, 1), batches(118, 1, 1, 1)}, []int64{0, 1, 1}},
	} {
		countDoubled(c.came)
		var got []int64
		for _, d := range c.came {
			got = append(got, d.again)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestNothingIsOlderThanItIs(t *testing.T) {
	hour := Span{noon, noon.Add(time.Hour)}
	open := stretch{{noon.Add(-5 * time.Hour), noon.Add(5 * time.Hour)}}
	for _, c := range []struct {
		name       string
		due        stretch
		came       []delivery
		before     time.Time
		age, stale int64
	}{
		{"a clock that is ahead", stretchOf(hour), []delivery{{at: minute(0), newest: minute(5)}, {at: minute(1), newest: minute(65)}}, minute(-1), 0, 0},
		{"late ones after a fresh one", stretchOf(hour), []delivery{{at: minute(1), newest: minute(59)}, {at: minute(2), newest: minute(-100)}}, minute(0), 60, 0},
		{"before the office opened", stretchOf(hour), nil, minute(-10_000), 6*3600 - 1800, 3600},
		{"due for a part of it", stretchOf(Span{minute(30), minute(40)}), nil, minute(29), 660, 450},
		{"not due", nil, nil, minute(-100), 0, 0},
	} {
		p := &Period{From: noon}
		p.countAges(c.due, open, c.came, c.before, 210*time.Second, 30*time.Minute)
		if p.Age != c.age || p.Stale != c.stale {
			t.Errorf("%s: age %d, stale %d, want %d and %d", c.name, p.Age, p.Stale, c.age, c.stale)
		}
	}
}
