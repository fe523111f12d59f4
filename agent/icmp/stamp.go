package icmp

import "time"

// clocks is one moment by the wall clock, by which the kernel stamps arrivals, and by
// the monotonic one, by which we count.
type clocks struct {
	wall int64 // ns since 1970
	mono time.Duration
}

// readClocks reads both. Where something came between the two readings it tries again.
func readClocks() clocks {
	const close = 20 * time.Microsecond
	for tries := 1; ; tries++ {
		before := monotonic()
		wall := time.Now().UnixNano()
		if between := monotonic() - before; between < close || tries == 5 {
			return clocks{wall, before + between/2}
		}
	}
}

// moment gives the time of an arrival that is stamped with that wall time, was not there
// at a former moment and is read now. A wall clock that was set in between shows, for
// the arrival would be before that or after this; it was then stamped by the former
// wall clock. Without a stamp that makes sense an arrival is as late as its reading.
// A step smaller than the time between the two moments (a beat) may stay in the round
// trips of that beat; clocks are not stepped by that little but slewed.
func (now clocks) moment(stamp int64, former clocks) time.Duration {
	for _, clock := range [...]clocks{now, former} {
		at := clock.mono + time.Duration(stamp-clock.wall)
		if former.mono-slack <= at && (at <= now.mono || at <= monotonic()+slack) {
			return at
		}
	}
	return now.mono
}

// slack is what the clocks may be apart by slewing and by their reading.
const slack = 200 * time.Microsecond
