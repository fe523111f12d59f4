// Package clock knows what time it is although the PC does not. A [Session] is one
// run of the agent: it reads the wall clock once and counts from there, so that no
// step of that clock moves a measurement. Each exchange with the collector goes in
// as four stamps, out comes how far the collector's clock is from the session's
// ([Offset]), with its uncertainty. A [Batch] carries lines under the session's time
// until it is sealed: then the offset is applied to its lines, once and for good.
//
// The room reads clocks and bytes; it never sets a clock, and knows no file and no
// network. A batch whose offset nobody measured is never sealed with a guess.
package clock

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"
)

const (
	keepSamples = 8         // of which the best is used
	keepFor     = time.Hour // older ones only if there is no other
)

// earliest is before any collector ran: one that says less is itself wrong.
var earliest = time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)

// Session is one run of the agent. Its methods may be called concurrently.
type Session struct {
	id     string
	began  time.Time // what the wall clock said at the start; it is never read again
	origin time.Time // the same moment, with Go's monotonic reading
	boot   boot
	sleep  *sleepMeter

	mu      sync.Mutex
	samples []sample // oldest first, at most keepSamples
	course  course   // how the offset moved over days
}

// Start begins a session now. wall is the PC's clock, nil for the real one; it is
// read once.
func Start(wall func() time.Time) (*Session, error) {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return nil, fmt.Errorf("start session: %w", err)
	}
	if wall == nil {
		wall = time.Now
	}
	return &Session{
		id: hex.EncodeToString(id[:]), began: wall().Round(0), origin: time.Now(),
		boot: readBoot(), sleep: newSleepMeter(suspended),
	}, nil
}

// ID names the session: 16 lower-case hexadecimal digits, by chance.
func (s *Session) ID() string { return s.id }

// Now is the session's time: the wall clock as it was at Start, plus what has really
// passed, time asleep included. It never steps, whatever is done to the PC's clock,
// and may be years off. Compare it only with other times of the same session.
func (s *Session) Now() time.Time { return s.began.Add(time.Since(s.origin) + s.sleep.slept()) }

type sample struct {
	Offset
	at time.Time // of the session
}

// rank is the uncertainty that a sample has now, the smaller the better.
func (x sample) rank(now time.Time) time.Duration {
	return x.Uncertainty + share(now.Sub(x.at), unknownRate)
}

// contradicts is true when no drift explains the difference from an older sample.
func (x sample) contradicts(old sample) bool {
	return (x.Value - old.Value).Abs() > old.rank(x.at)+x.Uncertainty+time.Millisecond
}

// Observe takes the stamps of one exchange: sent and answered by this session's
// [Session.Now], came and left by the collector's clock (RFC 5905 §8: T1, T4, T2, T3).
// Stamps that cannot be from one exchange are passed over.
func (s *Session) Observe(sent, answered time.Time, came, left time.Time) {
	trip, inside := answered.Sub(sent), left.Sub(came)
	onLine := trip - inside
	if trip < 0 || inside < 0 || onLine < -2*resolution-time.Millisecond {
		return
	}
	if came.Before(earliest) || came.Year() >= 2200 {
		return
	}
	there, back := came.Sub(sent), left.Sub(answered)
	x := sample{at: answered, Offset: Offset{
		Value:       there + (back-there)/2,
		Uncertainty: max((onLine+1)/2, resolution, time.Microsecond),
	}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(x)
}

// take adds the newest sample and forgets those that it makes worthless: those that
// it contradicts (the collector's clock was set, or this PC stood still in a way
// nobody saw), those too old, and the oldest beyond keepSamples.
func (s *Session) take(x sample) {
	kept := s.samples[:0]
	for _, old := range s.samples {
		if x.at.Sub(old.at) <= keepFor && !x.contradicts(old) {
			kept = append(kept, old)
		}
	}
	if len(kept) == keepSamples {
		kept = append(kept[:0], kept[1:]...)
	}
	s.samples = append(kept, x)
	s.course.take(x)
}

// Offset is the best that is known, if any was ever measured in this session. It
// stays known while the line is down, and follows the drift that was seen before.
func (s *Session) Offset() (Offset, bool) {
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.samples) == 0 {
		return Offset{}, false
	}
	best := s.samples[len(s.samples)-1]
	for _, x := range s.samples {
		if x.rank(now) < best.rank(now) {
			best = x
		}
	}
	return s.course.extrapolate(best, now), true
}

// Collector is the collector's time now, if an offset was measured.
func (s *Session) Collector() (time.Time, bool) {
	offset, known := s.Offset()
	if !known {
		return time.Time{}, false
	}
	return s.Now().Add(offset.Value + offset.Drift), true
}
