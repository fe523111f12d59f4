package icmp

import (
	"testing"
	"time"
)

// A beat of 20 ms, in which the wall clock, 1,000 s ahead of the monotonic one, may be set.
func TestAnArrivalIsDatedByTheClockThatTheKernelStampedItWith(t *testing.T) {
	const (
		second = time.Second
		ahead  = int64(1000 * second)
		base   = 1_000_000 * second // not reached by the process's own clock
	)
	former := clocks{wall: ahead + int64(base), mono: base}
	for name, c := range map[string]struct {
		set   time.Duration // what the wall clock was set by in the beat
		stamp int64
		want  time.Duration
	}{
		"in the beat":                       {0, ahead + int64(base+7*ms), base + 7*ms},
		"before the clock was set by years": {5e8 * second, ahead + int64(base+7*ms), base + 7*ms},
		"after it was set by years":         {5e8 * second, ahead + int64(base+5e8*second+7*ms), base + 7*ms},
		"before it was set back":            {-50 * ms, ahead + int64(base+7*ms), base + 7*ms},
		"after it was set back":             {-50 * ms, ahead + int64(base+7*ms-50*ms), base + 7*ms},
		"without a stamp":                   {0, 0, base + 20*ms},
		"with a stamp from the future":      {0, ahead + int64(3e8*second), base + 20*ms},
		"with one from before the beat":     {0, ahead + int64(base-second), base + 20*ms},
	} {
		now := clocks{wall: ahead + int64(base+20*ms+c.set), mono: base + 20*ms}
		if got := now.moment(c.stamp, former); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestTheClocksAreReadTogether(t *testing.T) {
	before, c, after := monotonic(), readClocks(), monotonic()
	if c.mono < before || c.mono > after {
		t.Errorf("monotonic is %s, not from %s to %s", c.mono, before, after)
	}
	if apart := time.Since(time.Unix(0, c.wall)).Abs(); apart > time.Minute {
		t.Errorf("wall clock is %s off", apart)
	}
}
