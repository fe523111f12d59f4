// Package office is the wired agent of one office: probers, rounds, spool, clock
// and sender as one value with New and Run, which main, the tests and the lab start
// alike. In comes a Config (from agent.yaml, settings.go) and the probers; what goes
// out goes to the collector. It decides nothing of its own: each step is a room's.
package office

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"communewatch/agent/clock"
	"communewatch/agent/doctor"
	"communewatch/agent/icmp"
	"communewatch/agent/round"
	"communewatch/agent/service"
	"communewatch/agent/snmp"
	"communewatch/agent/spool"
	"communewatch/agent/upstream"
	"communewatch/collector/api"
)

// ErrPowerCut, as the cause of the context's end, makes Run end as a pulled plug
// would: nothing more is stored, sent or said.
var ErrPowerCut = errors.New("power cut")

// Config is one office.
type Config struct {
	Document   api.Document
	URL        string // https://host:port of the collector
	Pin        string // "sha256:<hex>" of its CA's public key
	Token      string
	SpoolDir   string // absolute
	SpoolBytes int64
	Version    string        // of the agent
	MaxWait    time.Duration // between two attempts to send; 0 is upstream's default
	Every      time.Duration // between two sends on a metered line; 0: after each round
	DailyBytes int64         // on the line; 0: no budget
	Profiles   string        // folder of the NOC's SNMP profiles; "" or not there: the shipped ones only
}

// Probers make a target's probe. now is the session's clock.
type Probers struct {
	ICMP func(api.Target) func(context.Context) []*api.Point
	SNMP func(api.Target) func(context.Context) []*api.Point
	// Trust finds out, now and then, whether ICMP can be believed here; Untrusted has what
	// it found. Both nil: nobody asks.
	Trust     func(context.Context)
	Untrusted func() int
}

// Deps is what an office is given.
type Deps struct {
	Log *slog.Logger
	// Wall is the PC's clock, nil for the real one; it is read once. The lab has offices
	// whose clock is wrong by years.
	Wall func() time.Time
	// Probers is nil for the real ones; the lab simulates an office by handing in others,
	// and then nobody looks at the path either.
	Probers func(doc api.Document, now func() time.Time, log *slog.Logger) (Probers, error)
	// Sleeps are told before the machine sleeps; nil: nobody tells.
	Sleeps <-chan service.Sleep
}

// Office is an agent, not yet or now running.
type Office struct {
	cfg     Config
	log     *slog.Logger
	session *clock.Session
	spool   *spool.Spool
	queue   *Queue
	sender  *upstream.Sender
	rounds  *round.Rounds
	process processTimes
	// untrusted counts the addresses that cannot exist and answered an echo; may be nil.
	untrusted func() int
	sleeps    <-chan service.Sleep
	ending    func() error // why Run's context ended, nil while it has not
}

// New opens the spool and wires the rooms; nothing measures or sends yet. Close it
// if Run is never called.
func New(cfg Config, deps Deps) (*Office, error) {
	if deps.Log == nil {
		return nil, errors.New("an office needs a log")
	}
	if len(cfg.Document.Targets) == 0 {
		cfg.Document.Targets = defaultTargets(cfg.URL)
	}
	if err := cfg.Document.Check(); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	session, err := clock.Start(deps.Wall)
	if err != nil {
		return nil, err
	}
	queued, err := spool.Open(spool.Config{Dir: cfg.SpoolDir, MaxBytes: cfg.SpoolBytes, Log: deps.Log})
	if err != nil {
		return nil, err
	}
	o := &Office{cfg: cfg, log: deps.Log, session: session, spool: queued, queue: NewQueue(queued, session, deps.Log), sleeps: deps.Sleeps}
	if err := o.wire(deps); err != nil {
		return nil, errors.Join(err, queued.Close())
	}
	return o, nil
}

func (o *Office) wire(deps Deps) error {
	var err error
	o.sender, err = upstream.New(upstream.Config{
		URL: o.cfg.URL, Pin: o.cfg.Pin, Token: o.cfg.Token, MaxWait: o.cfg.MaxWait, Every: o.cfg.Every, DailyBytes: o.cfg.DailyBytes,
	}, upstream.Deps{Queue: o.queue, Clock: o.session, Log: o.log})
	if err != nil {
		return err
	}
	makers := deps.Probers
	if makers == nil {
		makers = o.realProbers
	}
	probers, err := makers(o.cfg.Document, o.session.Now, o.log)
	if err != nil {
		return err
	}
	o.untrusted = probers.Untrusted
	work, err := o.work(deps, probers)
	if err != nil {
		return err
	}
	o.rounds, err = round.New(round.Config{Interval: o.cfg.Document.Interval}, work, round.Deps{Put: o.put, Health: o.health, Log: o.log})
	return err
}

// work is all that is done in rounds: the targets' probes and, on a real network, a
// look at the path when the uplink hurts.
func (o *Office) work(deps Deps, probers Probers) ([]round.Task, error) {
	own := ownNetworks()
	targets := inferParents(o.cfg.Document.Targets, own)
	if deps.Probers != nil {
		return tasks(targets, probers, o.session.Now, nil), nil
	}
	d, err := doctor.New(doctor.Config{URL: o.cfg.URL, TLS: o.sender.TLS(), Metered: o.cfg.Every > 0}, doctor.Deps{Now: o.session.Now, Lost: o.lost, Log: o.log})
	if err != nil {
		return nil, err
	}
	all := append(tasks(targets, probers, o.session.Now, d.Heard), pathTask(d))
	if slices.ContainsFunc(targets, func(t api.Target) bool { return place(&t, own) != onOwn }) {
		all = append(all, trustTask(probers.Trust)) // what a router may answer in the name of
	}
	return all, nil
}

// lost tells whether the collector was not to be had when last tried.
func (o *Office) lost() (lost, tried bool) {
	st := o.sender.Stats()
	return st.Trouble.Line(), st.Attempts > 0
}

func (o *Office) realProbers(doc api.Document, now func() time.Time, log *slog.Logger) (Probers, error) {
	pings, err := icmp.New(icmp.Config{
		Packets: doc.Packets, Spacing: spacing(doc), Timeout: echoTimeout(doc), Targets: len(doc.Targets), Pace: pace(doc), Now: now, Log: log,
	})
	if err != nil {
		return Probers{}, err
	}
	profiles, err := snmp.LoadProfiles(o.cfg.Profiles)
	if profiles == nil {
		return Probers{}, err
	} else if err != nil { // one bad file must not take the others down
		log.Error("snmp profiles are left out", "error", err)
	}
	asks, err := snmp.New(snmp.Config{Timeout: 2 * time.Second, Retries: 1, Now: now, Profiles: profiles, Log: log})
	if err != nil {
		return Probers{}, err
	}
	return Probers{ICMP: pings.Target, SNMP: asks.Target, Trust: pings.Trust, Untrusted: pings.Untrusted}, nil
}

// A round's echoes take at most half the interval, and the last of them has a
// quarter to come back, so that a round always ends before the next begins. At 60 s
// this is fping's and SmokePing's order: 200 ms apart, 3 s to answer.
func spacing(doc api.Document) time.Duration {
	return min(200*time.Millisecond, doc.Interval/2/time.Duration(doc.Packets))
}

func echoTimeout(doc api.Document) time.Duration { return min(3*time.Second, doc.Interval/4) }

// pace is the time between any two echoes where there are many targets: twice as fast
// as all of them need, and no slower than fping's 1 ms. 10,000 a second is the most; a document
// that asks for more (1,000 targets each second) gets fewer echoes a round.
func pace(doc api.Document) time.Duration {
	needed := doc.Interval / 2 / time.Duration(max(1, len(doc.Targets)*doc.Packets))
	return min(time.Millisecond, max(100*time.Microsecond, needed))
}

// Run measures and sends until ctx ends; then it stores what is complete, sends what
// it can within a few seconds together with a goodbye, and closes the spool.
func (o *Office) Run(ctx context.Context) error {
	o.log.Info("agent starts", "version", o.cfg.Version, "session", o.session.ID(),
		"targets", len(o.cfg.Document.Targets), "interval", o.cfg.Document.Interval, "collector", o.cfg.URL)
	o.ending = func() error { return context.Cause(ctx) }
	err := o.liveOn(ctx)
	if !errors.Is(o.ending(), ErrPowerCut) {
		o.sayGoodbye(ctx, farewell(o.ending()), goodbyeTime)
		o.queue.End()
	}
	c := o.queue.ledger.now() // what nobody read is not read now: stopping must be quick
	o.log.Info("agent stopped", "measured", c.Measured, "stored", c.Stored, "rejected", c.Rejected, "dropped", c.Dropped, "pending", c.Pending)
	return errors.Join(err, o.spool.Close())
}

// put stores a batch, unless the power is gone.
func (o *Office) put(lines []byte) error {
	if err := o.ending(); errors.Is(err, ErrPowerCut) {
		return err
	}
	if err := o.queue.Put(lines); err != nil {
		return err
	}
	o.log.Debug("batch kept", "bytes", len(lines))
	return nil
}

// Counts is the agent's ledger; it stays readable after Run.
func (o *Office) Counts() Counts { return o.queue.Counts() }

// Close gives the spool back when the office never ran.
func (o *Office) Close() error { return o.spool.Close() }

// health is the agent's own point.
func (o *Office) health(timing round.Timing) *api.Point {
	stats := o.spool.Stats()
	p := api.NewPoint("agent_health", o.session.Now()).
		Int("spool_batches", int64(stats.Batches)).
		Int("spool_bytes", stats.Bytes).
		Count("memory_batches", int64(stats.Memory)).
		Count("aside_batches", int64(stats.Aside)).
		Count("dropped_batches", int64(stats.Dropped)).
		Count("rss_bytes", residentBytes()).
		Int("round_ms", timing.Longest.Milliseconds()).
		Int("wire_bytes", int64(o.sender.WireBytes())).
		Text("version", o.cfg.Version).Text("os", runtime.GOOS).Text("arch", runtime.GOARCH).Text("session", o.session.ID())
	p.Count("every_seconds", int64(o.cfg.Every/time.Second))
	if o.untrusted != nil {
		p.Count("icmp_untrusted", int64(o.untrusted()))
	}
	if percent, ok := o.process.percent(); ok {
		p.Float("cpu_percent", percent)
	}
	if offset, known := o.session.Offset(); known {
		value, doubt := offset.Estimate()
		p.Float("clock_offset_ms", milliseconds(value)).Float("clock_uncertainty_ms", milliseconds(doubt))
	}
	return p
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
