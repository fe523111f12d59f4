package doctor

// snmp gives a finding for each configured device.
func (f *facts) snmp() []Finding {
	var out []Finding
	for _, t := range f.cfg.Targets {
		if t.SNMP == nil {
			continue
		}
		if reason, missing := f.ground(); missing {
			return []Finding{skipped(CheckSNMP, reason)}
		}
	}
	for _, d := range f.devices {
		out = append(out, f.deviceFinding(d).of(d.target.Name))
	}
	if len(out) == 0 {
		return []Finding{skipped(CheckSNMP, said("snmp_none"))}
	}
	return out
}

func (f *facts) deviceFinding(d deviceFacts) Finding {
	address := d.target.Address
	switch d.device.Fault {
	case "":
		return good(CheckSNMP, d.answered())
	case FaultSilent, FaultClosed:
		return d.silent()
	case FaultName:
		return bad(CheckSNMP, said("snmp_name", address), said("do_snmp_address"))
	case FaultNoRoute:
		return bad(CheckSNMP, said("snmp_no_route", address), said("do_snmp_address"))
	case FaultUser:
		return bad(CheckSNMP, said("snmp_user", shown(d.target.SNMP.User)), said("do_snmp_user"))
	case FaultPassword:
		return bad(CheckSNMP, said("snmp_password"), said("do_snmp_password"))
	case FaultPrivacy:
		return bad(CheckSNMP, said("snmp_privacy"), said("do_snmp_password"))
	case FaultLevel:
		return bad(CheckSNMP, said("snmp_level", d.target.SNMP.SecurityLevel()), said("do_snmp_level"))
	case FaultWindow:
		return bad(CheckSNMP, said("snmp_window"), said("do_snmp_window"))
	case FaultRefused:
		return bad(CheckSNMP, said("snmp_refused"), said("do_snmp_refused"))
	case faultNotAsked:
		return skipped(CheckSNMP, said("snmp_not_asked"))
	}
	return bad(CheckSNMP, said("snmp_other", shown(d.device.Descr)), said("do_snmp_other"))
}

func (d deviceFacts) answered() Said {
	name := shown(d.device.Name)
	if name == "" {
		name = "?"
	}
	if descr := shown(d.device.Descr); descr != "" {
		return said("snmp_ok", name, descr)
	}
	return said("snmp_ok", name, d.device.Object)
}

// silent: nobody knows whether SNMP is off or the community wrong, since neither is
// answered (RFC 3584 §5.2.2 has wrong communities dropped). A device that nothing at all
// is heard of is told apart.
func (d deviceFacts) silent() Finding {
	how := said("do_snmp_any")
	if m, known := makeOf(d.device.Object, d.mac); known {
		how = m.howTo()
	}
	switch {
	case d.device.Fault == FaultClosed:
		return bad(CheckSNMP, said("snmp_closed", d.target.Address), how)
	case !d.echoed && d.mac == nil:
		return bad(CheckSNMP, said("snmp_gone", d.target.Address), said("do_snmp_gone"))
	case d.target.SNMP.Version == "3":
		return bad(CheckSNMP, said("snmp_silent3", d.target.Address), how)
	}
	return bad(CheckSNMP, said("snmp_silent", d.target.Address), how)
}
