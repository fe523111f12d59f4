package upstream

import (
	"testing"
	"time"
)

func TestTheWindowDoublesUpToTheLongestWaitAndStartsAgain(t *testing.T) {
	b := backoff{first: time.Second, longest: 5 * time.Minute, random: func() float64 { return 0.5 }}
	for i, want := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second} {
		if got := b.next(0); got-time.Millisecond != want {
			t.Errorf("wait %d is %s, want half of the window, %s", i, got, want)
		}
	}
	for range 1000 {
		if got := b.next(0); got > 5*time.Minute {
			t.Fatalf("waits %s", got)
		}
	}
	b.reset()
	if got := b.next(0); got > time.Second {
		t.Errorf("after a success: %s", got)
	}
}

func TestWhatTheCollectorAsksForIsKeptAndSpread(t *testing.T) {
	random := 0.0
	b := backoff{first: time.Second, longest: 5 * time.Minute, random: func() float64 { return random }}
	for _, random = range []float64{0, 0.25, 0.999} {
		b.reset()
		asked := time.Minute
		if got := b.next(asked); got < asked || got > 2*asked {
			t.Errorf("asked for %s, waits %s", asked, got)
		}
	}
}

func TestALineThatNobodyAnswersOverIsTriedOftenAndAMeteredOneLessOften(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  Config
		want time.Duration
	}{
		"an office":                {DefaultConfiguration(), 15 * time.Second},
		"metered":                  {Config{MaxWait: 5 * time.Minute, Every: 10 * time.Minute}, 2 * time.Minute},
		"metered, never too often": {Config{MaxWait: 5 * time.Minute, Every: time.Minute}, 15 * time.Second},
		"metered, never too late":  {Config{MaxWait: 5 * time.Minute, Every: time.Hour}, 5 * time.Minute},
		"in a hurry":               {Config{MaxWait: time.Second}, time.Second},
	} {
		if got := longestSilentWait(c.cfg); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
