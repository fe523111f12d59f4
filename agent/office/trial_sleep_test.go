package office

import (
	"testing"
	"testing/synctest"
	"time"

	"communewatch/agent/service"
)

func TestAMachineThatSleepsDuringATrialDecidesNothingAndTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sleeps := make(chan service.Sleep)
		b := newBench(t, t.TempDir())
		b.deps.Sleeps = sleeps
		b.start()
		time.Sleep(2 * time.Minute)
		b.offer("v1", docOf("a"))
		time.Sleep(10 * time.Second)
		ready, woken := make(chan struct{}), make(chan struct{})
		sleeps <- service.Sleep{Ready: func() { close(ready) }, Woken: woken}
		<-ready
		close(woken)
		time.Sleep(3 * time.Minute)
		if got := b.inForce(); got != "" || b.worked() != "" || b.feed.Problem() != "" {
			t.Errorf("%q is followed, %q worked, problem %q", got, b.worked(), b.feed.Problem())
		}
		b.offer("v1", docOf("a"))
		time.Sleep(3 * time.Minute)
		if b.inForce() != "v1" || b.worked() != "v1" {
			t.Errorf("%q is followed, %q worked", b.inForce(), b.worked())
		}
		b.stop()
	})
}
