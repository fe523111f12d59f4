package upstream

import (
	"math/rand/v2"
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

// 300 agents lose the collector within one second. It is back after 28 minutes; in
// the minutes after that no ten seconds may see three times the mean.
func TestAgentsDoNotComeBackInOneSecond(t *testing.T) {
	const agents, bucket = 300, 10 * time.Second
	down, spread := 28*time.Minute, 5*time.Minute
	r := rand.New(rand.NewPCG(7, 7))
	arrivals := make([]int, int(spread/bucket)+1)
	for range agents {
		b := backoff{first: time.Second, longest: spread, random: r.Float64}
		at := time.Duration(r.Float64() * float64(time.Second))
		for at < down {
			at += b.next(0)
		}
		arrivals[int((at-down)/bucket)]++
	}
	mean := float64(agents) / float64(len(arrivals)-1)
	for i, n := range arrivals {
		if float64(n) >= 3*mean {
			t.Errorf("%d agents within %s, mean %.1f", n, time.Duration(i)*bucket, mean)
		}
	}
}
