package judge

import (
	"strconv"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// When a look at the path tells of a loss that began at some time.
const (
	lookBefore = 2 * time.Minute // the agent sees the first failed round before we date it
	lookAfter  = 15 * time.Minute
)

// lookAfter is how long after a loss began the agent's look tells of it: it looks when the
// second round failed, which at some offices comes an hour later.
func (p Policy) lookAfter() time.Duration { return max(lookAfter, 2*p.Interval) }

// collectorTarget is the target of looks at the way to the collector.
const collectorTarget = "collector"

// finding is a cause, by which rule, and on what evidence.
type finding struct {
	cause    api.Cause
	reason   say.Key
	evidence string
}

// causeOf says what each rule finds. A rule that is not here finds nothing: unknown.
var causeOf = map[say.Key]api.Cause{
	"because.router_silent":  api.OfficeRouter,   // the router and all beyond it are dead, another LAN target is not
	"because.lan_silent":     api.LANSwitch,      // nothing answers, not even within the office
	"because.path_first_hop": api.LastMile,       // the path ended at the office's router
	"because.path_within":    api.ProviderNet,    // it ended further on
	"because.path_near_us":   api.ProvinceNet,    // it ended at the collector's door
	"because.path_no_hop":    api.Unknown,        // nothing on it answered
	"because.path_open":      api.Unknown,        // it was open when the agent looked
	"because.no_look":        api.Unknown,        // the agent did not look
	"because.on_battery":     api.Power,          // a UPS said so before the gap
	"because.booted":         api.MachineStopped, // the machine booted within the gap
	"because.ran_on":         api.AgentStopped,   // it did not, and yet the session is another
	"because.not_heard":      api.Unknown,        // the gap goes on
	"because.no_trace":       api.Unknown,        // nothing tells why there was a gap
	"because.data_missing":   api.Unknown,        // the agent was there, its rounds are not, or not yet
	"because.headless":       api.Unknown,        // nothing is known of before the gap
	"because.device_silent":  api.DeviceGone,     // a device does not answer, its LAN works
	"because.device_unclear": api.Unknown,        // nor does another target within the office
	"because.only_us":        api.ProvinceNet,    // withdrawn: it measured on, and only we were out of its reach
	"because.we_were_deaf":   api.CollectorGone,  // withdrawn: it measured on, and nobody was there to hear it
	"because.not_lost":       api.Unknown,        // withdrawn: later data show no loss
	"because.joined":         "",                 // withdrawn: part of another outage; the cause stays
	"because.left":           "",                 // closed: its site has left the inventory; the cause stays
}

func found(reason say.Key, evidence string) finding {
	cause := causeOf[reason]
	if cause == "" {
		cause = api.Unknown
	}
	return finding{cause, reason, evidence}
}

// explain finds the cause of a loss.
func (r *Record) explain(s Segment, p Policy) finding {
	switch {
	case s.State == api.StateUplinkDown:
		f := r.trace(s.From, p)
		f.evidence = join(s.Evidence, f.evidence)
		return f
	case s.State == api.StateLANDown && s.Reason == "reason.router_lost":
		return found("because.router_silent", s.Evidence)
	case s.State == api.StateLANDown:
		return found("because.lan_silent", s.Evidence)
	}
	return found(s.Reason, s.Evidence)
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// trace finds where the line was broken, from what the agent saw of the path when it was
// lost. Of one look, the way on which most hops answered tells: up to there it was open.
//
//   - the last hop is the first, or the office's router: last_mile.
//   - the way led to the collector, and its last hop lies at least as far as the last but
//     one did when the collector was last reached: province.
//   - the last hop is another: provider.
//   - no hop answered, an uplink target was reached, or nobody looked: unknown.
func (r *Record) trace(began time.Time, p Policy) finding {
	best := found("because.no_look", "")
	for i := 0; i < len(r.Looks); {
		n := i + 1
		for n < len(r.Looks) && r.Looks[n].Time.Equal(r.Looks[i].Time) {
			n++
		}
		at, ways := r.Looks[i].Time, r.Looks[i:n]
		i = n
		if at.Before(began.Add(-lookBefore)) || at.After(began.Add(p.lookAfter())) {
			continue
		}
		if f := r.judgeWays(ways); f.cause != api.Unknown {
			return f
		} else if f.reason != "" {
			best = f
		}
	}
	return best
}

// judgeWays judges the ways of one look.
func (r *Record) judgeWays(ways []Look) finding {
	var deepest *Look
	open, reached := false, false
	for i := range ways {
		way := &ways[i]
		switch {
		case way.Cause != api.CauseUplinkDown:
		case way.Reached:
			reached, open = true, open || way.Target != collectorTarget
		case deepest == nil || way.LastHopNumber > deepest.LastHopNumber || way.LastHopNumber == deepest.LastHopNumber && way.Target == collectorTarget:
			deepest = way
		}
	}
	switch {
	case open || reached && deepest == nil:
		return found("because.path_open", moment(ways[0].Time))
	case deepest == nil:
		return finding{cause: api.Unknown}
	case deepest.LastHopNumber == 0 || deepest.LastHop == "":
		return found("because.path_no_hop", moment(deepest.Time)+" "+deepest.Target)
	}
	hop := strconv.Itoa(deepest.LastHopNumber)
	whole := r.wholeWay(deepest)
	if whole > 0 {
		hop += "/" + strconv.Itoa(whole)
	}
	evidence := moment(deepest.Time) + " " + deepest.Target + ": " + deepest.LastHop + " (" + hop + ")"
	switch {
	case deepest.LastHopNumber == 1 || deepest.LastHop == r.Gateway:
		return found("because.path_first_hop", evidence)
	case whole > 0 && deepest.LastHopNumber >= whole-1:
		return found("because.path_near_us", evidence)
	}
	return found("because.path_within", evidence)
}

// wholeWay is how many hops the way to the collector had when it was last reached before
// a look; 0 if the look was at something else, or that is not known.
func (r *Record) wholeWay(look *Look) int {
	if look.Target != collectorTarget {
		return 0
	}
	for i := len(r.Looks) - 1; i >= 0; i-- {
		l := &r.Looks[i]
		if l.Time.Before(look.Time) && l.Target == collectorTarget && l.Reached && l.Hops > 0 && (l.Address == look.Address || look.Address == "") {
			return l.Hops
		}
	}
	return 0
}
