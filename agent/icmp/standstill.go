package icmp

import (
	"context"
	"errors"
	"time"
)

// errStoodStill is why a round ends in which this process did not run: the PC slept, or
// was stopped, or had no time for us. What such a round lost, nobody knows.
var errStoodStill = errors.New("the machine stood still in mid-round")

// standstill is how long a process must not run for its round to be void. Half of an
// echo's time-out: what waits unread for less is not lost by that, only late in being
// read. A second at least, since a busy PC with slow disks has pauses, and its figures are
// worth more than none.
func standstill(timeout time.Duration) time.Duration { return max(time.Second, timeout/2) }

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
		for last := false; !last; {
			select {
			case <-tick.C:
			case <-ended:
				last = true
			}
			if look() {
				stood = true
				cancel(errStoodStill)
				return
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
