package board

import "time"

// period is how far back a chart goes.
type period struct {
	name   string // as in the address: "1h"
	length time.Duration
	tick   time.Duration // between two times on the axis
	every  int           // seconds until the page is fetched again
}

var periods = []period{
	{"1h", time.Hour, 10 * time.Minute, 10},
	{"24h", 24 * time.Hour, 3 * time.Hour, 60},
	{"7d", 7 * 24 * time.Hour, 24 * time.Hour, 300},
}

// periodOf finds one by name; what is no period is the first.
func periodOf(name string) period {
	for _, p := range periods {
		if p.name == name {
			return p
		}
	}
	return periods[0]
}

// chartPoints bounds the points of a line: more than this is finer than a screen shows.
const chartPoints = 200

// window is where the period begins and into which parts it is cut: whole rounds,
// so that no part is empty that had a round in it.
func (p period) window(now time.Time, interval time.Duration) (from time.Time, every time.Duration) {
	every = interval
	if rounds := (p.length + chartPoints*interval - 1) / (chartPoints * interval); rounds > 1 {
		every = rounds * interval
	}
	every = every.Truncate(time.Millisecond)
	return now.Add(-p.length).Truncate(every), every
}
