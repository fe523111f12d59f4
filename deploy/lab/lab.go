// Package lab is a province on one machine: simulated offices that are the shipped
// agent in everything but the prober, lines that can be cut, and stories that
// happen to them. It alone imports both sides, since it holds what the agents measured
// against what is stored. Nothing of it goes into a product's binary, and it sends
// nothing beyond loopback.
package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"communewatch/agent/office"
	"communewatch/collector/inventory"
)

// Config is a province.
type Config struct {
	Collector string // host:port of the collector on loopback
	Pin       string
	Tokens    map[string]string // site → token; a site without one is not simulated
	Dir       string            // the offices' disks
	Interval  time.Duration     // of the rounds
	Version   string
}

// Province runs one simulated office for each token.
type Province struct {
	cfg     Config
	log     *slog.Logger
	offices []*simulated
}

// New makes the offices; none runs yet.
func New(cfg Config, sites []inventory.Site, log *slog.Logger) (*Province, error) {
	if cfg.Interval < time.Second {
		return nil, errors.New("a province needs an interval of at least a second")
	}
	p := &Province{cfg: cfg, log: log}
	tell := assign(sites, cfg.Tokens)
	for _, site := range sites {
		token, ok := cfg.Tokens[site.ID]
		if !ok {
			continue
		}
		p.offices = append(p.offices, &simulated{
			site:    site,
			token:   token,
			story:   tell[site.ID],
			weather: weatherOf(site, tell[site.ID]),
			dir:     filepath.Join(cfg.Dir, site.ID),
			log:     log.With("site", site.ID),
			cfg:     cfg,
		})
	}
	return p, nil
}

// Run lets all offices live until ctx ends, and says goodbye for each.
func (p *Province) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for i, o := range p.offices {
		// Offices start over one interval, as they would never start at once.
		delay := p.cfg.Interval * time.Duration(i) / time.Duration(len(p.offices))
		group.Go(func() error {
			if !pause(ctx, delay) {
				return nil
			}
			if err := o.live(ctx); err != nil {
				return fmt.Errorf("office %s: %w", o.site.ID, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// Counts adds up what all offices measured and what became of it.
func (p *Province) Counts() office.Counts {
	var sum office.Counts
	for _, o := range p.offices {
		sum = sum.Plus(o.counts())
	}
	return sum
}

// simulated is one office: an agent that may be switched off and on.
type simulated struct {
	site    inventory.Site
	token   string
	story   Story
	weather *Weather
	dir     string
	log     *slog.Logger
	cfg     Config

	mu      sync.Mutex
	agents  []*office.Office // all that ever ran here; the last may be running
	running context.CancelCauseFunc
	ended   chan error
}

func (o *simulated) live(ctx context.Context) error {
	line, err := NewLine(o.cfg.Collector)
	if err != nil {
		return err
	}
	relaying, stop := context.WithCancel(context.WithoutCancel(ctx))
	relayed := make(chan error, 1)
	go func() { relayed <- line.Run(relaying) }()
	err = o.tell(ctx, line)
	stop()
	return errors.Join(err, <-relayed)
}

func (o *simulated) tell(ctx context.Context, line *Line) error {
	if err := o.switchOn(ctx, line); err != nil {
		return err
	}
	if err := stories[o.story](ctx, o, line); err != nil {
		return errors.Join(err, o.switchOff(nil))
	}
	<-ctx.Done()
	return o.switchOff(nil)
}

// switchOn starts the agent on the office's disk.
func (o *simulated) switchOn(ctx context.Context, line *Line) error {
	agent, err := office.New(office.Config{
		Document: document(o.cfg.Interval), URL: line.URL(), Pin: o.cfg.Pin, Token: o.token,
		SpoolDir: o.dir, SpoolBytes: 64 << 20, Version: o.cfg.Version, MaxWait: o.cfg.Interval,
	}, office.Deps{Log: o.log, Probers: probers(o.site.ID, o.weather)})
	if err != nil {
		return err
	}
	// Not ended by ctx itself: how an agent ends is the story's to say.
	running, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	o.mu.Lock()
	o.agents, o.running, o.ended = append(o.agents, agent), cancel, ended
	o.mu.Unlock()
	go func() { ended <- agent.Run(running) }()
	return nil
}

// switchOff ends the agent, for a cause: nil is a clean stop with a goodbye,
// [office.ErrPowerCut] a pulled plug. An agent that is off stays off.
func (o *simulated) switchOff(cause error) error {
	o.mu.Lock()
	cancel, ended := o.running, o.ended
	o.running = nil
	o.mu.Unlock()
	if cancel == nil {
		return nil
	}
	o.counts() // enters what waits from earlier runs into the books while it can be read
	cancel(cause)
	return <-ended
}

func (o *simulated) counts() office.Counts {
	o.mu.Lock()
	defer o.mu.Unlock()
	var sum office.Counts
	for _, a := range o.agents {
		sum = sum.Plus(a.Counts())
	}
	if n := len(o.agents); n > 0 {
		sum.Pending = o.agents[n-1].Counts().Pending // the disk is the same one for all of them
	}
	return sum
}

// pause waits; false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
