package upstream

import "time"

// schedule says when a line is used. One that is not metered always is. A metered one
// is used once in every, until nothing waits any more: the first time as soon as
// something is measured, so that the office is seen soon after its start; from then
// on at a phase by chance, so that a province that got its power back in one second
// does not send in one.
type schedule struct {
	every  time.Duration // 0: always
	random func() float64
	due    time.Time // of the session's clock; zero: not chosen yet
	using  bool
	used   bool // once at least
}

// wait is how long the line is not used yet; 0 begins a use.
func (s *schedule) wait(now time.Time) time.Duration {
	if s.every == 0 || s.using {
		return 0
	}
	if s.due.IsZero() {
		s.due = s.phase(now) // for what waits from before the start, should nothing be measured
	}
	if wait := s.due.Sub(now); wait > 0 {
		return wait
	}
	s.using = true
	return 0
}

// remind says that something was measured.
func (s *schedule) remind(now time.Time) {
	if !s.used && !s.using {
		s.due = now
	}
}

// done ends a use. The next is where it would have been had this one been short: the
// phase is kept, and uses that a dead line made impossible are not made up for.
func (s *schedule) done(now time.Time) {
	if s.every == 0 || !s.using {
		return
	}
	if s.used {
		missed := now.Sub(s.due) / s.every
		s.due = s.due.Add((missed + 1) * s.every)
	} else {
		s.due = s.phase(now)
	}
	s.using, s.used = false, true
}

func (s *schedule) phase(now time.Time) time.Time {
	return now.Add(time.Duration(s.random()*float64(s.every)) + time.Millisecond)
}
