//go:build integration

package lab

import (
	"fmt"
	"strings"
	"time"
)

// SNMP in the office's namespace, where all ports are free.
const simulatorPort = 1161

// devices makes the office a standard one: it runs snmpsim in its namespace, which
// is a switch of 24 ports, two thirds of them with traffic that differs from reading to
// reading, and a UPS; and it gives the ten targets.
func (o *remoteOffice) devices(interval time.Duration) (targets string) {
	o.t.Helper()
	recordings := map[string]string{"switch": RecordedSwitch(interval), "ups": recordedUPS}
	simulator, err := StartSimulator(o.t.Context(), o.dir, simulatorPort, recordings, "ip", "netns", "exec", o.namespace)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(simulator.Stop)
	var list strings.Builder
	for i := range standardTargets {
		role, snmp := "lan", ""
		switch {
		case i == 0:
			role = "gateway"
		case i > 6:
			role = "uplink"
		}
		if community := map[int]string{1: "switch", 2: "ups"}[i]; community != "" {
			role, snmp = "device", fmt.Sprintf(", snmp: {version: 2c, port: %d, community: %s}", simulatorPort, community)
		}
		fmt.Fprintf(&list, "- {name: %s, address: 127.0.0.1, role: %s%s}\n", targetName(i), role, snmp)
	}
	return list.String()
}

const recordedUPS = `1.3.6.1.2.1.1.1.0|4|ups
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.2
1.3.6.1.2.1.1.3.0|67:numeric|rate=100,initial=9000000
1.3.6.1.2.1.1.5.0|4|ups
`
