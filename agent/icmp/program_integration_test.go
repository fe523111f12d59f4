//go:build integration

package icmp

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"communewatch/collector/api"
)

// order is one round of a program of its own.
type order struct {
	Addresses []string // one round each, all at once
	Packets   int
	Spacing   time.Duration
	Timeout   time.Duration
	Within    time.Duration // of the context
}

func init() { asProgram = obey }

// obey makes the rounds and prints a line of fields for each, in their order.
func obey(text string) {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		panic(err)
	}
	prober, err := New(Config{Packets: o.Packets, Spacing: o.Spacing, Timeout: o.Timeout, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.Within)
	defer cancel()
	points := make([]*api.Point, len(o.Addresses))
	var group sync.WaitGroup
	for i, address := range o.Addresses {
		group.Go(func() { points[i] = prober.Target(api.Target{Name: "x", Address: address, Role: api.RoleLAN})(ctx)[0] })
	}
	group.Wait()
	for _, p := range points {
		line, err := p.AppendLine(nil)
		if err != nil {
			panic(err)
		}
		os.Stdout.Write(line)
	}
}

// program is a process in the agent's namespace.
type program struct {
	t        testing.TB
	cmd      *exec.Cmd
	out, err lines
}

func (n *network) start(name string, arguments []string, environment ...string) *program {
	n.t.Helper()
	p := &program{t: n.t, cmd: exec.Command(name, arguments...)}
	p.cmd.Env = append(os.Environ(), environment...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	n.inAgent(p.cmd.Start) // forked from a thread that is in there
	n.t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
	})
	return p
}

// agentWith starts a process that makes these rounds.
func (n *network) agentWith(o order) *program {
	n.t.Helper()
	text, err := json.Marshal(o)
	n.must("write an order", err)
	return n.start(os.Args[0], nil, orderVariable+"="+string(text))
}

// points gives the fields of each point, once the program has ended.
func (p *program) points() []string {
	p.t.Helper()
	if err := p.cmd.Wait(); err != nil {
		p.t.Fatalf("%s: %v: %q", p.cmd.Path, err, p.err.all())
	}
	var all []string
	for _, line := range p.out.all() {
		_, fields, _ := strings.Cut(line, " ")
		fields, _, _ = strings.Cut(fields, " ")
		all = append(all, fields)
	}
	return all
}

func (p *program) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("%s: %v", s, err)
	}
}

// A stopped process is to itself what a suspended PC is: it does not run, and the
// clock that counts sleep as well has gone on. Meanwhile the cable is out.
func TestARoundThatStoodStillIsNotProbedAndNoLoss(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	n.atOffice("icmp type echo-request counter name seen")
	agent := n.agentWith(order{Addresses: []string{"10.44.0.2"}, Packets: 40, Spacing: 50 * ms, Timeout: time.Second, Within: 30 * time.Second})
	until(t, "five echoes have arrived", func() bool { return n.counted("seen") >= 5 })
	agent.signal(syscall.SIGSTOP)
	n.setDown(n.agentLink, "lan")
	time.Sleep(standstill(time.Second) * 3 / 2)
	n.setUp(n.agentLink, "lan")
	agent.signal(syscall.SIGCONT)
	if got, want := fmt.Sprint(agent.points()), `[sent=0i,received=0i,result="not_probed"]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if said := agent.err.all(); !strings.Contains(strings.Join(said, "\n"), "round is void") {
		t.Errorf("nobody says that a round is void: %q", said)
	}
}

// Two agents and somebody's ping, all to the same addresses: one that answers, one that
// does not, and one behind a router that says so.
func TestTwoAgentsAndAForeignPingOnOneHostDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	for socket, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(socket, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			giveUp(n)
			addresses := []string{"10.44.0.2", "10.44.0.99", "10.81.0.1"}
			var foreign, agents []*program
			for _, address := range addresses {
				foreign = append(foreign, n.start("ping", []string{"-i", "0.01", "-c", "1000", address}))
			}
			until(t, "the foreign ping is under way", func() bool { return n.counted("seen") >= 5 })
			for range 2 {
				agents = append(agents, n.agentWith(order{Addresses: addresses, Packets: 10, Spacing: 20 * ms, Timeout: time.Second, Within: 30 * time.Second}))
			}
			for _, agent := range agents {
				got := agent.points()
				if len(got) != 3 || !plain(got[0], 10) || got[1] != `sent=10i,received=0i,result="timeout"` ||
					got[2] != `sent=10i,received=0i,icmp_errors=10i,result="icmp_error"` {
					t.Errorf("got %q", got)
				}
			}
			for _, f := range foreign {
				f.signal(syscall.SIGKILL)
				f.cmd.Wait()
			}
		})
	}
}

// plain tells whether a round has that many replies and nothing odd.
func plain(fields string, replies int) bool {
	return strings.HasPrefix(fields, fmt.Sprintf("sent=%di,received=%di,rtt_min_ms=", replies, replies)) &&
		strings.Count(fields, "=") == strings.Count(fields, "_ms=")+2
}

// The name of an interface is looked up in the namespace that its reader is in, so a
// program of its own pings.
func TestTheLinkLocalAddressOfANamedInterfaceIsATarget(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	n.address(n.otherLink, "fe80::44/64")
	n.address(n.agentLink, "fe80::45/64")
	agent := n.agentWith(order{Addresses: []string{"fe80::44%lan", "fe80::44%gone"}, Packets: 5, Spacing: 20 * ms, Timeout: 3 * time.Second, Within: 20 * time.Second})
	got := agent.points()
	if len(got) != 2 || !plain(got[0], 5) || got[1] != `sent=0i,received=0i,send_errors=5i,result="not_probed"` {
		t.Errorf("got %q", got)
	}
}
