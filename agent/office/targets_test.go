package office

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func addrs(texts ...string) []netip.Addr {
	var out []netip.Addr
	for _, t := range texts {
		out = append(out, netip.MustParseAddr(t))
	}
	return out
}

func TestWithoutTargetsAnOfficeMeasuresWhatEveryOfficeHas(t *testing.T) {
	own := home.own
	gateway := netip.MustParseAddr("192.168.1.1")
	anchors := []string{"192.0.2.1", "192.0.2.2"}
	for name, c := range map[string]struct {
		around    surroundings
		collector string
		want      string
	}{
		"all different":          {surroundings{gateway, addrs("192.168.1.5", "203.0.113.5"), own}, "https://noc.example:8443", "gateway=192.168.1.1 dns=192.168.1.5 dns-2=203.0.113.5 collector=noc.example anchor-1=192.0.2.1 anchor-2=192.0.2.2"},
		"the router is the DNS":  {surroundings{gateway, addrs("192.168.1.1"), own}, "https://noc.example", "gateway=192.168.1.1 collector=noc.example anchor-1=192.0.2.1 anchor-2=192.0.2.2"},
		"and there is another":   {surroundings{gateway, addrs("192.168.1.1", "203.0.113.5"), own}, "https://noc.example", "gateway=192.168.1.1 dns=203.0.113.5 collector=noc.example anchor-1=192.0.2.1 anchor-2=192.0.2.2"},
		"an anchor is the DNS":   {surroundings{gateway, addrs("192.0.2.1"), own}, "https://noc.example", "gateway=192.168.1.1 dns=192.0.2.1 collector=noc.example anchor-2=192.0.2.2"},
		"no network yet":         {surroundings{}, "https://[fd00::7]:8443", "collector=fd00::7 anchor-1=192.0.2.1 anchor-2=192.0.2.2"},
		"the collector is local": {surroundings{gateway, nil, own}, "https://192.168.1.1:8443", "gateway=192.168.1.1 anchor-1=192.0.2.1 anchor-2=192.0.2.2"},
	} {
		got := defaultTargets(c.around, c.collector, anchors)
		if d := cmp.Diff(c.want, addresses(got)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		doc := api.Document{Interval: api.DefaultInterval, Packets: 10, Targets: got}
		if err := doc.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADefaultTargetsRoleSaysOnWhichSideOfTheLineItLies(t *testing.T) {
	around := surroundings{netip.MustParseAddr("192.168.1.1"), addrs("192.168.1.5", "203.0.113.5"), home.own}
	roles := map[string]api.Role{}
	for _, target := range defaultTargets(around, "https://noc.example", []string{"192.0.2.1"}) {
		roles[target.Name] = target.Role
	}
	want := map[string]api.Role{"gateway": "gateway", "dns": "lan", "dns-2": "uplink", "collector": "uplink", "anchor-1": "uplink"}
	if d := cmp.Diff(want, roles); d != "" {
		t.Error(d)
	}
}

func TestTheAnchorsAreAddressesOfTwoOperatorsAndNoNames(t *testing.T) {
	if len(DefaultAnchors) != 2 || DefaultAnchors[0] == DefaultAnchors[1] {
		t.Errorf("got %v", DefaultAnchors)
	}
	for _, a := range DefaultAnchors {
		if addr, err := netip.ParseAddr(a); err != nil || addr.IsPrivate() || !addr.IsGlobalUnicast() {
			t.Errorf("%s: %v", a, err)
		}
	}
}

func TestServersThatAnswerNobodyAreNoTargets(t *testing.T) {
	for _, a := range addrs("127.0.0.53", "::1", "0.0.0.0", "224.0.0.251", "fec0:0:0:ffff::1", "fec0:0:0:ffff::1%3") {
		if usableServer(a) {
			t.Errorf("%s is one", a)
		}
	}
	for _, a := range addrs("192.168.1.1", "fe80::1%2", "2001:db8::53") {
		if !usableServer(a) {
			t.Errorf("%s is none", a)
		}
	}
}

func TestServersInAnotherOrderAreTheSame(t *testing.T) {
	before := surroundings{home.gateway, addrs("10.0.0.1", "10.0.0.2"), home.own}
	for name, c := range map[string]struct {
		now  []netip.Addr
		want []netip.Addr
	}{
		"another order": {addrs("10.0.0.2", "10.0.0.1"), before.dns},
		"none":          {nil, before.dns},
		"others":        {addrs("10.0.0.2", "10.0.0.3"), addrs("10.0.0.2", "10.0.0.3")},
	} {
		got := before.after(surroundings{home.gateway, c.now, home.own})
		if d := cmp.Diff(c.want, got.dns, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
