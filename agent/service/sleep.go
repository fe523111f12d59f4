package service

import "sync"

// Sleep is one sleep of the machine, told before it begins. Who receives it does what
// must be done within [SleepTime] and calls Ready; then the machine sleeps. Woken is
// closed when it has woken up, or did not sleep after all.
type Sleep struct {
	Ready func()
	Woken <-chan struct{}
}

// sleeper tells the work of sleeps.
type sleeper struct {
	out chan Sleep

	mu    sync.Mutex
	woken chan struct{} // of the sleep that was told last; nil: awake
}

func newSleeper() *sleeper { return &sleeper{out: make(chan Sleep, 1)} }

// fallAsleep tells the work; what it gives is closed when the work is ready. A work that
// does not listen is never waited for here: the caller has the deadline.
func (s *sleeper) fallAsleep() (ready <-chan struct{}) {
	s.wake() // of a sleep whose end nobody told
	s.mu.Lock()
	defer s.mu.Unlock()
	done := make(chan struct{})
	s.woken = make(chan struct{})
	select {
	case <-s.out: // told earlier, not heard, and over
	default:
	}
	s.out <- Sleep{Ready: sync.OnceFunc(func() { close(done) }), Woken: s.woken}
	return done
}

// wake may be told more than once.
func (s *sleeper) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.woken != nil {
		close(s.woken)
		s.woken = nil
	}
}
