package gate

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
)

// A byte on a commune's line costs money, and the agent probes the silence already.
func TestTheCollectorSendsNoProbesOfItsOwnOverAnAgentsSilentConnection(t *testing.T) {
	h := start(t, nil)
	h.agents("/healthz") // whose connection stays
	const unacknowledged, keepalive = "01", "02"
	var dialled, accepted string
	eventually(t, "both ends to have all acknowledged", func() bool {
		dialled, accepted = timers(t, h.Addr())
		return dialled != "" && dialled != unacknowledged && accepted != "" && accepted != unacknowledged
	})
	if dialled != keepalive {
		t.Fatalf("the agent's end, by Go's default, waits to probe, and this test reads timer %s", dialled)
	}
	if accepted == keepalive {
		t.Error("the collector's end waits to probe")
	}
}

// timers are the kernel's of the connection to a door, at both its ends (proc(5), tr).
func timers(t *testing.T, door net.Addr) (dialled, accepted string) {
	t.Helper()
	sockets, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	const established = "01"
	port := fmt.Sprintf(":%04X", door.(*net.TCPAddr).Port)
	for line := range strings.Lines(string(sockets)) {
		f := strings.Fields(line)
		if len(f) < 6 || f[3] != established {
			continue
		}
		timer, _, _ := strings.Cut(f[5], ":")
		switch {
		case strings.HasSuffix(f[1], port):
			accepted = timer
		case strings.HasSuffix(f[2], port):
			dialled = timer
		}
	}
	return dialled, accepted
}
