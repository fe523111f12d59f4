//go:build integration

package lab

import (
	"strconv"
	"time"

	"communewatch/collector/api"
)

// lookout says when a way is looked at, as agent/doctor does: once when all is well after
// the start, once for each incident and again if it gets graver, once when it is over.
type lookout struct {
	silent  int // rounds in a row in which no uplink target answered
	calm    int
	started bool
	cause   string
	looked  map[string]time.Time
}

const lookAgain = 30 * time.Minute

func (o *staged) look(at time.Time, gateway bool) []*api.Point {
	cause := o.lookFor(at, gateway)
	if cause == "" || o.stage.play.without["looks"] {
		return nil
	}
	points := o.way(at, "collector", "203.0.113.9", cause)
	if cause != api.CauseStart {
		points = append(points, o.way(at, "anchor", "203.0.113.1", cause)...)
	}
	return points
}

func (o *staged) lookFor(at time.Time, gateway bool) string {
	l := &o.looks
	hurts := ""
	switch {
	case !gateway:
		l.silent = 0 // what is behind it was skipped: it is not the uplink that hurts
	case o.cut != whole:
		l.silent++
	default:
		l.silent = 0
	}
	if o.lost >= 3 {
		hurts = api.CauseCollectorLost
	}
	if l.silent >= 2 {
		hurts = api.CauseUplinkDown
	}
	may := func(cause string) bool {
		if last, before := l.looked[cause]; before && at.Sub(last) < lookAgain {
			return false
		}
		l.looked[cause] = at
		return true
	}
	switch {
	case hurts != "":
		l.calm = 0
		graver := l.cause == "" || l.cause == api.CauseCollectorLost && hurts == api.CauseUplinkDown
		if graver && may(hurts) {
			l.cause, l.started = hurts, true
			return hurts
		}
	case l.cause != "":
		if l.calm++; l.calm >= 3 {
			l.cause = ""
			if may(api.CauseRecovered) {
				return api.CauseRecovered
			}
		}
	case !l.started && gateway && o.cut == whole && o.lost == 0:
		l.started = true
		return api.CauseStart
	}
	return ""
}

// way is a trace: the hops up to where nothing answers any more.
func (o *staged) way(at time.Time, target, address, cause string) []*api.Point {
	last := collectorHop
	switch {
	case o.switchDead || o.routerDead:
		last = atNothing
	case o.cut != whole:
		last = o.cut
	case o.astray && target == "collector":
		last = atProvince
	}
	p := api.NewPoint("path", at).Tag(api.TagTarget, target).Text("cause", cause).Text("address", address)
	points := []*api.Point{p}
	if last == collectorHop {
		p.Int("reached", 1).Int("hops", collectorHop)
	} else {
		p.Int("reached", 0).Text("trace_error", "no_answer")
	}
	if last > atNothing {
		p.Text("last_hop", hopAddress(last, address)).Int("last_hop_number", int64(last))
	}
	for n := 1; n <= last; n++ {
		points = append(points, api.NewPoint("path_hop", at).Tag(api.TagTarget, target).Tag(api.TagHop, strconv.Itoa(n)).
			Text("address", hopAddress(n, address)).Float("rtt_ms", float64(4*n)))
	}
	return points
}

func hopAddress(n int, address string) string {
	if n == collectorHop {
		return address
	}
	return [...]string{"", "192.0.2.1", "198.51.100.1", "198.51.100.9", "203.0.113.254"}[n]
}
