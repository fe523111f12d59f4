package doctor

import (
	"time"

	"communewatch/collector/api"
)

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
		case FaultName, FaultNoRoute, FaultOther, faultNotAsked:
		default:
			answered++
		}
	}
	return asked, answered, alive
}
