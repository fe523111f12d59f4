package doctor

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
)

var (
	router = netip.MustParseAddr("192.168.1.1")
	center = netip.MustParseAddr("203.0.113.2")
	card   = net.HardwareAddr{0x4c, 0x5e, 0x0c, 0, 0, 1} // MikroTik
)

// well are the facts of an office in which nothing is wrong.
func well() *facts {
	return &facts{
		cfg: CheckConfig{URL: "https://cw.example:8443", Token: "x", Folder: "/state"},
		at:  time.Unix(1e9, 0),
		machine: machine{gateway: router, interfaces: []iface{
			{name: "eth0", up: true, carrier: true, hardware: true, mtu: 1500, addresses: []netip.Prefix{netip.MustParsePrefix("192.168.1.20/24")}},
		}},
		gateway:   gatewayFacts{echoed: true},
		resolvers: []resolverFacts{{server: router, addresses: []netip.Addr{center}}},
		collector: collectorFacts{host: "cw.example", port: "8443", failed: stageDone, address: center, timed: true, now: time.Unix(1e9, 0), status: 200},
		mtu:       mtuFacts{done: true, mtu: mtu{bytes: 1500}, line: 1500, echo: true},
		right:     pingRight{datagram: true},
		disk:      disk{folder: "/state", free: 1 << 30},
	}
}

var asked = api.Target{Name: "nas", Address: "192.168.1.30", SNMP: &api.SNMP{Version: "2c"}}

// found writes what is not well, or, of one check, what was found: "name=found".
func found(all []Finding, of string) string {
	var out []string
	for _, f := range all {
		if f.State == Bad || f.State == Skipped || f.Name == of {
			mark := map[State]string{Good: "+", Bad: "!", Skipped: "-"}[f.State]
			if f.Name == of || of == "" {
				out = append(out, mark+strings.TrimPrefix(string(f.Detail.Key), "doctor."))
			}
		}
	}
	return strings.Join(out, " ")
}

func TestAnOfficeInWhichNothingIsWrongIsSaidToBeWell(t *testing.T) {
	if got := found(decide(well()), ""); got != "-snmp_none" {
		t.Errorf("%s", got)
	}
}

func TestWhatFactsMean(t *testing.T) {
	silent := func(f *facts) {
		f.gateway = gatewayFacts{}
		f.collector.failed, f.collector.failure, f.collector.timed = stageConnect, api.PathTimeout, false
	}
	fails := func(at stage, how string) func(*facts) {
		return func(f *facts) {
			f.collector.failed, f.collector.failure, f.collector.timed, f.collector.status = at, how, false, 0
			f.mtu = mtuFacts{}
		}
	}
	for name, c := range map[string]struct {
		of     string
		change func(*facts)
		want   string
	}{
		"no card":      {CheckLink, func(f *facts) { f.machine.interfaces = nil }, "!link_none"},
		"no carrier":   {CheckLink, func(f *facts) { f.machine.interfaces[0].carrier = false }, "!link_no_carrier"},
		"switched off": {CheckLink, func(f *facts) { f.machine.interfaces[0].carrier, f.machine.interfaces[0].up = false, false }, "!link_off"},
		"Wi-Fi":        {CheckLink, func(f *facts) { f.machine.interfaces[0].wireless = true }, "+link_wifi"},
		"only Docker's bridge has it": {CheckLink, func(f *facts) {
			f.machine.interfaces[0].carrier = false
			f.machine.interfaces = append(f.machine.interfaces, iface{name: "docker0", up: true, carrier: true})
		}, "!link_no_carrier"},
		"a bridge to the gateway": {CheckAddress, func(f *facts) {
			f.machine.interfaces = append(f.machine.interfaces, f.machine.interfaces[0])
			f.machine.interfaces[0].addresses = nil
			f.machine.interfaces[1].hardware = false
		}, "+address_ok"},
		"no address": {CheckAddress, func(f *facts) { f.machine.interfaces[0].addresses = nil }, "!address_none"},
		"an invented address": {CheckAddress, func(f *facts) {
			f.machine.interfaces[0].addresses = []netip.Prefix{netip.MustParsePrefix("169.254.1.2/16")}
		}, "!address_invented"},
		"a link-local one of IPv6": {CheckAddress, func(f *facts) {
			f.machine.interfaces[0].addresses = []netip.Prefix{netip.MustParsePrefix("fe80::1/64")}
		}, "!address_none"},

		"the gateway answers ARP only": {CheckGateway, func(f *facts) { f.gateway = gatewayFacts{listed: true, neighbour: neighbour{mac: card, fresh: true}} }, "+gateway_arp"},
		"it passes on":                 {CheckGateway, func(f *facts) { f.gateway = gatewayFacts{listed: true, neighbour: neighbour{dead: true}} }, "+gateway_forwards"},
		"it was there":                 {CheckGateway, func(f *facts) { silent(f); f.gateway = gatewayFacts{listed: true, neighbour: neighbour{mac: card}} }, "+gateway_known"},
		"it is known to be dead": {CheckGateway, func(f *facts) {
			silent(f)
			f.gateway = gatewayFacts{listed: true, neighbour: neighbour{mac: card, dead: true}}
		}, "!gateway_silent"},
		"it is silent":                    {CheckGateway, silent, "!gateway_silent"},
		"a way by IPv6 or a tunnel":       {CheckGateway, func(f *facts) { f.machine.gateway = netip.Addr{} }, "+gateway_other"},
		"there is none":                   {CheckGateway, func(f *facts) { silent(f); f.machine.gateway = netip.Addr{} }, "!gateway_none"},
		"a collector behind a dead one":   {CheckTLS, silent, "-after_gateway"},
		"a collector on the own network":  {CheckTLS, func(f *facts) { silent(f); f.collector.address = netip.MustParseAddr("192.168.1.9") }, "!tls_connect_timeout"},
		"a server behind a dead gateway":  {CheckDNS, func(f *facts) { silent(f); f.resolvers[0] = resolverFacts{server: center, failure: api.PathTimeout} }, "-after_gateway"},
		"a server here, the gateway dead": {CheckDNS, func(f *facts) { silent(f); f.resolvers[0] = resolverFacts{server: router, failure: api.PathTimeout} }, "!dns_silent"},

		"a literal address":         {CheckDNS, func(f *facts) { f.cfg.URL = "https://203.0.113.2" }, "-dns_literal"},
		"no server":                 {CheckDNS, func(f *facts) { f.resolvers = nil }, "!dns_none"},
		"one refuses":               {CheckDNS, func(f *facts) { f.resolvers[0].failure = api.PathRefused }, "!dns_closed"},
		"no such name, and reached": {CheckDNS, func(f *facts) { f.resolvers[0].addresses, f.resolvers[0].code = nil, "NXDOMAIN" }, "+dns_elsewhere"},
		"no such name for a proxy": {CheckDNS, func(f *facts) {
			f.collector.proxy = "p:1"
			f.resolvers[0].addresses, f.resolvers[0].code = nil, "NXDOMAIN"
		}, "+dns_proxy"},
		"nor does a dead proxy": {CheckDNS, func(f *facts) {
			fails(stageConnect, "")(f)
			f.collector.proxy = "p:1"
			f.resolvers[0].addresses, f.resolvers[0].code = nil, "NXDOMAIN"
		}, "!dns_no_name"},
		"one of two knows it": {CheckDNS, func(f *facts) { f.resolvers = append(f.resolvers, resolverFacts{server: center, code: "NXDOMAIN"}) }, "+dns_ok !dns_no_name"},
		"no such name": {CheckDNS, func(f *facts) {
			fails(stageName, api.PathNoName)(f)
			f.resolvers[0].addresses, f.resolvers[0].code = nil, "NXDOMAIN"
		}, "!dns_no_name"},
		"no address of it":         {CheckDNS, func(f *facts) { fails(stageName, api.PathNoName)(f); f.resolvers[0].addresses = nil }, "!dns_no_name"},
		"SERVFAIL":                 {CheckDNS, func(f *facts) { f.resolvers[0].addresses, f.resolvers[0].code = nil, "SERVFAIL" }, "!dns_code"},
		"all names are one":        {CheckDNS, func(f *facts) { f.resolvers[0].invented = []netip.Addr{center} }, "!dns_captive"},
		"it invents, and not ours": {CheckDNS, func(f *facts) { f.resolvers[0].invented = []netip.Addr{router} }, "+dns_invents"},
		"another than the proven":  {CheckDNS, func(f *facts) { f.resolvers[0].addresses = []netip.Addr{router} }, "!dns_wrong"},
		"the proven among others":  {CheckDNS, func(f *facts) { f.resolvers[0].addresses = []netip.Addr{router, center} }, "+dns_ok"},
		"proven by IPv6": {CheckDNS, func(f *facts) {
			f.collector.address = netip.MustParseAddr("2001:db8::1")
			f.resolvers[0].addresses = []netip.Addr{router}
		}, "+dns_ok"},
		"proven by a proxy": {CheckDNS, func(f *facts) {
			f.collector.proxy = "p:1"
			f.collector.address = netip.Addr{}
			f.resolvers[0].addresses = []netip.Addr{center}
		}, "+dns_ok"},
		"the gateway, by a proxy": {CheckDNS, func(f *facts) {
			f.collector.proxy, f.collector.address = "p:1", netip.Addr{}
			f.resolvers[0].addresses = []netip.Addr{router}
		}, "!dns_wrong"},
		"the gateway, not proven": {CheckDNS, func(f *facts) { fails(stageTLS, api.PathTimeout)(f); f.resolvers[0].addresses = []netip.Addr{router} }, "!dns_wrong"},
		"private, others know": {CheckDNS, func(f *facts) {
			fails(stageTLS, "")(f)
			f.resolvers = append(f.resolvers, resolverFacts{server: center, addresses: []netip.Addr{netip.MustParseAddr("10.1.1.1")}})
		}, "+dns_ok !dns_wrong"},
		"private, nobody knows": {CheckDNS, func(f *facts) {
			fails(stageTLS, "")(f)
			f.resolvers[0].addresses = []netip.Addr{netip.MustParseAddr("10.1.1.1")}
		}, "+dns_ok"},

		"no name, DNS said why": {CheckTLS, func(f *facts) { fails(stageName, api.PathNoName)(f); f.resolvers[0].code = "NXDOMAIN" }, "-after_dns"},
		"no name, DNS is well":  {CheckTLS, fails(stageName, api.PathNoName), "!tls_no_name"},
		"a dead port":           {CheckTLS, fails(stageConnect, api.PathTimeout), "!tls_connect_timeout"},
		"a closed port":         {CheckTLS, fails(stageConnect, api.PathRefused), "!tls_refused"},
		"no way":                {CheckTLS, fails(stageConnect, api.PathNoRoute), "!tls_no_route"},
		"forbidden here":        {CheckTLS, func(f *facts) { fails(stageConnect, api.PathOther)(f); f.collector.local = true }, "!tls_forbidden"},
		"a dead proxy":          {CheckTLS, func(f *facts) { fails(stageConnect, api.PathTimeout)(f); f.collector.proxy = "p:1" }, "!proxy_gone"},
		"a proxy's password":    {CheckTLS, func(f *facts) { fails(stageProxy, "")(f); f.collector.proxy, f.collector.proxyStatus = "p:1", 407 }, "!proxy_auth"},
		"a proxy's no":          {CheckTLS, func(f *facts) { fails(stageProxy, "")(f); f.collector.proxy, f.collector.proxyStatus = "p:1", 403 }, "!proxy_refused"},
		"a proxy that cuts":     {CheckTLS, func(f *facts) { fails(stageProxy, "")(f); f.collector.proxy = "p:1" }, "!proxy_broken"},
		"a portal elsewhere":    {CheckTLS, func(f *facts) { fails(stageTLS, api.PathNotTLS)(f); f.collector.portal.to = "login" }, "!portal_at"},
		"a portal by its code":  {CheckTLS, func(f *facts) { fails(stageTLS, api.PathReset)(f); f.collector.portal.status = 511 }, "!portal"},
		"a page instead of TLS": {CheckTLS, func(f *facts) {
			fails(stageTLS, api.PathNotTLS)(f)
			f.collector.portal = portalFacts{status: 200, html: true, same: true}
		}, "!portal"},
		"a page beside TLS": {CheckTLS, func(f *facts) {
			fails(stageTLS, api.PathReset)(f)
			f.collector.portal = portalFacts{status: 200, html: true}
		}, "!tls_reset"},
		"held before TLS":     {CheckTLS, fails(stageTLS, api.PathTimeout), "!tls_timeout"},
		"not TLS":             {CheckTLS, fails(stageTLS, api.PathNotTLS), "!tls_not_tls"},
		"a stranger's answer": {CheckTLS, func(f *facts) { fails(stageAnswer, "")(f); f.collector.stranger = 502 }, "!tls_stranger"},
		"no answer":           {CheckTLS, fails(stageAnswer, api.PathTimeout), "!tls_no_answer"},

		"a second off":      {CheckClock, func(f *facts) { f.collector.offset = time.Second }, "+clock_ok"},
		"off within doubt":  {CheckClock, func(f *facts) { f.collector.offset, f.collector.doubt = -8*time.Second, 9*time.Second }, "+clock_ok"},
		"a minute off":      {CheckClock, func(f *facts) { f.collector.offset = -time.Minute }, "+clock_near"},
		"three minutes off": {CheckClock, func(f *facts) { f.collector.offset = -3 * time.Minute }, "!clock_off"},
		"years off":         {CheckClock, func(f *facts) { f.collector.offset = 50 * 365 * 24 * time.Hour }, "!clock_off"},
		"no collector":      {CheckClock, fails(stageConnect, api.PathTimeout), "-after_tls"},

		"PPPoE":                   {CheckMTU, func(f *facts) { f.mtu.bytes, f.mtu.told = 1492, true }, "+mtu_smaller"},
		"this machine's own":      {CheckMTU, func(f *facts) { f.mtu.bytes, f.mtu.line = 1400, 1400 }, "+mtu_ok"},
		"a black hole":            {CheckMTU, func(f *facts) { f.mtu.bytes = 1492 }, "!mtu_hole"},
		"a hole, TCP is large":    {CheckMTU, func(f *facts) { f.mtu.bytes, f.collector.segment = 1400, 1448 }, "!mtu_hole"},
		"a hole, TCP is small":    {CheckMTU, func(f *facts) { f.mtu.bytes, f.collector.segment = 1400, 1348 }, "+mtu_clamped"},
		"silence":                 {CheckMTU, func(f *facts) { f.mtu = mtuFacts{done: true, mtu: mtu{failure: api.PathNoAnswer}} }, "-mtu_silent"},
		"no time":                 {CheckMTU, func(f *facts) { f.mtu = mtuFacts{done: true, echo: true, mtu: mtu{failure: api.PathTimeout}} }, "-mtu_late"},
		"not on this system":      {CheckMTU, func(f *facts) { f.mtu = mtuFacts{done: true, mtu: mtu{failure: api.PathNotProbed}} }, "-mtu_system"},
		"the way is a proxy":      {CheckMTU, func(f *facts) { f.collector.proxy = "p:1" }, "-mtu_proxy"},
		"pings by capability":     {CheckPing, func(f *facts) { f.right = pingRight{raw: true} }, "+ping_raw"},
		"pings by Windows":        {CheckPing, func(f *facts) { f.right = pingRight{system: true} }, "+ping_system"},
		"no pings":                {CheckPing, func(f *facts) { f.right = pingRight{} }, "!ping_none"},
		"TCP alone is cut":        {CheckFirewall, func(f *facts) { fails(stageConnect, api.PathTimeout)(f); f.mtu.echo = true }, "!firewall_tcp"},
		"all is cut":              {CheckFirewall, fails(stageConnect, api.PathTimeout), "-firewall_unknown"},
		"cut here":                {CheckFirewall, func(f *facts) { fails(stageConnect, "")(f); f.collector.local = true }, "!firewall_local"},
		"SNMP passes":             {CheckFirewall, func(f *facts) { f.devices = []deviceFacts{{}} }, "+firewall_open"},
		"a closed port proves":    {CheckFirewall, func(f *facts) { f.devices = []deviceFacts{{target: asked, device: Device{Fault: FaultClosed}}} }, "+firewall_open"},
		"nonsense proves nothing": {CheckFirewall, func(f *facts) { f.devices = []deviceFacts{{target: asked, device: Device{Fault: FaultOther}}} }, "-firewall_unknown"},
		"one is silent": {CheckFirewall, func(f *facts) {
			f.devices = []deviceFacts{{target: asked, echoed: true, device: Device{Fault: FaultSilent}}}
		}, "-firewall_unknown"},
		"two are silent": {CheckFirewall, func(f *facts) {
			d := deviceFacts{target: asked, echoed: true, device: Device{Fault: FaultSilent}}
			f.devices = []deviceFacts{d, d}
		}, "-firewall_udp"},
		"a disk that hangs":     {CheckDisk, func(f *facts) { f.disk.slow = true }, "!disk_slow"},
		"no folder":             {CheckDisk, func(f *facts) { f.disk.err = fs.ErrNotExist }, "!disk_missing"},
		"not ours":              {CheckDisk, func(f *facts) { f.disk.err = fs.ErrPermission }, "!disk_permission"},
		"a failing disk":        {CheckDisk, func(f *facts) { f.disk.err = errors.New("input/output error") }, "!disk_error"},
		"nearly full":           {CheckDisk, func(f *facts) { f.disk.free = 99 << 20 }, "!disk_low"},
		"less than the spool's": {CheckDisk, func(f *facts) { f.disk.free, f.disk.needs = 200<<20, 256<<20 }, "+disk_tight"},
	} {
		f := well()
		c.change(f)
		if got := found(decide(f), c.of); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestWithoutALinkOneThingIsWrongAndTheRestIsNotJudged(t *testing.T) {
	f := well()
	f.machine.interfaces[0].carrier = false
	f.cfg.Targets = []api.Target{{Name: "nas", SNMP: &api.SNMP{}}}
	f.collector, f.gateway, f.resolvers = collectorFacts{}, gatewayFacts{}, nil
	want := "!link_no_carrier -after_link -after_link -after_link -after_link -after_link -after_link -after_link -after_link -after_link"
	if got := found(decide(f), ""); got != want {
		t.Errorf("%s", got)
	}
}

func TestEveryBadFindingSaysWhatToDo(t *testing.T) {
	for _, f := range decide(&facts{}) {
		if f.State == Bad && len(f.Advice) == 0 {
			t.Errorf("%s: %s", f.Name, f.Detail.Key)
		}
	}
}
