package judge

import (
	"slices"
	"strconv"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// measuredLoss states are those that an office itself measured, by its rounds.
func measuredLoss(s api.State) bool { return s == api.StateUplinkDown || s == api.StateLANDown }

// settle is the hysteresis on the way back: what was lost is back after RecoverRounds
// good rounds in a row, and then since the first of them. What cannot be measured any
// more ends at once what was measured.
func (e *Evidence) settle(v Verdict, p Policy) Verdict {
	blind := slices.Contains([]say.Key{"reason.no_targets", "reason.late_data", "reason.cannot_probe"}, v.Reason)
	if !measuredLoss(e.Before.State) || measuredLoss(v.State) || blind {
		return v
	}
	back := e.back(p)
	if back.IsZero() {
		s := e.survey(p)
		evidence := describe(newestRound, s.of(api.RoleGateway, api.RoleLAN).probed(), s.of(api.RoleUplink).probed())
		return Verdict{e.Before.State, e.Before.Since, "reason.recovering", evidence}
	}
	v.Since = later(v.Since, back)
	return v
}

// back is the first round of the oldest row of good ones since the site was last seen to
// be lost; zero if there is none that is long enough.
func (e *Evidence) back(p Policy) time.Time {
	var first time.Time
	for ago, row := 0, 0; ago < maxAgo; ago++ {
		then := e.roundsAgo(ago, p.Interval)
		s := then.survey(p)
		if len(s) == 0 || measuredLoss(then.judgeTargets(p).State) {
			return first
		}
		if row++; !s.good() {
			row = 0
		}
		if row >= p.RecoverRounds {
			first = then.newest()
		}
	}
	return first
}

// maxAgo bounds the rounds that are looked back on; what is read has fewer.
const maxAgo = 300

// good tells whether the farthest that is measured answers: the line, else the router,
// else the LAN.
func (s views) good() bool {
	for _, role := range []api.Role{api.RoleUplink, api.RoleGateway, api.RoleLAN} {
		if group := s.of(role); len(group) > 0 {
			return group.some(alive)
		}
	}
	return false
}

// roundsAgo is the evidence as it was so many rounds before the newest.
func (e *Evidence) roundsAgo(n int, interval time.Duration) *Evidence {
	if n == 0 {
		return e
	}
	newest, back := e.newest(), time.Duration(n)*interval
	until := newest.Add(-back + interval/2) // rounds are an interval apart, more or less
	then := &Evidence{Receipt: Receipt{Time: e.Receipt.Time.Add(-back), Newest: newest.Add(-back)}, Targets: slices.Clone(e.Targets)}
	for i := range then.Targets {
		t := &then.Targets[i]
		t.Rounds = t.Rounds[:len(t.Rounds)-countAfter(t.Rounds, until)]
	}
	return then
}

// newest round of all targets.
func (e *Evidence) newest() time.Time {
	var newest time.Time
	for i := range e.Targets {
		if rounds := e.Targets[i].Rounds; len(rounds) > 0 {
			newest = later(newest, rounds[len(rounds)-1].Time)
		}
	}
	return newest
}

// countAfter of rounds that are sorted, from the end.
func countAfter(rounds []Round, t time.Time) int {
	n := 0
	for n < len(rounds) && rounds[len(rounds)-1-n].Time.After(t) {
		n++
	}
	return n
}

// flap keeps a site degraded whose line comes and goes, until its outage is over.
func (e *Evidence) flap(v Verdict, p Policy) Verdict {
	if v.State != api.StateOK && v.State != api.StateDegraded {
		return v
	}
	o := &e.Open
	if o.ID == "" || o.Kind == api.KindDevice || o.Interruptions < p.Flaps {
		return v
	}
	return Verdict{api.StateDegraded, v.Since, "reason.flapping", o.Kind + " ×" + strconv.Itoa(o.Interruptions)}
}

// onBattery tells whether the office was fed by a battery when it was last heard: each
// UPS whose newest word is of that time says so. Of two UPSes that disagree one has
// failed, not the grid.
func (e *Evidence) onBattery(within, interval time.Duration) (ups string, yes bool) {
	from, to := e.Receipt.Time.Add(-within), e.Receipt.Time.Add(interval)
	for i := range e.Power {
		u := &e.Power[i]
		switch {
		case u.Time.Before(from) || u.Time.After(to):
			continue
		case !u.OnBattery:
			return "", false
		case ups == "":
			ups = u.Target + " on_battery"
		}
	}
	return ups, ups != ""
}
