package judge

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"communewatch/collector/api"
)

// condition is what a target's newest rounds say.
type condition uint8

const (
	answers     condition = iota // its newest round was answered
	missedOne                    // the newest was not, the one before was
	missedFirst                  // the only one was not
	isDead                       // DeadRounds or more were not, the newest included
	notProbed                    // it could not be probed, so nothing is known
	cutOff                       // it was skipped, because what lies before it does not answer
)

// view is a target as it was at the newest receipt.
type view struct {
	target         *Target
	condition      condition
	since          time.Time // when the condition began; as far as the rounds go back
	newest         *Round    // that was probed; nil if none was
	sent, received int64     // within the loss window
	lossy          bool
	lossSince      time.Time // the first round in it that lost
	delays         []float64 // ms, of the rounds in it that came back
	slowSince      time.Time // the first of them that was slow
	goodSince      time.Time // the first round after the last that failed or lost too much
}

type views []*view

// survey looks at every target that has a round within FreshRounds before the
// newest receipt. Rounds that a backlog brings are older, and are not judged.
func (e *Evidence) survey(p Policy) views {
	seen := make(views, 0, len(e.Targets))
	for i := range e.Targets {
		t := &e.Targets[i]
		n := len(t.Rounds)
		if n == 0 || !t.Rounds[n-1].Time.After(e.Receipt.Time.Add(-time.Duration(p.FreshRounds)*p.Interval)) {
			continue
		}
		seen = append(seen, look(t, e.Receipt.Time.Add(-time.Duration(p.LossRounds)*p.Interval), p))
	}
	return seen
}

func look(t *Target, lossFrom time.Time, p Policy) *view {
	v := &view{target: t}
	v.condition, v.since = t.condition(p.DeadRounds)
	inWindow := 0
	for i := range t.Rounds {
		r := &t.Rounds[i]
		if !r.probed() {
			continue
		}
		v.newest = r
		bad := r.failed() || r.loss() >= p.Loss
		if v.goodSince.IsZero() && !bad {
			v.goodSince = r.Time
		} else if bad && i < len(t.Rounds)-1 {
			v.goodSince = time.Time{}
		}
		if !r.Time.After(lossFrom) {
			continue
		}
		inWindow++
		v.sent, v.received = v.sent+r.Sent, v.received+r.Received
		if v.lossSince.IsZero() && r.Received < r.Sent {
			v.lossSince = r.Time
		}
		v.time(r, p)
	}
	if v.goodSince.IsZero() && v.newest != nil {
		v.goodSince = v.newest.Time
	}
	// On one round alone nothing is said.
	v.lossy = inWindow > 1 && v.sent > 0 && float64(v.sent-v.received) >= p.Loss*float64(v.sent)
	return v
}

// time notes how long a round's echoes took; only the line's are asked for.
func (v *view) time(r *Round, p Policy) {
	if v.target.Role != api.RoleUplink || r.RTT <= 0 {
		return
	}
	v.delays = append(v.delays, r.RTT)
	if v.slowSince.IsZero() && r.RTT >= milliseconds(p.Slow) {
		v.slowSince = r.Time
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median is the lower of the two in the middle; 0 of nothing.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

// condition tells how a target is and since which round.
func (t *Target) condition(deadRounds int) (condition, time.Time) {
	last := &t.Rounds[len(t.Rounds)-1]
	kind := last.kind()
	since, row, before := last.Time, 0, false
	for i := len(t.Rounds) - 1; i >= 0; i-- {
		r := &t.Rounds[i]
		if r.kind() != kind {
			// A round that could not be made does not end a row of failures; one that
			// was skipped does: what failed before it was its parent's, or may have been.
			if kind == failed && r.kind() == unprobed && !r.skipped() {
				continue
			}
			before = true
			break
		}
		since, row = r.Time, row+1
	}
	switch {
	case kind == answered:
		return answers, since
	case last.skipped():
		return cutOff, since
	case kind == unprobed:
		return notProbed, since
	case row >= deadRounds:
		return isDead, since
	case before:
		return missedOne, since
	}
	return missedFirst, since
}

// kind of a round.
type kind uint8

const (
	answered kind = iota
	failed
	unprobed
)

// kind sorts a round: what the system refused for want of a route was tried and
// failed; what had no name, or was left out, says nothing of the target.
func (r *Round) kind() kind {
	switch {
	case r.Received > 0:
		return answered
	case r.Result == api.ResultNotProbed || r.Result == api.ResultNoName || r.skipped():
		return unprobed
	case r.Sent > 0 || r.Result != "":
		return failed
	}
	return unprobed
}

func (r *Round) probed() bool  { return r.kind() != unprobed }
func (r *Round) failed() bool  { return r.kind() == failed }
func (r *Round) skipped() bool { return r.Result == api.ResultSkippedParent }

func (r *Round) loss() float64 {
	if r.Sent == 0 {
		return 0
	}
	return float64(r.Sent-r.Received) / float64(r.Sent)
}

// Of a view.
func dead(v *view) bool      { return v.condition == isDead }
func alive(v *view) bool     { return v.condition == answers }
func undecided(v *view) bool { return v.condition == missedFirst }
func lossy(v *view) bool     { return v.lossy }
func unknown(v *view) bool   { return v.condition == notProbed }
func lost(v *view) bool      { return v.condition == isDead || v.condition == cutOff }

// answeredSince tells of a target that missed a round whether it answered one after t.
func answeredSince(t time.Time) func(*view) bool {
	return func(v *view) bool {
		return v.condition == missedOne && slices.ContainsFunc(v.target.Rounds, func(r Round) bool { return r.Received > 0 && r.Time.After(t) })
	}
}

func inCondition(v *view) time.Time { return v.since }
func losing(v *view) time.Time      { return v.lossSince }
func slowing(v *view) time.Time     { return v.slowSince }
func good(v *view) time.Time        { return v.goodSince }

func (s views) where(holds func(*view) bool) views {
	var out views
	for _, v := range s {
		if holds(v) {
			out = append(out, v)
		}
	}
	return out
}

func (s views) of(roles ...api.Role) views {
	return s.where(func(v *view) bool { return slices.Contains(roles, v.target.Role) })
}

// probed are those of which something is known by a round of their own.
func (s views) probed() views {
	return s.where(func(v *view) bool { return v.condition != notProbed && v.condition != cutOff })
}

// all is false for none: what was not looked at does not fail.
func (s views) all(holds func(*view) bool) bool {
	for _, v := range s {
		if !holds(v) {
			return false
		}
	}
	return len(s) > 0
}

func (s views) some(holds func(*view) bool) bool {
	for _, v := range s {
		if holds(v) {
			return true
		}
	}
	return false
}

// began is when all of them had begun.
func (s views) began(since func(*view) time.Time) time.Time {
	var t time.Time
	for _, v := range s {
		t = later(t, since(v))
	}
	return t
}

// maxDescribed bounds the targets that an evidence names.
const maxDescribed = 8

// describe writes the evidence: "router 10/10, isp-dns 0/10", each target with what
// tell says of it, or why nothing could be sent.
func describe(tell func([]byte, *view) []byte, groups ...views) string {
	out := make([]byte, 0, 64)
	n := 0
	for _, group := range groups {
		for _, v := range group {
			if n++; n > maxDescribed {
				continue
			}
			if len(out) > 0 {
				out = append(out, ", "...)
			}
			out = v.describe(out, tell)
		}
	}
	if n > maxDescribed {
		out = append(out, ", +"...)
		out = strconv.AppendInt(out, int64(n-maxDescribed), 10)
	}
	return string(out)
}

func (v *view) describe(out []byte, tell func([]byte, *view) []byte) []byte {
	out = append(out, v.target.Name...)
	out = append(out, ' ')
	if v.condition == notProbed || v.condition == cutOff {
		return append(out, cmp.Or(v.target.Rounds[len(v.target.Rounds)-1].Result, api.ResultNotProbed)...)
	}
	return tell(out, v)
}

// What is told of a target: echoes received of sent, or milliseconds.
func newestRound(out []byte, v *view) []byte { return ratio(out, v.newest.Received, v.newest.Sent) }
func lossWindow(out []byte, v *view) []byte  { return ratio(out, v.received, v.sent) }

func ratio(out []byte, received, sent int64) []byte {
	out = strconv.AppendInt(out, received, 10)
	out = append(out, '/')
	return strconv.AppendInt(out, sent, 10)
}

func delay(out []byte, v *view) []byte {
	return append(strconv.AppendFloat(out, median(v.delays), 'f', 0, 64), " ms"...)
}

// moment writes a time as the evidence shows it: Vietnam's.
func moment(t time.Time) string { return t.In(zone).Format(time.DateTime) }
