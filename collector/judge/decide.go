package judge

import (
	"time"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// Evidence is all that is known of one site.
type Evidence struct {
	Due      bool          // open by its calendar, and for a while
	Changed  time.Time     // when that came to be, not before it was last heard; only of a site that is not heard
	Receipt  Receipt       // the newest; zero Time: none within retention
	Listened time.Duration // since then, but for the time in which no collector ran
	Targets  []Target      // gateway, LAN, uplink, devices; by name within a role
	Power    []Power       // the newest word of each UPS
	Open     Outage        // the newest that goes on, of the site rather than of a device; empty ID: none
	Before   Heartbeat     // the newest; empty State: there is none
}

// Receipt is the newest request of a site.
type Receipt struct {
	Time    time.Time     // by the collector's clock
	Newest  time.Time     // of the points in it; zero: it had none
	Every   time.Duration // between two sends of a metered line; 0: after each round
	Goodbye bool
}

// patience is how long a site may stay unheard: a metered line may miss one send.
func (r Receipt) patience(silentAfter time.Duration) time.Duration { return silentAfter + 2*r.Every }

// Target is one thing that was measured, by ICMP or (SNMP) by asking it.
type Target struct {
	Name   string
	Role   api.Role
	Rounds []Round // oldest first
}

// Round is one measurement of a target.
type Round struct {
	Time           time.Time
	Sent, Received int64
	Result         string  // of the contract; empty is ok
	RTT            float64 // ms, the median of its round trips; 0: nothing came back, or nothing is said
}

// Heartbeat is a site's state as it was last written.
type Heartbeat struct {
	State api.State
	At    time.Time // when it was written
	Since time.Time // zero: never had another

	Incident string // id
}

// Verdict is what a site is in, and why.
type Verdict struct {
	State    api.State // empty: nothing can be said yet
	Since    time.Time // when it came into it; zero: never had another
	Reason   say.Key
	Evidence string // targets, figures and times; the same in every language
}

// Decide judges one site by the rules in the package comment. It is a pure
// function: the same evidence gives the same verdict, whichever judge asks.
func Decide(e Evidence, p Policy, now time.Time) Verdict {
	last := e.Receipt.Time
	switch {
	case last.IsZero():
		return e.begin(Verdict{State: api.StateNotInstalled, Reason: "reason.never_heard", Evidence: "> 90 d"})
	case e.Receipt.Goodbye:
		return e.begin(Verdict{api.StateClosed, last, "reason.goodbye", moment(last)})
	case now.Sub(last) < e.Receipt.patience(p.SilentAfter):
		return e.begin(e.flap(e.settle(e.judgeRounds(p), p), p))
	}
	ups, onBattery := e.onBattery(p.Battery, p.Interval)
	switch {
	case !e.Due && !onBattery:
		return e.begin(Verdict{api.StateClosed, later(last, e.Changed), "reason.closed_hours", moment(last)})
	case e.Listened < e.Receipt.patience(p.SilentAfter):
		return e.wait()
	case onBattery:
		return e.begin(Verdict{api.StatePowerLost, last, "reason.power_lost", moment(last) + ", " + ups})
	}
	return e.begin(Verdict{api.StateSilent, later(last, e.Changed), "reason.silent", moment(last)})
}

// begin settles since when: a state that goes on began when it was first written
// that it did; a new one begins when its evidence does, yet not before the one that
// it follows, nor, after a time in which nothing was heard, before that ended.
func (e *Evidence) begin(v Verdict) Verdict {
	switch {
	case e.Before.State == "":
		return v
	case e.Before.State == v.State && !e.Before.Since.IsZero():
		v.Since = e.Before.Since
		return v
	case unheard(e.Before.State) && !unheard(v.State):
		v.Since = later(v.Since, e.Before.At)
	}
	v.Since = later(v.Since, e.Before.Since)
	return v
}

// unheard states are those of a site from which nothing comes.
func unheard(s api.State) bool {
	return s == api.StateSilent || s == api.StatePowerLost || s == api.StateClosed || s == api.StateNotInstalled
}

// wait keeps the last judgement: nobody listened for long enough to miss the site.
func (e *Evidence) wait() Verdict {
	if e.Before.State == "" {
		return Verdict{}
	}
	return Verdict{e.Before.State, e.Before.Since, "reason.waiting", moment(e.Receipt.Time)}
}

// judgeRounds is for a site that was just heard. What is lost while a UPS runs on its
// battery stays what it was measured to be, and the evidence names the battery.
func (e *Evidence) judgeRounds(p Policy) Verdict {
	v := e.judgeTargets(p)
	if measuredLoss(v.State) {
		if ups, on := e.onBattery(time.Duration(p.FreshRounds)*p.Interval, p.Interval); on {
			v.Evidence += ", " + ups
		}
	}
	return v
}

func (e *Evidence) judgeTargets(p Policy) Verdict {
	s := e.survey(p)
	gateway := s.of(api.RoleGateway)
	near, uplink := s.of(api.RoleGateway, api.RoleLAN).probed(), s.of(api.RoleUplink).probed()
	beyond := s.of(api.RoleUplink).where(func(v *view) bool { return !unknown(v) })
	switch {
	case len(s) == 0:
		return e.withoutRounds(p)
	case near.all(dead) && !uplink.some(alive) && !uplink.some(answeredSince(near.began(inCondition).Add(p.Interval))):
		return verdict(api.StateLANDown, "reason.lan_all_lost", near.began(inCondition), near, uplink)
	case beyond.all(lost) && gateway.all(dead):
		return verdict(api.StateLANDown, "reason.router_lost", append(gateway, uplink.where(dead)...).began(inCondition), near, beyond)
	case uplink.all(dead) && (gateway.some(alive) || len(gateway) == 0):
		return verdict(api.StateUplinkDown, "reason.uplink_all_lost", uplink.began(inCondition), near, uplink)
	case uplink.all(dead):
		return verdict(api.StateDegraded, "reason.uplink_unclear", uplink.began(inCondition), gateway, uplink)
	}
	for _, rule := range degradations {
		if bad := rule.find(s, p); len(bad) > 0 {
			return Verdict{api.StateDegraded, bad.began(rule.since), rule.reason, describe(rule.tell, bad)}
		}
	}
	return verdict(api.StateOK, "reason.ok", s.began(good), near, uplink)
}

// withoutRounds is for a site that was just heard and has no fresh round: its
// points are older than they should be, or there is nothing that it measures.
func (e *Evidence) withoutRounds(p Policy) Verdict {
	r := e.Receipt
	if r.Newest.IsZero() {
		return Verdict{api.StateDegraded, r.Time, "reason.no_targets", moment(r.Time)}
	}
	if r.Newest.Before(r.Time.Add(-time.Duration(p.FreshRounds)*p.Interval)) || r.Newest.After(r.Time.Add(p.Interval)) {
		return Verdict{api.StateDegraded, r.Time, "reason.late_data", moment(r.Newest)}
	}
	return Verdict{api.StateDegraded, r.Time, "reason.no_targets", moment(r.Time)}
}

// degradations are what makes a site degraded though it is neither without LAN nor
// without line, the gravest first.
var degradations = []struct {
	reason say.Key
	find   func(views, Policy) views
	since  func(*view) time.Time
	tell   func([]byte, *view) []byte
}{
	{"reason.gateway_silent", those(dead, api.RoleGateway), inCondition, newestRound},
	{"reason.uplink_partly", those(dead, api.RoleUplink), inCondition, newestRound},
	{"reason.lan_partly", those(dead, api.RoleLAN), inCondition, newestRound},
	{"reason.cannot_probe", blind, inCondition, newestRound},
	{"reason.uplink_loss", those(lossy, api.RoleUplink), losing, lossWindow},
	{"reason.gateway_loss", those(lossy, api.RoleGateway), losing, lossWindow},
	{"reason.uplink_slow", slowLine, slowing, delay},
	{"reason.device_down", those(dead, api.RoleDevice), inCondition, newestRound},
	{"reason.one_round", those(undecided, api.RoleGateway, api.RoleLAN, api.RoleUplink, api.RoleDevice), inCondition, newestRound},
}

func those(hold func(*view) bool, roles ...api.Role) func(views, Policy) views {
	return func(s views, _ Policy) views { return s.of(roles...).where(hold) }
}

// blind finds what could not be probed where nothing else tells of the line: a
// router's name that does not resolve is no fault while the line works.
func blind(s views, _ Policy) views {
	for _, group := range []views{s.of(api.RoleUplink), s} {
		if group.all(unknown) {
			return group
		}
	}
	return nil
}

// slowLine finds the uplink targets that answered, if the middle of all their round trips
// is slow: one far target among near ones says nothing of the line.
func slowLine(s views, p Policy) views {
	answered := s.of(api.RoleUplink).where(func(v *view) bool { return len(v.delays) > 0 })
	var delays []float64
	several := false // on one round alone nothing is said
	for _, v := range answered {
		delays = append(delays, v.delays...)
		several = several || len(v.delays) > 1
	}
	if !several || median(delays) < milliseconds(p.Slow) {
		return nil
	}
	return answered
}

func verdict(state api.State, reason say.Key, since time.Time, groups ...views) Verdict {
	return Verdict{state, since, reason, describe(newestRound, groups...)}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
