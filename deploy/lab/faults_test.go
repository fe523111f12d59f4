//go:build integration

package lab

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// seed repeats a run's faults: `go test ./deploy/lab -run Faults -args -seed 7`. What
// the machine does between two of them is its own.
var seed = flag.Uint64("seed", 0, "of the faults; 0 is a new one, which is printed")

// ordeal is a few offices, each behind a line and a box that misbehaves, one
// collector with its InfluxDB, and all that happens to them.
type ordeal struct {
	t         *testing.T
	random    *rand.Rand
	collector *Collector
	inventory string // a folder that is edited meanwhile
	offices   []*victim
	happened  map[string]int
}

// victim is one office.
type victim struct {
	witnessed
	line *Line
	box  *middlebox
	*Process
}

const ordealOffices = 4

func newOrdeal(t *testing.T, sites []string) *ordeal {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64() >> 1
	}
	t.Logf("seed %d (repeat with: go test -tags integration ./deploy/lab -run %s -args -seed %d)", s, t.Name(), s)
	o := &ordeal{t: t, random: rand.New(rand.NewPCG(s, 1)), inventory: filepath.Join(t.TempDir(), "inventory"), happened: map[string]int{}}
	if err := os.CopyFS(o.inventory, os.DirFS(filepath.Join("..", "..", "collector", "inventory", "binhdinh"))); err != nil {
		t.Fatal(err)
	}
	var err error
	o.collector, err = StartCollector(t.Context(), bin(t), t.TempDir(), 0, time.Second, sites, "inventory: "+o.inventory+"\n")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		o.collector.Stop()
		if t.Failed() {
			tail(t, o.collector.Log)
		}
	})
	for i, site := range sites {
		o.offices = append(o.offices, o.victim(site, s+uint64(i)))
	}
	return o
}

func (o *ordeal) victim(site string, seed uint64) *victim {
	o.t.Helper()
	box := newMiddlebox(o.t, o.collector, seed)
	line, err := NewLine(box.address)
	if err != nil {
		o.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); line.Run(ctx) }()
	o.t.Cleanup(func() { cancel(); <-done })
	v := &victim{line: line, box: box, witnessed: witnessed{Site: site, URL: line.URL(), Pin: o.collector.Pin,
		Token: o.collector.Tokens[site], Dir: o.t.TempDir(), Interval: time.Second}}
	o.begin(v)
	o.t.Cleanup(func() {
		v.Kill()
		if o.t.Failed() {
			tail(o.t, filepath.Join(v.Dir, "log"))
		}
	})
	return v
}

func (o *ordeal) begin(v *victim) {
	o.t.Helper()
	p, err := v.start()
	if err != nil {
		o.t.Fatal(err)
	}
	v.Process = p
}

// restart starts an office anew, and one time in three under another wall clock.
func (o *ordeal) restart(v *victim) {
	const years = 2 * 365 * 24 * time.Hour
	v.Ahead = []time.Duration{0, 0, 0, 0, years, -years}[o.random.IntN(6)]
	o.begin(v)
}

func (o *ordeal) between(low, high time.Duration) time.Duration {
	return low + time.Duration(o.random.Int64N(int64(high-low)))
}

// faults are what happens; often says how much oftener than the rarest.
var faults = []struct {
	name  string
	often int
	do    func(*ordeal, *victim)
}{
	{"line cut", 12, func(o *ordeal, v *victim) {
		v.line.Cut()
		time.Sleep(o.between(20*time.Millisecond, 400*time.Millisecond))
		v.line.Mend()
	}},
	{"connections reset", 12, func(_ *ordeal, v *victim) { v.line.Reset() }},
	{"connection reset at a byte", 24, func(o *ordeal, v *victim) { v.line.ResetAfter(int64(o.random.IntN(6_000))) }},
	{"mischief", 120, func(o *ordeal, v *victim) {
		names := make([]string, 0, len(mischiefs))
		for name := range mischiefs {
			names = append(names, name)
		}
		slices.Sort(names)
		v.box.plan(names[o.random.IntN(len(names))])
	}},
	{"agent killed", 6, func(o *ordeal, v *victim) { v.Kill(); o.restart(v) }},
	{"agent stopped", 3, func(o *ordeal, v *victim) { v.Stop(); o.restart(v) }},
	{"agent asleep", 3, func(o *ordeal, v *victim) {
		syscall.Kill(v.Pid(), syscall.SIGSTOP)
		time.Sleep(o.between(50*time.Millisecond, 500*time.Millisecond))
		syscall.Kill(v.Pid(), syscall.SIGCONT)
	}},
	{"InfluxDB hangs", 3, func(o *ordeal, _ *victim) {
		child := o.influx()
		syscall.Kill(child, syscall.SIGSTOP)
		time.Sleep(o.between(50*time.Millisecond, 500*time.Millisecond))
		syscall.Kill(child, syscall.SIGCONT)
	}},
	{"InfluxDB killed", 1, func(o *ordeal, _ *victim) {
		syscall.Kill(o.influx(), syscall.SIGKILL)
		o.awake()
	}},
	{"collector killed", 1, func(o *ordeal, _ *victim) { o.killCollector() }},
	{"inventory edited and collector killed", 1, func(o *ordeal, _ *victim) {
		o.edit()
		o.killCollector()
	}},
}

// influx is the collector's InfluxDB; after it died it takes a moment to be there again.
func (o *ordeal) influx() int {
	o.t.Helper()
	var pids []int
	until(o.t, "the collector to have an InfluxDB", func() bool {
		pids = children(o.collector.Pid())
		return len(pids) == 1
	})
	return pids[0]
}

func (o *ordeal) killCollector() {
	o.t.Helper()
	child := o.influx()
	o.collector.Kill()
	until(o.t, "influxd to die with its collector", func() bool { return !alive(child) })
	if err := o.collector.Restart(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

// awake waits until the collector has its InfluxDB again.
func (o *ordeal) awake() {
	o.t.Helper()
	if err := o.collector.ready(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

// edit gives every site of the ordeal another name and terrain.
func (o *ordeal) edit() {
	o.t.Helper()
	path := filepath.Join(o.inventory, "sites.csv")
	data, err := os.ReadFile(path)
	if err != nil {
		o.t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	for i, line := range lines {
		cells := strings.SplitN(line, ",", 3)
		for _, v := range o.offices {
			if cells[0] == v.Site {
				lines[i] = fmt.Sprintf("%s,Xã mới %d,%s", cells[0], o.random.IntN(1000), cells[2])
			}
		}
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// suffer lets n faults happen: each kind once, then by chance.
func (o *ordeal) suffer(n int) {
	o.t.Helper()
	var lots []int
	for i, f := range faults {
		lots = append(lots, slices.Repeat([]int{i}, f.often)...)
	}
	for i := range n {
		kind := i
		if kind >= len(faults) {
			kind = lots[o.random.IntN(len(lots))]
		}
		v := o.offices[o.random.IntN(len(o.offices))]
		o.happened[faults[kind].name]++
		faults[kind].do(o, v)
		time.Sleep(o.between(0, 60*time.Millisecond))
		if o.t.Failed() {
			return
		}
	}
}

// heal mends everything and waits until each office has sent all that it has.
func (o *ordeal) heal() {
	o.t.Helper()
	o.awake()
	var group sync.WaitGroup
	for _, v := range o.offices {
		v.line.ResetAfter(-1)
		v.box.calm()
		group.Go(func() {
			for range 20 {
				v.Stop()
				if len(batchFiles(o.t, v.spool())) == 0 {
					return
				}
				v.Ahead = 0
				o.begin(v)
				time.Sleep(3 * v.Interval)
			}
			o.t.Errorf("%s: %d batches stay on the agent's disk", v.Site, len(batchFiles(o.t, v.spool())))
		})
	}
	group.Wait()
}

// account holds what each office said against what InfluxDB has, point by point.
func (o *ordeal) account() {
	o.t.Helper()
	total := 0
	for _, v := range o.offices {
		told, err := testify(v.journal())
		if err != nil {
			o.t.Fatal(err)
		}
		series, err := storedSightings(o.t.Context(), o.collector.Store, v.Site)
		if err != nil {
			o.t.Fatal(err)
		}
		o.compare(v, told, series)
		total += len(series)
		if aside, _ := filepath.Glob(filepath.Join(v.spool(), "aside", "*")); len(aside) > 0 {
			note, _ := os.ReadFile(aside[len(aside)-1])
			o.t.Errorf("%s: %d files set aside, the last: %.300s", v.Site, len(aside), note)
		}
	}
	o.t.Logf("%d points stored, each where and what it was; faults: %v", total, o.happened)
	for _, v := range o.offices {
		o.t.Logf("%s: %v", v.Site, v.box.played)
	}
}

// clockError is how far the time of a point may be off whose agent's wall clock was
// wrong by years: the uncertainty of an offset that was measured under these faults.
const clockError = time.Second

func (o *ordeal) compare(v *victim, told testimony, stored map[string][]int64) {
	o.t.Helper()
	lost, doubled, strange, moved := 0, 0, 0, 0
	worst := time.Duration(0)
	for key, p := range told.points {
		times := stored[key]
		switch {
		case len(times) == 0 && p.must:
			if lost++; lost < 4 {
				o.t.Errorf("%s: lost: %s at %s", v.Site, key, time.Unix(0, p.at).UTC())
			}
		case len(times) > 1:
			if doubled++; doubled < 4 {
				o.t.Errorf("%s: stored %d times: %s at %v", v.Site, len(times), key, times)
			}
		case len(times) == 1:
			off := time.Duration(times[0] - p.at + int64(p.ahead)).Abs()
			worst = max(worst, off)
			if p.ahead == 0 && off != 0 || off > clockError {
				if moved++; moved < 4 {
					o.t.Errorf("%s: clock ahead by %s: %s is dated %s off", v.Site, p.ahead, key, off)
				}
			}
		}
	}
	for key := range stored {
		if _, known := told.points[key]; !known {
			if strange++; strange < 4 {
				o.t.Errorf("%s: stored and never said: %s", v.Site, key)
			}
		}
	}
	if lost+doubled+strange+moved > 0 {
		o.t.Errorf("%s: of %d points said in %d runs: %d lost, %d doubled, %d never said, %d misdated", v.Site, len(told.points), told.runs, lost, doubled, strange, moved)
	}
	o.t.Logf("%s: %d points in %d runs, dated at most %s off", v.Site, len(told.points), told.runs, worst)
}

// storedSightings are the times at which InfluxDB has each point, by series and values.
func storedSightings(ctx context.Context, from *store.Store, site string) (map[string][]int64, error) {
	ledger, err := StoredLedger(ctx, from, site, time.Now().Add(-api.MaxBehind), time.Now().Add(api.MaxAhead))
	if err != nil {
		return nil, err
	}
	out := map[string][]int64{}
	for key, values := range ledger {
		if strings.HasPrefix(key, "agent_health,") {
			continue // the agent's own, which no prober said
		}
		series := key[:strings.LastIndexByte(key, ' ')]
		id := series + " " + values
		out[id] = append(out[id], ledger.time(key).UnixNano())
	}
	return out, nil
}

func endure(t *testing.T, n int) {
	sites := []string{"bd-21997", "bd-21550", "bd-21553", "bd-21556"}
	o := newOrdeal(t, sites[:ordealOffices])
	o.suffer(n)
	if t.Failed() {
		return
	}
	o.heal()
	o.account()
}

func TestAHundredFaultsLoseNothingAndDoubleNothing(t *testing.T) { endure(t, 100) }
