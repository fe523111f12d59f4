package judge

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

func TestOutagesOfOneCauseAreOneIncidentAndOthersAreTheirOwn(t *testing.T) {
	const up, lan, power, silent = "uplink_down", "lan_down", "power_lost", "silent"
	for name, c := range map[string]struct {
		outages []Outage
		want    []string
	}{
		"a provider's node with lines in three areas": {
			[]Outage{cut(10000, up, "provider", 0, 30), cut(10100, up, "provider", 1, 31), cut(10202, up, "unknown", 2, 32), cut(10204, silent, "unknown", 3, 33)},
			[]string{"uplink_down 09:00-09:33 provider VNPT · 4 xã"},
		},
		"two are two": {
			[]Outage{cut(10000, up, "unknown", 0, 30), cut(10100, up, "unknown", 1, 31)},
			[]string{"uplink_down 09:00-09:30 unknown Xã Số A0", "uplink_down 09:01-09:31 unknown Xã Số B0"},
		},
		"one office three times is not three offices": {
			[]Outage{cut(10000, up, "unknown", 0, 1), cut(10000, silent, "unknown", 2, 3), cut(10000, up, "unknown", 4, 5)},
			[]string{"uplink_down 09:00-09:01 unknown Xã Số A0", "silent 09:02-09:03 unknown Xã Số A0", "uplink_down 09:04-09:05 unknown Xã Số A0"},
		},
		"neighbours with several providers": {
			[]Outage{cut(10000, up, "last_mile", 0, 30), cut(10001, up, "last_mile", 1, 30), cut(10009, up, "provider", 2, 30)},
			[]string{"uplink_down 09:00-09:30 unknown Huyện Khu 0 · 3 xã"},
		},
		"one provider in one area": {
			[]Outage{cut(10000, up, "last_mile", 0, 30), cut(10002, up, "last_mile", 1, 30), cut(10004, up, "unknown", 2, 0)},
			[]string{"uplink_down 09:00-… last_mile VNPT · Huyện Khu 0 · 3 xã"},
		},
		"a LAN and power are not the provider's": {
			[]Outage{cut(10000, lan, "lan", 0, 30), cut(10100, power, "power", 1, 31), cut(10202, silent, "machine_stopped", 2, 32)},
			[]string{"lan_down 09:00-09:30 lan Xã Số A0", "power_lost 09:01-09:31 power Xã Số B0", "silent 09:02-09:32 machine_stopped Xã Số C2"},
		},
		"an area's power, said by one UPS and by nobody contradicted": {
			[]Outage{cut(10000, power, "power", 0, 30), cut(10001, silent, "machine_stopped", 1, 30), cut(10002, silent, "unknown", 2, 31)},
			[]string{"silent 09:00-09:31 power Huyện Khu 0 · 3 xã"},
		},
		"machines that stopped together, and no UPS": {
			[]Outage{cut(10000, silent, "machine_stopped", 0, 30), cut(10001, silent, "machine_stopped", 1, 30), cut(10002, silent, "unknown", 2, 31)},
			[]string{"silent 09:00-09:31 machine_stopped Huyện Khu 0 · 3 xã"},
		},
		"power here, and one who went on measuring": {
			[]Outage{cut(10000, power, "power", 0, 30), cut(10001, silent, "machine_stopped", 1, 30), cut(10002, up, "unknown", 2, 31)},
			[]string{"uplink_down 09:00-09:31 unknown Huyện Khu 0 · 3 xã"},
		},
		"a machine that ran on contradicts nothing: it is not of them": {
			[]Outage{cut(10000, power, "power", 0, 30), cut(10001, power, "power", 1, 30), cut(10002, silent, "agent_stopped", 2, 31)},
			[]string{"power_lost 09:00-09:30 power Xã Số A0", "power_lost 09:01-09:30 power Xã Số A1", "silent 09:02-09:31 agent_stopped Xã Số A2"},
		},
		"who falls an hour later is not of them": {
			[]Outage{cut(10000, up, "unknown", 0, 30), cut(10002, up, "unknown", 1, 30), cut(10004, up, "unknown", 2, 30), cut(10006, up, "unknown", 62, 90)},
			[]string{"uplink_down 09:00-09:30 unknown VNPT · Huyện Khu 0 · 3 xã", "uplink_down 10:02-10:30 unknown Xã Số A6"},
		},
		"each within five minutes of the one before": {
			[]Outage{cut(10000, up, "unknown", 0, 30), cut(10002, up, "unknown", 5, 30), cut(10004, up, "unknown", 10, 30)},
			[]string{"uplink_down 09:00-09:30 unknown VNPT · Huyện Khu 0 · 3 xã"},
		},
		"a day of storms: who falls after half an hour is news": {
			[]Outage{cut(10000, up, "unknown", 0, 90), cut(10002, up, "unknown", 5, 90), cut(10004, up, "unknown", 10, 90), cut(10006, up, "unknown", 15, 90), cut(10100, up, "unknown", 20, 90), cut(10102, up, "unknown", 25, 90), cut(10104, up, "unknown", 30, 90), cut(10106, up, "unknown", 35, 90)},
			[]string{"uplink_down 09:00-10:30 unknown VNPT · 7 xã", "uplink_down 09:35-10:30 unknown Xã Số B6"},
		},
		"a coincidence elsewhere, of the same minute": {
			[]Outage{cut(10000, up, "provider", 0, 30), cut(10100, up, "provider", 0, 30), cut(10200, up, "provider", 0, 30), cut(10201, up, "last_mile", 0, 30), cut(10203, lan, "office_router", 0, 30)},
			[]string{"uplink_down 09:00-09:30 provider VNPT · 3 xã", "uplink_down 09:00-09:30 last_mile Xã Số C1", "lan_down 09:00-09:30 office_router Xã Số C3"},
		},
		"near the collector, whoever has the line": {
			[]Outage{cut(10000, up, "province", 0, 30), cut(10101, up, "province", 0, 30), cut(10209, up, "province", 0, 30)},
			[]string{"uplink_down 09:00-09:30 province Mạng của tỉnh · 3 xã"},
		},
		"devices of one office that begin together": {
			[]Outage{lostDevice(10000, "ups", 0, 30), lostDevice(10000, "nvr", 1, 30), lostDevice(10000, "printer", 20, 0), lostDevice(10002, "ups", 0, 30), lostDevice(10004, "ups", 0, 30)},
			[]string{"device_down 09:00-09:30 device Xã Số A0 · 2 thiết bị", "device_down 09:00-09:30 device Xã Số A2 · ups", "device_down 09:00-09:30 device Xã Số A4 · ups", "device_down 09:20-… device Xã Số A0 · printer"},
		},
		"what was none is none": {
			[]Outage{withdrawn(cut(10000, up, "unknown", 0, 30)), cut(10002, up, "unknown", 1, 30), cut(10004, up, "unknown", 2, 30)},
			[]string{"uplink_down 09:01-09:30 unknown Xã Số A2", "uplink_down 09:02-09:30 unknown Xã Số A4"},
		},
		"an office that nobody knows": {
			[]Outage{cut(99999, up, "unknown", 0, 0)},
			[]string{"uplink_down 09:00-… unknown bd-99999"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := run(t, nil, c.outages)
			if d := cmp.Diff(c.want, tell(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A whole province that is silent is more likely our own line than fifty others'.
func TestAProvinceThatFallsSilentAtOnceIsOneIncident(t *testing.T) {
	var all, half []Outage
	for a := range 5 {
		for n := range 10 {
			o := cut(10000+100*a+n, "silent", "unknown", float64(n)/10, 0)
			all = append(all, o)
			if a < 2 {
				half = append(half, o)
			}
		}
	}
	got, _ := run(t, nil, all)
	if d := cmp.Diff([]string{"silent 09:00-… unknown Toàn tỉnh · 50 xã"}, tell(got)); d != "" || got[0].Mountain != 10 || len(got[0].Members) != 50 {
		t.Error(d, got)
	}
	got, _ = run(t, nil, half) // the larger of two providers and two areas, then what is left of each
	if d := cmp.Diff([]string{"silent 09:00-… unknown VNPT · 10 xã", "silent 09:00-… unknown Viettel · 8 xã", "silent 09:00-… unknown Xã Số A9", "silent 09:00-… unknown Xã Số B9"}, tell(got)); d != "" {
		t.Error(d)
	}
}

// One provider's lines all over the province are the provider's, whoever else fell meanwhile.
func TestOneProvidersLinesEverywhereAreNotTheWholeProvince(t *testing.T) {
	all := []Outage{cut(10301, "uplink_down", "unknown", 0, 0)}
	for a := range 5 {
		for n := 0; n < 10; n += 2 {
			all = append(all, cut(10000+100*a+n, "uplink_down", "unknown", float64(n)/10, 0))
		}
	}
	got, _ := run(t, nil, all)
	if d := cmp.Diff([]string{"uplink_down 09:00-… unknown VNPT · 25 xã", "uplink_down 09:00-… unknown Xã Số D1"}, tell(got)); d != "" {
		t.Error(d)
	}
}

func TestAnIncidentListsItsMembersInDisplayOrderAndSaysWhyItsCauseIsWhatItIs(t *testing.T) {
	got, changed := run(t, nil, []Outage{
		cut(10204, "uplink_down", "provider", 2, 30), cut(10100, "uplink_down", "unknown", 1, 31), cut(10000, "uplink_down", "provider", 0, 30), cut(10202, "silent", "unknown", 3, 33),
	})
	want := []Incident{{
		ID: "i-bd-10000-uplink_down-0", At: nine, Kind: "uplink_down", Status: "closed", Started: nine, Ended: past(33), Cause: "provider",
		Members: []string{"bd-10000", "bd-10100", "bd-10202", "bd-10204"}, Mountain: 1, Title: "VNPT · 4 xã", Provider: "vnpt",
		Evidence: "ev-10000; provider 2/4, unknown 2/4", Judged: nine.Add(time.Hour),
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(changed) != 4 {
		t.Errorf("%d outages changed", len(changed))
	}
	for _, o := range changed {
		if o.Incident != want[0].ID {
			t.Errorf("%s is in %q", o.ID, o.Incident)
		}
	}
}

func TestAnIncidentIsReadAsItWasWritten(t *testing.T) {
	inv := small(t)
	got, _ := run(t, nil, []Outage{cut(10000, "uplink_down", "last_mile", 0, 30), cut(10002, "uplink_down", "last_mile", 1, 30), cut(10004, "uplink_down", "unknown", 2, 0), cut(10101, "silent", "unknown", 30, 40)})
	for _, i := range append(got, Incident{ID: "collector-1", At: nine, Started: nine, Ended: past(9), Kind: api.KindCollector, Status: api.StatusClosed, Cause: api.CollectorGone}) {
		p := i.Point(inv)
		if _, err := p.AppendLine(nil); err != nil {
			t.Fatal(err)
		}
		row := store.Row{Time: i.At, Values: map[string]api.Value{}}
		for _, c := range IncidentColumns() {
			v, has := p.FieldNamed(c.Field)
			if !has {
				t.Fatalf("no %s", c.Field)
			}
			row.Values[c.Field] = v
		}
		back := IncidentOf(map[string]string{"id": i.ID}, row, inv)
		if !back.same(&i) || !back.Judged.Equal(i.Judged) {
			t.Errorf("wrote %+v\nread %+v", i, back)
		}
	}
}

func TestAnIncidentOfTheWholeProvinceCanBeWritten(t *testing.T) {
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	i := Incident{ID: "i-1", At: nine, Started: nine, Kind: "silent", Status: "open", Cause: "unknown", Evidence: strings.Repeat("ế", 1000)}
	for _, site := range inv.Sites() {
		i.Members = append(i.Members, site.ID)
	}
	if _, err := i.Point(inv).AppendLine(nil); err != nil {
		t.Error(err)
	}
}

func TestIncidentsAreRankedOpenFirstThenMountainThenSeverityThenSize(t *testing.T) {
	order := []Incident{
		{Kind: "collector", Status: "open"},
		{Kind: "uplink_down", Status: "open", Mountain: 1, Members: []string{"a", "b"}},
		{Kind: "uplink_down", Status: "open", Mountain: 1, Members: []string{"a"}},
		{Kind: "device_down", Status: "open", Mountain: 1, Members: []string{"a"}},
		{Kind: "uplink_down", Status: "open", Members: make([]string, 2000)},
		{Kind: "device_down", Status: "open"},
		{Kind: "uplink_down", Status: "closed", Mountain: 5, Members: []string{"a"}},
		{Kind: "uplink_down", Status: "withdrawn", Mountain: 5, Members: []string{"a"}},
	}
	for i := 1; i < len(order); i++ {
		if order[i-1].rank() >= order[i].rank() {
			t.Errorf("%d: %d is not before %d", i, order[i-1].rank(), order[i].rank())
		}
	}
}
