//go:build integration && !windows

package service

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxExposure is what systemd-analyze may find, times ten: 0 is a service that can do
// nothing, 100 one of root's without any limits. Ours must reach the network, and that
// with raw sockets.
const maxExposure = "20"

// analyze runs systemd-analyze on a unit whose program is there.
func analyze(t *testing.T, unit string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Fatal("install systemd (Debian: apt-get install systemd), or run without -tags integration")
	}
	path := filepath.Join(t.TempDir(), unitName)
	must(t, os.WriteFile(path, []byte(unit), 0o600))
	out, err := exec.Command("systemd-analyze", append(args, path)...).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze %v: %v", args, err)
	}
	return string(out)
}

func withProgram(t *testing.T, unit string) string {
	t.Helper()
	if strings.Count(unit, packagedProgram) != 1 {
		t.Fatalf("the unit names %s not once", packagedProgram)
	}
	return strings.Replace(unit, packagedProgram, "/bin/true", 1)
}

func TestSystemdFindsNothingWrongWithTheUnits(t *testing.T) {
	b := newBox(t)
	usual := b.manager("").keeper.(*systemUnit)
	usual.program = "/bin/true"
	odd := b.manager(`/srv/Giám sát 100% "xã"`).keeper.(*systemUnit)
	odd.program = "/bin/true"
	for name, unit := range map[string]string{"shipped": withProgram(t, Unit), "usual": usual.text(), "another folder": odd.text()} {
		if out := analyze(t, unit, "verify"); out != "" {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func TestTheUnitIsClosedToWhatAnAgentDoesNotNeed(t *testing.T) {
	out := analyze(t, withProgram(t, Unit), "security", "--offline=true", "--threshold="+maxExposure)
	t.Log(out[strings.LastIndex(out, "Overall"):])
	for _, line := range strings.Split(out, "\n") {
		// What is open on purpose, and nothing else, may be marked.
		if !strings.HasPrefix(line, "✗") {
			continue
		}
		if !strings.ContainsAny(line, "=") {
			continue
		}
		what := strings.Fields(line)[1]
		if !open[what] {
			t.Errorf("open without need: %s", line)
		}
	}
}

// open is what must be: the network, D-Bus and the journal (AF_UNIX), the machine's
// addresses and routes (AF_NETLINK, /proc), and raw sockets.
var open = map[string]bool{
	"RootDirectory=/RootImage=": true, "AmbientCapabilities=": true, "PrivateMounts=": true, "PrivateNetwork=": true, "PrivateUsers=": true,
	"RestrictAddressFamilies=~AF_NETLINK": true, "RestrictAddressFamilies=~AF_UNIX": true, "RestrictAddressFamilies=~AF_(INET|INET6)": true,
	"ProcSubset=": true, "CapabilityBoundingSet=~CAP_NET_(BIND_SERVICE|BROADCAST|RAW)": true, "DeviceAllow=": true, "IPAddressDeny=": true,
}

func TestTheUnitIsRestartedForEverAndWaitsForNoNetwork(t *testing.T) {
	for _, line := range []string{"StartLimitIntervalSec=0", "Restart=always", "RestartSec=5", "User=communewatch-agent", "AmbientCapabilities=CAP_NET_RAW", "CapabilityBoundingSet=CAP_NET_RAW", "NoNewPrivileges=yes", "ProtectSystem=strict"} {
		if !strings.Contains(Unit, "\n"+line+"\n") {
			t.Errorf("the unit lacks %s", line)
		}
	}
	for line := range strings.Lines(Unit) {
		if !strings.HasPrefix(line, "#") && strings.Contains(line, "network-online") {
			t.Errorf("the unit waits for a network: %s", line)
		}
	}
}
