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
	// session that is taken to have had the same: a battery-backed clock keeps whole
	// seconds and runs off by [unknownRate].
	steadyWall = 2 * time.Second
)

// Place finds the offset of a session that never met the collector, by what is known
// of the sessions around it; last is the latest time of its lines. In this order:
//
//   - a session of the same boot met the collector: the machine's own clock ties the
//     two, exactly but for drift.
//   - it lies between two sessions that met the collector, which leave it at most
//     maxSlack to move: the middle.
//   - the PC's clock had the same error before and after it: that error, if it does not
//     put the session where another was.
//
// Otherwise the error says why in words for people: it is never a guess. The answer
// is remembered, so that all batches of a session move alike.
func (m *Memory) Place(session string, last time.Time) (Offset, error) {
	i := m.find(session)
	if i < 0 {
		return Offset{}, errors.New("nothing is known of the run in which it was measured")
	}
	if p := m.records[i].Placed; p != nil {
		return *p, nil
	}
	m.records[i].Last = max(m.records[i].Last, last.UnixNano())
	o, err := m.place(i)
	if err != nil {
		return Offset{}, err
	}
	m.records[i].Placed = &o
	return o, nil
}

func (m *Memory) place(i int) (Offset, error) {
	r := &m.records[i]
	if r.Met {
		return Offset{Value: r.Offset, Uncertainty: r.Uncertainty}, nil
	}
	if o, ok := m.byBoot(r); ok {
		return o, nil
	}
	after := m.met(i, 1)
	if after < 0 {
		return Offset{}, ErrNotYet
	}
	before := m.met(i, -1)
	if before < 0 {
		return Offset{}, errors.New("no run before it ever met the collector: it could have been at any time")
	}
	b := m.between(before, i, after)
	switch {
	case b.high < b.low-b.uncertainty:
		return Offset{}, fmt.Errorf("the runs before and after it leave no room: it lasted %s longer", b.low-b.high)
	case b.high-b.low <= maxSlack:
		return Offset{Value: b.low + (b.high-b.low)/2, Uncertainty: max(0, b.high-b.low)/2 + b.uncertainty, Bounded: true}, nil
	}
	return m.byWall(before, i, after, b)
}

// met is the nearest session before or after i that met the collector, -1 if none did.
func (m *Memory) met(i, step int) int {
	for i += step; i >= 0 && i < len(m.records); i += step {
		if m.records[i].Met {
			return i
		}
	}
	return -1
}

// byBoot ties a session to the nearest of the same boot that met the collector.
func (m *Memory) byBoot(r *Record) (Offset, bool) {
	best, found := Offset{}, false
	for i := range m.records {
		other := &m.records[i]
		if r.Boot == "" || other.Boot != r.Boot || !other.Met {
			continue
		}
		apart := (other.BootClock - r.BootClock).Abs() + time.Duration(other.Last-other.Began) + time.Duration(r.Last-r.Began)
		o := Offset{
			Value:       other.Offset + time.Duration(other.Began-r.Began) - (other.BootClock - r.BootClock),
			Uncertainty: other.Uncertainty + share(apart, unknownRate),
		}
		if !found || o.Uncertainty < best.Uncertainty {
			best, found = o, true
		}
	}
	return best, found
}

// bounds are between what offsets a session's must lie.
type bounds struct{ low, high, uncertainty time.Duration }

// between leaves room for the sessions on both sides that never met the collector
// either: they came one after the other, and lasted as long as they did.
func (m *Memory) between(before, i, after int) bounds {
	r, prev, next := &m.records[i], &m.records[before], &m.records[after]
	earliest, latest := prev.collector(prev.Last), next.collector(next.Began)
	for j := before + 1; j < i; j++ {
		earliest = earliest.Add(time.Duration(m.records[j].Last - m.records[j].Began))
	}
	for j := i + 1; j < after; j++ {
		latest = latest.Add(-time.Duration(m.records[j].Last - m.records[j].Began))
	}
	return bounds{
		low:         earliest.Sub(time.Unix(0, r.Began)),
		high:        latest.Sub(time.Unix(0, r.Last)),
		uncertainty: prev.Uncertainty + next.Uncertainty,
	}
}

// byWall takes the wall clock's error, if it was the same before and after.
func (m *Memory) byWall(before, i, after int, b bounds) (Offset, error) {
	prev, next := &m.records[before], &m.records[after]
	gap := next.collector(next.Began).Sub(prev.collector(prev.Began))
	change := next.Offset - prev.Offset
	if change.Abs() > steadyWall+share(gap, unknownRate) {
		return Offset{}, fmt.Errorf("the PC's clock was set between the runs before and after it (by %s), and there is room of %s", change.Round(time.Second), (b.high - b.low).Round(time.Second))
	}
	o := Offset{Value: prev.Offset + change/2, Uncertainty: change.Abs()/2 + b.uncertainty + time.Second, Bounded: true}
	if o.Value < b.low-o.Uncertainty || o.Value > b.high+o.Uncertainty {
		return Offset{}, errors.New("the PC's clock was wrong in this run: it says a time at which another run was")
	}
	return o, nil
}
