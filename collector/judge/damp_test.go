package judge

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// heard is the evidence of a site that was heard just now.
func heard(before Heartbeat, targets ...Target) Evidence {
	return Evidence{Due: true, Listened: time.Hour, Receipt: Receipt{Time: minute(0), Newest: minute(-0.5)}, Targets: targets, Before: before}
}

func TestWhatWasLostIsBackAfterGoodRoundsInARowSinceTheFirstOfThem(t *testing.T) {
	down, noLAN := since(api.StateUplinkDown, -30), since(api.StateLANDown, -30)
	held := func(state api.State, evidence string) Verdict {
		return Verdict{state, minute(-30), "reason.recovering", evidence}
	}
	for _, c := range []struct {
		name    string
		recover int
		e       Evidence
		want    Verdict
	}{
		{"one good round is not yet the end", 2, heard(down, gateway("AAAAA"), dns("xxxxA")), held(api.StateUplinkDown, "router 10/10, isp-dns 10/10")},
		{"two are", 2, heard(down, gateway("AAAAAAAA"), dns("xxxxxxAA")), Verdict{api.StateDegraded, minute(-1.5), "reason.uplink_loss", "isp-dns 20/50"}},
		{"two are, where a fifth may be lost", 2, heard(down, gateway("AAAAAAAA"), dns("xxxAAAAA")), Verdict{api.StateOK, minute(-4.5), "reason.ok", "router 10/10, isp-dns 10/10"}},
		{"the row begins anew with each that is lost", 2, heard(down, gateway("AAAAAA"), dns("xxAxxA")), held(api.StateUplinkDown, "router 10/10, isp-dns 10/10")},
		{"one lost round after that is none of a dead target", 2, heard(down, gateway("AAAAAA"), dns("xxAAxA")), Verdict{api.StateDegraded, minute(-3.5), "reason.uplink_loss", "isp-dns 30/50"}},
		{"with one wanted it is back at once", 1, heard(down, gateway("AAAAA"), dns("xxxxA")), Verdict{api.StateDegraded, minute(-0.5), "reason.uplink_loss", "isp-dns 10/50"}},
		{"with three two are not enough", 3, heard(down, gateway("AAAAA"), dns("xxxAA")), held(api.StateUplinkDown, "router 10/10, isp-dns 10/10")},
		{"with three, three are", 3, heard(down, gateway("AAAAA"), dns("xxAAA")), Verdict{api.StateDegraded, minute(-2.5), "reason.uplink_loss", "isp-dns 30/50"}},
		{"the LAN likewise", 2, heard(noLAN, gateway("xxxxA"), dns("xxxxA")), held(api.StateLANDown, "router 10/10, isp-dns 10/10")},
		{"the LAN likewise, behind which the line was skipped", 2, heard(noLAN, gateway("xxxAA"), dns("xssAA")), Verdict{api.StateDegraded, minute(-1.5), "reason.uplink_loss", "isp-dns 20/30"}},
		{"one loss becomes another at once", 2, heard(noLAN, gateway("xxxxA"), dns("xxxxx")), Verdict{api.StateUplinkDown, minute(-4.5), "reason.uplink_all_lost", "router 10/10, isp-dns 0/10"}},
		{"in doubt it is not back", 2, heard(down, gateway("AAAAx"), dns("xxxxx")), held(api.StateUplinkDown, "router 0/10, isp-dns 0/10")},
		{"what cannot be probed any more is not said to be lost", 2, heard(down, gateway("AAAAA"), dns("xxxnn")), Verdict{api.StateDegraded, minute(-1.5), "reason.cannot_probe", "isp-dns no_name"}},
		{"nor what is not measured any more", 2, heard(down), Verdict{api.StateDegraded, minute(0), "reason.no_targets", "2026-11-25 12:00:00"}},
		{"a round that came after a gap is the first of a row", 2, heard(down, gateway("A"), dns("A")), held(api.StateUplinkDown, "router 10/10, isp-dns 10/10")},
		{"a site that was not lost needs none", 2, heard(since(api.StateDegraded, -30), gateway("AAAAA"), dns("xxxxA")), Verdict{api.StateDegraded, minute(-30), "reason.uplink_loss", "isp-dns 10/50"}},
		{"a site that was silent is heard", 2, heard(since(api.StateSilent, -30), gateway("A"), dns("A")), Verdict{api.StateOK, minute(-0.25), "reason.ok", "router 10/10, isp-dns 10/10"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			policy := minutes
			policy.RecoverRounds = c.recover
			if d := cmp.Diff(c.want, Decide(c.e, policy, minute(0))); d != "" {
				t.Error(d)
			}
		})
	}
}

// played judges a line minute by minute, each verdict being the heartbeat that the next
// one finds, and gives the states in which it was.
func played(rounds string, policy Policy, open Outage) string {
	out := make([]byte, 0, len(rounds))
	letters := map[api.State]byte{api.StateOK: 'o', api.StateDegraded: 'd', api.StateUplinkDown: 'U', api.StateLANDown: 'L'}
	before := Heartbeat{}
	for n := range rounds {
		line := dns(rounds[:n+1])
		for i := range line.Rounds { // the newest is of minute n
			line.Rounds[i].Time = minute(float64(i))
		}
		if len(line.Rounds) > 12 {
			line.Rounds = line.Rounds[len(line.Rounds)-12:]
		}
		e := Evidence{Due: true, Listened: time.Hour, Receipt: Receipt{Time: minute(float64(n) + 0.1), Newest: minute(float64(n))}, Targets: []Target{line}, Before: before, Open: open}
		v := Decide(e, policy, minute(float64(n)+0.2))
		before = Heartbeat{State: v.State, At: minute(float64(n) + 0.2), Since: v.Since}
		out = append(out, letters[v.State])
	}
	return string(out)
}

func TestALineThatComesAndGoesIsPlayedAsTheRulesSay(t *testing.T) {
	calm := Outage{ID: "a", Kind: "uplink_down", Interruptions: 2}
	flapping := Outage{ID: "a", Kind: "uplink_down", Interruptions: 3}
	for _, c := range []struct {
		name, rounds, want string
		open               Outage
	}{
		{"a cut of six minutes", "AAAAAxxxxxxAAAAAAA", "ooooodUUUUUUdddooo", Outage{}},
		{"back for a minute at a time", "AAAAAxxxAxxxAxxxAA", "ooooodUUUUUUUUUUUd", Outage{}},
		{"every second round lost", "AAAAAxAxAxAxAxAxAx", "oooooddddddddddddd", Outage{}},
		{"twice is no flapping", "AAAAAxxAAAAAAAAAAA", "ooooodUUdddooooooo", calm},
		{"three times is, while it works", "AAAAAxxAAAAAAAAAAA", "ddddddUUdddddddddd", flapping},
	} {
		if got := played(c.rounds, minutes, c.open); got != c.want {
			t.Errorf("%s: %s\nwas        %s\nwant       %s", c.name, c.rounds, got, c.want)
		}
	}
}

func TestASiteWhoseOutageIsFlappingIsDegradedThoughItsLineWorksNow(t *testing.T) {
	works := []Target{gateway("AAAAA"), dns("AAAAA")}
	of := func(kind string, times int) Outage {
		return Outage{ID: "o-1", Kind: kind, Interruptions: times, Status: api.StatusOpen}
	}
	ok := Verdict{api.StateOK, minute(-4.5), "reason.ok", "router 10/10, isp-dns 10/10"}
	for _, c := range []struct {
		name    string
		open    Outage
		targets []Target
		want    Verdict
	}{
		{"three times", of("uplink_down", 3), works, Verdict{api.StateDegraded, minute(-4.5), "reason.flapping", "uplink_down ×3"}},
		{"of the LAN", of("lan_down", 7), works, Verdict{api.StateDegraded, minute(-4.5), "reason.flapping", "lan_down ×7"}},
		{"twice", of("uplink_down", 2), works, ok},
		{"of a device, which is no line", of(api.KindDevice, 9), works, ok},
		{"none", Outage{}, works, ok},
		{"it is more than a lossy line", of("uplink_down", 3), []Target{gateway("AAAAA"), dns("55555")}, Verdict{api.StateDegraded, minute(-4.5), "reason.flapping", "uplink_down ×3"}},
		{"but not more than a dead one", of("uplink_down", 3), []Target{gateway("AAAAA"), dns("AAAxx")}, Verdict{api.StateUplinkDown, minute(-1.5), "reason.uplink_all_lost", "router 10/10, isp-dns 0/10"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := heard(Heartbeat{}, c.targets...)
			e.Open = c.open
			if d := cmp.Diff(c.want, Decide(e, minutes, minute(0))); d != "" {
				t.Error(d)
			}
		})
	}
	e := heard(Heartbeat{}, works...)
	e.Receipt.Goodbye, e.Open = true, of("uplink_down", 3)
	if got := Decide(e, minutes, minute(0)); got.State != api.StateClosed {
		t.Errorf("it has closed, and is %s", got.State)
	}
}

// took makes a target whose echoes took so many milliseconds a round; 0: none came back.
func took(role api.Role, name string, ms ...float64) Target {
	t := Target{Name: name, Role: role}
	for i, rtt := range ms {
		r := Round{Time: minute(-0.5 - float64(len(ms)-1-i)), Sent: 10, Received: 10, RTT: rtt}
		if rtt == 0 {
			r.Received, r.Result = 0, api.ResultTimeout
		}
		t.Rounds = append(t.Rounds, r)
	}
	return t
}

func TestALineIsSlowByTheMiddleOfItsRoundTrips(t *testing.T) {
	line := func(ms ...float64) Target { return took(api.RoleUplink, "isp-dns", ms...) }
	far := func(ms ...float64) Target { return took(api.RoleUplink, "far", ms...) }
	for _, c := range []struct {
		name     string
		targets  []Target
		mountain bool
		reason   say.Key
		evidence string
		since    float64
	}{
		{"slow", []Target{line(10, 500, 600, 700, 800)}, false, "reason.uplink_slow", "isp-dns 600 ms", -3.5},
		{"exactly the limit", []Target{line(400, 400)}, false, "reason.uplink_slow", "isp-dns 400 ms", -1.5},
		{"just below", []Target{line(399.9, 399.9)}, false, "reason.ok", "isp-dns 10/10", -1.5},
		{"a spike or two", []Target{line(10, 900, 10, 900, 10)}, false, "reason.ok", "isp-dns 10/10", -4.5},
		{"what was slow before the window does not count", []Target{line(900, 900, 900, 10, 10, 10, 10, 10)}, false, "reason.ok", "isp-dns 10/10", -7.5},
		{"one round alone says nothing", []Target{line(900)}, false, "reason.ok", "isp-dns 10/10", -0.5},
		{"one far target among near ones says nothing of the line", []Target{line(10, 10, 10), far(900, 900, 900)}, false, "reason.ok", "isp-dns 10/10, far 10/10", -2.5},
		{"all are slow", []Target{line(450, 450, 450), far(900, 900, 900)}, false, "reason.uplink_slow", "isp-dns 450 ms, far 900 ms", -2.5},
		{"a slow router is no slow line", []Target{took(api.RoleGateway, "router", 900, 900, 900), line(10, 10, 10)}, false, "reason.ok", "router 10/10, isp-dns 10/10", -2.5},
		{"a satellite is ordinary in the mountains", []Target{line(600, 600, 600)}, true, "reason.ok", "isp-dns 10/10", -2.5},
		{"twice a satellite is not", []Target{line(1200, 1200, 1200)}, true, "reason.uplink_slow", "isp-dns 1200 ms", -2.5},
		{"loss is graver", []Target{line(0, 900, 0, 900, 900)}, false, "reason.uplink_loss", "isp-dns 30/50", -4.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			policy := minutes
			if c.mountain {
				policy = mountainMinutes
			}
			want := Verdict{api.StateDegraded, minute(c.since), c.reason, c.evidence}
			if c.reason == "reason.ok" {
				want.State = api.StateOK
			}
			if d := cmp.Diff(want, Decide(heard(Heartbeat{}, c.targets...), policy, minute(0))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAPowerCutIsToldByTheUPSThatWasHeardBeforeTheSilence(t *testing.T) {
	ups := func(m float64, on bool) Power { return Power{Time: minute(m), Target: "ups", OnBattery: on} }
	other := func(m float64, on bool) Power { return Power{Time: minute(m), Target: "ups-2", OnBattery: on} }
	silent := func(m float64, power ...Power) Evidence {
		return Evidence{Due: true, Receipt: Receipt{Time: minute(m), Newest: minute(m - 0.5)}, Listened: -minute(m).Sub(noon), Power: power, Before: since(api.StateOK, -300)}
	}
	cut := Verdict{api.StatePowerLost, minute(-4), "reason.power_lost", "2026-11-25 11:56:00, ups on_battery"}
	unknown := Verdict{api.StateSilent, minute(-4), "reason.silent", "2026-11-25 11:56:00"}
	at := func(v Verdict, since float64, evidence string) Verdict {
		v.Since, v.Evidence = minute(since), evidence
		return v
	}
	for _, c := range []struct {
		name string
		e    Evidence
		want Verdict
	}{
		{"on battery, then nothing", silent(-4, ups(-4.5, true)), cut},
		{"no UPS: not known", silent(-4), unknown},
		{"on mains, then nothing: not known", silent(-4, ups(-4.5, false)), unknown},
		{"on battery ten minutes before", silent(-4, ups(-14, true)), cut},
		{"longer ago it may have been over", silent(-4, ups(-14.1, true)), unknown},
		{"two of them", silent(-4, ups(-4.5, true), other(-4.5, true)), cut},
		{"one of them is on mains: not the grid", silent(-4, ups(-4.5, true), other(-4.5, false)), unknown},
		{"one of them was on mains an hour ago", silent(-4, other(-64, false), ups(-4.5, true)), cut},
		{"while it is still waited for, it is as it was seen", func() Evidence {
			e := silent(-3, ups(-3.5, true))
			e.Targets = []Target{took(api.RoleUplink, "isp-dns", 1, 1, 1, 1, 1)}
			return e
		}(), Verdict{api.StateOK, minute(-300), "reason.ok", "isp-dns 10/10"}},
		{"out of hours too: it is evidence, not silence", func() Evidence {
			e := silent(-4, ups(-4.5, true))
			e.Due, e.Changed = false, minute(-2)
			return e
		}(), cut},
		{"whoever said goodbye has shut down in time", func() Evidence {
			e := silent(-4, ups(-4.5, true))
			e.Receipt.Goodbye = true
			return e
		}(), Verdict{api.StateClosed, minute(-4), "reason.goodbye", "2026-11-25 11:56:00"}},
		{"nobody listened since", func() Evidence {
			e := silent(-4, ups(-4.5, true))
			e.Listened = time.Minute
			return e
		}(), Verdict{api.StateOK, minute(-300), "reason.waiting", "2026-11-25 11:56:00"}},
		{"it goes on", func() Evidence {
			e := silent(-600, ups(-600.5, true))
			e.Before = since(api.StatePowerLost, -600)
			return e
		}(), at(cut, -600, "2026-11-25 02:00:00, ups on_battery")},
		{"a metered line is waited for as long as it may miss a send", func() Evidence {
			e := silent(-23, ups(-23.5, true))
			e.Receipt.Every = 10 * time.Minute
			return e
		}(), Verdict{api.StateDegraded, minute(-23), "reason.no_targets", "2026-11-25 11:37:00"}},
		{"it is over when it is heard", heard(since(api.StatePowerLost, -60), gateway("A"), dns("A")), Verdict{api.StateOK, minute(-0.25), "reason.ok", "router 10/10, isp-dns 10/10"}},
		{"what is lost on battery stays what was measured", func() Evidence {
			e := heard(since(api.StateOK, -300), gateway("AAAxx"), dns("AAAxx"))
			e.Power = []Power{ups(-0.5, true)}
			return e
		}(), Verdict{api.StateLANDown, minute(-1.5), "reason.lan_all_lost", "router 0/10, isp-dns 0/10, ups on_battery"}},
		{"and so does the line", func() Evidence {
			e := heard(since(api.StateOK, -300), gateway("AAAAA"), dns("AAAxx"))
			e.Power = []Power{ups(-0.5, true)}
			return e
		}(), Verdict{api.StateUplinkDown, minute(-1.5), "reason.uplink_all_lost", "router 10/10, isp-dns 0/10, ups on_battery"}},
		{"a battery of an hour ago is not named", func() Evidence {
			e := heard(since(api.StateOK, -300), gateway("AAAAA"), dns("AAAxx"))
			e.Power = []Power{ups(-60, true)}
			return e
		}(), Verdict{api.StateUplinkDown, minute(-1.5), "reason.uplink_all_lost", "router 10/10, isp-dns 0/10"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, Decide(c.e, minutes, minute(0))); d != "" {
				t.Error(d)
			}
		})
	}
}

// Clocks are corrected and rounds take their time: they are not exactly an interval apart.
func TestRoundsAreToldApartThoughTheyAreNotExactlyAnIntervalApart(t *testing.T) {
	for _, apart := range []time.Duration{45 * time.Second, 59 * time.Second, 61 * time.Second, 75 * time.Second} {
		line := dns("xxxAA")
		for i := range line.Rounds {
			line.Rounds[i].Time = minute(-0.5).Add(-time.Duration(4-i) * apart)
		}
		if got := Decide(heard(since(api.StateUplinkDown, -30), line), minutes, minute(0)); got.State != api.StateDegraded || !got.Since.Equal(minute(-0.5).Add(-apart)) {
			t.Errorf("%s apart: %+v", apart, got)
		}
		line.Rounds = line.Rounds[:4]
		if got := Decide(heard(since(api.StateUplinkDown, -30), line), minutes, minute(0)); got.State != api.StateUplinkDown {
			t.Errorf("%s apart, after one: %+v", apart, got)
		}
	}
}
