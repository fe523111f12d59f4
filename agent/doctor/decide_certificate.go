package doctor

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"communewatch/collector/api"
)

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
