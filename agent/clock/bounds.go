package clock

import (
	"errors"
	"fmt"
	"time"
)

// bounds are when a session can have begun, by the collector's clock: after all that is
// known of the session before it that met the collector, and so long before the one
// after it as it lasted itself. Sessions in between that never met it either take their
// room: they came one after the other, and lasted as long as they did.
type bounds struct {
	r             *Record
	before, after *Record   // the nearest that met the collector; nil: none did
	earliest      time.Time // with before
	latest        time.Time // with after
	doubt         time.Duration
}

var errDisorder = errors.New("the runs of one start of the PC are not remembered in the order in which they were")

func (m *Memory) bounds(i int) (bounds, error) {
	b := bounds{r: &m.records[i]}
	if before := m.met(i, -1); before >= 0 {
		b.before = &m.records[before]
		if err := b.fromBefore(m.records[before : i+1]); err != nil {
			return b, err
		}
	}
	if after := m.met(i, 1); after >= 0 {
		b.after = &m.records[after]
		if err := b.fromAfter(m.records[i : after+1]); err != nil {
			return b, err
		}
	}
	b.doubt += share(b.r.lasted(), unknownRate.uncertainty)
	return b, nil
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

// fromBefore takes the sessions from the one that met the collector to this one.
func (b *bounds) fromBefore(chain []Record) error {
	met, next := &chain[0], &chain[1]
	at := met.end()
	if sameBoot(met, next) {
		at = next.inTimeOf(met)
		if at.at.Before(met.end().at.Add(-tie)) {
			return errDisorder
		}
	}
	earliest, doubt := met.collector(at)
	for i := range chain[1 : len(chain)-1] {
		step, err := stepTo(&chain[i+1], &chain[i+2])
		if err != nil {
			return err
		}
		earliest = earliest.Add(step)
		doubt += share(step, unknownRate.uncertainty) + tie
	}
	b.earliest = earliest
	b.doubt += doubt
	return nil
}

// fromAfter takes the sessions from this one to that which met the collector.
func (b *bounds) fromAfter(chain []Record) error {
	met := &chain[len(chain)-1]
	latest, doubt := met.collector(met.start())
	for i := range chain[:len(chain)-1] {
		step, err := stepTo(&chain[i], &chain[i+1])
		if err != nil {
			return err
		}
		latest = latest.Add(-step)
		doubt += share(step, unknownRate.uncertainty) + tie
	}
	b.latest = latest
	b.doubt += doubt
	return nil
}

// stepTo is how long after one session the next began: exactly that within a boot, else
// at least as long as the first lasted.
func stepTo(r, next *Record) (time.Duration, error) {
	if !sameBoot(r, next) {
		return r.lasted(), nil
	}
	step := next.BootClock - r.BootClock
	if step < r.lasted()-tie {
		return 0, errDisorder
	}
	return step, nil
}

func sameBoot(a, b *Record) bool { return a.Boot != "" && a.Boot == b.Boot }

// slack is how far the session can be moved; not negative.
func (b bounds) slack() time.Duration { return max(0, b.latest.Sub(b.earliest)) }

// middle is where no end of the bounds is further than half the slack.
func (b bounds) middle() Offset {
	half := b.latest.Sub(b.earliest) / 2
	return Offset{
		Value:       b.earliest.Add(half).Sub(time.Unix(0, b.r.Began)),
		Uncertainty: half.Abs() + b.doubt,
		Bounded:     true,
	}
}

// admit is true for an offset that lies within the bounds as far as these are known.
func (b bounds) admit(o Offset) bool {
	value, uncertainty := o.Estimate()
	began, doubt := time.Unix(0, b.r.Began).Add(value), uncertainty+b.doubt
	return (b.before == nil || !began.Before(b.earliest.Add(-doubt))) &&
		(b.after == nil || !began.After(b.latest.Add(doubt)))
}

// String says it for people.
func (b bounds) String() string {
	switch {
	case b.before == nil:
		return fmt.Sprintf("the run could have begun at any time before %s", readable(b.latest))
	case b.after == nil:
		return fmt.Sprintf("the run could have begun at any time after %s", readable(b.earliest))
	}
	return fmt.Sprintf("the run could have begun at any time from %s to %s", readable(b.earliest), readable(b.latest))
}

func readable(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
