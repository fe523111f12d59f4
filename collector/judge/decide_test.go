package judge

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// noon is a Wednesday in Vietnam, 12:00.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, zone)

// minute is a minute of that day after noon, mostly before it.
func minute(m float64) time.Time { return noon.Add(time.Duration(m * float64(time.Minute))) }

var minutes, mountainMinutes = func() (plain, mountain Policy) {
	all := DefaultPolicies()
	return all.For(&inventory.Site{Terrain: inventory.Plain}, time.Minute), all.For(&inventory.Site{Terrain: inventory.Mountain}, time.Minute)
}()

// target makes one whose newest round was half a minute ago. Each round is a letter:
// A all answered, x none, a digit so many of ten, n no name, s skipped, r no route.
func target(role api.Role, name, rounds string) Target {
	t := Target{Name: name, Role: role}
	for i, c := range rounds {
		r := Round{Time: minute(-0.5 - float64(len(rounds)-1-i)), Sent: 10}
		switch c {
		case 'A':
			r.Received = 10
		case 'x':
			r.Result = api.ResultTimeout
		case 'n':
			r.Sent, r.Result = 0, api.ResultNoName
		case 's':
			r.Sent, r.Result = 0, api.ResultSkippedParent
		case 'r':
			r.Sent, r.Result = 0, api.ResultNoRoute
		default:
			r.Received = int64(c - '0')
		}
		t.Rounds = append(t.Rounds, r)
	}
	return t
}

func gateway(rounds string) Target { return target(api.RoleGateway, "router", rounds) }
func lan(rounds string) Target     { return target(api.RoleLAN, "switch", rounds) }
func dns(rounds string) Target     { return target(api.RoleUplink, "isp-dns", rounds) }
func bgp(rounds string) Target     { return target(api.RoleUplink, "bgp", rounds) }
func printer(rounds string) Target { return target(api.RoleDevice, "printer", rounds) }

func since(state api.State, from float64) Heartbeat {
	return Heartbeat{State: state, At: minute(-0.25), Since: minute(from)}
}

func TestASiteIsJudgedByItsRounds(t *testing.T) {
	for _, c := range []struct {
		name     string
		targets  []Target
		before   Heartbeat
		mountain bool
		want     Verdict
	}{
		{"all answer", []Target{gateway("AAAAA"), lan("AAAAA"), dns("AAAAA"), bgp("AAAA9"), printer("AAAAA")}, Heartbeat{}, false,
			Verdict{api.StateOK, minute(-4.5), "reason.ok", "router 10/10, switch 10/10, isp-dns 10/10, bgp 9/10"}},
		{"what goes on began when it was first written", []Target{gateway("AAAAA"), dns("AAAAA")}, since(api.StateOK, -300), false,
			Verdict{api.StateOK, minute(-300), "reason.ok", "router 10/10, isp-dns 10/10"}},
		{"good again since the first good round", []Target{gateway("AAAAA"), dns("xxxAA")}, since(api.StateUplinkDown, -30), true,
			Verdict{api.StateDegraded, minute(-1.5), "reason.uplink_loss", "isp-dns 20/50"}},
		{"good again once the loss is out of the window", []Target{gateway("AAAAAA"), dns("xxAAAAA")}, since(api.StateUplinkDown, -30), false,
			Verdict{api.StateOK, minute(-4.5), "reason.ok", "router 10/10, isp-dns 10/10"}},

		{"nothing beyond the line", []Target{gateway("AAAAA"), dns("AAAxx"), bgp("AAAAxx")}, since(api.StateOK, -300), false,
			Verdict{api.StateUplinkDown, minute(-1.5), "reason.uplink_all_lost", "router 10/10, isp-dns 0/10, bgp 0/10"}},
		{"nothing beyond the line, no router configured", []Target{dns("xx")}, since(api.StateOK, -300), false,
			Verdict{api.StateUplinkDown, minute(-1.5), "reason.uplink_all_lost", "isp-dns 0/10"}},
		{"no route is a failed round", []Target{gateway("AAA"), dns("Arr")}, since(api.StateOK, -300), false,
			Verdict{api.StateUplinkDown, minute(-1.5), "reason.uplink_all_lost", "router 10/10, isp-dns 0/0"}},
		{"one that could not be probed does not keep the line up", []Target{gateway("AAA"), dns("Axx"), bgp("nnn")}, since(api.StateOK, -300), false,
			Verdict{api.StateUplinkDown, minute(-1.5), "reason.uplink_all_lost", "router 10/10, isp-dns 0/10"}},
		{"one lost round does not flip", []Target{gateway("AAAAAA"), dns("AAAAAx")}, since(api.StateOK, -300), true,
			Verdict{api.StateOK, minute(-300), "reason.ok", "router 10/10, isp-dns 0/10"}},
		{"line dead, router just missed one: not told which", []Target{gateway("AAAAx"), dns("AAAxx")}, since(api.StateOK, -300), true,
			Verdict{api.StateDegraded, minute(-1.5), "reason.uplink_unclear", "router 0/10, isp-dns 0/10"}},
		{"line dead, router's name does not resolve: not told which", []Target{gateway("nnn"), dns("Axx")}, since(api.StateOK, -300), false,
			Verdict{api.StateDegraded, minute(-1.5), "reason.uplink_unclear", "router no_name, isp-dns 0/10"}},

		{"nothing at all", []Target{gateway("AAAxx"), lan("AAAxx"), dns("AAAxx")}, since(api.StateOK, -300), false,
			Verdict{api.StateLANDown, minute(-1.5), "reason.lan_all_lost", "router 0/10, switch 0/10, isp-dns 0/10"}},
		{"nothing near, the line was not probed for that", []Target{gateway("Axxx"), dns("Asss")}, since(api.StateOK, -300), false,
			Verdict{api.StateLANDown, minute(-2.5), "reason.lan_all_lost", "router 0/10"}},
		{"nothing near, the line missed its first round", []Target{gateway("AAAxx"), dns("AAAAx")}, since(api.StateOK, -300), false,
			Verdict{api.StateLANDown, minute(-1.5), "reason.lan_all_lost", "router 0/10, isp-dns 0/10"}},
		{"the router is dead, the switch is not", []Target{gateway("AAAxx"), lan("AAAAA"), dns("AAAxx")}, since(api.StateOK, -300), false,
			Verdict{api.StateLANDown, minute(-1.5), "reason.router_lost", "router 0/10, switch 10/10, isp-dns 0/10"}},
		{"a router that ignores pings is not a dead LAN", []Target{gateway("xxxxx"), dns("AAAAA")}, since(api.StateOK, -300), false,
			Verdict{api.StateDegraded, minute(-4.5), "reason.gateway_silent", "router 0/10"}},
		{"the router is dead, the switch is not, and the line was not probed for that", []Target{gateway("AAAxx"), lan("AAAAA"), dns("AAAss"), bgp("AAxss")}, since(api.StateOK, -300), false,
			Verdict{api.StateLANDown, minute(-1.5), "reason.router_lost", "router 0/10, switch 10/10, isp-dns skipped_parent, bgp skipped_parent"}},
		{"a router that answers no ping, and the line misses one round", []Target{gateway("xxxxx"), dns("AAAAx")}, since(api.StateDegraded, -300), false,
			Verdict{api.StateDegraded, minute(-300), "reason.gateway_silent", "router 0/10"}},
		{"the router missed one round, and the line was not probed for that", []Target{gateway("AAAAx"), lan("AAAAA"), dns("AAAAs")}, since(api.StateOK, -300), true,
			Verdict{api.StateOK, minute(-300), "reason.ok", "router 0/10, switch 10/10"}},
		{"what is behind a dead switch raises nothing of its own", []Target{gateway("AAAAA"), lan("AAxxx"), dns("AAAAA"), printer("AAxss"), target(api.RoleDevice, "ups", "AAsss")}, since(api.StateOK, -300), false,
			Verdict{api.StateDegraded, minute(-2.5), "reason.lan_partly", "switch 0/10"}},
		{"a skipped target's failures count anew when it is probed again", []Target{gateway("AAAAAAA"), lan("AxxxxAA"), dns("AAAAAAA"), printer("xssssAx"), target(api.RoleDevice, "ups", "Axssssx")}, since(api.StateOK, -300), false,
			Verdict{api.StateOK, minute(-300), "reason.ok", "router 10/10, switch 10/10, isp-dns 10/10"}},
		{"and it is dead by itself then", []Target{gateway("AAAAAAA"), dns("AAAAAAA"), printer("AxsssAA"), target(api.RoleDevice, "ups", "AAsssxx")}, since(api.StateOK, -300), false,
			Verdict{api.StateDegraded, minute(-1.5), "reason.device_down", "ups 0/10"}},
		{"a target behind one of the provider's that is dead", []Target{gateway("AAAA"), dns("AAxx"), bgp("AAss")}, since(api.StateOK, -300), false,
			Verdict{api.StateUplinkDown, minute(-1.5), "reason.uplink_all_lost", "router 10/10, isp-dns 0/10"}},

		{"one uplink target of two", []Target{gateway("AAAAA"), dns("AAAAA"), bgp("AAAxx")}, since(api.StateOK, -300), false,
			Verdict{api.StateDegraded, minute(-1.5), "reason.uplink_partly", "bgp 0/10"}},
		{"a LAN target", []Target{gateway("AAAAA"), lan("AAxxx"), dns("AAAAA")}, since(api.StateOK, -300), false,
			Verdict{api.StateDegraded, minute(-2.5), "reason.lan_partly", "switch 0/10"}},
		{"a device", []Target{gateway("AAAAA"), dns("AAAAA"), printer("AAAxx")}, since(api.StateOK, -300), false,
			Verdict{api.StateDegraded, minute(-1.5), "reason.device_down", "printer 0/10"}},
		{"a device that missed once", []Target{gateway("AAAAA"), dns("AAAAA"), printer("AAAAx")}, since(api.StateOK, -300), false,
			Verdict{api.StateOK, minute(-300), "reason.ok", "router 10/10, isp-dns 10/10"}},
		{"a fifth is lost", []Target{gateway("AAAAA"), dns("A8778")}, since(api.StateOK, -300), false,
			Verdict{api.StateDegraded, minute(-3.5), "reason.uplink_loss", "isp-dns 40/50"}},
		{"in the mountains that is ordinary", []Target{gateway("AAAAA"), dns("A8778")}, since(api.StateOK, -300), true,
			Verdict{api.StateOK, minute(-300), "reason.ok", "router 10/10, isp-dns 8/10"}},
		{"half is not", []Target{gateway("AAAAA"), dns("55555")}, since(api.StateOK, -300), true,
			Verdict{api.StateDegraded, minute(-4.5), "reason.uplink_loss", "isp-dns 25/50"}},
		{"loss on the way to the router", []Target{gateway("55555"), dns("AAAAA")}, since(api.StateOK, -300), false,
			Verdict{api.StateDegraded, minute(-4.5), "reason.gateway_loss", "router 25/50"}},
		{"loss that is over", []Target{gateway("AAAAAAAA"), dns("555AAAAA")}, since(api.StateDegraded, -40), false,
			Verdict{api.StateOK, minute(-4.5), "reason.ok", "router 10/10, isp-dns 10/10"}},
		{"one lossy round says nothing yet", []Target{gateway("A"), dns("5")}, Heartbeat{}, false,
			Verdict{api.StateOK, minute(-0.5), "reason.ok", "router 10/10, isp-dns 5/10"}},

		{"nothing could be probed", []Target{gateway("nn"), dns("nn")}, since(api.StateOK, -300), false,
			Verdict{api.StateDegraded, minute(-1.5), "reason.cannot_probe", "isp-dns no_name"}},
		{"the line could not be probed", []Target{gateway("AA"), dns("nn")}, since(api.StateOK, -300), false,
			Verdict{api.StateDegraded, minute(-1.5), "reason.cannot_probe", "isp-dns no_name"}},
		{"only the router could not be probed", []Target{gateway("nn"), dns("AA")}, since(api.StateOK, -300), false,
			Verdict{api.StateOK, minute(-300), "reason.ok", "isp-dns 10/10"}},
		{"a first round that failed", []Target{gateway("A"), dns("x")}, since(api.StateNotInstalled, 0), false,
			Verdict{api.StateDegraded, minute(0), "reason.one_round", "isp-dns 0/10"}},
		{"a round that could not be made does not end a row of failures", []Target{gateway("AAAA"), dns("Axnx")}, since(api.StateOK, -300), false,
			Verdict{api.StateUplinkDown, minute(-2.5), "reason.uplink_all_lost", "router 10/10, isp-dns 0/10"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			policy := minutes
			if c.mountain {
				policy = mountainMinutes
			}
			got := Decide(Evidence{
				Due: true, Listened: time.Hour,
				Receipt: Receipt{Time: minute(0), Newest: minute(-0.5)},
				Targets: c.targets, Before: c.before,
			}, policy, minute(0))
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestASiteThatIsNotHeardIsJudgedByItsLastReceiptAndItsCalendar(t *testing.T) {
	heard := func(m float64) Receipt { return Receipt{Time: minute(m), Newest: minute(m)} }
	goodbye := func(m float64) Receipt { return Receipt{Time: minute(m), Newest: minute(m), Goodbye: true} }
	for _, c := range []struct {
		name string
		e    Evidence
		want Verdict
	}{
		{"never", Evidence{Due: true}, Verdict{State: api.StateNotInstalled, Reason: "reason.never_heard", Evidence: "> 90 d"}},
		{"never within retention", Evidence{Due: true, Before: since(api.StateSilent, -9000)},
			Verdict{api.StateNotInstalled, minute(-9000), "reason.never_heard", "> 90 d"}},
		{"due", Evidence{Due: true, Receipt: heard(-4), Listened: 4 * time.Minute, Before: since(api.StateOK, -300)},
			Verdict{api.StateSilent, minute(-4), "reason.silent", "2026-11-25 11:56:00"}},
		{"a metered line that missed one send", Evidence{Due: true, Receipt: Receipt{Time: minute(-23), Newest: minute(-23), Every: 10 * time.Minute}, Listened: 23 * time.Minute, Before: since(api.StateDegraded, -300)},
			Verdict{api.StateDegraded, minute(-300), "reason.no_targets", "2026-11-25 11:37:00"}},
		{"a metered line that missed two", Evidence{Due: true, Receipt: Receipt{Time: minute(-24), Newest: minute(-24), Every: 10 * time.Minute}, Listened: 24 * time.Minute, Before: since(api.StateOK, -300)},
			Verdict{api.StateSilent, minute(-24), "reason.silent", "2026-11-25 11:36:00"}},
		{"not due", Evidence{Receipt: heard(-30), Changed: minute(-20), Listened: 30 * time.Minute, Before: since(api.StateSilent, -30)},
			Verdict{api.StateClosed, minute(-20), "reason.closed_hours", "2026-11-25 11:30:00"}},
		{"said goodbye", Evidence{Due: true, Receipt: goodbye(-4), Listened: 4 * time.Minute, Before: since(api.StateOK, -300)},
			Verdict{api.StateClosed, minute(-4), "reason.goodbye", "2026-11-25 11:56:00"}},
		{"a goodbye that was heard just now", Evidence{Due: true, Receipt: goodbye(0), Targets: []Target{dns("AA")}, Before: since(api.StateOK, -300)},
			Verdict{api.StateClosed, minute(0), "reason.goodbye", "2026-11-25 12:00:00"}},
		{"nobody listened", Evidence{Due: true, Receipt: heard(-60), Listened: time.Minute, Before: since(api.StateOK, -300)},
			Verdict{api.StateOK, minute(-300), "reason.waiting", "2026-11-25 11:00:00"}},
		{"nobody ever listened", Evidence{Due: true, Receipt: heard(-60), Listened: time.Minute}, Verdict{}},
		{"still silent", Evidence{Due: true, Receipt: heard(-60), Listened: time.Hour, Before: since(api.StateSilent, -60)},
			Verdict{api.StateSilent, minute(-60), "reason.silent", "2026-11-25 11:00:00"}},
		{"a backlog only", Evidence{Due: true, Receipt: Receipt{Time: minute(0), Newest: minute(-120)}, Targets: []Target{{Name: "isp-dns", Role: api.RoleUplink,
			Rounds: []Round{{Time: minute(-5), Sent: 10}, {Time: minute(-4), Sent: 10}}}}, Before: since(api.StateOK, -300)},
			Verdict{api.StateDegraded, minute(0), "reason.late_data", "2026-11-25 10:00:00"}},
		{"a clock ahead", Evidence{Due: true, Receipt: Receipt{Time: minute(0), Newest: minute(8)}, Before: since(api.StateOK, -300)},
			Verdict{api.StateDegraded, minute(0), "reason.late_data", "2026-11-25 12:08:00"}},
		{"no target", Evidence{Due: true, Receipt: heard(0), Before: since(api.StateOK, -300)},
			Verdict{api.StateDegraded, minute(0), "reason.no_targets", "2026-11-25 12:00:00"}},
		{"no point", Evidence{Due: true, Receipt: Receipt{Time: minute(0)}, Before: since(api.StateOK, -300)},
			Verdict{api.StateDegraded, minute(0), "reason.no_targets", "2026-11-25 12:00:00"}},
		{"heard again after silence", Evidence{Due: true, Receipt: heard(0), Targets: []Target{dns("AAAAA")}, Before: since(api.StateSilent, -60)},
			Verdict{api.StateOK, minute(-0.25), "reason.ok", "isp-dns 10/10"}},
		{"as it was last seen, until it is silent", Evidence{Due: true, Receipt: heard(-3.4), Before: since(api.StateOK, -300),
			Targets: []Target{{Name: "isp-dns", Role: api.RoleUplink, Rounds: []Round{{Time: minute(-5), Sent: 10, Received: 10}}}}},
			Verdict{api.StateOK, minute(-300), "reason.ok", "isp-dns 10/10"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, Decide(c.e, minutes, minute(0))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestEveryReasonIsASentence(t *testing.T) {
	keys := []say.Key{"reason.ok", "reason.lan_all_lost", "reason.router_lost", "reason.uplink_all_lost", "reason.uplink_unclear",
		"reason.no_targets", "reason.late_data", "reason.goodbye", "reason.closed_hours", "reason.silent", "reason.never_heard", "reason.waiting",
		"reason.recovering", "reason.flapping", "reason.power_lost"}
	for _, rule := range degradations {
		keys = append(keys, rule.reason)
	}
	for _, key := range keys {
		if !say.Has(key) {
			t.Errorf("%s is not in the catalogue", key)
		}
	}
}

func TestAnEvidenceOfManyTargetsStaysShort(t *testing.T) {
	e := Evidence{Receipt: Receipt{Time: minute(0), Newest: minute(0)}}
	for i := range 1_000 {
		e.Targets = append(e.Targets, target(api.RoleUplink, "target-"+string(rune('a'+i%26)), "xx"))
	}
	got := Decide(e, minutes, minute(0)).Evidence
	if want := "target-a 0/10, target-b 0/10, target-c 0/10, target-d 0/10, target-e 0/10, target-f 0/10, target-g 0/10, target-h 0/10, +992"; got != want {
		t.Errorf("got %q", got)
	}
}

func BenchmarkDecide(b *testing.B) {
	e := Evidence{Due: true, Listened: time.Hour, Receipt: Receipt{Time: minute(0), Newest: minute(0)}, Before: since(api.StateOK, -300),
		Targets: []Target{gateway("AAAAAAAA"), lan("AAAAAAAA"), bgp("AAAAAAAA"), dns("AAAAAAAA"), printer("AAAAAAAA")}}
	b.ReportAllocs()
	for b.Loop() {
		if Decide(e, minutes, minute(0)).State != api.StateOK {
			b.Fatal("not ok")
		}
	}
}
