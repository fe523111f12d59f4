package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"communewatch/agent/icmp"
	"communewatch/collector/api"
)

// The order of both sides' rounds: echoes to each target, from one to its next, and to
// wait for each reply. Five, since a point then holds every round trip as a quantile.
const (
	roundEchoes  = 5
	roundSpacing = 200 * time.Millisecond
	roundTimeout = time.Second
)

// echoRound is what a round cost and found.
type echoRound struct {
	CPU      time.Duration // user and system
	Memory   int64         // the most that was resident, bytes
	Received int
	Trips    []float64 // ms
}

// p99 is in ms, 0 when nothing came back.
func (r echoRound) p99() float64 {
	if len(r.Trips) == 0 {
		return 0
	}
	slices.Sort(r.Trips)
	return r.Trips[len(r.Trips)*99/100]
}

// compareICMP makes the same rounds by the agent's prober and by `fping -i 1`, to
// addresses in a namespace which answer or do not. Up to icmp.Narrow targets the agent
// has a pinger each, beyond that a wide round.
//
// Our CPU is that of a process's second round, for an agent makes one after another;
// fping's is its whole process's. Our memory is that of this program, with all that is linked to it.
func compareICMP(ctx context.Context, _ string, _ []string, s size) error {
	net, err := newFarNet(ctx)
	if err != nil {
		return err
	}
	defer net.remove()
	for _, targets := range []int{50, 200, 1_000} {
		if err := net.compare(ctx, fmt.Sprintf("_of_%d_answering_targets", targets), answering(targets), s.echoRounds); err != nil {
			return err
		}
		if err := net.compare(ctx, fmt.Sprintf("_of_%d_silent_targets", targets), silent(targets), s.echoRounds); err != nil {
			return err
		}
	}
	return nil
}

func (n *farNet) compare(ctx context.Context, of string, addresses []string, runs int) error {
	var ours, peers []echoRound
	for range runs { // by turns, so that both meet the same neighbours on this machine
		r, err := n.ourRound(ctx, addresses)
		if err != nil {
			return fmt.Errorf("our round: %w", err)
		}
		p, err := n.fpingRound(ctx, addresses)
		if err != nil {
			return fmt.Errorf("fping: %w", err)
		}
		if r.Received != p.Received {
			return fmt.Errorf("round%s: we received %d echoes, fping %d", of, r.Received, p.Received)
		}
		ours, peers = append(ours, r), append(peers, p)
	}
	line("icmp_cpu_seconds_a_round"+of, medianOf(ours, echoRound.seconds), medianOf(peers, echoRound.seconds))
	line("icmp_peak_megabytes"+of, medianOf(ours, echoRound.megabytes), medianOf(peers, echoRound.megabytes))
	if len(ours[0].Trips) > 0 {
		line("icmp_rtt_p99_ms"+of, medianOf(ours, echoRound.p99), medianOf(peers, echoRound.p99))
	}
	return nil
}

func (r echoRound) seconds() float64   { return r.CPU.Seconds() }
func (r echoRound) megabytes() float64 { return float64(r.Memory) / 1e6 }

func medianOf(rounds []echoRound, of func(echoRound) float64) float64 {
	var all []float64
	for _, r := range rounds {
		all = append(all, of(r))
	}
	return median(all)
}

// farNet is two namespaces and a cable. The far one answers for 198.18.128.0/22, and
// for 198.18.132.0/22 it drops everything.
type farNet struct{ near, far string }

func newFarNet(ctx context.Context) (*farNet, error) {
	n := &farNet{fmt.Sprintf("cw-near-%d", os.Getpid()), fmt.Sprintf("cw-far-%d", os.Getpid())}
	for _, step := range []string{
		"ip netns add " + n.near,
		"ip netns add " + n.far,
		"ip link add line netns " + n.near + " type veth peer name line netns " + n.far,
		"ip -n " + n.near + " addr add 198.18.0.1/24 dev line",
		"ip -n " + n.far + " addr add 198.18.0.2/24 dev line",
		"ip -n " + n.near + " link set line up",
		"ip -n " + n.far + " link set line up",
		"ip -n " + n.far + " link set lo up",
		"ip -n " + n.far + " route add local 198.18.128.0/22 dev lo",
		"ip -n " + n.far + " route add blackhole 198.18.132.0/22",
		"ip netns exec " + n.far + " sysctl -qw net.ipv4.ip_forward=1",
		"ip -n " + n.near + " route add 198.18.128.0/21 via 198.18.0.2",
		"ip netns exec " + n.near + " sysctl -qw net.ipv4.ping_group_range=0\t2147483647",
	} {
		words := strings.Split(step, " ")
		if out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput(); err != nil {
			n.remove()
			return nil, fmt.Errorf("%s: %w: %s (this needs root and iproute2)", step, err, bytes.TrimSpace(out))
		}
	}
	return n, nil
}

func (n *farNet) remove() {
	for _, name := range []string{n.near, n.far} {
		exec.Command("ip", "netns", "del", name).Run()
	}
}

func answering(n int) []string { return from(netip.MustParseAddr("198.18.128.1"), n) }
func silent(n int) []string    { return from(netip.MustParseAddr("198.18.132.1"), n) }

func from(first netip.Addr, n int) []string {
	var all []string
	for a := first; len(all) < n; a = a.Next() {
		all = append(all, a.String())
	}
	return all
}

// fpingRound has fping do it. Its figures per echo are on standard error: address,
// colon, then milliseconds or a dash each.
func (n *farNet) fpingRound(ctx context.Context, addresses []string) (echoRound, error) {
	cmd := exec.CommandContext(ctx, "ip", "netns", "exec", n.near, "fping", "-i", "1", "-C", strconv.Itoa(roundEchoes), "-q",
		"-p", wholeMilliseconds(roundSpacing), "-t", wholeMilliseconds(roundTimeout))
	var out bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(strings.Join(addresses, "\n")), &out
	if err := cmd.Start(); err != nil {
		return echoRound{}, err
	}
	memory := watchMemory(cmd.Process.Pid)
	err := cmd.Wait()
	r := echoRound{Memory: <-memory}
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) { // 1: some did not answer
		return echoRound{}, fmt.Errorf("%w: %s (make setup installs it)", err, out.String())
	}
	r.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	for text := range strings.Lines(out.String()) {
		_, figures, _ := strings.Cut(text, " : ")
		for figure := range strings.FieldsSeq(figures) {
			if ms, err := strconv.ParseFloat(figure, 64); err == nil {
				r.Trips = append(r.Trips, ms)
			}
		}
	}
	r.Received = len(r.Trips)
	return r, nil
}

func wholeMilliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// watchMemory looks every few milliseconds what a process has had resident at most,
// until it has ended. The kernel's own figure at the end (ru_maxrss) is at least that of
// the process that started it.
func watchMemory(pid int) <-chan int64 {
	most := make(chan int64, 1)
	go func() {
		var last int64
		for {
			now, err := peakMemory(pid)
			if err != nil || now == 0 {
				most <- last
				return
			}
			last = now
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return most
}

// peakMemory is in bytes; 0 once the process has ended.
func peakMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(status), "VmHWM:")
	if !found {
		return 0, nil
	}
	kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return kilobytes << 10, err
}

// ourRound runs this program in the namespace.
func (n *farNet) ourRound(ctx context.Context, addresses []string) (echoRound, error) {
	self, err := os.Executable()
	if err != nil {
		return echoRound{}, err
	}
	cmd := exec.CommandContext(ctx, "ip", "netns", "exec", n.near, self, "-icmp-round")
	var complaint bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(strings.Join(addresses, "\n")), &complaint
	out, err := cmd.Output()
	if err != nil {
		return echoRound{}, fmt.Errorf("%w: %s", err, complaint.String())
	}
	var r echoRound
	return r, json.Unmarshal(out, &r)
}

// makeEchoRound is what that process does: a round to the addresses of standard input.
func makeEchoRound(ctx context.Context, in io.Reader, out io.Writer) error {
	var addresses []string
	for words := bufio.NewScanner(in); words.Scan(); {
		addresses = append(addresses, words.Text())
	}
	prober, err := icmp.New(icmp.Config{Packets: roundEchoes, Spacing: roundSpacing, Timeout: roundTimeout, Targets: len(addresses)})
	if err != nil {
		return err
	}
	// As in the agent, each target has a goroutine for all its rounds. The second is
	// measured: what the first paid once is not the next 1,440 rounds' of the day.
	points := make([]*api.Point, len(addresses))
	probes := make([]func(context.Context) []*api.Point, len(addresses))
	for i, address := range addresses {
		probes[i] = prober.Target(api.Target{Name: address, Address: address, Role: api.RoleUplink})
	}
	var first, second sync.WaitGroup
	first.Add(len(addresses))
	again := make(chan struct{})
	for i, probe := range probes {
		second.Go(func() {
			probe(ctx)
			first.Done()
			<-again
			points[i] = probe(ctx)[0]
		})
	}
	first.Wait()
	before := usedCPU()
	close(again)
	second.Wait()
	r := echoRound{CPU: usedCPU() - before}
	for _, p := range points {
		received, _ := p.FieldNamed("received")
		r.Received += int(received.Integer())
		for _, field := range []string{"rtt_min_ms", "rtt_p25_ms", "rtt_median_ms", "rtt_p75_ms", "rtt_max_ms"} {
			if trip, ok := p.FieldNamed(field); ok {
				r.Trips = append(r.Trips, trip.Float())
			}
		}
	}
	if r.Memory, err = peakMemory(os.Getpid()); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}

func usedCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
