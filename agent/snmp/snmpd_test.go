//go:build integration

package snmp

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

const (
	community = "commune-read"
	user      = "watcher"
	authPass  = "authentication-1"
	privPass  = "privacy-word-2"
	hostName  = "office-router-17"
	hostModel = "Relay test device, build 4711"
)

// daemon is a real net-snmp agent on a free port of the loopback address.
type daemon struct{ port int }

// startDaemon runs snmpd with nothing but what is in its own folder.
func startDaemon(t *testing.T) daemon {
	t.Helper()
	dir := t.TempDir()
	d := daemon{port: freePort(t)}
	conf := filepath.Join(dir, "snmpd.conf")
	lines := []string{
		fmt.Sprintf("agentaddress udp:127.0.0.1:%d", d.port),
		fmt.Sprintf("rocommunity %s 127.0.0.1", community),
		fmt.Sprintf("createUser %s SHA-256 %q AES %q", user, authPass, privPass),
		fmt.Sprintf("rouser %s priv", user),
		"sysName " + hostName,
		"sysDescr " + hostModel,
	}
	if err := os.WriteFile(conf, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "snmpd", "-f", "-Lo", "-C", "-c", conf, "-p", filepath.Join(dir, "pid"))
	answers(t, d.target("2c"))
	return d
}

// run starts a program and ends it with the test.
func run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%s is not installed: run `make setup`", program)
	}
	var out bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	cmd.Env = append(os.Environ(), "SNMP_PERSISTENT_DIR="+filepath.Join(dir, "state"), "MIBS=", "TMPDIR="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself, which the log shows
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", program, out.String())
		}
	})
}

func freePort(t *testing.T) int {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	return socket.LocalAddr().(*net.UDPAddr).Port
}

// answers waits until a device that is being started does.
func answers(t *testing.T, target api.Target) {
	t.Helper()
	poll := pollerOf(t, target)
	deadline := time.Now().Add(20 * time.Second)
	for {
		got := check(t, poll(t.Context()))
		if got.up() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("device does not start: %s", got.complaint())
		}
		time.Sleep(50 * time.Millisecond) // between polls of a process that has no other sign of being ready
	}
}

func (d daemon) target(version string) api.Target {
	t := api.Target{Name: "router", Address: "127.0.0.1", Role: api.RoleGateway, SNMP: &api.SNMP{Version: version, Port: uint16(d.port)}}
	if version == "2c" {
		t.SNMP.Community = community
		return t
	}
	t.SNMP.User, t.SNMP.Auth, t.SNMP.AuthPass, t.SNMP.Privacy, t.SNMP.PrivPass = user, "SHA-256", authPass, "AES", privPass
	return t
}

// credentials are the same for net-snmp's programs.
func credentials(version string) []string {
	if version == "2c" {
		return []string{"-v2c", "-c", community}
	}
	return []string{"-v3", "-l", "authPriv", "-u", user, "-a", "SHA-256", "-A", authPass, "-x", "AES", "-X", privPass}
}

func TestWalkedRowsAreWhatSnmpbulkwalkPrints(t *testing.T) {
	d := startDaemon(t)
	for _, version := range []string{"2c", "3"} {
		for _, root := range []string{strings.TrimSuffix(ifEntry, "."), strings.TrimSuffix(ifXEntry, "."), ".1.3.6.1.2.1.1"} {
			t.Run(version+root, func(t *testing.T) {
				want, got := bothWalks(t, d, version, root)
				if len(want) < 5 || !cmp.Equal(want, got) {
					t.Errorf("%d variables of snmpbulkwalk, %d of ours:\n%s", len(want), len(got), cmp.Diff(want, got))
				}
			})
		}
	}
}

// bothWalks repeats until snmpbulkwalk sees the same before and after our walk: the
// machine's interfaces may come and go under it.
func bothWalks(t *testing.T, d daemon, version, root string) (want, got []string) {
	t.Helper()
	for range 10 {
		want, got = bulkwalk(t, d, version, root), walked(t, d, version, root)
		if cmp.Equal(want, bulkwalk(t, d, version, root)) {
			return want, got
		}
	}
	t.Fatal("the machine's interfaces never stand still")
	return nil, nil
}

// moving marks a value that two walks need not agree on.
const moving = "(moving)"

// bulkwalk reads a subtree with net-snmp's own program: numbers as numbers,
// strings in hexadecimal.
func bulkwalk(t *testing.T, d daemon, version, root string) []string {
	t.Helper()
	args := append(credentials(version), "-m", "", "-On", "-Oe", "-Ot", "-Ox", fmt.Sprintf("127.0.0.1:%d", d.port), root)
	out, err := exec.Command("snmpbulkwalk", args...).Output()
	if err != nil {
		t.Fatalf("snmpbulkwalk: %v", err)
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(string(out)), "\n") {
		if !strings.HasPrefix(line, ".") { // a long string goes on in the next line
			lines[len(lines)-1] += strings.ReplaceAll(line, " ", "")
			continue
		}
		oid, value, _ := strings.Cut(line, " = ")
		kind, rest, _ := strings.Cut(value, ": ")
		switch {
		case strings.HasPrefix(kind, "Counter") || value == "" || isTicks(kind, value):
			rest = moving
		case kind == "Hex-STRING":
			rest = strings.ReplaceAll(rest, " ", "")
		case value == `""`:
			rest = ""
		}
		lines = append(lines, oid+" "+rest)
	}
	return lines
}

// isTicks: with -Ot a time is printed as a bare number.
func isTicks(kind, value string) bool {
	_, err := strconv.Atoi(value)
	return kind == "Timeticks" || err == nil
}

func walked(t *testing.T, d daemon, version, root string) []string {
	t.Helper()
	talk, err := open(t.Context(), d.target(version), DefaultConfiguration(), newHabits())
	if err != nil {
		t.Fatal(err)
	}
	defer talk.close()
	var lines []string
	err = talk.walk(root, 0, 100_000, func(suffix string, v gosnmp.SnmpPDU) {
		value := fmt.Sprint(v.Value)
		switch v.Type {
		case gosnmp.OctetString:
			value = fmt.Sprintf("%X", v.Value)
		case gosnmp.Counter32, gosnmp.Counter64, gosnmp.TimeTicks:
			value = moving
		}
		lines = append(lines, v.Name+" "+value)
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestOctetsOfTheLoopbackRiseWithTraffic(t *testing.T) {
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
	d := startDaemon(t)
	for name, c := range map[string]struct {
		spoil func(*api.SNMP)
		says  string
	}{
		"user":      {func(s *api.SNMP) { s.User = "stranger" }, "wrong user or authentication password"},
		"auth pass": {func(s *api.SNMP) { s.AuthPass = "wrong-password" }, "wrong user or authentication password"},
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

func pollerOf(t *testing.T, target api.Target) poller {
	t.Helper()
	p, err := New(Config{Timeout: 2 * time.Second, Retries: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p.Target(target)
}
