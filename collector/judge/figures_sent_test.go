//go:build integration

package judge_test

import (
	"cmp"
	"time"

	"communewatch/collector/api"
)

// sent is how a round is, and how it comes in; the zero value is a good one in time.
type sent struct {
	delay    time.Duration // before it comes in; 0: a second
	backlog  bool
	lost     bool    // nothing beyond the router answers
	away     bool    // the printer does not answer
	noUplink bool    // no uplink target is measured
	unsure   float64 // ms, of the clock; 0: 20
	bounded  bool    // the clock was never measured
	rejected int64
	every    int64         // seconds: sends so rarely
	doubled  time.Duration // comes in again so much later; 0: it does not
	rtt      float64       // median; 0: 12
	agent    string        // "": a1
}

// measure makes one round a minute, from..to, twenty seconds past.
func (o *office) measure(from, to string, how sent) {
	o.tb.Helper()
	for at := o.at(from).Add(20 * time.Second); at.Before(o.at(to)); at = at.Add(time.Minute) {
		o.round(at, how)
	}
}

func (o *office) round(at time.Time, how sent) {
	o.tb.Helper()
	o.agent = how.agent
	o.points(at, how)
	o.seq++
	delay := cmp.Or(how.delay, time.Second)
	clock := api.ClockSynced
	if how.bounded {
		clock = api.ClockBounded
	}
	receipt := func(came time.Time) {
		o.receipts++
		p := api.NewPoint("receipt", came.Add(o.receipts)).Int("batches", 1).Int("lines", 5).Text("session", "0badcafe").
			Int("first_sequence", o.seq).Int("last_sequence", o.seq).Count("rejected", how.rejected).Count("every_seconds", how.every).
			Int("last_time_ms", at.UnixMilli()).Int("delay_ms", came.Sub(at).Milliseconds()).Text("clock", string(clock))
		if how.backlog {
			p.Bool("backlog", true)
		}
		o.add(p)
	}
	receipt(at.Add(delay))
	if how.doubled > 0 {
		receipt(at.Add(delay + how.doubled))
	}
}

func (o *office) points(at time.Time, how sent) {
	health := api.NewPoint("agent_health", at).Int("spool_batches", 0)
	if !how.bounded {
		health.Float("clock_uncertainty_ms", cmp.Or(how.unsure, 20))
	}
	o.add(health)
	for _, t := range []struct {
		name, role string
		answers    bool
	}{{"router", "gateway", true}, {"switch", "lan", true}, {"printer", "device", !how.away}, {"dns", "uplink", !how.lost}} {
		if how.noUplink && t.role == "uplink" {
			continue
		}
		p := api.NewPoint("ping", at).Tag("target", t.name).Tag("role", t.role).Int("sent", 10)
		rtt := 1.0
		if t.role == "uplink" {
			rtt = cmp.Or(how.rtt, 12)
		}
		if t.answers {
			p.Int("received", 10).Float("rtt_median_ms", rtt)
		} else {
			p.Int("received", 0).Text("result", "timeout")
		}
		o.add(p)
	}
}

// port says that an interface of the switch is up or down.
func (o *office) port(at, name, alias string, up int64) {
	o.add(api.NewPoint("interface", o.at(at)).Tag("target", "switch").Tag("interface", name).Int("oper_up", up).Text("alias", alias))
}

// asks is one question a minute over SNMP, from..to, twenty seconds past, with what the
// device says of itself.
func (o *office) asks(from, to, target string, up int64, says ...string) {
	o.tb.Helper()
	for at := o.at(from).Add(20 * time.Second); at.Before(o.at(to)); at = at.Add(time.Minute) {
		p := api.NewPoint("device", at).Tag("target", target).Int("up", up)
		for _, field := range says {
			if field == "profile" {
				p.Text(field, "printer")
			} else {
				p.Float(field, 1)
			}
		}
		o.add(p)
	}
}

// echoes is one round a minute to one target, of which the first so many of its echoes come back.
func (o *office) echoes(from, to, target, role string, sent, received int64) {
	o.tb.Helper()
	for at := o.at(from).Add(20 * time.Second); at.Before(o.at(to)); at = at.Add(time.Minute) {
		p := api.NewPoint("ping", at).Tag("target", target).Tag("role", role).Int("sent", sent).Int("received", received)
		if received > 0 {
			p.Float("rtt_median_ms", 1)
		} else if sent > 0 {
			p.Text("result", "timeout")
		} else {
			p.Text("result", "skipped_parent")
		}
		o.add(p)
	}
}

// flow is so many octets in each round through an interface of the router.
func (o *office) flow(from, to string, every time.Duration, name string, in, out int64) {
	o.tb.Helper()
	for at := o.at(from).Add(20 * time.Second); at.Before(o.at(to)); at = at.Add(every) {
		o.add(api.NewPoint("interface", at).Tag("target", "router").Tag("interface", name).Int("oper_up", 1).Int("in_octets", in).Int("out_octets", out))
	}
}
