//go:build integration

package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// orderly is the shipped agent in an office of 24 targets, with a switch, the provider's
// router on the way to the collector, and a namespace for each of the three:
//
//	switch 198.18.91.1 (and 23 devices) – 198.18.91.2 office 198.18.92.2 – .92.1 router .93.2 – .93.1 here
type orderly struct {
	t                      *testing.T
	c                      *Collector
	office, router, behind string
	url                    string
	log                    string // of the agent
	began                  time.Time
}

func newOrderly(t *testing.T) *orderly {
	t.Helper()
	o := &orderly{t: t, began: time.Now()}
	for _, ns := range []struct {
		name *string
		kind string
	}{{&o.office, "office"}, {&o.router, "router"}, {&o.behind, "switch"}} {
		name := fmt.Sprintf("cworder%d-%s", os.Getpid(), ns.kind)
		*ns.name = name
		command(t, "", "ip", "netns", "add", name)
		t.Cleanup(func() { exec.Command("ip", "netns", "del", name).Run() })
	}
	near := fmt.Sprintf("cwo%d", os.Getpid())
	command(t, "", "ip", "-n", o.office, "link", "add", "lan", "type", "veth", "peer", "name", "lan", "netns", o.behind)
	command(t, "", "ip", "-n", o.office, "link", "add", "line", "type", "veth", "peer", "name", "line", "netns", o.router)
	command(t, "", "ip", "link", "add", near, "type", "veth", "peer", "name", "province", "netns", o.router)
	t.Cleanup(func() { exec.Command("ip", "link", "del", near).Run() })
	o.batch(o.behind, "addr add 198.18.91.1/24 dev lan\nlink set lan up\n"+devices("addr add %s/24 dev lan\n"))
	o.batch(o.office, "addr add 198.18.91.2/24 dev lan\naddr add 198.18.92.2/24 dev line\nlink set lo up\nlink set lan up\nlink set line up\nroute add default via 198.18.92.1\n")
	o.batch(o.router, "addr add 198.18.92.1/24 dev line\naddr add 198.18.93.2/24 dev province\nlink set line up\nlink set province up\n")
	command(t, "", "ip", "netns", "exec", o.router, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0")
	command(t, fmt.Sprintf("addr add 198.18.93.1/24 dev %s\nlink set %s up\nroute add 198.18.92.0/24 via 198.18.93.2\n", near, near), "ip", "-batch", "-")
	o.collect()
	return o
}

func (o *orderly) batch(namespace, lines string) {
	o.t.Helper()
	command(o.t, lines, "ip", "-n", namespace, "-batch", "-")
}

// devices writes a line for the address of each.
func devices(format string) string {
	var out strings.Builder
	for i := range 23 {
		fmt.Fprintf(&out, format, fmt.Sprintf("198.18.91.%d", 101+i))
	}
	return out.String()
}

func (o *orderly) collect() {
	o.t.Helper()
	var err error
	if o.c, err = StartCollector(o.t.Context(), bin(o.t), o.t.TempDir(), 0, time.Second, []string{site}, "names: [198.18.93.1]\n"); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(o.c.Stop)
	relay, err := newLineAt("198.18.93.1", o.c.Agents)
	if err != nil {
		o.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); relay.Run(ctx) }()
	o.t.Cleanup(func() { cancel(); <-done })
	o.url = relay.URL()
}

// start runs the agent; nothing in its configuration says what is behind what.
func (o *orderly) start() {
	o.t.Helper()
	dir := o.t.TempDir()
	targets := "- {name: switch, address: 198.18.91.1, role: lan}\n- {name: router, address: 198.18.92.1, role: gateway}\n" +
		"- {name: province, address: 198.18.93.1, role: uplink}\n" + devices("- {name: %[1]s, address: %[1]s, role: device}\n")
	text := fmt.Sprintf("collector:\n  url: %s\n  pin: %s\n  token: %s\ninterval: 1s\npackets: 2\ntargets:\n%s", o.url, o.c.Pin, o.c.Tokens[site], targets)
	config := filepath.Join(dir, "agent.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
	agent, err := Start(filepath.Join(dir, "agent.log"), "ip", "netns", "exec", o.office, filepath.Join(bin(o.t), "communewatch-agent"), "run", "--config", config)
	if err != nil {
		o.t.Fatal(err)
	}
	o.log = agent.Log
	o.t.Cleanup(func() {
		agent.Stop()
		if o.t.Failed() {
			tail(o.t, agent.Log)
		}
	})
}

// rounds reads each target's rounds from then on: A answered, x not, s skipped. A round that
// was skipped and yet counts packets is a !.
func (o *orderly) rounds(from time.Time) map[string]string {
	o.t.Helper()
	series, err := o.c.Store.Select(o.t.Context(), store.Query{Measurement: "ping", By: []string{api.TagTarget},
		Select: []store.Selector{{Field: "sent"}, {Field: "received"}, {Field: "result"}}, From: from, To: time.Now().Add(time.Minute)})
	if err != nil {
		o.t.Fatal(err)
	}
	out := map[string]string{}
	for _, s := range series {
		marks := ""
		for _, row := range s.Rows {
			switch skipped := row.Values["result"].Text() == api.ResultSkippedParent; {
			case skipped && row.Values["sent"].Integer() > 0:
				marks += "!"
			case skipped:
				marks += "s"
			case row.Values["received"].Integer() > 0:
				marks += "A"
			default:
				marks += "x"
			}
		}
		out[s.Tags[api.TagTarget]] = marks
	}
	return out
}

// all tells whether the newest rounds of every device are these.
func (o *orderly) all(from time.Time, marks string) bool {
	seen := o.rounds(from)
	for address := range strings.FieldsSeq(devices("%s ")) {
		if !strings.HasSuffix(seen[address], marks) {
			return false
		}
	}
	return true
}

// looks reads why the path was looked at, and what was found.
func (o *orderly) looks() (causes []string, lastHops []string) {
	o.t.Helper()
	series, err := o.c.Store.Select(o.t.Context(), store.Query{Measurement: "path", By: []string{api.TagTarget},
		Select: []store.Selector{{Field: "cause"}, {Field: "last_hop"}}, From: o.began, To: time.Now().Add(time.Minute)})
	if err != nil {
		o.t.Fatal(err)
	}
	for _, s := range series {
		for _, row := range s.Rows {
			if row.Values["cause"].Text() == api.CauseUplinkLoss {
				continue // a busy machine's own
			}
			causes, lastHops = append(causes, row.Values["cause"].Text()), append(lastHops, row.Values["last_hop"].Text())
		}
	}
	return causes, lastHops
}

// evidence is what the judge says of the office.
func (o *orderly) evidence() string {
	series, err := o.c.Store.Select(o.t.Context(), store.Query{Measurement: "site_state", Where: []store.Match{{Tag: api.TagSite, Values: []string{site}}},
		Select: []store.Selector{{Func: "last", Field: "state"}, {Field: "evidence"}}, From: o.began, To: time.Now().Add(time.Minute)})
	if err != nil || len(series) == 0 {
		return ""
	}
	return series[0].Rows[0].Values["state"].Text() + ": " + series[0].Rows[0].Values["evidence"].Text()
}

func TestASwitchThatDiesIsOneTargetDownAndAnUplinkThatDiesIsLookedAtOnce(t *testing.T) {
	t.Parallel()
	o := newOrderly(t)
	o.start()
	until(t, "all devices to answer, and the first look", func() bool {
		causes, _ := o.looks()
		return o.all(o.began, "AA") && len(causes) == 1
	})

	died := time.Now()
	o.batch(o.behind, "link set lan down\n")
	until(t, "all devices to be skipped for six rounds", func() bool { return o.all(died, "ssssss") })
	until(t, "the switch alone to be blamed", func() bool { return o.evidence() == "degraded: switch 0/2" })
	for target, marks := range o.rounds(died.Add(-time.Second)) {
		device := strings.HasPrefix(target, "198.")
		if device && (strings.Count(marks, "x") > 1 || strings.Contains(marks, "!")) || !device && target != "switch" && strings.Trim(marks, "A") != "" {
			t.Errorf("%s: %s", target, marks)
		}
	}

	o.batch(o.behind, "link set lan up\n")
	filter := func(rules string) { command(t, rules, "ip", "netns", "exec", o.router, "nft", "-f", "-") }
	filter("table ip cut {\nchain forward {\ntype filter hook forward priority 0\nreject with icmp type net-unreachable\n}\n}\n")
	cut := time.Now()
	until(t, "a look at the dead line", func() bool {
		log, _ := os.ReadFile(o.log)
		return strings.Contains(string(log), "cause=uplink_down")
	})
	filter("delete table ip cut\n")
	until(t, "the line and all devices to be back", func() bool {
		causes, _ := o.looks()
		return o.all(cut, "AA") && len(causes) == 3
	})
	causes, lastHops := o.looks()
	if got := strings.Join(causes, " "); got != "start uplink_down recovered" {
		t.Errorf("looked for %s", got)
	}
	if got := strings.Join(lastHops, " "); got != "198.18.93.1 198.18.92.1 198.18.93.1" {
		t.Errorf("the last hops were %s", got)
	}
}
