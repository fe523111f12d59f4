package upstream

import "time"

// silentWait is the longest wait after an attempt that nobody answered. A SYN that is
// lost is sent again after 1, 3 and 7 s, and the attempt ends after 10 (DialTimeout):
// two are at most 3 + 15 s apart, so that one falls into every 20 s in which a line is
// up. A line that stays dead costs an attempt of 4 × 60 bytes in 17.5 s on average, 1.2 MB
// a day, if it carries them at all. A metered line waits for up to a fifth of its pause
// instead, 2 min of 10: 0.3 MB a day, and two windows of 20 s in five are met.
const silentWait = 15 * time.Second

func longestSilentWait(cfg Config) time.Duration {
	return min(cfg.MaxWait, max(silentWait, cfg.Every/5))
}

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
