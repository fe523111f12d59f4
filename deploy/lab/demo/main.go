// Command communewatch-demo shows a whole province on one machine: it starts the
// built collector (with its InfluxDB) and a built agent that measures this machine as
// processes, simulates the other 158 offices, and prints where to look. What it
// starts, it ends; what it writes, in a folder of its own, it removes.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/deploy/lab"
)

// interval of the demo's rounds: short, so that one sees it live.
const interval = 5 * time.Second

// pagePort is the collector's own default; a busy one is replaced.
const pagePort = 8480

func main() {
	runtime.LockOSThread() // children are tied to this thread's life (see process_linux.go)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("communewatch-demo", flag.ContinueOnError)
	flags.SetOutput(errs)
	last := flags.Duration("for", 0, "end by itself after this time (default: at Ctrl-C)")
	asJSON := flags.Bool("json", false, "print one JSON object at the end, nothing else on standard output")
	lang := flags.String("lang", "vi", "language: vi or en")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	speak, err := say.ParseLang(*lang)
	if err != nil || flags.NArg() > 0 || *last < 0 {
		flags.Usage()
		return 2
	}
	d := &demo{lang: speak, out: out, progress: errs, live: !*asJSON}
	result, err := d.run(ctx, *last)
	if err != nil {
		fmt.Fprintln(errs, speak.Text("cli.failed", err.Error()))
		return 1
	}
	if *asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(result); err != nil {
			return 1
		}
	} else {
		d.summary(result)
	}
	code := 0
	if !result.Totals.AddUp() {
		fmt.Fprintln(errs, speak.Text("demo.differs"))
		code = 1
	}
	if r := result.Report; r != nil && !r.Whole() {
		fmt.Fprintln(errs, speak.Text("demo.verdicts", r.Met, r.NotMet, r.NoData))
		code = 1
	}
	return code
}

// demo is one run.
type demo struct {
	lang     say.Lang
	out      io.Writer // the table, the summary
	progress io.Writer
	live     bool

	bin   string // where the built programs are
	dir   string
	sites []inventory.Site
	began time.Time
	month goal.Month // the last that is over, of which the report is
}

func (d *demo) say(key say.Key, args ...any) {
	fmt.Fprintln(d.progress, d.lang.Text(key, args...))
}

func (d *demo) run(ctx context.Context, last time.Duration) (result lab.Result, err error) {
	d.began = time.Now()
	if d.dir, err = os.MkdirTemp("", "communewatch-demo-"); err != nil {
		return result, err
	}
	defer func() {
		if err != nil { // what happened stands in the logs there
			d.say("demo.kept", d.dir)
			return
		}
		os.RemoveAll(d.dir)
	}()
	self, err := os.Executable()
	if err != nil {
		return result, err
	}
	province, err := inventory.Embedded()
	if err != nil {
		return result, err
	}
	d.bin, d.sites = filepath.Dir(self), province.Sites()
	ids := make([]string, len(d.sites))
	for i, s := range d.sites {
		ids[i] = s.ID
	}
	d.say("demo.starting")
	collector, err := lab.StartCollector(ctx, d.bin, d.dir, pagePort, interval, ids)
	if ctx.Err() != nil {
		return result, nil // Ctrl-C before there was anything to show
	}
	if err != nil {
		return result, err
	}
	defer collector.Stop()
	// The collector has every office open day and night, so that the demo is as good at night.
	return d.fill(ctx, collector, last, province.WithCalendar(inventory.CalendarAlways))
}

// fill runs the offices until it is time, and counts.
func (d *demo) fill(ctx context.Context, c *lab.Collector, last time.Duration, province *inventory.Inventory) (lab.Result, error) {
	mine := d.realSite()
	agent, stop, err := d.startAgent(c, c.Tokens[mine])
	if err != nil {
		return lab.Result{}, err
	}
	defer stop()
	delete(c.Tokens, mine)
	logs, err := os.Create(filepath.Join(d.dir, "offices.log"))
	if err != nil {
		return lab.Result{}, err
	}
	defer logs.Close()
	offices, err := lab.New(lab.Config{Collector: c.Agents, Pin: c.Pin, Tokens: c.Tokens, Dir: filepath.Join(d.dir, "offices"),
		Interval: interval, Version: "simulated"}, d.sites, slog.New(slog.NewTextHandler(logs, nil)))
	if err != nil {
		return lab.Result{}, err
	}
	living, closeAll := context.WithCancel(ctx)
	defer closeAll()
	lived := make(chan error, 1)
	go func() { lived <- offices.Run(living) }()
	d.say("demo.filling", len(c.Tokens), c.Page)
	past := make(chan error, 1)
	go func() { past <- d.invent(living, c, province) }()
	rows, err := d.watch(ctx, c, last)
	if err != nil {
		closeAll()
	}
	invented := <-past
	closeAll()
	if err = errors.Join(err, <-lived); err != nil {
		return lab.Result{}, err
	}
	if invented != nil && ctx.Err() == nil {
		return lab.Result{}, invented
	}
	stop()
	counts, err := agent.Counts()
	if err != nil {
		return lab.Result{}, err
	}
	ctx = context.WithoutCancel(ctx)
	result, err := d.count(ctx, c, rows, offices.Counts().Plus(counts))
	if err != nil || invented != nil { // ended by Ctrl-C before there was a past
		return result, err
	}
	result.Report, err = d.report(ctx, c)
	return result, err
}

// startAgent runs the built agent on this machine: loopback as its router and
// uplink, and an snmpd if Debian's is there.
func (d *demo) startAgent(c *lab.Collector, token string) (*lab.Agent, func(), error) {
	targets := "- {name: this-machine, address: 127.0.0.1, role: gateway}\n- {name: collector, address: 127.0.0.1, role: uplink}\n"
	snmpd, port, err := lab.StartSNMP(d.dir, "rocommunity demo 127.0.0.1")
	if err == nil {
		targets += fmt.Sprintf("- {name: snmpd, address: 127.0.0.1, role: device, snmp: {version: 2c, port: %d, community: demo}}\n", port)
	} else {
		d.say("demo.no_snmpd")
	}
	agent, err := lab.StartAgent(d.bin, d.dir, "https://"+c.Agents, c.Pin, token, interval, "", targets)
	stop := func() {
		if agent != nil {
			agent.Stop()
		}
		if snmpd != nil {
			snmpd.Stop()
		}
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return agent, stop, nil
}

// realSite is the office that the real agent stands for: the first mountain one, so
// that it is on top of the screen.
func (d *demo) realSite() string {
	for _, s := range d.sites {
		if s.Mountainous() {
			return s.ID
		}
	}
	return d.sites[0].ID
}
