package doctor

import (
	"slices"
	"sync"
	"time"

	"communewatch/collector/api"
)

// When the uplink hurts.
const (
	silentRounds = 2                // in a row, of every uplink target: down
	lossRounds   = 5                // over these an uplink target's loss is counted,
	leastRounds  = 3                // over these at least, in two of which something was lost
	tooMuchLoss  = 0.2              // of what was sent to it: it hurts
	lostTurns    = 3                // in a row in which the collector was not to be had
	calmTurns    = 3                // in a row in which nothing hurt: the incident is over
	coolDown     = 30 * time.Minute // between two looks for the same cause
)

// causes of an incident, by rank: a graver one is looked at again.
var causes = []string{api.CauseUplinkLoss, api.CauseCollectorLost, api.CauseUplinkDown}

func rank(cause string) int { return slices.Index(causes, cause) }

// lines is what is known of the uplink targets: the newest rounds of each.
type lines struct {
	mu    sync.Mutex
	lines []*line
}

type line struct {
	target api.Target
	rounds []seen // oldest first, lossRounds at most
}

type seen struct{ sent, received int64 }

// heard enters a ping. One that was skipped, since what lies before it is down, ends what
// was known: then it is not the uplink that hurts.
func (l *lines) heard(t api.Target, p *api.Point) {
	sent, _ := p.FieldNamed("sent")
	received, _ := p.FieldNamed("received")
	result, _ := p.FieldNamed("result")
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.IndexFunc(l.lines, func(one *line) bool { return one.target.Name == t.Name })
	if at < 0 {
		at = len(l.lines)
		l.lines = append(l.lines, &line{target: t})
	}
	one := l.lines[at]
	switch result.Text() {
	case api.ResultSkippedParent:
		one.rounds = nil
		return
	case api.ResultNotProbed, api.ResultNoName:
		return
	}
	one.rounds = append(one.rounds, seen{sent.Integer(), received.Integer()})
	one.rounds = one.rounds[max(0, len(one.rounds)-lossRounds):]
}

// cause says whether the uplink hurts by these lines, and which of them does most.
func (l *lines) cause() (cause string, worst api.Target) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, down, most := 0, 0, 0.0
	for _, one := range l.lines {
		if len(one.rounds) == 0 {
			continue
		}
		known++
		if one.silent() {
			down++
		}
		if loss := one.loss(); loss > most && loss >= tooMuchLoss {
			most, worst, cause = loss, one.target, api.CauseUplinkLoss
		}
	}
	if known > 0 && down == known {
		// The first of them: one that lost no more than the others.
		first := slices.IndexFunc(l.lines, func(one *line) bool { return len(one.rounds) > 0 })
		return api.CauseUplinkDown, l.lines[first].target
	}
	return cause, worst
}

// well tells whether every line of which something is known answered in its newest round;
// known is false when there is none.
func (l *lines) well() (well, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	well = true
	for _, one := range l.lines {
		if n := len(one.rounds); n > 0 {
			known = true
			well = well && one.rounds[n-1].received > 0
		}
	}
	return well && known, known
}

func (l *line) silent() bool {
	n := len(l.rounds)
	return n >= silentRounds && !slices.ContainsFunc(l.rounds[n-silentRounds:], func(r seen) bool { return r.received > 0 })
}

func (l *line) loss() float64 {
	if len(l.rounds) < leastRounds {
		return 0
	}
	var sent, received int64
	bad := 0
	for _, r := range l.rounds {
		sent, received = sent+r.sent, received+r.received
		if r.received < r.sent {
			bad++
		}
	}
	if sent == 0 || bad < 2 {
		return 0
	}
	return float64(sent-received) / float64(sent)
}

// incident decides when to look: once when all is well after the start, once for each
// incident and again if it gets graver, once when it is over. For the same cause, never
// twice within coolDown; an incident that begins sooner waits for that, if it lasts.
type incident struct {
	looked  map[string]time.Time
	cause   string // the gravest that was looked at in this incident; empty: none
	target  api.Target
	calm    int
	started bool
}

// turn is told once an interval what hurts, if anything, and whether all is known to
// be well; it gives the cause for which to look now, empty for none.
func (i *incident) turn(now time.Time, cause string, target api.Target, well bool) string {
	switch {
	case cause != "":
		i.calm = 0
		if rank(cause) > rank(i.cause) && i.may(cause, now) {
			i.cause, i.target, i.started = cause, target, true
			return cause
		}
	case i.cause != "":
		if i.calm++; i.calm >= calmTurns {
			i.cause = ""
			if i.may(api.CauseRecovered, now) {
				return api.CauseRecovered
			}
		}
	case well && !i.started:
		i.started = true
		return api.CauseStart
	}
	return ""
}

func (i *incident) may(cause string, now time.Time) bool {
	if last, before := i.looked[cause]; before && now.Sub(last) < coolDown {
		return false
	}
	i.looked[cause] = now
	return true
}
