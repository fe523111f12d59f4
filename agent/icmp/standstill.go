package icmp

import (
	"context"
	"errors"
	"time"
)

// errStoodStill is why a round ends in which this process did not run: the PC slept, or
// was stopped, or had no time for us. What such a round lost, nobody knows.
var errStoodStill = errors.New("the machine stood still in mid-round")

// standstill is how long a process must not run for its round to be void: a quarter
// of the time that an echo has. A busy PC with slow disks has pauses of 0.2 s.
func standstill(timeout time.Duration) time.Duration { return max(500*time.Millisecond, timeout/4) }

// whileAwake gives a context that ends with errStoodStill as its cause when this
// process has not run for that long. The end function stops the watch, has a last look
// and tells whether it stood still; it must be called.
func whileAwake(ctx context.Context, atMost time.Duration) (context.Context, func() (stood bool)) {
	ctx, cancel := context.WithCancelCause(ctx)
	watched, ended := make(chan struct{}), make(chan struct{})
	seen := sinceBoot()
	look := func() bool {
		now := sinceBoot()
		gap := now - seen
		seen = now
		return gap > atMost
	}
	stood := false
	go func() {
		defer close(watched)
		tick := time.NewTicker(atMost / 4)
		defer tick.Stop()
		for !stood {
			select {
			case <-tick.C:
			case <-ended:
			}
			if stood = look(); stood {
				cancel(errStoodStill)
			}
			select {
			case <-ended:
				return
			default:
			}
		}
	}()
	return ctx, func() bool {
		close(ended)
		<-watched
		cancel(nil)
		return stood
	}
}
