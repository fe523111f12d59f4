package doctor

import (
	"net/netip"
	"slices"

	"communewatch/collector/api"
)

// dns gives a finding for each server.
func (f *facts) dns() []Finding {
	if reason, missing := f.ground(); missing {
		return []Finding{skipped(CheckDNS, reason)}
	}
	switch {
	case f.cfg.URL == "":
		return []Finding{skipped(CheckDNS, said("not_installed"))}
	case hostOf(f.cfg.URL) == "":
		return []Finding{skipped(CheckDNS, said("dns_literal"))}
	case len(f.resolvers) == 0:
		return []Finding{bad(CheckDNS, said("dns_none"), said("do_dns_none"))}
	}
	var out []Finding
	for _, r := range f.resolvers {
		out = append(out, f.resolver(r).of(r.server.String()))
	}
	return out
}

func (f *facts) resolver(r resolverFacts) Finding {
	host := hostOf(f.cfg.URL)
	if r.failure != "" {
		return f.deadResolver(r)
	}
	unknown := r.code == "NXDOMAIN" || r.code == "" && len(r.addresses) == 0
	switch {
	case unknown && f.collector.failed == stageDone && f.collector.proxy != "":
		return good(CheckDNS, said("dns_proxy", r.took.Milliseconds()))
	case unknown && f.collector.failed == stageDone && !f.told():
		return good(CheckDNS, said("dns_elsewhere", r.took.Milliseconds(), host))
	case unknown:
		return bad(CheckDNS, said("dns_no_name", host), said("do_dns_no_name", host), said("do_dns_change"))
	case r.code != "":
		return bad(CheckDNS, said("dns_code", r.code), said("do_dns_change"))
	case share(r.addresses, r.invented):
		return bad(CheckDNS, said("dns_captive", addressList(r.addresses)), said("do_portal"))
	case f.wrong(r):
		return bad(CheckDNS, said("dns_wrong", host, addressList(r.addresses)), said("do_dns_wrong"), said("do_dns_change"))
	case len(r.invented) > 0:
		return good(CheckDNS, said("dns_invents", r.took.Milliseconds(), addressList(r.addresses)))
	}
	return good(CheckDNS, said("dns_ok", r.took.Milliseconds(), addressList(r.addresses)))
}

// told tells whether any server knows the collector's name. If none does and it was
// reached, the name stands in this machine's own file, or was completed to a longer one.
func (f *facts) told() bool {
	return slices.ContainsFunc(f.resolvers, func(r resolverFacts) bool { return len(r.addresses) > 0 })
}

func (f *facts) deadResolver(r resolverFacts) Finding {
	if reason, cut := f.behind(r.server); cut {
		return skipped(CheckDNS, reason)
	}
	switch r.failure {
	case api.PathTimeout:
		return bad(CheckDNS, said("dns_silent"), said("do_dns_change"))
	case api.PathRefused:
		return bad(CheckDNS, said("dns_closed"), said("do_dns_change"))
	case api.PathNoRoute:
		return bad(CheckDNS, said("dns_no_route"), said("do_dns_change"))
	}
	return bad(CheckDNS, said("dns_broken"), said("do_dns_change"))
}

// wrong tells whether an answer cannot be right: it is of no use, or others know better.
// The address at which the collector has shown who it is, is right.
func (f *facts) wrong(r resolverFacts) bool {
	c := f.collector
	if c.failed == stageDone && c.proxy == "" {
		return c.address.Is4() && r.addresses[0].Is4() && !slices.Contains(r.addresses, c.address)
	}
	if slices.ContainsFunc(r.addresses, func(a netip.Addr) bool { return a.IsUnspecified() || a.IsLoopback() || a == f.machine.gateway }) {
		return true
	}
	return f.private(r) && slices.ContainsFunc(f.resolvers, func(other resolverFacts) bool { return len(other.addresses) > 0 && !f.private(other) })
}

func (f *facts) private(r resolverFacts) bool {
	return slices.ContainsFunc(r.addresses, func(a netip.Addr) bool { return a.IsPrivate() || a.IsLinkLocalUnicast() || f.machine.own(a) })
}

func share(a, b []netip.Addr) bool {
	return slices.ContainsFunc(a, func(one netip.Addr) bool { return slices.Contains(b, one) })
}

func addressList(all []netip.Addr) string {
	var out []string
	for _, a := range all {
		out = append(out, a.String())
	}
	return list(out)
}
