//go:build integration

package lab

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// SNMP in the office's namespace, where all ports are free.
const simulatorPort = 1161

// devices makes the office a standard one: it runs snmpsim (of Debian) in its namespace, which
// is a switch of 24 ports, two thirds of them with traffic that differs from reading to
// reading, and a UPS; and it gives the ten targets.
func (o *remoteOffice) devices(interval time.Duration) (targets string) {
	o.t.Helper()
	folder, cache := filepath.Join(o.dir, "devices"), filepath.Join(o.dir, "cache")
	for _, dir := range []string{folder, cache} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			o.t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"switch": recordedSwitch(interval), "ups": recordedUPS} {
		if err := os.WriteFile(filepath.Join(folder, name+".snmprec"), []byte(text), 0o644); err != nil {
			o.t.Fatal(err)
		}
	}
	// As root it wants to become somebody else, who needs the cache and the way to it.
	for d := cache; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o777); err != nil {
			o.t.Fatal(err)
		}
	}
	simulator, err := Start(filepath.Join(o.dir, "snmpsim.log"), "ip", "netns", "exec", o.namespace, "snmpsimd",
		"--data-dir="+folder, "--cache-dir="+cache, "--logging-method=null", "--process-user=nobody", "--process-group=nogroup",
		fmt.Sprintf("--agent-udpv4-endpoint=127.0.0.1:%d", simulatorPort))
	if err != nil {
		o.t.Fatalf("%v (run `make setup`)", err)
	}
	o.t.Cleanup(simulator.Stop)
	until(o.t, "snmpsim to listen", func() bool {
		sockets, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/udp", simulator.Pid()))
		return strings.Contains(string(sockets), fmt.Sprintf(":%04X ", simulatorPort))
	})
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

// recordedSwitch is a switch in snmpsim's format: what passed a port since the last
// reading is about what [readRound] invents, whatever the interval.
func recordedSwitch(interval time.Duration) string {
	random := rand.New(rand.NewPCG(1, 2))
	counter := func(mean float64) string {
		if mean == 0 {
			return "70|0"
		}
		rate := mean / interval.Seconds()
		return fmt.Sprintf("70:numeric|cumulative=1,rate=%.1f,offset=1,function=sin,scale=%.0f", rate, mean/3)
	}
	var text strings.Builder
	text.WriteString("1.3.6.1.2.1.1.1.0|4|switch\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1\n" +
		"1.3.6.1.2.1.1.3.0|67:numeric|rate=100,initial=10000000\n1.3.6.1.2.1.1.5.0|4|switch\n")
	in, out := make([]float64, standardPorts), make([]float64, standardPorts)
	for i := range standardPorts {
		if i%3 > 0 {
			in[i], out[i] = float64(random.IntN(6_000_000)), float64(random.IntN(2_000_000))
		}
	}
	column := func(name string, value func(port int) string) {
		for i := range standardPorts {
			fmt.Fprintf(&text, "1.3.6.1.2.1.%s.%d|%s\n", name, i+1, value(i))
		}
	}
	column("2.2.1.2", func(i int) string { return "4|" + portName(i) }) // ifDescr
	column("2.2.1.8", func(i int) string {                              // ifOperStatus
		if in[i] > 0 {
			return "2|1"
		}
		return "2|2"
	})
	column("31.1.1.1.1", func(i int) string { return "4|" + portName(i) })         // ifName
	column("31.1.1.1.6", func(i int) string { return counter(in[i]) })             // ifHCInOctets
	column("31.1.1.1.10", func(i int) string { return counter(out[i]) })           // ifHCOutOctets
	column("31.1.1.1.15", func(int) string { return "66|1000" })                   // ifHighSpeed
	column("31.1.1.1.18", func(i int) string { return "4|room " + fmt.Sprint(i) }) // ifAlias
	return text.String()
}
