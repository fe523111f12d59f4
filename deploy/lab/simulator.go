package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// StartSimulator runs Debian's snmpsim on a port of loopback, by a command that a prefix may lead into a network
// namespace, and waits until it listens. recordings are texts in its format, by the community to which each answers.
func StartSimulator(ctx context.Context, dir string, port int, recordings map[string]string, prefix ...string) (*Process, error) {
	folder, cache := filepath.Join(dir, "devices"), filepath.Join(dir, "cache")
	for _, d := range []string{folder, cache} {
		if err := os.MkdirAll(d, 0o777); err != nil {
			return nil, err
		}
	}
	for name, text := range recordings {
		if err := os.WriteFile(filepath.Join(folder, name+".snmprec"), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	// As root it wants to become somebody else, who needs the cache and the way to it.
	for d := cache; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o777); err != nil {
			return nil, err
		}
	}
	command := append(prefix, "snmpsimd", "--data-dir="+folder, "--cache-dir="+cache, "--logging-method=null",
		"--process-user=nobody", "--process-group=nogroup", fmt.Sprintf("--agent-udpv4-endpoint=127.0.0.1:%d", port))
	p, err := Start(filepath.Join(dir, "snmpsim.log"), command[0], command[1:]...)
	if err != nil {
		return nil, fmt.Errorf("%w (run `make setup`)", err)
	}
	if err := p.listening(ctx, port); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// listening waits for the process's socket in its namespace.
func (p *Process) listening(ctx context.Context, port int) error {
	hex := fmt.Sprintf(":%04X ", port)
	for range 300 {
		sockets, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/udp", p.Pid()))
		if strings.Contains(string(sockets), hex) {
			return nil
		}
		select {
		case <-p.Ended():
			return fmt.Errorf("snmpsim ended at once, see %s", p.Log)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("snmpsim does not listen, see %s", p.Log)
}

// RecordedSwitch is a switch in snmpsim's format: what passed a port since the last
// reading is about what [readRound] invents, whatever the interval.
func RecordedSwitch(interval time.Duration) string {
	random := rand.New(rand.NewPCG(1, 2))
	counter := func(mean float64) string {
		if mean == 0 {
			return "70|0"
		}
		rate := mean / interval.Seconds()
		return fmt.Sprintf("70:numeric|cumulative=1,rate=%.1f,offset=1,function=sin,scale=%.0f", rate, mean/3)
	}
	var text strings.Builder
	text.WriteString("1.3.6.1.2.1.1.1.0|4|switch\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1\n" +
		"1.3.6.1.2.1.1.3.0|67:numeric|rate=100,initial=10000000\n1.3.6.1.2.1.1.5.0|4|switch\n")
	in, out := make([]float64, standardPorts), make([]float64, standardPorts)
	for i := range standardPorts {
		if i%3 > 0 {
			in[i], out[i] = float64(random.IntN(6_000_000)), float64(random.IntN(2_000_000))
		}
	}
	column := func(name string, value func(port int) string) {
		for i := range standardPorts {
			fmt.Fprintf(&text, "1.3.6.1.2.1.%s.%d|%s\n", name, i+1, value(i))
		}
	}
	column("2.2.1.2", func(i int) string { return "4|" + portName(i) }) // ifDescr
	column("2.2.1.8", func(i int) string {                              // ifOperStatus
		if in[i] > 0 {
			return "2|1"
		}
		return "2|2"
	})
	column("31.1.1.1.1", func(i int) string { return "4|" + portName(i) })         // ifName
	column("31.1.1.1.6", func(i int) string { return counter(in[i]) })             // ifHCInOctets
	column("31.1.1.1.10", func(i int) string { return counter(out[i]) })           // ifHCOutOctets
	column("31.1.1.1.15", func(int) string { return "66|1000" })                   // ifHighSpeed
	column("31.1.1.1.18", func(i int) string { return "4|room " + fmt.Sprint(i) }) // ifAlias
	return text.String()
}
