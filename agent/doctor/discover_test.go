package doctor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

func prefix(s string) netip.Prefix {
	if s == "" {
		return netip.Prefix{}
	}
	return netip.MustParsePrefix(s)
}

func TestOnlyOwnNetworksAreSearchedAndOfLargeOnesAPart(t *testing.T) {
	for name, c := range map[string]struct {
		own, only string
		want      string
		err       error
		notes     int
	}{
		"an office's":                 {"192.168.1.20/24", "", "192.168.1.0/24", nil, 0},
		"two":                         {"192.168.1.20/24 10.0.0.5/23", "", "192.168.1.0/24 10.0.0.0/23", nil, 0},
		"one twice":                   {"192.168.1.20/24 192.168.1.21/24", "", "192.168.1.0/24", nil, 0},
		"a /22":                       {"10.1.5.9/22", "", "10.1.4.0/22", nil, 0},
		"a /21":                       {"10.1.5.9/21", "", "10.1.4.0/22", nil, 1},
		"a /8":                        {"10.1.5.9/8", "", "10.1.4.0/22", nil, 1},
		"a part":                      {"192.168.1.20/24", "192.168.1.128/25", "192.168.1.128/25", nil, 0},
		"a far part of a large one":   {"10.1.5.9/8", "10.200.0.0/24", "10.200.0.0/24", nil, 0},
		"a large part of a large one": {"10.1.5.9/8", "10.200.0.0/16", "10.200.0.0/22", nil, 1},
		"the whole of a large one":    {"10.1.5.9/8", "10.0.0.0/8", "10.1.4.0/22", nil, 1},
		"another's":                   {"192.168.1.20/24", "192.168.2.0/24", "", ErrForeign, 0},
		"more than its own":           {"192.168.1.20/24", "192.168.0.0/23", "", ErrForeign, 0},
		"its own and a neighbour's":   {"192.168.0.20/24", "192.168.0.0/23", "", ErrForeign, 0},
		"everything":                  {"192.168.1.20/24", "0.0.0.0/0", "", ErrForeign, 0},
		"none":                        {"", "", "", ErrNowhere, 0},
		"six":                         {"10.1.0.1/24 10.2.0.1/24 10.3.0.1/24 10.4.0.1/24 10.5.0.1/24 10.6.0.1/24", "", "10.1.0.0/24 10.2.0.0/24 10.3.0.0/24 10.4.0.0/24", nil, 1},
	} {
		var own []netip.Prefix
		for s := range strings.FieldsSeq(c.own) {
			own = append(own, prefix(s))
		}
		got, notes, err := planned(own, prefix(c.only))
		var words []string
		for _, p := range got {
			words = append(words, p.String())
		}
		if text := strings.Join(words, " "); text != c.want || !errors.Is(err, c.err) || len(notes) != c.notes {
			t.Errorf("%s: %q, %d notes, %v", name, text, len(notes), err)
		}
	}
}

func TestLinesOfTwoEndsAreNoOffices(t *testing.T) {
	m := machine{interfaces: []iface{{carrier: true, addresses: []netip.Prefix{
		prefix("10.0.0.1/31"), prefix("10.0.0.2/32"), prefix("169.254.1.1/16"), prefix("fd00::1/64"), prefix("10.0.1.1/30"),
	}}}}
	if got := m.ownPrefixes(); len(got) != 1 || got[0] != prefix("10.0.1.1/30") {
		t.Errorf("%v", got)
	}
}

func TestSoftwareThatManyDevicesRunSaysLessThanTheCard(t *testing.T) {
	const linux = "1.3.6.1.4.1.8072.3.2.10"
	for want, h := range map[string]Host{
		"nas":     {Object: linux, Vendor: Vendor{Kind: "nas"}},
		"pc":      {Object: linux},
		"ups":     {Object: "1.3.6.1.4.1.318.1.3.2", Vendor: Vendor{Kind: "pc"}},
		"printer": {Object: "1.3.6.1.4.1.99999", Vendor: Vendor{Kind: "printer"}},
		"camera":  {Vendor: Vendor{Kind: "camera"}},
		"gateway": {Address: router, Object: linux},
	} {
		if got := kindOf(h, router); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAddressesAreThoseOfHosts(t *testing.T) {
	for text, want := range map[string]int{"192.168.1.0/24": 254, "10.0.4.0/22": 1022, "10.0.0.4/30": 2} {
		all := addressesIn(prefix(text))
		if len(all) != want || slices.Contains(all, prefix(text).Addr()) {
			t.Errorf("%s: %d, from %s", text, len(all), all[0])
		}
	}
}

// a search of 192.168.1.0/24 from .20, in which nothing but the given functions is asked.
func searching(ping func(context.Context, netip.Addr) (bool, error), ask func(context.Context, api.Target) Device, table []neighbour) *Search {
	if ask == nil {
		ask = func(context.Context, api.Target) Device { return Device{Fault: FaultSilent} }
	}
	return &Search{
		cfg:  DiscoverConfig{Communities: []string{"public"}},
		deps: DiscoverDeps{Ping: ping, Ask: ask},
		machine: machine{gateway: router, interfaces: []iface{
			{name: "eth0", up: true, carrier: true, addresses: []netip.Prefix{prefix("192.168.1.20/24")}},
		}},
		prefixes: []netip.Prefix{prefix("192.168.1.0/24")}, neighbours: func() ([]neighbour, error) { return table, nil },
		names: func(context.Context, string) ([]string, error) { return nil, errors.New("no DNS") },
		hosts: map[netip.Addr]*Host{},
	}
}

func TestASearchSendsNoFasterThanStatedAndEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sent []time.Time
		s := searching(func(ctx context.Context, _ netip.Addr) (bool, error) {
			mu.Lock()
			sent = append(sent, time.Now())
			mu.Unlock()
			return false, wait(ctx, 1500*time.Millisecond)
		}, nil, nil)
		began := time.Now()
		o := s.Run(t.Context())
		if len(sent) != 254 || !o.Complete {
			t.Errorf("%d sent, complete %t", len(sent), o.Complete)
		}
		for i := 50; i < len(sent); i++ {
			if in := sent[i].Sub(sent[i-50]); in < time.Second-time.Millisecond {
				t.Fatalf("51 within %s", in)
			}
		}
		if took := time.Since(began); took > 254*sweepPace+30*time.Second {
			t.Errorf("took %s, longer than stated", took)
		}
	})
}

func wait(ctx context.Context, d time.Duration) error {
	if pause(ctx, d) {
		return nil
	}
	return ctx.Err()
}

func TestWhatIsAroundThisMachineIsSearchedFirst(t *testing.T) {
	s := searching(nil, nil, nil)
	s.machine.interfaces[0].addresses = []netip.Prefix{prefix("10.1.6.9/16")}
	s.prefixes = []netip.Prefix{prefix("10.1.4.0/22")}
	all := s.nearestFirst()
	if len(all) != 1022 || all[0] != netip.MustParseAddr("10.1.6.0") || all[255] != netip.MustParseAddr("10.1.6.255") || all[256] != netip.MustParseAddr("10.1.4.1") {
		t.Errorf("%d: %s, %s, %s", len(all), all[0], all[255], all[256])
	}
}

func TestEndedEarlyASearchGivesWhatItHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := searching(func(ctx context.Context, a netip.Addr) (bool, error) {
			return a == router, wait(ctx, 10*time.Millisecond)
		}, nil, nil)
		s.cfg.Targets = []api.Target{{Name: "r", Address: router.String()}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		o := s.Run(ctx)
		if took := time.Since(began); took > 1100*time.Millisecond || o.Complete {
			t.Errorf("took %s, complete %t", took, o.Complete)
		}
		if targets := o.Targets(); len(targets) > 0 {
			t.Errorf("%v is configured already", targets)
		}
		if len(o.Hosts) != 2 || o.Hosts[0].Address != router || !o.Hosts[0].Echoed {
			t.Errorf("%+v", o.Hosts)
		}
	})
}

func TestADeadNetworkInWhichEverythingTakesLongEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := searching(func(ctx context.Context, _ netip.Addr) (bool, error) { return true, wait(ctx, 2*time.Second) },
			func(ctx context.Context, _ api.Target) Device {
				wait(ctx, time.Hour)
				return Device{Fault: FaultSilent}
			}, nil)
		began := time.Now()
		o := s.Run(t.Context())
		if took := time.Since(began); took > MaxDiscover+time.Second || o.Complete {
			t.Errorf("took %s, complete %t", took, o.Complete)
		}
	})
}

func TestTheSecretsOfADeviceGoToNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nas, other := netip.MustParseAddr("192.168.1.30"), netip.MustParseAddr("192.168.1.40")
		three := &api.SNMP{Version: "3", User: "watcher", AuthPass: "hidden-word"}
		var mu sync.Mutex
		said := map[string][]string{}
		s := searching(func(_ context.Context, a netip.Addr) (bool, error) { return a == nas || a == other, nil },
			func(_ context.Context, x api.Target) Device {
				mu.Lock()
				defer mu.Unlock()
				said[x.Address] = append(said[x.Address], x.SNMP.Version+" "+x.SNMP.Community+x.SNMP.User)
				return Device{Fault: FaultSilent}
			}, nil)
		s.cfg.Targets = []api.Target{{Name: "nas", Address: nas.String(), SNMP: three}}
		s.Run(t.Context())
		want := map[string][]string{nas.String(): {"3 watcher"}, other.String(): {"2c public", "1 public"}}
		if d := cmp.Diff(want, said); d != "" {
			t.Error(d)
		}
	})
}

func TestWhoeverAnswersForOthersIsOneDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table []neighbour
		for a := netip.MustParseAddr("192.168.1.100"); len(table) < 20; a = a.Next() {
			table = append(table, neighbour{address: a, mac: card, fresh: true})
		}
		table = append(table, neighbour{address: router, mac: card, fresh: true},
			neighbour{address: netip.MustParseAddr("192.168.1.50"), mac: net.HardwareAddr{0, 0x80, 0x77, 0, 0, 1}, fresh: true},
			neighbour{address: netip.MustParseAddr("192.168.1.51"), mac: net.HardwareAddr{0, 0x80, 0x77, 0, 0, 2}, dead: true},
			neighbour{address: netip.MustParseAddr("10.9.9.9"), mac: net.HardwareAddr{0, 0x80, 0x77, 0, 0, 3}, fresh: true})
		o := searching(func(context.Context, netip.Addr) (bool, error) { return false, nil }, nil, table).Run(t.Context())
		var got []string
		for _, h := range o.Hosts {
			got = append(got, h.Address.String()+" "+h.Kind)
		}
		want := []string{"192.168.1.1 gateway", "192.168.1.20 ", "192.168.1.50 printer"}
		if d := cmp.Diff(want, got); d != "" || len(o.Notes) != 1 {
			t.Errorf("%d notes, %s", len(o.Notes), d)
		}
	})
}

func TestNamesOfTargetsAreCleanAndNoneIsGivenTwice(t *testing.T) {
	at := func(last byte) netip.Addr { return netip.AddrFrom4([4]byte{192, 168, 1, last}) }
	snmp := &api.SNMP{Version: "2c", Community: `pub"lic`}
	o := &Office{Hosts: []Host{
		{Address: at(1), Kind: "gateway"},
		{Address: at(2), Kind: "network", Name: "sw", SNMP: snmp},
		{Address: at(3), Kind: "network", Name: "sw", SNMP: snmp},
		{Address: at(4), Kind: "network", Name: "sw.office.lan"},
		{Address: at(5), Kind: "printer", Name: "a\\b\x1b\u00a0"},
		{Address: at(6), Kind: "pc", Name: "pc"},
		{Address: at(7), Kind: "pc", Name: "server", SNMP: snmp},
		{Address: at(8), Kind: "nas", Known: "sw-2"},
		{Address: at(9), Kind: "ups"},
		{Address: at(10), Kind: "gateway", Self: true},
		{Address: at(11)},
		{Address: at(12), SNMP: snmp},
	}}
	var got []string
	for _, target := range o.Targets() {
		got = append(got, target.Name+" "+string(target.Role))
	}
	want := []string{"gateway gateway", "sw lan", "sw-3 lan", "sw-4 lan", "a/b device", "server device", "ups-9 device", "device-12 device"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	doc := api.Document{Interval: time.Minute, Packets: 1, Targets: o.Targets()}
	if err := doc.Check(); err != nil {
		t.Error(err)
	}
}

func TestColumnsAreAlignedByWhatAScreenShows(t *testing.T) {
	rows := [][]string{{"Địa chỉ", "x"}, {"máy in", "x"}, {"ma\u0301y in", "x"}, {"打印机", "x"}, {"printer-4", "x"}}
	for _, line := range say.Align(rows, 2) {
		if got := say.Width(strings.TrimSuffix(line, "x")); got != 11 {
			t.Errorf("%q: %d", line, got)
		}
	}
}

func TestWhatAHostSaysCannotBreakTheTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := searching(func(_ context.Context, a netip.Addr) (bool, error) { return a == router, nil },
			func(context.Context, api.Target) Device {
				return Device{Name: "evil\x1b[2J\nname\u202e", Descr: strings.Repeat("x", 5000)}
			}, nil)
		var b strings.Builder
		if err := s.Run(t.Context()).Print(&b, say.English); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(b.String(), "\x1b\u202e") || strings.Count(b.String(), "evil") != 2 {
			t.Errorf("%q", b.String())
		}
	})
}
