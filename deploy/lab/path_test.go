//go:build integration

package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/agent/clock"
	"communewatch/agent/office"
	"communewatch/agent/spool"
	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

const site = "bd-21997"

// bin is where `make build` puts the programs.
func bin(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", "bin"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"agent", "collector", "influxd"} {
		if _, err := os.Stat(filepath.Join(dir, "communewatch-"+name)); err != nil {
			t.Fatalf("%v: run `make build`", err)
		}
	}
	return dir
}

func startCollector(t *testing.T, sites ...string) *Collector {
	t.Helper()
	c, err := StartCollector(t.Context(), bin(t), t.TempDir(), 0, time.Second, sites)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Stop()
		if t.Failed() {
			tail(t, c.Log)
		}
	})
	return c
}

func tail(t *testing.T, log string) {
	data, _ := os.ReadFile(log)
	lines := strings.Split(string(data), "\n")
	t.Logf("end of %s:\n%s", filepath.Base(log), strings.Join(lines[max(0, len(lines)-30):], "\n"))
}

func newLine(t *testing.T, c *Collector) *Line {
	t.Helper()
	line, err := NewLine(c.Agents)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); line.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return line
}

// until polls; what it waits for is told when it does not come.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("waited a minute in vain: %s", what)
}

func batchFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.batch"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// onDisk reads what a dead agent's spool holds, from a copy.
func onDisk(t *testing.T, dir string) Ledger {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "spool")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	s, err := spool.Open(spool.Config{Dir: copied, MaxBytes: 1 << 30, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ledger := Ledger{}
	for _, seq := range s.Sequences() {
		payload, err := s.Load(seq)
		if err != nil {
			t.Fatal(err)
		}
		batch, err := clock.Unmarshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		if err := ledger.AddLines(batch.Lines); err != nil {
			t.Fatal(err)
		}
	}
	return ledger
}

func TestWhatAKilledAgentMeasuredStandsInInfluxDBPerSeriesTimeAndValue(t *testing.T) {
	c := startCollector(t, site)
	line := newLine(t, c)
	dir := t.TempDir()
	snmpd, port, err := StartSNMP(dir, "rocommunity open 127.0.0.1\ncreateUser watch SHA-256 \"correct horse\" AES \"battery staple\"\nrouser watch priv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(snmpd.Stop)
	targets := fmt.Sprintf(`- {name: router, address: 127.0.0.1, role: gateway}
- {name: v2c, address: 127.0.0.1, role: lan, snmp: {version: 2c, port: %d, community: open}}
- {name: "v3, tên=có dấu", address: "::1", role: device, snmp: {version: 3, port: %d, user: watch, auth: SHA-256, auth_pass: correct horse, privacy: AES, privacy_pass: battery staple}}
`, port, port)
	targets = strings.Replace(targets, `address: "::1"`, "address: 127.0.0.1", 1)
	start := func() *Agent {
		a, err := StartAgent(bin(t), dir, line.URL(), c.Pin, c.Tokens[site], time.Second, "", targets)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	agent := start()
	t.Cleanup(func() {
		agent.Stop()
		if t.Failed() {
			tail(t, agent.Log)
		}
	})
	stored := func() int64 {
		n, err := StoredPoints(t.Context(), c.Store, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
		if err != nil {
			return 0 // not yet set up
		}
		return n[site]
	}
	until(t, "the first points in InfluxDB", func() bool { return stored() > 0 })
	line.Cut()
	cut := time.Now()
	spoolDir := filepath.Join(dir, "spool")
	until(t, "six batches on the agent's disk", func() bool { return len(batchFiles(t, spoolDir)) >= 6 })
	agent.Kill()
	measured := onDisk(t, spoolDir)
	_, last := measured.Span()
	line.Mend()
	agent = start()
	waiting := len(batchFiles(t, spoolDir))
	until(t, "the agent to send", func() bool { return len(batchFiles(t, spoolDir)) < waiting })
	agent.Kill() // in the midst of sending, measuring and writing
	agent = start()
	var got Ledger
	until(t, "the backlog in InfluxDB", func() bool {
		var err error
		got, err = StoredLedger(t.Context(), c.Store, site, cut.Add(-time.Minute), last.Add(1))
		return err == nil && got.holds(measured)
	})
	// Beside the backlog stands what was stored before the line was cut: older.
	if d := cmp.Diff(measured.Between(cut, last.Add(1)), got.Between(cut, last.Add(1))); d != "" {
		t.Errorf("measured (-) and stored (+) differ:\n%s", d)
	}
	for _, want := range []string{"ping,role=gateway,target=router ", "interface,interface=lo,target=v2c ", "interface,interface=lo,target=v3, tên=có dấu ", "device,target=v2c ", "agent_health, "} {
		if !measured.has(want) {
			t.Errorf("nothing of %s among the %d points", want, len(measured))
		}
	}
}

// holds is true when every point of other is in l with the same values.
func (l Ledger) holds(other Ledger) bool {
	for key, value := range other {
		if l[key] != value {
			return false
		}
	}
	return true
}

func (l Ledger) has(prefix string) bool {
	for key := range l {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// tapped is a simulated office that keeps what its probers said.
type tapped struct {
	*office.Office
	mu   sync.Mutex
	said Ledger
	done chan error
	stop context.CancelFunc
}

func startTapped(t *testing.T, c *Collector, site string) *tapped {
	t.Helper()
	o := &tapped{said: Ledger{}, done: make(chan error, 1)}
	weather := &Weather{rtt: 5, spread: 2, loss: 0.1}
	tap := func(probe func(context.Context) []*api.Point) func(context.Context) []*api.Point {
		return func(ctx context.Context) []*api.Point {
			points := probe(ctx)
			o.mu.Lock()
			defer o.mu.Unlock()
			for _, p := range points {
				o.said.Enter(p)
			}
			return points
		}
	}
	var err error
	o.Office, err = office.New(office.Config{Document: document(time.Second), URL: "https://" + c.Agents, Pin: c.Pin, Token: c.Tokens[site],
		SpoolDir: t.TempDir(), SpoolBytes: 64 << 20, Version: "test", MaxWait: time.Second},
		office.Deps{Log: slog.New(slog.DiscardHandler), Probers: func(doc api.Document, now func() time.Time, log *slog.Logger) (office.Probers, error) {
			made, err := probers(site, weather)(doc, now, log)
			return office.Probers{
				ICMP: func(t api.Target) func(context.Context) []*api.Point { return tap(made.ICMP(t)) },
				SNMP: func(t api.Target) func(context.Context) []*api.Point { return tap(made.SNMP(t)) },
			}, err
		}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	o.stop = cancel
	go func() { o.done <- o.Run(ctx) }()
	return o
}

// influxd finds the collector's child.
func influxd(t *testing.T, collector int) int {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", collector, collector))
	if err != nil || len(strings.Fields(string(data))) == 0 {
		data = nil
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", collector))
		for _, task := range tasks {
			d, _ := os.ReadFile(task)
			data = append(data, d...)
		}
	}
	for word := range strings.FieldsSeq(string(data)) {
		pid, _ := strconv.Atoi(word)
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if strings.Contains(string(name), "influxd") {
			return pid
		}
	}
	t.Fatal("the collector has no influxd")
	return 0
}

func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestKillingCollectorAndInfluxDBInMidWriteLosesNothingAndDoublesNothing(t *testing.T) {
	province, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, s := range province.Sites()[:30] {
		ids = append(ids, s.ID)
	}
	c := startCollector(t, ids...)
	offices := map[string]*tapped{}
	for _, id := range ids {
		offices[id] = startTapped(t, c, id)
	}
	stopAll := sync.OnceFunc(func() {
		for _, o := range offices {
			o.stop()
		}
		for id, o := range offices {
			if err := <-o.done; err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
	t.Cleanup(stopAll)
	storedBy := func(n int64) func() bool {
		return func() bool {
			var sum int64
			for _, o := range offices {
				sum += o.Counts().Stored
			}
			return sum >= n
		}
	}
	until(t, "writes to be under way", storedBy(500))
	child := influxd(t, c.Pid())
	c.Kill()
	until(t, "influxd to die with its collector", func() bool { return !alive(child) })
	if err := c.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "writes to go on", storedBy(2000))
	if err := syscall.Kill(influxd(t, c.Pid()), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	var before int64
	for _, o := range offices {
		before += o.Counts().Stored
	}
	until(t, "writes to go on after InfluxDB died", storedBy(before+2000))
	for id, o := range offices { // a stop has seconds only for what is left
		until(t, id+" to send its backlog", func() bool { return o.Counts().Pending < 40 })
	}
	stopAll()
	compare(t, c, offices)
}

func compare(t *testing.T, c *Collector, offices map[string]*tapped) {
	t.Helper()
	var sum office.Counts
	for id, o := range offices {
		counts := o.Counts()
		sum = sum.Plus(counts)
		if counts.Pending != 0 || counts.Rejected != 0 || counts.Dropped != 0 {
			t.Errorf("%s ends with %+v", id, counts)
		}
		first, last := o.said.Span()
		// Probes that the end interrupted are forgotten; they lie in the last second.
		end := last.Add(-time.Second)
		got, err := StoredLedger(t.Context(), c.Store, id, first, end)
		if err != nil {
			t.Fatal(err)
		}
		for key := range got {
			if strings.HasPrefix(key, "agent_health") {
				delete(got, key)
			}
		}
		if d := cmp.Diff(o.said.Between(first, end), got); d != "" {
			t.Errorf("%s: measured (-) and stored (+) differ:\n%s", id, d)
		}
	}
	t.Logf("%d points measured, %d stored", sum.Measured, sum.Stored)
	if sum.Measured != sum.Stored {
		t.Error(errors.New("measured and stored differ"))
	}
}
