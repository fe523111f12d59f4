package doctor

import (
	"errors"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
)

// decide says what the facts mean, and asks nobody. A check whose ground is gone by an
// earlier one is not said to have failed: there is one cause, and it is named once.
func decide(f *facts) []Finding {
	out := []Finding{f.link(), f.address(), f.gatewayFinding()}
	dns := f.dns()
	out = append(out, dns...)
	out = append(out, f.tls(dns), f.identityFinding(), f.clock(), f.mtuFinding(), f.ping(), f.firewall())
	out = append(out, f.snmp()...)
	return append(out, f.diskFinding())
}

func (m machine) carriers() (up []iface) {
	for _, i := range m.office() {
		if i.carrier {
			up = append(up, i)
		}
	}
	return up
}

// addressesOf are those by which an office can be reached; invented ones (RFC 3927) are
// only told of.
func (m machine) addressesOf() (real []string, invented bool) {
	for _, i := range m.carriers() {
		for _, p := range i.addresses {
			switch a := p.Addr(); {
			case a.Is4() && a.IsLinkLocalUnicast():
				invented = true
			case a.IsGlobalUnicast():
				real = append(real, p.String()+" ("+i.name+")")
			}
		}
	}
	return real, invented
}

func (m machine) hasAddress() bool {
	real, _ := m.addressesOf()
	return len(real) > 0
}

// lineTo is what this machine's own line towards an address takes.
func (m machine) lineTo(a netip.Addr) int {
	for _, i := range m.carriers() {
		if i.reaches(a) || i.reaches(m.gateway) {
			return i.mtu
		}
	}
	return 0
}

func (f *facts) link() Finding {
	all := f.machine.office()
	if len(all) == 0 {
		return bad(CheckLink, said("link_none"), said("do_link_none"))
	}
	var up, down, off, air []string
	for _, i := range all {
		switch {
		case i.carrier:
			up = append(up, i.name)
		case i.up:
			down = append(down, i.name)
		default:
			off = append(off, i.name)
		}
		if i.wireless {
			air = append(air, i.name)
		}
	}
	switch {
	case len(up) > 0 && slices.Contains(air, up[0]):
		return good(CheckLink, said("link_wifi", list(up)))
	case len(up) > 0:
		return good(CheckLink, said("link_up", list(up)))
	case len(down) > 0:
		advice := []Said{said("do_link_cable")}
		if slices.ContainsFunc(down, func(n string) bool { return slices.Contains(air, n) }) {
			advice = append(advice, said("do_link_wifi"))
		}
		return bad(CheckLink, said("link_no_carrier", list(down)), advice...)
	}
	return bad(CheckLink, said("link_off", list(off)), said("do_link_off", off[0]))
}

func list(names []string) string {
	const most = 6
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

func (f *facts) address() Finding {
	if len(f.machine.carriers()) == 0 {
		return skipped(CheckAddress, said("after_link"))
	}
	real, invented := f.machine.addressesOf()
	switch {
	case len(real) > 0:
		return good(CheckAddress, said("address_ok", list(real)))
	case invented:
		return bad(CheckAddress, said("address_invented"), said("do_address"))
	}
	return bad(CheckAddress, said("address_none"), said("do_address"))
}

// ground is why nothing beyond this machine can be checked; ok is false when it can.
func (f *facts) ground() (reason Said, missing bool) {
	switch {
	case len(f.machine.carriers()) == 0:
		return said("after_link"), true
	case !f.machine.hasAddress():
		return said("after_address"), true
	}
	return Said{}, false
}

func (f *facts) gatewayFinding() Finding {
	if reason, missing := f.ground(); missing {
		return skipped(CheckGateway, reason)
	}
	g, way := f.gateway, f.machine.gateway
	switch {
	case !way.IsValid() && f.passed():
		return good(CheckGateway, said("gateway_other"))
	case !way.IsValid():
		return bad(CheckGateway, said("gateway_none"), said("do_gateway_none"))
	case g.echoed:
		return good(CheckGateway, said("gateway_ping", way.String()))
	case g.listed && g.neighbour.fresh:
		return good(CheckGateway, said("gateway_arp", way.String(), g.neighbour.mac.String()))
	case f.passed():
		return good(CheckGateway, said("gateway_forwards", way.String()))
	case g.listed && !g.neighbour.dead && len(g.neighbour.mac) > 0:
		return good(CheckGateway, said("gateway_known", way.String(), g.neighbour.mac.String()))
	}
	return bad(CheckGateway, said("gateway_silent", way.String()), said("do_gateway_silent"))
}

// passed tells whether the collector, or a proxy beyond this network, was reached.
func (f *facts) passed() bool {
	c := f.collector
	return c.failed > stageConnect && c.address.IsValid() && !f.machine.own(c.address)
}

// behind is why an address elsewhere cannot be reached at all; ok is false when it might.
func (f *facts) behind(a netip.Addr) (reason Said, cut bool) {
	if reason, missing := f.ground(); missing {
		return reason, true
	}
	if a.IsValid() && f.machine.own(a) || f.gatewayFinding().State != Bad {
		return Said{}, false
	}
	return said("after_gateway"), true
}

func (f *facts) ping() Finding {
	switch r := f.right; {
	case r.datagram:
		return good(CheckPing, said("ping_datagram"))
	case r.system:
		return good(CheckPing, said("ping_system"))
	case r.raw:
		return good(CheckPing, said("ping_raw"))
	}
	if onWindows {
		return bad(CheckPing, said("ping_none"), said("do_ping_windows"))
	}
	return bad(CheckPing, said("ping_none"), said("do_ping_unit"), said("do_ping_sysctl"))
}

const (
	leastFree = 100 << 20 // bytes
	megabyte  = 1 << 20
)

func (f *facts) diskFinding() Finding {
	d := f.disk
	switch {
	case d.folder == "":
		return skipped(CheckDisk, said("not_installed"))
	case d.slow:
		return bad(CheckDisk, said("disk_slow", d.folder), said("do_disk_error"))
	case errors.Is(d.err, fs.ErrNotExist):
		return bad(CheckDisk, said("disk_missing", d.folder), said("do_disk_missing"))
	case errors.Is(d.err, fs.ErrPermission):
		return bad(CheckDisk, said("disk_permission", d.folder), said("do_disk_permission"))
	case full(d.err):
		return bad(CheckDisk, said("disk_full", d.folder), said("do_disk_low"))
	case d.err != nil:
		return bad(CheckDisk, said("disk_error", d.folder, d.err.Error()), said("do_disk_error"))
	case d.free < leastFree:
		return bad(CheckDisk, said("disk_low", d.folder, d.free/megabyte), said("do_disk_low"))
	case d.free < d.needs:
		return good(CheckDisk, said("disk_tight", d.folder, d.free/megabyte, d.needs/megabyte))
	}
	return good(CheckDisk, said("disk_ok", d.folder, d.free/megabyte))
}
