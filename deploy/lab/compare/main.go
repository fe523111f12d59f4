// Command communewatch-compare measures CommuneWatch beside its peers, both in one
// run on this machine, and prints a line for each figure:
//
//	name ours=… peer=… ratio=…
//
// The peers are InfluxDB's own client writing the same points straight into the same
// InfluxDB, Telegraf (running, and by its documented format), net-snmp's snmpbulkwalk, and
// fping for rounds of echoes. It ends with 1 when a point is missing, a walk's variables
// differ or echoes do; what is slow is for people to judge. Named parts are made alone.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"communewatch/collector/inventory"
	"communewatch/deploy/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	quick := flag.Bool("quick", false, "a tenth of the points: to see that it works")
	bin := flag.String("bin", "bin", "folder of the built programs")
	round := flag.Bool("icmp-round", false, "our side of the ICMP rounds: what the part icmp starts in a namespace")
	flag.Parse()
	work := func() error { return run(ctx, *bin, *quick, flag.Args()) }
	if *round {
		work = func() error { return makeEchoRound(ctx, os.Stdin, os.Stdout) }
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// size is how much is sent, in rounds of a standard office.
type size struct {
	drain, wideDrain, steady, wire, walks, deviceRounds, echoRounds int
	probing                                                         time.Duration
}

// wide is how many offices a large fleet has: six times the province's.
const wide = 1_000

// comparison is one part of what is compared.
type comparison struct {
	name string
	make func(ctx context.Context, bin string, sites []string, s size) error
}

// comparisons in the order of their printing.
var comparisons = []comparison{
	{"probing", compareProbing},
	{"icmp", compareICMP},
	{"snmp", compareSNMP},
	{"wire", compareWire},
	{"load", compareLoads},
}

// run makes the parts with these names, or all of them.
func run(ctx context.Context, bin string, quick bool, only []string) error {
	for _, name := range only {
		if !slices.ContainsFunc(comparisons, func(c comparison) bool { return c.name == name }) {
			return fmt.Errorf("no part is called %q", name)
		}
	}
	s := size{drain: 240, wideDrain: 40, steady: 12, wire: 240, walks: 20, deviceRounds: 7, echoRounds: 5, probing: 5 * time.Minute}
	if quick {
		s = size{drain: 20, wideDrain: 4, steady: 3, wire: 40, walks: 3, deviceRounds: 1, echoRounds: 1, probing: time.Minute}
	}
	province, err := inventory.Embedded()
	if err != nil {
		return err
	}
	var sites []string
	for _, site := range province.Sites() {
		sites = append(sites, site.ID)
	}
	fmt.Printf("# %s, %d cores, %s, %s; times are CPU seconds unless said\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), runtime.GOARCH)
	for _, part := range comparisons {
		if len(only) > 0 && !slices.Contains(only, part.name) {
			continue
		}
		if err := part.make(ctx, bin, sites, s); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// with starts a collector for some sites, with two folders: one on disk, one in memory.
func with(ctx context.Context, bin string, sites []string, use func(c *lab.Collector, memory string) error) error {
	dir, err := os.MkdirTemp("", "communewatch-compare")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	memory, err := lab.MemoryDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(memory)
	bin, err = filepath.Abs(bin)
	if err != nil {
		return err
	}
	c, err := lab.StartCollector(ctx, bin, dir, 0, time.Minute, sites)
	if err != nil {
		return err
	}
	defer c.Stop()
	return use(c, memory)
}

func compareWire(ctx context.Context, bin string, sites []string, s size) error {
	return with(ctx, bin, sites[:1], func(c *lab.Collector, memory string) error {
		day, err := lab.WireDay(ctx, c, sites[0], filepath.Join(memory, "each"), s.wire, 1)
		if err != nil {
			return err
		}
		metered, err := lab.WireDay(ctx, c, sites[0], filepath.Join(memory, "metered"), s.wire, 10)
		if err != nil {
			return err
		}
		telegraf, err := lab.TelegrafWireDay(ctx, c, s.wire)
		if err != nil {
			return err
		}
		line("wire_kilobytes_a_day_each_minute", float64(day)/1e3, float64(telegraf)/1e3)
		line("wire_kilobytes_a_day_metered", float64(metered)/1e3, float64(telegraf)/1e3)
		return nil
	})
}

// compareLoads is the province's offices, then many more.
func compareLoads(ctx context.Context, bin string, sites []string, s size) error {
	if err := compareLoad(ctx, bin, sites, s.drain, s.steady); err != nil {
		return err
	}
	many := make([]string, wide)
	for i := range many {
		many[i] = fmt.Sprintf("load-%04d", i)
	}
	return compareLoad(ctx, bin, many, s.wideDrain, s.steady)
}

// compareLoad lets every office have so many rounds waiting, then send as they come.
func compareLoad(ctx context.Context, bin string, sites []string, waiting, rounds int) error {
	return with(ctx, bin, sites, func(c *lab.Collector, memory string) error {
		fleet, err := lab.NewFleet(c, sites, memory)
		if err != nil {
			return err
		}
		began := time.Now().Add(-24 * time.Hour)
		drained, err := fleet.Drain(ctx, waiting)
		if err != nil {
			return err
		}
		steady, err := fleet.Steady(ctx, 5*time.Second, rounds)
		if err != nil {
			return err
		}
		direct, err := lab.WriteDirectly(ctx, c, sites, waiting)
		if err != nil {
			return err
		}
		of := fmt.Sprintf("_of_%d_offices", len(sites))
		line("collector_cpu_seconds_a_million_points_after_an_outage"+of, drained.CPUPerMillion(), direct.CPUPerMillion())
		line("collector_cpu_seconds_a_million_points_steady"+of, steady.CPUPerMillion(), direct.CPUPerMillion())
		line("points_a_second_after_an_outage"+of, drained.PerSecond(), direct.PerSecond())
		fmt.Printf("# %d offices, %d rounds each waiting: acknowledged after an outage p50 %s p99 %s, steady (a round each 5 s) p50 %s p99 %s; collector's memory at most %d MB\n",
			len(sites), waiting, round(drained.AckP50), round(drained.AckP99), round(steady.AckP50), round(steady.AckP99), steady.PeakMemory/1e6)
		return errors.Join(allStored(ctx, c, began, drained.Points+steady.Points, int64(len(sites)*(waiting+rounds)*lab.StandardPoints)), fleet.Close())
	})
}

// allStored counts in InfluxDB what was acknowledged, and what was put.
func allStored(ctx context.Context, c *lab.Collector, began time.Time, acknowledged, put int64) error {
	bySite, err := lab.StoredPoints(ctx, c.Store, began, time.Now().Add(2*time.Minute))
	if err != nil {
		return err
	}
	var stored int64
	for _, n := range bySite {
		stored += n
	}
	if stored != put || acknowledged != put {
		return fmt.Errorf("%d points were put, %d acknowledged, %d are in InfluxDB", put, acknowledged, stored)
	}
	return nil
}

func line(name string, ours, peer float64) {
	fmt.Printf("%s ours=%.4g peer=%.4g ratio=%.2f\n", name, ours, peer, ours/peer)
}

func median[T cmp.Ordered](all []T) T {
	slices.Sort(all)
	return all[len(all)/2]
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
