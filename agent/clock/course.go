package clock

import (
	"math"
	"time"
)

// rate is how fast an offset moves, in seconds a second; the true one is within
// uncertainty of value.
type rate struct{ value, uncertainty float64 }

var (
	// unknownRate is what is granted while nothing is known of a PC's crystal: twice what
	// cheap ones are sold with.
	unknownRate = rate{0, 100e-6}
	// anyRate bounds what can be drift; beyond, a clock was set (RFC 5905 §A.1.1, MAXFREQ).
	anyRate = rate{0, 500e-6}
)

// wander is by how much a rate that was known may have changed, with the temperature
// above all: as NTP has it (RFC 5905 §7.2, TOLERANCE).
const wander = 15e-6

const (
	courseStep = time.Hour     // one sample is kept of each
	courseKeep = 72            // steps: three days and nights, over which warm and cold even out
	courseGap  = 6 * time.Hour // without a sample: a clock set meanwhile would look like drift
)

// course is how the offset moved while it was watched, from which the rate is learnt.
//
// A break, that is a clock that was set or courseGap without a line, ends the course, but
// not what is known of the crystal: the last rate holds until the new course is long
// enough to know better.
type course struct {
	points []sample // the best of each hour since the last break, oldest first
	last   sample
	before rate // known when the course before this one ended; zero if none was
}

func (c *course) take(x sample) {
	if c.breaks(x) {
		if r, known := c.learnt(); known {
			c.before = r
		}
		c.points = c.points[:0]
	}
	c.last = x
	n := len(c.points)
	switch {
	case n == 0 || x.at.Sub(c.points[n-1].at) >= courseStep:
		if n == courseKeep {
			c.points = append(c.points[:0], c.points[1:]...)
		}
		c.points = append(c.points, x)
	case x.uncertainty < c.points[n-1].uncertainty:
		c.points[n-1] = x
	}
}

// breaks holds the newest sample against the one before it, which shows best a clock that
// was set, and against the last hour's best, which shows best a rate that is another now.
// It goes by what this course knows, not by an earlier one's rate: if that was wrong,
// nothing would ever correct it.
func (c *course) breaks(x sample) bool {
	if len(c.points) == 0 {
		return false
	}
	r, known := c.learnt()
	if !known {
		r = anyRate
	}
	return x.at.Sub(c.last.at) > courseGap || x.contradicts(c.last, r) || x.contradicts(c.points[len(c.points)-1], r)
}

// rate is the best that is known of the crystal.
func (c *course) rate() rate {
	if r, known := c.learnt(); known {
		return r
	}
	if c.before != (rate{}) {
		return c.before
	}
	return unknownRate
}

func (c *course) learnt() (r rate, known bool) {
	if len(c.points) < 2 {
		return rate{}, false
	}
	return between(c.points[0], c.points[len(c.points)-1])
}

// between is the rate at which the offset moved from one sample to another. It is
// known when they are so far apart, an hour at least, that it is uncertain by no more
// than half of what is granted to any crystal: at 100 ms of uncertainty each that is an
// hour and a half. A rate that cannot be told from zero is not followed, only doubted.
func between(a, b sample) (r rate, known bool) {
	slept := b.asleepSince(a.moment)
	awake := float64(b.at.Sub(a.at) - slept)
	doubt := a.uncertainty + b.uncertainty
	if slept > 0 {
		doubt += sleepDoubt + share(slept, unknownRate.uncertainty)
	}
	if awake < float64(courseStep) {
		return rate{}, false
	}
	r = rate{value: float64(b.value-a.value) / awake, uncertainty: float64(doubt)/awake + wander}
	if math.Abs(r.value) > anyRate.uncertainty || r.uncertainty > unknownRate.uncertainty/2 {
		return rate{}, false
	}
	if math.Abs(r.value) <= r.uncertainty {
		r = rate{0, math.Abs(r.value) + r.uncertainty}
	}
	return r, true
}

// share is what a rate makes of a time.
func share(of time.Duration, rate float64) time.Duration {
	return time.Duration(float64(of) * rate)
}
