// Package center is the wired collector: InfluxDB, store, ingest, judge, gate and
// pages as one value with New and Run, which main, the tests and the lab start alike;
// beside it what the commands do on its files and its database (invite.go, agents.go, desk.go,
// influx.go); pages.go says who may open the pages. In comes a Config
// (settings.go), out go listeners. It decides nothing of its own: all wiring stands in
// wire, in the order in which a measurement passes. A machine has all roles, or some of
// them: then what it lacks is answered with where to look, and the authority's key is
// opened on the machine with the role enrol only (identities.go).
package center

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"communewatch/collector/board"
	"communewatch/collector/gate"
	"communewatch/collector/goal"
	"communewatch/collector/ingest"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/say"
	"communewatch/collector/store"
)

// stopTime bounds how long what was accepted may take to be stored at the end.
const stopTime = 10 * time.Second

// Deps is what a center is given.
type Deps struct {
	Log     *slog.Logger
	Version string // of the program, for reports
}

// Center is a collector, not yet or now running.
type Center struct {
	cfg      Config
	policies *judge.Policies
	version  string
	log      *slog.Logger
	up       chan struct{}
	gate     *gate.Gate
}

// New checks and starts nothing.
func New(cfg Config, deps Deps) (*Center, error) {
	if deps.Log == nil {
		return nil, errors.New("a center needs a log")
	}
	policies, err := judge.LoadPolicies(cfg.Policy)
	if err != nil {
		return nil, err
	}
	if _, err := goal.ReadStandards(cfg.Goals); err != nil {
		return nil, err
	}
	if err := CheckPages(cfg); err != nil {
		return nil, err
	}
	return &Center{cfg: cfg, policies: policies, version: deps.Version, log: deps.Log, up: make(chan struct{})}, nil
}

// Run serves until ctx ends, then stops in the reverse order: first no new
// requests, then what was accepted is stored, then InfluxDB ends.
func (c *Center) Run(ctx context.Context) (err error) {
	if err := os.MkdirAll(c.cfg.Data, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	influx, err := c.influx(ctx)
	if err != nil {
		return err
	}
	defer func() {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		err = errors.Join(err, influx.stop(limited))
	}()
	rooms, err := c.wire(influx)
	if err != nil {
		return err
	}
	return rooms.run(ctx)
}

// Files of the data folder.
func InfluxDir(data string) string       { return filepath.Join(data, "influxdb") }
func KeysDir(data string) string         { return filepath.Join(data, "keys") }
func TokensFile(data string) string      { return filepath.Join(data, "tokens") }
func InvitationsFile(data string) string { return filepath.Join(data, "invitations") }
func AgentsFile(data string) string      { return filepath.Join(data, "agents") }
func GoalDir(data string) string         { return filepath.Join(data, "goal") }

// rooms are the wired parts of a running center; those that its roles lack are nil.
type rooms struct {
	store  *store.Store
	ingest *ingest.Ingest
	judge  *judge.Judge
	sites  *inventory.Live
	gate   *gate.Gate
	up     chan struct{}
	log    *slog.Logger
}

// wire is the whole collector on one page.
func (c *Center) wire(influx influxdb) (*rooms, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	sites, err := c.inventory(registry)
	if err != nil {
		return nil, err
	}
	who, err := c.identities(func(site string) string { return labelOf(sites.Current(), site, say.Vietnamese) })
	if err != nil {
		return nil, err
	}
	r := &rooms{sites: sites, up: c.up, log: c.log}
	deps := gate.Deps{
		Certificate: who.certificate,
		Renew:       who.renew,
		Identify:    who.identify,
		Certify:     who.certify,
		Twin:        who.twin,
		Enrol:       who.enrol,
		Renewal:     who.renewal,
		Document:    sites,
		Write:       takesNone(),
		Board:       http.NotFoundHandler(),
		Metrics:     promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
		Ready:       func(context.Context) error { return nil },
		Log:         c.log,
		Registry:    registry,
	}
	if c.cfg.stores() {
		if err := c.storing(r, influx, sites, registry, &deps); err != nil {
			return nil, err
		}
	}
	cfg := gate.DefaultConfiguration()
	cfg.Listen, cfg.PageListen = c.cfg.Listen, c.cfg.Page
	cfg.PageCert, cfg.PageKey, cfg.PageUsers = c.cfg.PageCert, c.cfg.PageKey, c.cfg.Users != ""
	if r.gate, err = gate.New(cfg, deps); err != nil {
		return nil, err
	}
	c.gate = r.gate
	return r, nil
}

// storing is what of the collector lives on InfluxDB.
func (c *Center) storing(r *rooms, influx influxdb, sites *inventory.Live, registry prometheus.Registerer, deps *gate.Deps) error {
	points, err := store.New(store.Config{URL: influx.url, Token: influx.token, Database: c.cfg.InfluxDB.Database},
		store.Deps{Log: c.log, Registry: registry})
	if err != nil {
		return err
	}
	r.store, deps.Ready = points, points.Ready
	if c.cfg.Has(RoleIngest) {
		r.ingest, err = ingest.New(ingest.DefaultConfiguration(), ingest.Deps{Store: points, Log: c.log, Registry: registry, Now: time.Now})
		if err != nil {
			return err
		}
		deps.Write = r.ingest
	}
	if c.cfg.Has(RoleJudge) {
		r.judge, err = judge.New(judge.Config{Interval: c.cfg.Interval, Policies: c.policies}, judge.Deps{Store: points, Inventory: sites.Current, Log: c.log, Now: time.Now, Registry: registry})
		if err != nil {
			return err
		}
	}
	if c.cfg.Has(RoleBoard) {
		desk, err := goal.New(c.cfg.desk(c.version), goal.Deps{Store: points, Inventory: sites.Current, Log: c.log, Now: time.Now})
		if err != nil {
			return err
		}
		pages, err := board.New(board.Deps{Store: points, Inventory: sites.Current, Problem: sites.Problem, Log: c.log, Now: time.Now, Interval: c.cfg.Interval, Policies: c.policies, Desk: desk})
		if err != nil {
			return err
		}
		if deps.Board, err = c.behindDoor(pages, registry); err != nil {
			return err
		}
	}
	return nil
}

// inventory is the folder's, followed as it changes, with what collector.yaml says of
// every office.
func (c *Center) inventory(registry *prometheus.Registry) (*inventory.Live, error) {
	sites, err := inventory.NewLive(c.cfg.Inventory, c.log, c.cfg.change)
	if err != nil {
		return nil, err
	}
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "communewatch_inventory_problems",
		Help: "Mistakes for which the inventory's folder is not taken up; 0: it is.",
	}, func() float64 { return float64(sites.Problems()) }))
	return sites, nil
}

// run opens the doors at once, so that an agent is told "not yet" rather than
// nothing; the judge starts when the store is set up.
func (r *rooms) run(ctx context.Context) error {
	if err := r.gate.Listen(); err != nil {
		return err
	}
	close(r.up)
	storing, stopStoring := context.WithCancel(context.WithoutCancel(ctx))
	defer stopStoring()
	group, serving := errgroup.WithContext(ctx)
	if r.ingest != nil {
		group.Go(func() error { return r.ingest.Run(storing) })
	}
	group.Go(func() error { return r.sites.Run(serving) })
	group.Go(func() error {
		defer stopStoring() // no request is open any more
		return r.gate.Run(serving)
	})
	group.Go(func() error {
		if r.store == nil {
			return nil
		}
		if err := r.setUp(serving); err != nil || r.judge == nil {
			return err
		}
		return r.judge.Run(serving)
	})
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// setUp makes database and policies, as often as it takes.
func (r *rooms) setUp(ctx context.Context) error {
	for {
		err := r.store.Setup(ctx)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		r.log.Error("InfluxDB cannot be set up, trying again", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
}

// Up is closed when the listeners are open; Addr and PageAddr are valid then.
func (c *Center) Up() <-chan struct{} { return c.up }

// Addr is where agents connect, PageAddr where the pages are.
func (c *Center) Addr() net.Addr     { return c.gate.Addr() }
func (c *Center) PageAddr() net.Addr { return c.gate.PageAddr() }

// Names are all by which agents may reach this machine: its host name, loopback,
// the listener's address, and those of the configuration.
func Names(cfg Config) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	if host, _, err := net.SplitHostPort(cfg.Listen); err == nil && host != "" {
		if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
			names = append(names, host)
		}
	}
	return append(names, cfg.Names...)
}
