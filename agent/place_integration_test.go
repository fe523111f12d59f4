//go:build integration

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// place is an office made of namespaces: pc, gw, silent, device and echo on one bridge
// (192.168.50.0/24), and far behind gw (203.0.113.0/24), where the collector is.
type place struct {
	prefix string
	clean  []func()
}

var places atomic.Int64

// hosts of the office: their address's end, and a network card of a known maker.
var hosts = []struct {
	name, address, mac string
}{
	{"pc", "192.168.50.10", "00:14:22:00:00:10"},     // Dell
	{"gw", "192.168.50.1", "4c:5e:0c:00:00:01"},      // MikroTik
	{"silent", "192.168.50.20", "d6:00:00:00:00:20"}, // a private address
	{"device", "192.168.50.30", "00:11:32:00:00:30"}, // Synology
	{"echo", "192.168.50.40", "00:80:77:00:00:40"},   // Brother
}

func newPlace() (*place, error) {
	p := &place{prefix: fmt.Sprintf("cwagent%d-%d-", os.Getpid(), places.Add(1))}
	var err error
	try := func(args ...string) {
		if err == nil {
			err = command("ip", args...)
		}
	}
	for _, name := range []string{"lan", "far", "pc", "gw", "silent", "device", "echo"} {
		try("netns", "add", p.prefix+name)
		p.clean = append(p.clean, func() { exec.Command("ip", "netns", "del", p.prefix+name).Run() })
		try("-n", p.prefix+name, "link", "set", "lo", "up")
	}
	try("-n", p.prefix+"lan", "link", "add", "br0", "type", "bridge")
	try("-n", p.prefix+"lan", "link", "set", "br0", "up")
	for _, h := range hosts {
		try("-n", p.prefix+"lan", "link", "add", h.name, "type", "veth", "peer", "name", "eth0", "address", h.mac, "netns", p.prefix+h.name)
		try("-n", p.prefix+"lan", "link", "set", h.name, "master", "br0", "up")
		try("-n", p.prefix+h.name, "addr", "add", h.address+"/24", "dev", "eth0")
		try("-n", p.prefix+h.name, "link", "set", "eth0", "up")
		if h.name != "gw" {
			try("-n", p.prefix+h.name, "route", "add", "default", "via", "192.168.50.1")
		}
	}
	try("-n", p.prefix+"gw", "link", "add", "wan", "type", "veth", "peer", "name", "eth0", "netns", p.prefix+"far")
	for _, end := range [][3]string{{"gw", "wan", "203.0.113.1/24"}, {"far", "eth0", "203.0.113.2/24"}} {
		try("-n", p.prefix+end[0], "addr", "add", end[2], "dev", end[1])
		try("-n", p.prefix+end[0], "link", "set", end[1], "up")
	}
	try("-n", p.prefix+"far", "route", "add", "default", "via", "203.0.113.1")
	if err == nil {
		err = command("ip", "netns", "exec", p.prefix+"gw", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0")
	}
	if err == nil {
		err = command("ip", "netns", "exec", p.prefix+"silent", "nft", "add table ip cut; add chain ip cut in { type filter hook input priority 0; policy drop; }")
	}
	return p, err
}

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s(needs root, and `make setup` once)", name, strings.Join(args, " "), err, out)
	}
	return nil
}

func (p *place) close() {
	for _, c := range p.clean {
		c()
	}
}

// inside runs f on a thread that is in a namespace and ends with f.
func (p *place) inside(name string, f func() error) error {
	handle, err := os.Open("/var/run/netns/" + p.prefix + name)
	if err != nil {
		return err
	}
	defer handle.Close()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setns(int(handle.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	return <-done
}

type placeKey struct{}

func placeOf(ts *testscript.TestScript) *place { return ts.Value(placeKey{}).(*place) }

// in runs a program in a namespace, with the script's resolv.conf if it has one.
func in(ts *testscript.TestScript, neg bool, args []string) {
	const bind = `[ -f "$WORK/resolv.conf" ] && mount --bind "$WORK/resolv.conf" /etc/resolv.conf; exec "$@"`
	began := time.Now()
	err := ts.Exec("ip", append([]string{"netns", "exec", placeOf(ts).prefix + args[0], "sh", "-c", bind, "sh"}, args[1:]...)...)
	ts.Logf("took %s", time.Since(began).Round(time.Millisecond))
	if took := time.Since(began); took > 30*time.Second {
		ts.Fatalf("took %s", took)
	}
	if neg == (err == nil) {
		ts.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
}

// ip and nft change a namespace: ip NAMESPACE link set …
func ip(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec("ip", append([]string{"-n", placeOf(ts).prefix + args[0]}, args[1:]...)...))
}

func nft(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec("ip", append([]string{"netns", "exec", placeOf(ts).prefix + args[0], "nft"}, args[1:]...)...))
}

func TestOfficesOfEveryKind(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/office",
		Setup: func(env *testscript.Env) error {
			p, err := newPlace()
			env.Defer(p.close)
			env.Values[placeKey{}] = p
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"in": in, "ip": ip, "nft": nft,
			"collector": startCollector, "stranger": startStranger, "portal": startPortal, "dns": startDNS, "snmpd": startSNMPD, "proxy": startProxy, "mute": startMute,
		},
	})
}

// inNamespace makes a command that is killed with its context; ip only becomes it.
func inNamespace(ctx context.Context, namespace string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", namespace}, args...)...)
}
