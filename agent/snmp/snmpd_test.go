//go:build integration

package snmp

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

func TestWalkedRowsAreWhatNetSnmpPrints(t *testing.T) {
	d := startDaemon(t)
	best := account{"authPriv", "SHA-512", "AES-256"}
	bestTarget := d.target("3")
	bestTarget.SNMP = best.settings(d.port)
	for name, c := range map[string]struct {
		target api.Target
		peer   []string
	}{
		"1":                   {d.target("1"), []string{"snmpwalk", "-v1", "-c", community}},
		"2c":                  {d.target("2c"), []string{"snmpbulkwalk", "-v2c", "-c", community}},
		"3, SHA-256, AES":     {d.target("3"), append([]string{"snmpbulkwalk"}, usual.credentials()...)},
		"3, SHA-512, AES-256": {bestTarget, append([]string{"snmpbulkwalk"}, best.credentials()...)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, root := range []string{strings.TrimSuffix(ifEntry, "."), strings.TrimSuffix(ifXEntry, "."), ".1.3.6.1.2.1.1"} {
				want, got := bothWalks(t, c.target, c.peer, root)
				if len(want) < 5 || !cmp.Equal(want, got) {
					t.Errorf("%s: %d variables of net-snmp, %d of ours:\n%s", root, len(want), len(got), cmp.Diff(want, got))
				}
			}
		})
	}
}

// TestColumnsWalkedSideBySideAreThoseWalkedAlone: the same, for a device that has
// holes in its tables.
func TestColumnsWalkedSideBySideAreThoseWalkedAlone(t *testing.T) {
	d := startDaemon(t)
	// tcpConnectionTable and udpEndpointTable have long indexes, the last column ends
	// the MIB's branch.
	roots := []string{".1.3.6.1.2.1.2.2.1.2", ".1.3.6.1.2.1.2.2.1.22", ".1.3.6.1.2.1.31.1.1.1.1", ".1.3.6.1.2.1.31.1.1.1.6", ".1.3.6.1.2.1.31.1.1.1.19", ".1.3.6.1.2.1.4.20.1.2", ".1.3.6.1.2.1.99"}
	for _, version := range []string{"1", "2c", "3"} {
		for range 10 {
			before, abreast, after := names(t, d.target(version), true, roots), names(t, d.target(version), false, roots), names(t, d.target(version), true, roots)
			if !cmp.Equal(before, after) {
				continue // the machine's interfaces came and went
			}
			if len(before) < 5 || !cmp.Equal(before, abreast) {
				t.Errorf("version %s: %s", version, cmp.Diff(before, abreast))
			}
			break
		}
	}
}

// TestEveryAlgorithmIsSpoken polls a real agent in each way that it knows.
func TestEveryAlgorithmIsSpoken(t *testing.T) {
	t.Parallel()
	d := startDaemon(t)
	for _, u := range users {
		target := d.target("3")
		target.SNMP = u.settings(d.port)
		got := check(t, pollerOf(t, target)(t.Context()))
		if name, _ := got.device().FieldNamed("name"); name.Text() != hostName || got.complaint() != "" {
			t.Errorf("%+v: name %q, error %q", u, name.Text(), got.complaint())
		}
	}
}

// TestARestartedEngineIsFollowed: its boots and time are others than those that were
// remembered, and with a new state folder it is another engine altogether.
func TestARestartedEngineIsFollowed(t *testing.T) {
	t.Parallel()
	d := startDaemon(t)
	poll := pollerOf(t, d.target("3"))
	up := func(when string) {
		t.Helper()
		if got := check(t, poll(t.Context())); !got.up() || got.complaint() != "" {
			t.Errorf("%s: up %v, error %q", when, got.up(), got.complaint())
		}
	}
	up("at first")
	d.stop(t)
	d.start(t)
	up("booted again")
	d.stop(t)
	if err := os.RemoveAll(filepath.Join(d.dir, "state")); err != nil {
		t.Fatal(err)
	}
	d.start(t)
	up("replaced")
}

// TestAWrapAndARebootOfARealAgentGiveTheKnownOctets has net-snmp state an interface
// with a counter of 32 bits that a test sets.
func TestAWrapAndARebootOfARealAgentGiveTheKnownOctets(t *testing.T) {
	const index = 900_001 // no interface of this machine's
	cell := func(c column) string { return fmt.Sprintf("%s.%d", columns[c].oid, index) }
	d := startDaemon(t, "rwcommunity writer 127.0.0.1",
		"override "+cell(ifOperStatus)+" integer 1", "override "+cell(ifName)+` octet_str "leased line"`,
		"override "+cell(ifSpeed)+" uinteger 100000000", "override -rw "+cell(ifInOctets)+" counter 4294900000")
	polls := []poller{pollerOf(t, d.target("2c")), pollerOf(t, d.target("3"))}
	expect := func(when, octets string) {
		t.Helper()
		for _, poll := range polls {
			got := check(t, poll(t.Context()))
			if in := got.field("leased line", "in_octets"); in != octets || got.complaint() != "" {
				t.Errorf("%s: in_octets %q, want %q; error %q", when, in, octets, got.complaint())
			}
		}
	}
	set := func(octets uint32) { // which net-snmp's own snmpset cannot do with a counter
		t.Helper()
		writer := &gosnmp.GoSNMP{Target: "127.0.0.1", Port: uint16(d.port), Community: "writer", Version: gosnmp.Version2c, Timeout: 5 * time.Second}
		if err := writer.Connect(); err != nil {
			t.Fatal(err)
		}
		defer writer.Close()
		answer, err := writer.Set([]gosnmp.SnmpPDU{{Name: cell(ifInOctets), Type: gosnmp.Counter32, Value: octets}})
		if err != nil || answer.Error != gosnmp.NoError {
			t.Fatalf("set %d: %v, %v", octets, err, answer)
		}
	}
	expect("at first", "")
	set(32_000)
	expect("after the wrap", "99296")
	d.stop(t)
	d.start(t)
	set(12_000)
	expect("after the reboot", "")
	set(60_000)
	expect("then", "48000")
}

func TestOctetsOfTheLoopbackRiseWithTraffic(t *testing.T) {
	t.Parallel()
	d := startDaemon(t)
	versions := []string{"2c", "3"}
	polls := map[string]poller{}
	for _, version := range versions {
		polls[version] = pollerOf(t, d.target(version))
		first := check(t, polls[version](t.Context()))
		if got := first.field("lo", "in_octets"); got != "" {
			t.Errorf("version %s: first round has in_octets %s", version, got)
		}
	}
	const sent = 400_000
	sendToLoopback(t, sent)
	// net-snmp shows its interfaces' counters up to 15 s late: rounds add up.
	deadline := time.Now().Add(30 * time.Second)
	for _, version := range versions {
		in, out := 0, 0
		for in < sent || out < sent {
			if time.Now().After(deadline) {
				t.Fatalf("version %s: in %d, out %d octets after sending %d", version, in, out, sent)
			}
			got := check(t, polls[version](t.Context()))
			if got.complaint() != "" {
				t.Fatal(got.complaint())
			}
			in, out = in+atoi(got.field("lo", "in_octets")), out+atoi(got.field("lo", "out_octets"))
			time.Sleep(100 * time.Millisecond) // between rounds: the counters move by themselves
		}
	}
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // absent is none
	return n
}

func sendToLoopback(t *testing.T, octets int) {
	t.Helper()
	sink, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	packet := make([]byte, 1_000)
	for range octets / len(packet) {
		if _, err := sink.WriteTo(packet, sink.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWrongCredentialsAreToldApart(t *testing.T) {
	t.Parallel()
	d := startDaemon(t)
	for name, c := range map[string]struct {
		spoil func(*api.SNMP)
		says  string
	}{
		"user":      {func(s *api.SNMP) { s.User = "stranger" }, "the device does not know the user"},
		"auth pass": {func(s *api.SNMP) { s.AuthPass = "wrong-password" }, "the device refuses the authentication password"},
		"priv pass": {func(s *api.SNMP) { s.PrivPass = "wrong-password" }, "wrong privacy password"},
	} {
		t.Run(name, func(t *testing.T) {
			target := d.target("3")
			c.spoil(target.SNMP)
			p, err := New(Config{Timeout: 500 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			got := check(t, p.Target(target)(t.Context()))
			if got.up() {
				t.Error("up")
			}
			got.saysAll("router", c.says)
			for _, secret := range []string{authPass, privPass, "wrong-password"} {
				if strings.Contains(got.complaint(), secret) {
					t.Error("a secret is in the error")
				}
			}
		})
	}
}
