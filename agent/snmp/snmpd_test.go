//go:build integration

package snmp

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
type daemon struct {
	port      int
	dir, conf string
	process   *os.Process
}

// startDaemon runs snmpd with nothing but what is in its own folder, and more lines
// of configuration.
func startDaemon(t *testing.T, more ...string) *daemon {
	t.Helper()
	dir := t.TempDir()
	d := &daemon{port: freePort(t)}
	lines := []string{
		fmt.Sprintf("agentaddress udp:127.0.0.1:%d", d.port),
		fmt.Sprintf("rocommunity %s 127.0.0.1", community),
		"sysName " + hostName,
		"sysDescr " + hostModel,
	}
	for _, u := range users {
		lines = append(lines, u.configuration())
	}
	lines = append(lines, more...)
	d.conf = filepath.Join(dir, "snmpd.conf")
	if err := os.WriteFile(d.conf, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.dir = dir
	d.start(t)
	return d
}

func (d *daemon) start(t *testing.T) {
	t.Helper()
	d.process = run(t, d.dir, "snmpd", "-f", "-Lo", "-C", "-c", d.conf, "-p", filepath.Join(d.dir, "pid"))
	answers(t, d.target("2c"))
}

// stop ends it as a device that is switched off properly: it keeps its state.
func (d *daemon) stop(t *testing.T) {
	t.Helper()
	if err := d.process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := d.process.Wait(); err != nil {
		t.Fatal(err)
	}
}

// account is a user of version 3.
type account struct{ level, auth, privacy string }

// users are one of every algorithm, and privacy's with a hash that has to be
// lengthened for it and with one that has not.
var users = func() []account {
	list := []account{{level: "noAuthNoPriv"}, {"authPriv", "SHA-512", "AES-256"}}
	for auth := range strings.SplitSeq(api.SNMPAuths, " ") {
		list = append(list, account{"authNoPriv", auth, ""}, account{"authPriv", auth, "AES"})
	}
	for privacy := range strings.SplitSeq(api.SNMPPrivacies, " ") {
		if privacy != "AES" {
			list = append(list, account{"authPriv", "SHA-1", privacy}, account{"authPriv", "SHA-384", privacy})
		}
	}
	return list
}()

var usual = account{"authPriv", "SHA-256", "AES"}

func (u account) name() string { return strings.Join([]string{user, u.auth, u.privacy}, ".") }

// theirs are net-snmp's names of the algorithms.
func (u account) theirs() (auth, privacy string) {
	return strings.TrimSuffix(u.auth, "-1"), strings.TrimSuffix(u.privacy, "-128")
}

func (u account) configuration() string {
	auth, privacy := u.theirs()
	switch u.level {
	case "noAuthNoPriv":
		return fmt.Sprintf("createUser %s\nrouser %s noauth", u.name(), u.name())
	case "authNoPriv":
		return fmt.Sprintf("createUser %s %s %q\nrouser %s auth", u.name(), auth, authPass, u.name())
	}
	return fmt.Sprintf("createUser %s %s %q %s %q\nrouser %s priv", u.name(), auth, authPass, privacy, privPass, u.name())
}

// credentials are the same for net-snmp's programs.
func (u account) credentials() []string {
	auth, privacy := u.theirs()
	args := []string{"-v3", "-l", u.level, "-u", u.name()}
	if auth != "" {
		args = append(args, "-a", auth, "-A", authPass)
	}
	if privacy != "" {
		args = append(args, "-x", privacy, "-X", privPass)
	}
	return args
}

func (u account) settings(port int) *api.SNMP {
	s := &api.SNMP{Version: "3", Port: uint16(port), User: u.name(), Level: u.level}
	if u.auth != "" {
		s.Auth, s.AuthPass = u.auth, authPass
	}
	if u.privacy != "" {
		s.Privacy, s.PrivPass = u.privacy, privPass
	}
	return s
}

// run starts a program and ends it with the test.
func run(t *testing.T, dir, program string, args ...string) *os.Process {
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
	return cmd.Process
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

func (d *daemon) target(version string) api.Target {
	t := api.Target{Name: "router", Address: "127.0.0.1", Role: api.RoleGateway}
	if version == "3" {
		t.SNMP = usual.settings(d.port)
	} else {
		t.SNMP = &api.SNMP{Version: version, Port: uint16(d.port), Community: community}
	}
	return t
}

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

func names(t *testing.T, target api.Target, alone bool, roots []string) []string {
	t.Helper()
	h := newHabits()
	h.single = alone
	talk, err := open(t.Context(), target, DefaultConfiguration(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer talk.close()
	var got []string
	errs := talk.walkAbreast(roots, 0, 100_000, func(_ int, _ string, v gosnmp.SnmpPDU) { got = append(got, v.Name) })
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	return got
}

// TestEveryAlgorithmIsSpoken polls a real agent in each way that it knows.
func TestEveryAlgorithmIsSpoken(t *testing.T) {
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

// bothWalks repeats until net-snmp's program sees the same before and after our walk:
// the machine's interfaces may come and go under it.
func bothWalks(t *testing.T, target api.Target, peer []string, root string) (want, got []string) {
	t.Helper()
	for range 10 {
		want, got = peerWalk(t, target, peer, root), walked(t, target, root)
		if cmp.Equal(want, peerWalk(t, target, peer, root)) {
			return want, got
		}
	}
	t.Fatal("the machine's interfaces never stand still")
	return nil, nil
}

// moving marks a value that two walks need not agree on.
const moving = "(moving)"

// peerWalk reads a subtree with net-snmp's own program: numbers as numbers,
// strings in hexadecimal.
func peerWalk(t *testing.T, target api.Target, peer []string, root string) []string {
	t.Helper()
	args := append(slices.Clone(peer[1:]), "-m", "", "-On", "-Oe", "-Ot", "-Ox", fmt.Sprintf("127.0.0.1:%d", target.SNMP.Port), root)
	out, err := exec.Command(peer[0], args...).Output()
	if err != nil {
		t.Fatalf("%s: %v", peer[0], err)
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

func walked(t *testing.T, target api.Target, root string) []string {
	t.Helper()
	talk, err := open(t.Context(), target, DefaultConfiguration(), newHabits())
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

func pollerOf(t *testing.T, target api.Target) poller {
	t.Helper()
	p, err := New(Config{Timeout: 2 * time.Second, Retries: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p.Target(target)
}
