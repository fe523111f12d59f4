package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"communewatch/deploy/lab"
)

// What both agents measure: so many targets that answer at once and a switch of 24 ports.
const probedTargets = 50

// probing is how often they measure, and how thoroughly.
type probing struct {
	interval time.Duration
	echoes   int
}

// probings are a steady office by our defaults, and one that is watched closely.
var probings = []probing{{time.Minute, 10}, {10 * time.Second, 5}}

func compareProbing(ctx context.Context, bin string, sites []string, s size) error {
	for _, p := range probings {
		if err := compareProbingEach(ctx, bin, sites, p, s.probing); err != nil {
			return err
		}
	}
	return nil
}

// compareProbingEach runs the shipped agent and Telegraf side by side, so that both meet
// the same machine. Ours keeps each round on its disk and sends it to a collector;
// Telegraf writes to /dev/null.
func compareProbingEach(ctx context.Context, bin string, sites []string, order probing, measured time.Duration) error {
	return with(ctx, bin, sites[:1], func(c *lab.Collector, _ string) error {
		dir, err := os.MkdirTemp("", "communewatch-probing")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		port, err := freePort()
		if err != nil {
			return err
		}
		simulator, err := lab.StartSimulator(ctx, filepath.Join(dir, "snmpsim"), port, map[string]string{"switch": lab.RecordedSwitch(order.interval)})
		if err != nil {
			return err
		}
		defer simulator.Stop()
		ours, err := startOurs(bin, dir, c, sites[0], order, port)
		if err != nil {
			return err
		}
		defer ours.Stop()
		peer, err := startTelegraf(bin, dir, order, port)
		if err != nil {
			return err
		}
		defer peer.Stop()
		return compareCosts(ctx, ours.Process, peer, order, measured)
	})
}

// compareCosts leaves out half a minute and the first round: what starting costs is
// another question.
func compareCosts(ctx context.Context, ours, peer *lab.Process, order probing, measured time.Duration) error {
	if err := sleep(ctx, 30*time.Second+order.interval); err != nil {
		return err
	}
	var spent [2]time.Duration
	var memory [2]int64
	for i, p := range []*lab.Process{ours, peer} {
		used, err := lab.CPUTime(p.Pid())
		if err != nil {
			return err
		}
		spent[i] = -used
	}
	if err := sleep(ctx, measured); err != nil {
		return err
	}
	for i, p := range []*lab.Process{ours, peer} {
		used, err := lab.CPUTime(p.Pid())
		if err != nil {
			return err
		}
		spent[i] += used
		if memory[i], err = lab.PeakMemoryOf(p.Pid()); err != nil {
			return err
		}
	}
	of := fmt.Sprintf("_of_%d_targets_and_a_switch_each_%s", probedTargets, order.interval)
	line("agent_cpu_seconds_a_minute"+of, spent[0].Seconds()/measured.Minutes(), spent[1].Seconds()/measured.Minutes())
	line("agent_peak_megabytes"+of, float64(memory[0])/1e6, float64(memory[1])/1e6)
	return nil
}

func startOurs(bin, dir string, c *lab.Collector, site string, order probing, port int) (*lab.Agent, error) {
	var targets strings.Builder
	for i := range probedTargets {
		fmt.Fprintf(&targets, "- {name: target-%d, address: 127.0.0.%d, role: lan}\n", i, i+1)
	}
	fmt.Fprintf(&targets, "- {name: switch, address: 127.0.0.1, role: device, snmp: {version: 2c, port: %d, community: switch}}\n", port)
	home := filepath.Join(dir, "agent")
	if err := os.Mkdir(home, 0o700); err != nil {
		return nil, err
	}
	more := fmt.Sprintf("packets: %d\n", order.echoes)
	return lab.StartAgent(bin, home, "https://"+c.Agents, c.Pin, c.Tokens[site], order.interval, more, targets.String())
}

func startTelegraf(bin, dir string, order probing, port int) (*lab.Process, error) {
	var urls []string
	for i := range probedTargets {
		urls = append(urls, fmt.Sprintf("%q", fmt.Sprintf("127.0.0.%d", i+1)))
	}
	var columns strings.Builder
	for name, oid := range map[string]string{
		"oper_up": "2.2.1.8", "in_octets": "31.1.1.1.6", "out_octets": "31.1.1.1.10", "speed_mbps": "31.1.1.1.15", "alias": "31.1.1.1.18",
		"in_discards": "2.2.1.13", "in_errors": "2.2.1.14", "out_discards": "2.2.1.19", "out_errors": "2.2.1.20",
	} {
		fmt.Fprintf(&columns, "    [[inputs.snmp.table.field]]\n      name = %q\n      oid = \"1.3.6.1.2.1.%s\"\n", name, oid)
	}
	text := fmt.Sprintf(`[agent]
  interval = "%[1]s"
  flush_interval = "%[1]s"
[[outputs.file]]
  files = ["/dev/null"]
[[inputs.ping]]
  urls = [%[2]s]
  method = "native"
  count = %[3]d
  ping_interval = %[4]g
[[inputs.snmp]]
  agents = ["udp://127.0.0.1:%[5]d"]
  version = 2
  community = "switch"
  [[inputs.snmp.field]]
    name = "uptime"
    oid = "1.3.6.1.2.1.1.3.0"
  [[inputs.snmp.table]]
    name = "interface"
    [[inputs.snmp.table.field]]
      name = "interface"
      oid = "1.3.6.1.2.1.31.1.1.1.1"
      is_tag = true
%[6]s`, order.interval, strings.Join(urls, ", "), order.echoes, roundSpacing.Seconds(), port, columns.String())
	config := filepath.Join(dir, "telegraf.conf")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return lab.Start(filepath.Join(dir, "telegraf.log"), filepath.Join(bin, "telegraf"), "--config", config)
}

func freePort() (int, error) {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, err
	}
	defer socket.Close()
	return socket.LocalAddr().(*net.UDPAddr).Port, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
