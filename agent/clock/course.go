package clock

import "time"

// Rates, in seconds a second.
const (
	// unknownRate is how far a PC's clock may run off while nothing is known of it:
	// 100 ppm, twice what cheap crystals are sold with.
	unknownRate = 100e-6
	// wander is how far a rate that is known may move: a crystal's temperature between
	// a cold night and a PC at work changes it by some 20 ppm.
	wander = 20e-6
	// maxRate is what no crystal has: 500 ppm, as NTP's own limit (RFC 5905 §A.5.5.6).
	maxRate = 500e-6
)

const (
	courseStep = time.Hour // one sample is kept of each
	courseKeep = 72        // steps: three days and nights, over which warm and cold even out
)

// course is how the offset moved: the best sample of each hour, oldest first.
type course struct{ points []sample }

// take enters a sample. One that no drift explains (a clock was set) ends the course:
// what was learnt before says nothing of the new one.
func (c *course) take(x sample) {
	n := len(c.points)
	if n > 0 && x.contradicts(c.points[n-1]) {
		c.points = c.points[:0]
		n = 0
	}
	switch {
	case n == 0 || x.at.Sub(c.points[n-1].at) >= courseStep:
		if n == courseKeep {
			c.points = append(c.points[:0], c.points[1:]...)
		}
		c.points = append(c.points, x)
	case x.Uncertainty < c.points[n-1].Uncertainty:
		c.points[n-1] = x
	}
}

// rate is how fast the offset moves, and how uncertain that is; false while the course is
// too short or its samples too uncertain to know better than unknownRate.
func (c *course) rate() (rate, uncertainty float64, known bool) {
	if len(c.points) < 2 {
		return 0, 0, false
	}
	first, last := c.points[0], c.points[len(c.points)-1]
	apart := float64(last.at.Sub(first.at))
	rate = float64(last.Value-first.Value) / apart
	uncertainty = float64(first.Uncertainty+last.Uncertainty)/apart + wander
	return rate, uncertainty, rate <= maxRate && rate >= -maxRate && uncertainty < unknownRate/2
}

// extrapolate adds to a sample what its offset has moved since.
func (c *course) extrapolate(x sample, now time.Time) Offset {
	o, age := x.Offset, now.Sub(x.at)
	if rate, uncertainty, known := c.rate(); known {
		o.Drift, o.DriftUncertainty = share(age, rate), share(age, uncertainty)
		return o
	}
	o.DriftUncertainty = share(age, unknownRate)
	return o
}

func share(age time.Duration, rate float64) time.Duration {
	return time.Duration(float64(age) * rate)
}
