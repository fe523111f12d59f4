//go:build integration

package snmp

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// users are one of every algorithm; privacy's with a hash that has to be lengthened
// for it, but for the second, which is the best there is.
var users = func() []account {
	list := []account{{level: "noAuthNoPriv"}, {"authPriv", "SHA-512", "AES-256"}}
	for auth := range strings.SplitSeq(api.SNMPAuths, " ") {
		list = append(list, account{"authNoPriv", auth, ""}, account{"authPriv", auth, "AES"})
	}
	for privacy := range strings.SplitSeq(api.SNMPPrivacies, " ") {
		if privacy != "AES" {
			list = append(list, account{"authPriv", "SHA-1", privacy})
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

func pollerOf(t *testing.T, target api.Target) poller {
	t.Helper()
	p, err := New(Config{Timeout: 2 * time.Second, Retries: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p.Target(target)
}
