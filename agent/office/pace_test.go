package office

import (
	"testing"
	"time"

	"communewatch/collector/api"
)

func TestEchoesToManyTargetsAreSpreadAndStillFitTheInterval(t *testing.T) {
	for _, c := range []struct {
		targets, packets int
		interval, want   time.Duration
	}{
		{65, 10, time.Minute, time.Millisecond},
		{1_000, 10, time.Minute, time.Millisecond},
		{1_000, 100, time.Minute, 300 * time.Microsecond},
		{1_000, 10, time.Second, 100 * time.Microsecond}, // too much to ask: 10,000 a second is the most
		{1, 1, time.Hour, time.Millisecond},
	} {
		doc := api.Document{Interval: c.interval, Packets: c.packets, Targets: make([]api.Target, c.targets)}
		if got := pace(doc); got != c.want {
			t.Errorf("%d targets, %d packets each %s: %s apart, want %s", c.targets, c.packets, c.interval, got, c.want)
		}
	}
}
