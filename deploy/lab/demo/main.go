// Command communewatch-demo shows a whole province on one machine: it starts the
// built collector (with its InfluxDB) and a built agent that measures this machine as
// processes, simulates the other 158 offices, and prints where to look. What it
// starts, it ends; what it writes, in a folder of its own, it removes.
package main

import (
	"context"
	"encoding/json"
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

	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/deploy/lab"
)

// interval of the demo's rounds: short, so that one sees it live.
const interval = 5 * time.Second

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
	if !result.Totals.AddUp() {
		fmt.Fprintln(errs, speak.Text("demo.differs"))
		return 1
	}
	return 0
}

// demo is one run.
type demo struct {
	lang     say.Lang
	out      io.Writer // the table, the summary
	progress io.Writer
	live     bool

	dir   string
	sites []inventory.Site
	began time.Time
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
	province, err := inventory.Embedded()
	if err != nil {
		return result, err
	}
	d.sites = province.Sites()
	collector, err := d.startCollector(ctx)
	if err != nil {
		return result, err
	}
	defer collector.stop()
	result, err = d.fill(ctx, collector, last)
	if ctx.Err() != nil && result.Sites == nil {
		err = nil // Ctrl-C before there was anything to show
	}
	return result, err
}

// fill runs the offices until it is time, and counts.
func (d *demo) fill(ctx context.Context, c *collector, last time.Duration) (lab.Result, error) {
	real := d.realSite()
	agent, err := d.startAgent(ctx, c, real)
	if err != nil {
		return lab.Result{}, err
	}
	defer agent.stop()
	tokens := c.tokens
	delete(tokens, real)
	logs, err := os.Create(filepath.Join(d.dir, "offices.log"))
	if err != nil {
		return lab.Result{}, err
	}
	defer logs.Close()
	offices, err := lab.New(lab.Config{Collector: c.agents, Pin: c.pin, Tokens: tokens, Dir: filepath.Join(d.dir, "offices"),
		Interval: interval, Version: "simulated"}, d.sites, slog.New(slog.NewTextHandler(logs, nil)))
	if err != nil {
		return lab.Result{}, err
	}
	living, closeAll := context.WithCancel(ctx)
	defer closeAll()
	lived := make(chan error, 1)
	go func() { lived <- offices.Run(living) }()
	d.say("demo.filling", len(tokens), c.page)
	rows, err := d.watch(ctx, c, last, lived)
	closeAll()
	if err = firstOf(err, <-lived); err != nil {
		return lab.Result{}, err
	}
	counts, err := agent.counts()
	if err != nil {
		return lab.Result{}, err
	}
	return d.count(context.WithoutCancel(ctx), c, rows, offices.Counts().Plus(counts))
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
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
