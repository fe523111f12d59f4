package doctor

import (
	"net"
	"strings"
	"testing"

	"communewatch/collector/api"
)

func TestADeviceThatDoesNotAnswerIsToldHowForItsMake(t *testing.T) {
	brother := net.HardwareAddr{0, 0x80, 0x77, 0, 0, 1}
	unknown := net.HardwareAddr{0xd6, 0, 0, 0, 0, 1}
	three := &api.SNMP{Version: "3", User: "watcher"}
	for name, c := range map[string]struct {
		facts        deviceFacts
		want, advice string
	}{
		"silent":                {deviceFacts{echoed: true, mac: brother, device: Device{Fault: FaultSilent}}, "!snmp_silent", "make_brother"},
		"silent to pings too":   {deviceFacts{mac: brother, device: Device{Fault: FaultSilent}}, "!snmp_silent", "make_brother"},
		"of an unknown maker":   {deviceFacts{echoed: true, mac: unknown, device: Device{Fault: FaultSilent}}, "!snmp_silent", "do_snmp_any"},
		"beyond a router":       {deviceFacts{echoed: true, device: Device{Fault: FaultSilent}}, "!snmp_silent", "do_snmp_any"},
		"gone":                  {deviceFacts{device: Device{Fault: FaultSilent}}, "!snmp_gone", "do_snmp_gone"},
		"closed":                {deviceFacts{mac: brother, device: Device{Fault: FaultClosed}}, "!snmp_closed", "make_brother"},
		"silent in version 3":   {deviceFacts{target: api.Target{SNMP: three}, echoed: true, device: Device{Fault: FaultSilent}}, "!snmp_silent3", "do_snmp_any"},
		"it does not know us":   {deviceFacts{target: api.Target{SNMP: three}, device: Device{Fault: FaultUser}}, "!snmp_user", "do_snmp_user"},
		"a wrong password":      {deviceFacts{device: Device{Fault: FaultPassword}}, "!snmp_password", "do_snmp_password"},
		"a wrong privacy":       {deviceFacts{device: Device{Fault: FaultPrivacy}}, "!snmp_privacy", "do_snmp_password"},
		"a wrong level":         {deviceFacts{device: Device{Fault: FaultLevel}}, "!snmp_level", "do_snmp_level"},
		"a clock that jumps":    {deviceFacts{device: Device{Fault: FaultWindow}}, "!snmp_window", "do_snmp_window"},
		"it refuses":            {deviceFacts{device: Device{Fault: FaultRefused}}, "!snmp_refused", "do_snmp_refused"},
		"its name is no longer": {deviceFacts{device: Device{Fault: FaultName}}, "!snmp_name", "do_snmp_address"},
		"no way":                {deviceFacts{device: Device{Fault: FaultNoRoute}}, "!snmp_no_route", "do_snmp_address"},
		"nonsense":              {deviceFacts{device: Device{Fault: FaultOther}}, "!snmp_other", "do_snmp_other"},
		"no time":               {deviceFacts{device: Device{Fault: faultNotAsked}}, "-snmp_not_asked", ""},
		"well":                  {deviceFacts{device: Device{Name: "x"}}, "+snmp_ok", ""},
	} {
		if c.facts.target.SNMP == nil {
			c.facts.target = asked
		}
		f := well()
		f.devices = []deviceFacts{c.facts}
		all := decide(f)
		if got := found(all, CheckSNMP); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		for _, one := range all {
			if one.Name != CheckSNMP {
				continue
			}
			advice := ""
			if len(one.Advice) > 0 {
				advice = strings.TrimPrefix(string(one.Advice[0].Key), "doctor.")
			}
			if advice != c.advice {
				t.Errorf("%s: advice %s, want %s", name, advice, c.advice)
			}
		}
	}
}

func TestAMakeIsKnownByWhatADeviceSaysBeforeItsCard(t *testing.T) {
	dell := net.HardwareAddr{0, 0x14, 0x22, 0, 0, 1}
	for object, want := range map[string]string{
		"1.3.6.1.4.1.14988.1":         "mikrotik",
		".1.3.6.1.4.1.14988.1":        "mikrotik",
		"1.3.6.1.4.1.9.6.1.83.10":     "ciscosb",
		"1.3.6.1.4.1.9.1.1208":        "cisco",
		"1.3.6.1.4.1.11.2.3.9.1":      "hpprinter",
		"1.3.6.1.4.1.11.2.3.7.11.160": "aruba",
		"1.3.6.1.4.1.99999.1":         "",
		"1.3.6.1.4.1.1498":            "",
		"":                            "", // Dell's SNMP is not turned on by us
	} {
		if m, _ := makeOf(object, dell); m.name != want {
			t.Errorf("%s: %s, want %s", object, m.name, want)
		}
	}
	if m, _ := makeOf("", net.HardwareAddr{0x4c, 0x5e, 0x0c, 0, 0, 1}); m.name != "mikrotik" {
		t.Errorf("by its card: %s", m.name)
	}
}
