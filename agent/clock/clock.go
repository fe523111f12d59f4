// Package clock knows what time it is although the PC does not. A [Session] is one
// run of the agent: it reads the wall clock at its start and counts from there, so that no
// step of that clock moves a measurement. Each exchange with the collector goes in
// as four stamps, out comes how far the collector's clock is from the session's
// ([Offset]), with its uncertainty. A [Batch] carries lines under the session's time
// until it is sealed: then the offset is applied to its lines, once and for good.
// A [Memory] keeps what is worth knowing of earlier sessions ([Record]), and places
// one that never met the collector by those around it.
//
// The room reads clocks and bytes; it never sets a clock, and knows no file and no
// network. A batch whose offset nobody measured, and nothing known narrows down to
// minutes, is never sealed with a guess.
package clock

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math"
	"sync"
	"time"
)

// What a collector's clock may say, and a session's: no collector ran before, and
// until then times fit into nanoseconds since 1970.
var (
	firstCollector = time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime       = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Session is one run of the agent. Its methods may be called concurrently.
type Session struct {
	id     string
	began  time.Time // what the wall clock said at the start; it is never read again
	origin time.Time // the same moment, with Go's monotonic reading
	boot   boot
	sleep  *sleepMeter

	mu      sync.Mutex
	samples samples
	first   sample // tells best of those since a clock was last set what the offset was when the session began
	course  course // how the offset moved over days
}

// Start begins a session now. wall is the PC's clock, nil for the real one; it is
// not read later. What it says is only a name for this moment, and may be years off; one
// that batches could not hold (Windows counts from 1601) begins in 1970.
func Start(wall func() time.Time) (*Session, error) { return begin(wall, readBoot()) }

// StartOn is Start on a machine that is only played: name is of this run of it, as Linux
// writes it (random(4), boot_id), and up for how long it has run.
func StartOn(name string, up time.Duration, wall func() time.Time) (*Session, error) {
	if !validBoot(name) {
		return nil, fmt.Errorf("start session: boot is %.40q", name)
	}
	return begin(wall, boot{id: name, clock: up})
}

func begin(wall func() time.Time, on boot) (*Session, error) {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return nil, fmt.Errorf("start session: %w", err)
	}
	if wall == nil {
		wall = time.Now
	}
	began, origin := together(wall)
	if epoch := time.Unix(0, 0); began.Before(epoch) || began.After(lastTime) {
		began = epoch
	}
	return &Session{
		id: hex.EncodeToString(id[:]), began: began, origin: origin,
		boot: on, sleep: newSleepMeter(suspended),
	}, nil
}

// together reads the wall clock between two readings of the monotonic one. On a busy PC
// the agent may be put aside in between: then again, and the closest reading counts.
func together(wall func() time.Time) (began, origin time.Time) {
	const tries, near = 10, 10 * time.Microsecond
	closest := time.Duration(math.MaxInt64)
	for range tries {
		before := time.Now()
		said := wall().Round(0)
		if gap := time.Since(before); gap < closest {
			closest, began, origin = gap, said, before.Add(gap/2)
		}
		if closest < near {
			break
		}
	}
	return began, origin
}

// ID names the session: 16 lower-case hexadecimal digits, by chance.
func (s *Session) ID() string { return s.id }

// Now is the session's time: the wall clock as it was at Start, plus what has really
// passed, time asleep included. It never steps, whatever is done to the PC's clock,
// and may be years off. Compare it only with other times of the same session.
func (s *Session) Now() time.Time { return s.now().at }

func (s *Session) now() moment {
	slept := s.sleep.slept()
	return moment{at: s.began.Add(time.Since(s.origin) + slept), slept: slept}
}

// Observe takes the stamps of one exchange: sent and answered by this session's
// [Session.Now], came and left by the collector's clock (RFC 5905 §8: T1, T4, T2, T3).
// Stamps that cannot be from one exchange are passed over.
//
// A machine that was suspended while the answer was under way needs no special case:
// session time goes on meanwhile, so the sleep is part of the trip, and half of it of
// the uncertainty.
func (s *Session) Observe(sent, answered time.Time, came, left time.Time) {
	trip, inside := answered.Sub(sent), left.Sub(came)
	onLine := trip - inside
	if trip < 0 || inside < 0 || onLine < -2*resolution-time.Millisecond {
		return
	}
	if came.Before(firstCollector) || left.After(lastTime) || answered.Before(s.began) {
		return
	}
	there, back := came.Sub(sent), left.Sub(answered)
	x := sample{
		moment:      moment{at: answered, slept: s.sleep.slept()},
		value:       there + (back-there)/2,
		uncertainty: max((onLine+1)/2, resolution, time.Microsecond) + share(trip, unknownRate.uncertainty),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(x)
}

func (s *Session) take(x sample) {
	set := s.samples.take(x, s.course.rate())
	began := moment{at: s.began}
	switch {
	case set || s.first.at.IsZero():
		s.first, _ = s.samples.best(unknownRate, began)
	case x.doubt(unknownRate, began) < s.first.doubt(unknownRate, began):
		s.first = x
	}
	s.course.take(x)
}

// Offset is the best that is known, if any was ever measured in this session. It
// stays known while the line is down, and follows the drift that was seen before.
func (s *Session) Offset() (Offset, bool) { return s.offset(s.now()) }

func (s *Session) offset(now moment) (Offset, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rate := s.course.rate()
	best, known := s.samples.best(rate, now)
	if !known {
		return Offset{}, false
	}
	return best.extrapolate(rate, now), true
}

// Collector is the collector's time now, if an offset was measured.
func (s *Session) Collector() (time.Time, bool) {
	now := s.now()
	offset, known := s.offset(now)
	if !known {
		return time.Time{}, false
	}
	value, _ := offset.Estimate()
	return now.at.Add(value), true
}
