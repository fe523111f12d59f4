package snmp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
)

func TestAnotherDeviceAtTheSameAddressIsKnownAtOnce(t *testing.T) {
	b := newBench(t, handMade(t, "windows")...)
	b.round(t)
	b.set(handMade(t, "tp-link")...)
	got := b.later(t, time.Minute)
	if got.of("profile") != "tp-link" || got.of("cpu_percent") != "35" || got.of("name") != "sw" {
		t.Errorf("profile %s, cpu %s, name %s", got.of("profile"), got.of("cpu_percent"), got.of("name"))
	}
}

// A stand-by takes over, or the power came back and a neighbour has the address: its
// interfaces have the same names, and it may be up as long, or longer.
func TestAnotherDevicesCountersAreNotComparedWithTheFirsts(t *testing.T) {
	device := func(object string, up time.Duration, octets int) []gosnmp.SnmpPDU {
		return port(up, gosnmp.SnmpPDU{Name: sysObjectID, Type: gosnmp.ObjectIdentifier, Value: object}, at(ifHCInOctets, 1, octets))
	}
	for name, next := range map[string][]gosnmp.SnmpPDU{
		"of another make":      device(".1.3.6.1.4.1.2", time.Hour+time.Minute, 900_000_000),
		"of the same, up long": device(".1.3.6.1.4.1.1", 99*time.Hour, 900_000_000),
	} {
		b := newBench(t, device(".1.3.6.1.4.1.1", time.Hour, 1_000)...)
		b.round(t)
		if got := b.minuteLater(t, next...).field("wan", "in_octets"); got != "" {
			t.Errorf("%s: %s octets, want none", name, got)
		}
	}
}

func TestWhatChangesInADescriptionAllTheTimeIsNoNewDevice(t *testing.T) {
	device := func(minutes int) []gosnmp.SnmpPDU {
		return port(time.Hour+time.Duration(minutes)*time.Minute, at(ifHCInOctets, 1, 100*minutes), octetString(sysDescr, fmt.Sprintf("up %d minutes", minutes)))
	}
	b := newBench(t, device(0)...)
	b.round(t)
	for i := range 3 {
		if got := b.minuteLater(t, device(i+1)...).field("wan", "in_octets"); got != "100" {
			t.Errorf("%s octets, want 100", got)
		}
	}
	if n := strings.Count(b.logs.String(), "device recognised"); n != 1 {
		t.Errorf("recognised %d times in the log, want once", n)
	}
}
