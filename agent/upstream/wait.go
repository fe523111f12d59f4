package upstream

import "time"

// backoff is a wait by chance from a window that doubles with each failure in a row
// (full jitter): agents that failed in the same second do not come back in one,
// not even when all of them have reached the longest wait.
type backoff struct {
	first, longest time.Duration
	random         func() float64 // in [0, 1)
	failures       int
}

// next is how long to wait after one more failure. What the collector asks for is
// kept and spread over as long again: it asks all agents for the same.
func (b *backoff) next(atLeast time.Duration) time.Duration {
	window := b.longest
	if b.failures < 30 {
		window = min(b.longest, b.first<<b.failures)
	}
	b.failures++
	window = max(window, atLeast)
	return atLeast + time.Duration(b.random()*float64(window)) + time.Millisecond
}

func (b *backoff) reset() { b.failures = 0 }
