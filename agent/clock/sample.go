package clock

import "time"

// keepSamples is how many of the latest samples are held, of which the best is used.
const keepSamples = 8

// moment is a time of the session, and how much of the time since its start the
// machine had been suspended until then: that part was counted by another clock.
type moment struct {
	at    time.Time
	slept time.Duration
}

// asleepSince is how much of the time since an earlier moment the machine was suspended.
// What is too little to be a sleep is the two clocks' not being read at once.
func (m moment) asleepSince(earlier moment) time.Duration {
	if slept := m.slept - earlier.slept; slept.Abs() >= leastSleep {
		return slept
	}
	return 0
}

// sample is the offset as one exchange measured it.
type sample struct {
	moment
	value, uncertainty time.Duration
}

// Time asleep is counted by the battery clock, which runs at a rate of its own and is read
// in whole seconds. The kernel evens that out over many sleeps (timekeeping_suspend in
// Linux's kernel/time/timekeeping.c), so it is granted once, at either end.
const sleepDoubt = 2 * time.Second

// extrapolate is the offset at another moment: the sample's, and what it has moved
// since or will have moved from then on.
func (x sample) extrapolate(r rate, to moment) Offset {
	slept := to.asleepSince(x.moment)
	awake := to.at.Sub(x.at) - slept
	o := Offset{
		Value: x.value, Uncertainty: x.uncertainty,
		Drift: share(awake, r.value), DriftUncertainty: share(awake, r.uncertainty).Abs(),
	}
	if slept != 0 {
		o.DriftUncertainty += sleepDoubt + share(slept, unknownRate.uncertainty).Abs()
	}
	return o
}

// doubt is the uncertainty that the sample leaves at another moment.
func (x sample) doubt(r rate, at moment) time.Duration {
	_, uncertainty := x.extrapolate(r, at).Estimate()
	return uncertainty
}

// contradicts is true when no drift explains the difference from an older sample.
func (x sample) contradicts(old sample, r rate) bool {
	value, uncertainty := old.extrapolate(r, x.moment).Estimate()
	return (x.value - value).Abs() > uncertainty+x.uncertainty+time.Millisecond
}

// samples are the best of the latest, oldest first. None contradicts another.
type samples []sample

// take adds the newest sample and forgets those that it contradicts: the collector's
// clock was set, or this PC stood still in a way that nobody saw. set says so. Of too
// many the one goes that says least about now, which an old one comes to by itself.
func (s *samples) take(x sample, r rate) (set bool) {
	kept := (*s)[:0]
	for _, old := range *s {
		if x.contradicts(old, r) {
			set = true
			continue
		}
		kept = append(kept, old)
	}
	kept = append(kept, x)
	if len(kept) > keepSamples {
		worst := 0
		for i := range kept {
			if kept[i].doubt(r, x.moment) > kept[worst].doubt(r, x.moment) {
				worst = i
			}
		}
		kept = append(kept[:worst], kept[worst+1:]...)
	}
	*s = kept
	return set
}

func (s samples) best(r rate, now moment) (best sample, known bool) {
	for i, x := range s {
		if i == 0 || x.doubt(r, now) <= best.doubt(r, now) {
			best = x
		}
	}
	return best, len(s) > 0
}
