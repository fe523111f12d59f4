package clock

import (
	"errors"
	"fmt"
	"time"
)

// ErrNotYet is why a session cannot be placed while the running one has not met the
// collector: what comes after it is not known yet.
var ErrNotYet = errors.New("the collector's time is not known yet")

const (
	// maxSlack is between how wide bounds a session is still placed, in their middle: an
	// outage that is a minute out of place is evidence all the same.
	maxSlack = 2 * time.Minute
	// steadyWall is by how much a wall clock's error may differ before and after a
	// session that is taken to have had the same: a battery-backed clock is read in whole
	// seconds and runs off by unknownRate.
	steadyWall = 2 * time.Second
	// tie is how exactly the reading of a boot's clock belongs to a session's start.
	tie = 10 * time.Millisecond
)

// Place finds the offset of a session that is over, by what is known of it and of the
// sessions around it; last is the latest time of its lines. In this order:
//
//   - it met the collector: the offset of its first contact, as its lines from before
//     then have no other.
//   - a session of the same boot met the collector: the machine's own clock ties the
//     two, exactly but for drift.
//   - it lies between two sessions that met the collector, which leave it at most
//     maxSlack to move: the middle.
//   - the PC's clock had the same error before and after it: that error.
//
// No answer contradicts what the sessions before and after allow. Otherwise the error
// says why in a sentence for people; it is never a guess. The answer is remembered, so
// that all batches of a session move alike: call [Memory.Marshal] before using it.
func (m *Memory) Place(session string, last time.Time) (Offset, error) {
	i := m.find(session)
	if i < 0 {
		return Offset{}, errors.New("nothing is known of the run in which it was measured")
	}
	r := &m.records[i]
	if r.Placed != nil {
		return *r.Placed, nil
	}
	if began := time.Unix(0, r.Began); last.Sub(began) > maxLife {
		return Offset{}, fmt.Errorf("its lines say that the run lasted more than %d years", maxLife/(365*24*time.Hour))
	} else if last.Sub(began) > r.lasted() {
		r.Last = last.UnixNano()
	}
	o, err := m.place(i)
	if err != nil {
		return Offset{}, err
	}
	if !o.sound() {
		return Offset{}, errors.New("the runs around it are too far away to say anything of it")
	}
	r.Placed = &o
	return o, nil
}

func (m *Memory) place(i int) (Offset, error) {
	r := &m.records[i]
	if r.Met {
		before := share(time.Duration(r.First.At-r.Began), unknownRate.uncertainty)
		return Offset{Value: r.First.Offset, Uncertainty: r.First.Uncertainty, DriftUncertainty: before}, nil
	}
	b, err := m.bounds(i)
	if err != nil {
		return Offset{}, err
	}
	if o, ok := m.byBoot(r); ok {
		if !b.admit(o) {
			return Offset{}, fmt.Errorf("another run since the same start of the PC says that it began at %s, but %s", readable(time.Unix(0, r.Began).Add(o.Value)), b)
		}
		return o, nil
	}
	switch {
	case b.after == nil:
		return Offset{}, ErrNotYet
	case b.before == nil:
		return Offset{}, fmt.Errorf("no run before it ever met the collector: %s", b)
	case b.latest.Before(b.earliest.Add(-b.doubt)):
		return Offset{}, fmt.Errorf("the runs before and after it leave no room for the %s that it lasted: the clock of the PC or of the collector was set", r.lasted().Round(time.Second))
	case b.slack() <= maxSlack:
		return b.middle(), nil
	}
	return byWall(b)
}

// byBoot ties a session to the one of the same boot that says most of it.
func (m *Memory) byBoot(r *Record) (best Offset, found bool) {
	for i := range m.records {
		other := &m.records[i]
		if r.Boot == "" || other.Boot != r.Boot || !other.Met {
			continue
		}
		at := r.inTimeOf(other)
		o := other.offset(at)
		o.Value += at.at.Sub(time.Unix(0, r.Began))
		o.Uncertainty += tie
		o.DriftUncertainty += share(r.lasted(), unknownRate.uncertainty) // it holds for all of the session's lines
		if !found || o.Uncertainty+o.DriftUncertainty < best.Uncertainty+best.DriftUncertainty {
			best, found = o, true
		}
	}
	return best, found
}

// byWall takes the wall clock's error, if it was the same before and after, at the share
// of the way that the wall clock says. What is steady is the battery clock: the wall clock
// is set by it when the PC is started, and runs off by its own crystal from then on.
func byWall(b bounds) (Offset, error) {
	prev, doubtPrev := b.before.offset(b.before.start()).Estimate()
	next, doubtNext := b.after.offset(b.after.start()).Estimate()
	change := next - prev
	way := time.Duration(b.after.Began - b.before.Began)
	if change.Abs() > steadyWall+share(way.Abs(), unknownRate.uncertainty) {
		return Offset{}, fmt.Errorf("%s, and the PC's clock was set by %s between the runs around it", b, change.Round(time.Second))
	}
	running := b.before.BootClock + b.r.BootClock + b.after.BootClock + b.r.lasted()
	o := Offset{Value: prev, Uncertainty: change.Abs()/2 + steadyWall + doubtPrev + doubtNext + share(running, unknownRate.uncertainty), Bounded: true}
	if gone := time.Duration(b.r.Began - b.before.Began); gone > 0 && way > 0 {
		o.Value += share(change, min(1, float64(gone)/float64(way)))
	}
	if !b.admit(o) {
		return Offset{}, fmt.Errorf("%s, but the PC's clock said %s then", b, readable(time.Unix(0, b.r.Began).Add(o.Value)))
	}
	return o, nil
}
