//go:build integration

package lab

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"communewatch/agent/clock"
	"communewatch/agent/office"
	"communewatch/agent/spool"
)

// remoteOffice is the shipped agent in a network namespace of its own, a backlog on its
// disk, and between it and the collector's machine a line that a test makes slow. The
// line ends on the collector's machine in a relay: what is slow, lost and late is
// between the agent's kernel and that machine's.
type remoteOffice struct {
	t         *testing.T
	collector *Collector
	namespace string
	subnet    int    // 198.18.subnet.1 is here, .2 is the office
	near, far string // the line's ends: here, and in the office
	url       string
	dir       string
	line      *tap
	backlog   Ledger
	last      uint64   // sequence of the backlog
	variables []string // NAME=value, of the agent's environment beside our own
	began     time.Time
	*Process
}

// newRemoteOffice makes the namespace; connect makes the line near and far in it, and
// gives each its address.
func newRemoteOffice(t *testing.T, connect func(o *remoteOffice)) *remoteOffice {
	t.Helper()
	subnet := freeSubnet(t)
	o := &remoteOffice{t: t, namespace: fmt.Sprintf("cwslow%d-%d", os.Getpid(), subnet), subnet: subnet, dir: t.TempDir(),
		near: fmt.Sprintf("cwn%d-%d", os.Getpid()%100_000, subnet), far: fmt.Sprintf("cwf%d-%d", os.Getpid()%100_000, subnet)}
	command(t, "", "ip", "netns", "add", o.namespace)
	t.Cleanup(func() { exec.Command("ip", "netns", "del", o.namespace).Run() })
	connect(o)
	here := fmt.Sprintf("198.18.%d.1", subnet)
	command(t, "", "ip", "addr", "add", here+"/24", "dev", o.near)
	command(t, "", "ip", "link", "set", o.near, "up")
	o.inside("ip", "addr", "add", fmt.Sprintf("198.18.%d.2/24", subnet), "dev", o.far)
	o.inside("ip", "link", "set", o.far, "up")
	o.inside("ip", "link", "set", "lo", "up")
	o.line = newTap(t, o.near)
	var err error
	o.collector, err = StartCollector(t.Context(), bin(t), t.TempDir(), 0, time.Minute, []string{site}, "names: ["+here+"]\n")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.collector.Stop)
	relay, err := newLineAt(here, o.collector.Agents)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); relay.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	o.url = relay.URL()
	return o
}

// freeSubnet is n of a 198.18.n.0/24 (for such tests, RFC 2544) that nobody on this machine
// has, for as long as the test runs: not a test beside it, which holds an abstract socket of that name, and not
// an interface that a killed one left behind, which would take the packets.
func freeSubnet(t *testing.T) int {
	t.Helper()
	for n := 78; n < 255; n++ {
		held, err := net.Listen("unix", fmt.Sprintf("@communewatch-lab-198.18.%d", n))
		if err != nil {
			continue
		}
		taken, err := net.Listen("tcp", fmt.Sprintf("198.18.%d.1:0", n))
		if err != nil {
			t.Cleanup(func() { held.Close() })
			return n
		}
		taken.Close()
		held.Close()
	}
	t.Fatal("every 198.18.n.0/24 is taken: see `ip -br addr` for interfaces cwn… that killed tests left")
	return 0
}

func (o *remoteOffice) inside(name string, args ...string) {
	o.t.Helper()
	command(o.t, "", "ip", append([]string{"netns", "exec", o.namespace, name}, args...)...)
}

func (o *remoteOffice) spool() string { return filepath.Join(o.dir, "spool") }

// fill puts rounds of a standard office on the agent's disk, a minute apart and measured
// by an earlier run that had met the collector.
func (o *remoteOffice) fill(rounds int) {
	o.t.Helper()
	session, err := clock.Start(nil)
	if err != nil {
		o.t.Fatal(err)
	}
	now := session.Now()
	session.Observe(now, now.Add(time.Millisecond), now, now.Add(time.Millisecond))
	discard := slog.New(slog.DiscardHandler)
	queued, err := spool.Open(spool.Config{Dir: o.spool(), MaxBytes: 1 << 30, Log: discard})
	if err != nil {
		o.t.Fatal(err)
	}
	defer queued.Close()
	queue := office.NewQueue(queued, session, discard)
	o.backlog = Ledger{}
	for n := range rounds {
		lines, err := StandardRound(1, n, now.Add(-time.Duration(rounds-n+5)*time.Minute))
		if err == nil {
			err = o.backlog.AddLines(lines)
		}
		if err == nil {
			err = queue.Put(lines)
		}
		if err != nil {
			o.t.Fatal(err)
		}
	}
	queue.End()
	seqs := queued.Sequences()
	o.last = seqs[len(seqs)-1]
}

// loopbacks are ten targets that answer at once.
func loopbacks() string {
	var targets strings.Builder
	for i := range standardTargets {
		fmt.Fprintf(&targets, "- {name: live-%d, address: 127.0.0.%d, role: lan}\n", i, i+1)
	}
	return targets.String()
}

// start runs the agent; more is further lines of its configuration, those of collector
// first and indented.
func (o *remoteOffice) start(interval time.Duration, more, targets string) {
	o.t.Helper()
	config := filepath.Join(o.dir, "agent.yaml")
	text := fmt.Sprintf("collector:\n  url: %s\n  pin: %s\n  token: %s\n%sinterval: %s\ntargets:\n%s",
		o.url, o.collector.Pin, o.collector.Tokens[site], more, interval, targets)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
	o.began = time.Now()
	var err error
	args := append([]string{"netns", "exec", o.namespace, "env"}, o.variables...)
	args = append(args, filepath.Join(bin(o.t), "communewatch-agent"), "run", "--config", config)
	o.Process, err = Start(filepath.Join(o.dir, "agent.log"), "ip", args...)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() {
		o.Stop()
		if o.t.Failed() {
			tail(o.t, o.Log)
		}
	})
}

func TestALineOf16KilobitASecondDrainsABacklogWhileNewsComesFirst(t *testing.T) {
	t.Parallel()
	o := newRemoteOffice(t, cable("16kbit"))
	o.fill(30)
	o.start(3*time.Second, "packets: 2\n", loopbacks())
	o.wantNews(o.drain(2*time.Minute), 3)
}

func TestALineOfSixHundredMillisecondsMoreDrainsABacklogAndCarriesNewsInOneRoundTrip(t *testing.T) {
	t.Parallel()
	o := newRemoteOffice(t, satellite(300*time.Millisecond))
	o.fill(60)
	o.start(2*time.Second, "packets: 2\n", loopbacks())
	o.awaitBacklog(2 * time.Minute)
	o.wantOneRoundTripEach(2)
	o.wantNews(o.drain(2*time.Minute), 3)
	o.wantUncertainty(300)
}

func TestALineOfSixHundredMillisecondsMoreThatLosesEveryTwentiethPacketDrainsABacklog(t *testing.T) {
	t.Parallel()
	o := newRemoteOffice(t, satellite(300*time.Millisecond))
	o.lossy("inc mod 20 == 10")
	o.fill(40)
	o.start(5*time.Second, "packets: 2\n", loopbacks())
	o.drain(2 * time.Minute)
	o.wantLost()
}
