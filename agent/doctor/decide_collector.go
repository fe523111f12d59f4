package doctor

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"communewatch/collector/api"
)

func (f *facts) tls(dns []Finding) Finding {
	c := f.collector
	if f.cfg.URL == "" {
		return skipped(CheckTLS, said("not_installed"))
	}
	if c.failed != stageDone {
		if reason, cut := f.behind(c.address); cut {
			return skipped(CheckTLS, reason)
		}
	}
	where := c.host + ":" + c.port
	switch {
	case c.proxyWrong != "":
		return bad(CheckTLS, said("proxy_setting", c.proxyWrong), said("do_proxy_setting"))
	case c.local && c.failed != stageDone:
		return bad(CheckTLS, said("tls_forbidden", where), said("do_forbidden"))
	case c.failed == stageName && Failed(dns) > 0:
		return skipped(CheckTLS, said("after_dns"))
	case c.failed == stageName:
		return bad(CheckTLS, said("tls_no_name", c.host), said("do_dns_no_name", c.host))
	case c.failed == stageConnect && c.proxy != "":
		return bad(CheckTLS, said("proxy_gone", c.proxy), said("do_proxy_gone"))
	case c.failed == stageConnect:
		return f.unconnected(where)
	case c.failed == stageProxy:
		return proxyFinding(c)
	case c.failed == stageTLS:
		return f.unshaken(where)
	case c.failed == stageAnswer && c.stranger != 0:
		return bad(CheckTLS, said("tls_stranger", where, c.stranger), said("do_stranger"))
	case c.failed != stageDone:
		return bad(CheckTLS, said("tls_no_answer", where), said("do_later"))
	}
	if leaf := c.presented; len(leaf) > 0 && (c.now.After(leaf[0].NotAfter) || c.now.Before(leaf[0].NotBefore)) {
		return bad(CheckTLS, said("tls_dates", where, day(leaf[0].NotAfter)), said("do_tell_noc"))
	}
	if c.proxy != "" {
		return good(CheckTLS, said("tls_ok_proxy", where, c.took.Milliseconds(), c.proxy))
	}
	return good(CheckTLS, said("tls_ok", where, c.took.Milliseconds()))
}

func (f *facts) unconnected(where string) Finding {
	switch f.collector.failure {
	case api.PathTimeout:
		return bad(CheckTLS, said("tls_connect_timeout", where), said("do_connect_timeout", where))
	case api.PathRefused:
		return bad(CheckTLS, said("tls_refused", where), said("do_refused"))
	case api.PathNoRoute:
		return bad(CheckTLS, said("tls_no_route", where), said("do_gateway_none"))
	}
	return bad(CheckTLS, said("tls_broken", where), said("do_later"))
}

func proxyFinding(c collectorFacts) Finding {
	switch {
	case c.proxyStatus == http.StatusProxyAuthRequired:
		return bad(CheckTLS, said("proxy_auth", c.proxy), said("do_proxy_auth"))
	case c.proxyStatus != 0:
		return bad(CheckTLS, said("proxy_refused", c.proxy, c.proxyStatus, c.host+":"+c.port), said("do_proxy_allow", c.host+":"+c.port))
	}
	return bad(CheckTLS, said("proxy_broken", c.proxy), said("do_proxy_gone"))
}

// unshaken says why TLS was not what it should be.
func (f *facts) unshaken(where string) Finding {
	c := f.collector
	if c.portal.isPortal() {
		if c.portal.to != "" {
			return bad(CheckTLS, said("portal_at", c.portal.to), said("do_portal"))
		}
		return bad(CheckTLS, said("portal"), said("do_portal"))
	}
	switch c.failure {
	case api.PathCertificate:
		return f.uncertain(where)
	case api.PathNotTLS:
		return bad(CheckTLS, said("tls_not_tls", where), said("do_stranger"))
	case api.PathTimeout:
		return bad(CheckTLS, said("tls_timeout", where), said("do_connect_timeout", where))
	case api.PathReset:
		return bad(CheckTLS, said("tls_reset", where), said("do_connect_timeout", where))
	}
	return bad(CheckTLS, said("tls_broken", where), said("do_later"))
}

// uncertain names whose certificate came instead of the collector's.
func (f *facts) uncertain(where string) Finding {
	c := f.collector
	if len(c.presented) == 0 {
		return bad(CheckTLS, said("tls_broken", where), said("do_later"))
	}
	leaf := c.presented[0]
	var unknown x509.UnknownAuthorityError // our CA was only shown along
	if pinned(c.presented, f.cfg.Pin) && !errors.As(c.refused, &unknown) {
		var name x509.HostnameError
		if errors.As(c.refused, &name) {
			return bad(CheckTLS, said("tls_name", c.host, list(namesOf(leaf))), said("do_tls_name"))
		}
		return bad(CheckTLS, said("tls_chain", where), said("do_tell_noc"))
	}
	issuer := issuerOf(leaf)
	switch {
	case strings.HasPrefix(leaf.Issuer.CommonName, ourAuthority):
		return bad(CheckTLS, said("tls_other_ca", where), said("do_tls_other_ca"))
	case c.proxy != "":
		return bad(CheckTLS, said("tls_opened_proxy", c.proxy, issuer), said("do_tls_opened", where))
	case guardOf(leaf) != "":
		return bad(CheckTLS, said("tls_opened_guard", guardOf(leaf), issuer), said("do_tls_opened", where))
	case selfSigned(leaf):
		return bad(CheckTLS, said("tls_other_device", issuer), said("do_stranger"))
	}
	return bad(CheckTLS, said("tls_opened", issuer), said("do_tls_opened", where))
}

// ourAuthority begins the names of collectors' CAs.
const ourAuthority = "CommuneWatch"

// pinned tells whether the collector's CA is among the certificates.
func pinned(presented []*x509.Certificate, pin string) bool {
	return slices.ContainsFunc(presented, func(c *x509.Certificate) bool {
		sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
		return c.IsCA && "sha256:"+hex.EncodeToString(sum[:]) == pin
	})
}

func namesOf(c *x509.Certificate) (names []string) {
	names = append(names, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	for i := range names {
		names[i] = shown(names[i])
	}
	return names
}

// issuerOf is how the signer calls itself, in characters that a screen may show.
func issuerOf(c *x509.Certificate) string {
	name := shown(nameOf(c.Issuer))
	if name == "" {
		return "?"
	}
	return name
}

func nameOf(n pkix.Name) string {
	parts := append(slices.Clone(n.Organization), n.CommonName)
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(slices.Compact(parts), ", ")
}

// shown is what a stranger wrote, cut and clean.
func shown(s string) string {
	const most = 80
	r := []rune(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1 // it turns the direction of a line, or cannot be seen
		}
		return r
	}, api.CleanText(s)))
	if len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(r)
}

func selfSigned(c *x509.Certificate) bool {
	return string(c.RawIssuer) == string(c.RawSubject)
}

// guards are antivirus programs and filters that open TLS, by what their certificates say.
var guards = []string{
	"Kaspersky", "ESET", "Avast", "AVG", "Bitdefender", "Bkav", "Norton", "Symantec", "McAfee", "Dr.Web", "Sophos", "Fortinet", "FortiGate",
	"Palo Alto", "Zscaler", "Check Point", "SonicWall", "WatchGuard", "Cisco Umbrella", "Sangfor", "Squid", "mitmproxy", "pfSense", "OPNsense", "Untangle",
	"Barracuda", "Blue Coat", "Forcepoint", "Trend Micro", "Netskope", "AdGuard", "Fiddler", "Charles Proxy", "DrayTek", "MikroTik", "Huawei", "H3C", "Ruijie",
}

func guardOf(c *x509.Certificate) string {
	if selfSigned(c) {
		return ""
	}
	all := strings.ToLower(nameOf(c.Issuer))
	for _, g := range guards {
		if hasWord(all, strings.ToLower(g)) {
			return g
		}
	}
	return ""
}

// hasWord: "ESET" is not in "reset".
func hasWord(text, word string) bool {
	for rest := text; ; {
		i := strings.Index(rest, word)
		if i < 0 {
			return false
		}
		end := i + len(word)
		if (i == 0 || !letter(rest[i-1])) && (end == len(rest) || !letter(rest[end])) {
			return true
		}
		rest = rest[end:]
	}
}

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' }

func day(t time.Time) string { return t.In(saigon).Format("02/01/2006") }

// saigon: the offices' day, also where no zone data is installed.
var saigon = time.FixedZone("+07", 7*60*60)

func (f *facts) clock() Finding {
	c := f.collector
	if !c.timed {
		return skipped(CheckClock, f.untimed())
	}
	const right, bearable = 2 * time.Second, 2 * time.Minute
	off := c.offset.Abs()
	switch {
	case off <= max(right, c.doubt):
		return good(CheckClock, said("clock_ok"))
	case off <= bearable:
		return good(CheckClock, said("clock_near", ahead(c.offset), lasting(off)))
	}
	return bad(CheckClock, said("clock_off", ahead(c.offset), lasting(off)), doClock())
}

func (f *facts) untimed() Said {
	if f.cfg.URL == "" {
		return said("not_installed")
	}
	if reason, missing := f.ground(); missing {
		return reason
	}
	return said("after_tls")
}

func ahead(offset time.Duration) Said {
	if offset > 0 {
		return said("ahead")
	}
	return said("behind")
}

// lasting is a duration in words, of the two greatest units.
func lasting(d time.Duration) Said {
	const dayLong = 24 * time.Hour
	switch {
	case d >= 365*dayLong:
		return said("years", int(d/(365*dayLong)), int(d%(365*dayLong)/dayLong))
	case d >= dayLong:
		return said("days", int(d/dayLong), int(d%dayLong/time.Hour))
	case d >= time.Hour:
		return said("hours", int(d/time.Hour), int(d%time.Hour/time.Minute))
	case d >= time.Minute:
		return said("minutes", int(d/time.Minute), int(d%time.Minute/time.Second))
	}
	return said("seconds", d.Seconds())
}

func doClock() Said {
	if onWindows {
		return said("do_clock_windows")
	}
	return said("do_clock_linux")
}

func (f *facts) mtuFinding() Finding {
	c, m := f.collector, f.mtu
	if f.cfg.URL == "" {
		return skipped(CheckMTU, said("not_installed"))
	}
	if reason, cut := f.behind(c.address); cut {
		return skipped(CheckMTU, reason)
	}
	switch {
	case c.proxy != "":
		return skipped(CheckMTU, said("mtu_proxy"))
	case !c.address.IsValid():
		return skipped(CheckMTU, said("after_tls"))
	case m.failure == api.PathNotProbed:
		return skipped(CheckMTU, said("mtu_system"))
	case m.bytes == 0 && m.failure == api.PathTimeout && m.echo:
		return skipped(CheckMTU, said("mtu_late"))
	case m.bytes == 0:
		return skipped(CheckMTU, said("mtu_silent"))
	case m.bytes >= largest, m.bytes == m.line:
		return good(CheckMTU, said("mtu_ok", m.bytes))
	case m.told:
		return good(CheckMTU, said("mtu_smaller", m.bytes))
	case c.segment > 0 && c.segment+headers <= m.bytes:
		return good(CheckMTU, said("mtu_clamped", m.bytes, c.segment))
	}
	return bad(CheckMTU, said("mtu_hole", m.bytes), said("do_mtu", m.bytes, m.bytes-headers))
}

// headers are TCP's and IPv4's.
const headers = 40

// firewall says only what a comparison proves: something passes, and something else to
// the same place does not.
func (f *facts) firewall() Finding {
	if reason, missing := f.ground(); missing {
		return skipped(CheckFirewall, reason)
	}
	c := f.collector
	asked, answered, alive := f.count()
	switch {
	case c.local && c.failed != stageDone:
		return bad(CheckFirewall, said("firewall_local"), said("do_forbidden"))
	case c.failed == stageConnect && c.failure == api.PathTimeout && c.proxy == "" && f.mtu.echo:
		return bad(CheckFirewall, said("firewall_tcp", c.host, c.port), said("do_connect_timeout", c.host+":"+c.port))
	case c.failed >= stageTLS && answered > 0:
		return good(CheckFirewall, said("firewall_open", c.port))
	case c.failed >= stageTLS && asked == 0:
		return good(CheckFirewall, said("firewall_tcp_open", c.port))
	case alive > 1 && answered == 0:
		return skipped(CheckFirewall, said("firewall_udp", alive))
	}
	return skipped(CheckFirewall, said("firewall_unknown"))
}

// count is of the devices: asked over SNMP, that answered, and that answer a ping only.
func (f *facts) count() (asked, answered, alive int) {
	for _, d := range f.devices {
		asked++
		switch d.device.Fault {
		case FaultSilent:
			if d.echoed {
				alive++
			}
		case FaultName, FaultNoRoute, faultNotAsked:
		default:
			answered++
		}
	}
	return asked, answered, alive
}
