package judge

import (
	"sort"
	"strings"
	"time"

	"communewatch/collector/api"
)

// deviceOutages are those of the devices: a target of that role, or an answer over SNMP,
// of which DeadRounds in a row failed while the office's LAN worked. What fails while
// the LAN is down, in a gap, or is skipped because of what lies before it, says nothing of
// the device: it opens nothing, and an outage goes on through it. One is over as one of a
// site is; or, if the target is not measured any more, with its last round.
func (r *Record) deviceOutages(timeline []Segment, p Policy, until time.Time) []Outage {
	var out []Outage
	var ticks []time.Time
	for i := range r.Targets {
		t := &r.Targets[i]
		if t.Role != api.RoleDevice || len(t.Rounds) == 0 {
			continue
		}
		if ticks == nil {
			ticks = r.ticks(p.Interval)
		}
		d := &device{r: r, p: p, target: t, timeline: timeline, twin: r.twin(t), spells: spells{p: p}}
		out = append(out, d.outages(ticks, until)...)
	}
	return out
}

// snmpName is what follows a target's name where it is asked over SNMP.
const snmpName = " SNMP"

// twin is the same device as it is pinged, of one that is asked over SNMP. While it does
// not answer pings either, that is one outage and not two.
func (r *Record) twin(t *Target) *Target {
	name, snmp := strings.CutSuffix(t.Name, snmpName)
	for i := range r.Targets {
		if snmp && r.Targets[i].Role == api.RoleDevice && r.Targets[i].Name == name {
			return &r.Targets[i]
		}
	}
	return nil
}

// device is one whose outages are found.
type device struct {
	r        *Record
	p        Policy
	target   *Target
	twin     *Target
	timeline []Segment
	at       int // in the timeline
	seen     int // in the twin's rounds

	spells
	failed int       // rounds in a row
	first  time.Time // of these
	down   time.Time // since when it is; zero: it answers
}

func (d *device) outages(ticks []time.Time, until time.Time) []Outage {
	prev := time.Time{}
	if first := d.target.Rounds[0].Time; first.Sub(d.r.From) > d.p.SilentAfter {
		d.headless()
	}
	for i := range d.target.Rounds {
		round := &d.target.Rounds[i]
		if !prev.IsZero() && round.Time.Sub(prev) > d.p.SilentAfter {
			d.failed = 0
		}
		prev = round.Time
		if !round.Time.Before(until) {
			break
		}
		d.round(round, i == 0)
	}
	end := until
	if d.open() && !d.down.IsZero() && d.dropped(ticks, prev) {
		d.up(prev)
		d.all[len(d.all)-1].over = prev
	}
	d.up(end)
	return d.end(until)
}

func (d *device) round(round *Round, opening bool) {
	switch {
	case round.kind() == answered:
		d.failed = 0
		d.up(round.Time)
		d.spells.round(round.Time)
	case round.skipped() || d.hidden(round.Time):
		d.failed = 0
	case round.kind() == failed:
		d.spells.round(time.Time{})
		if d.failed++; d.failed == 1 {
			d.first = round.Time
			if opening && round.Time.Sub(d.r.From) <= d.p.SilentAfter {
				d.first = earlier(d.r.From, round.Time)
			}
		}
		if d.failed >= d.p.DeadRounds && d.down.IsZero() {
			d.lose(round.Time)
		}
	}
}

// headless is for a record that begins in a gap, or with the device not measured: what was
// stored of it before ends with what is seen then, and else it was none.
func (d *device) headless() {
	one := d.lost(d.r.From)
	one.Kind, one.Target, one.alone = api.KindDevice, d.target.Name, true
	f := found("because.headless", d.target.Name+" "+moment(d.target.Rounds[0].Time))
	one.Cause, one.Reason, one.Evidence = f.cause, f.reason, f.evidence
}

// lose opens an outage, or goes on with one.
func (d *device) lose(at time.Time) {
	d.down = d.first
	one := d.lost(d.first)
	if one.Kind != "" {
		return
	}
	one.Kind, one.Target = api.KindDevice, d.target.Name
	f := found("because.device_silent", d.target.Name+" "+moment(d.first))
	if partly := d.r.deadLAN(d.first, at, d.p); partly != "" {
		f = found("because.device_unclear", partly+", "+f.evidence)
	}
	one.Cause, one.Reason, one.Evidence = f.cause, f.reason, f.evidence
}

// deadLAN names a LAN target that failed as often as a device just did.
func (r *Record) deadLAN(from, at time.Time, p Policy) string {
	for i := range r.Targets {
		t := &r.Targets[i]
		last := before(t.Rounds, at, timeOfRound)
		if t.Role != api.RoleLAN || last == nil || !last.Time.After(at.Add(-time.Duration(p.FreshRounds)*p.Interval)) {
			continue
		}
		if answer := firstAnswer(t.Rounds, from.Add(-p.Interval/2), at); answer.IsZero() && !last.skipped() {
			return t.Name + " " + moment(last.Time)
		}
	}
	return ""
}

// up counts how long the device was down, the office's closed hours left out.
func (d *device) up(at time.Time) {
	if d.down.IsZero() {
		return
	}
	one := d.all[len(d.all)-1]
	one.Down += at.Sub(d.down)
	first := sort.Search(len(d.timeline), func(i int) bool { return d.timeline[i].To.After(d.down) })
	for _, s := range d.timeline[first:] {
		if !s.From.Before(at) {
			break
		}
		if s.State == api.StateClosed {
			one.Down -= Span{s.From, s.To}.overlap(Span{d.down, at})
		}
	}
	d.down = time.Time{}
}

// hidden tells whether something else explains at a time that the device does not answer.
func (d *device) hidden(t time.Time) bool {
	for d.at < len(d.timeline)-1 && !d.timeline[d.at].To.After(t) {
		d.at++
	}
	if d.at < len(d.timeline) {
		switch d.timeline[d.at].State {
		case api.StateLANDown, api.StateSilent, api.StatePowerLost, api.StateClosed:
			return true
		}
	}
	if d.twin == nil {
		return false
	}
	for d.seen < len(d.twin.Rounds)-1 && !d.twin.Rounds[d.seen+1].Time.After(t.Add(d.p.Interval/2)) {
		d.seen++
	}
	return len(d.twin.Rounds) > 0 && d.twin.Rounds[d.seen].kind() != answered
}

// dropped tells whether the target is not measured any more: the office's rounds went on
// for Calm without it, and nothing says that it is behind something.
func (d *device) dropped(ticks []time.Time, last time.Time) bool {
	later := after(ticks, last.Add(d.p.Interval))
	if len(later) == 0 || later[len(later)-1].Sub(later[0]) < d.p.Calm {
		return false
	}
	parent, _ := strings.CutSuffix(d.target.Name, snmpName)
	for i := range d.r.Targets {
		t := &d.r.Targets[i]
		if n := len(t.Rounds); t.Name == parent && t != d.target && n > 0 && t.Rounds[n-1].kind() != answered {
			return false
		}
	}
	return true
}
