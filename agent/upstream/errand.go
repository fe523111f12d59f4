package upstream

import (
	"context"
	"math/rand/v2"
	"time"
)

// errandTime bounds an exchange beside sending: what was measured waits for it.
const errandTime = time.Minute

// Of an errand that fails again and again no more is logged than this.
const errandSaidAgain = 24 * time.Hour

// errand is what is done now and then, beside sending and only after a batch got through
// or while none waits. That it fails delays nothing but itself.
type errand struct {
	due   time.Time // of the session's clock; zero: at once
	pause backoff
	said  map[Reason]time.Time
}

func newErrand(first, longest time.Duration) errand {
	return errand{pause: backoff{first: first, longest: longest, random: rand.Float64}, said: map[Reason]time.Time{}}
}

// done ends a row of failures.
func (e *errand) done(now time.Time, next time.Duration) {
	e.due = now.Add(next)
	e.pause.reset()
	clear(e.said)
}

// failed puts an errand that took so long off, by ten times that at least, so that what
// hangs takes no more than a tenth of the time; and tells whether to log it.
func (e *errand) failed(now time.Time, took time.Duration, reason Reason, atLeast time.Duration) (next time.Duration, say bool) {
	next = e.pause.next(max(atLeast, 10*took))
	e.due = now.Add(next)
	last, before := e.said[reason]
	if before && now.Sub(last) < errandSaidAgain {
		return next, false
	}
	e.said[reason] = now
	return next, true
}

// errands does what is due.
func (s *Sender) errands(ctx context.Context) {
	if ctx.Err() == nil && s.renewalDue() {
		s.renewInTime(ctx)
	}
	if ctx.Err() == nil && s.fetchDue() {
		s.fetch(ctx)
	}
}

// untilErrand is how long there is none, where no batch comes earlier; 0 is for ever.
func (s *Sender) untilErrand() time.Duration {
	if s.docs == nil {
		return 0
	}
	return max(time.Millisecond, s.fetching.due.Sub(s.clock.Now()))
}
