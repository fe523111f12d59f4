// Package office is the wired agent of one office: probers, rounds, spool, clock
// and sender as one value with New and Run, which main, the tests and the lab start
// alike. In comes a Config (from agent.yaml, settings.go), the probers, and from the
// centre, while it runs, documents that say what is measured (measure.go, trial.go);
// what goes out goes to the collector, and into status.json (status.go). What is
// measured where nobody said it is in targets.go; how a machine is known again, in
// machine.go. How anything is measured, kept or sent is another room's.
package office

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"communewatch/agent/clock"
	"communewatch/agent/service"
	"communewatch/agent/spool"
	"communewatch/agent/upstream"
	"communewatch/collector/api"
)

// ErrPowerCut, as the cause of the context's end, makes Run end as a pulled plug
// would: nothing more is stored, sent or said.
var ErrPowerCut = errors.New("power cut")

// Config is one office.
type Config struct {
	// Document is the file's. With targets it holds; without, the centre's does, once there
	// is one.
	Document   api.Document
	URL        string // https://host:port of the collector
	Pin        string // "sha256:<hex>" of its CA's public key
	Token      string // one of Token and Identity
	Identity   string // path of the file with the agent's key and certificate
	Proxy      string // on the way to the collector; see [upstream.Config]
	Folder     string // where agent.yaml lies, and the agent's state; "": none is kept, and no document fetched
	SpoolDir   string // absolute
	SpoolBytes int64
	Version    string        // of the agent
	MaxWait    time.Duration // between two attempts to send; 0 is upstream's default
	Every      time.Duration // between two sends on a metered line; 0: after each round
	DailyBytes int64         // on the line; 0: no budget
	Profiles   string        // folder of the NOC's SNMP profiles; "" or not there: the shipped ones only
	Anchors    []string      // addresses beyond the provider, where nobody names targets; none: none
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

	look      func() surroundings                 // tests have networks of their own
	documents func(*upstream.Documents) documents // and offers
	machine   func() []string                     // and machines
}

// Office is an agent, not yet or now running.
type Office struct {
	cfg         Config
	deps        Deps
	log         *slog.Logger
	session     *clock.Session
	spool       *spool.Spool
	queue       *Queue
	sender      *upstream.Sender
	documents   documents // nil: the file's targets hold
	copied      *CopiedError
	results     results
	certificate certificate
	process     processTimes
	started     time.Time
	current     atomic.Pointer[plan]
	telling     sync.Mutex   // of status.json
	ending      func() error // why Run's context ended, nil while it has not

	// Of the goroutine that measures:
	good       *plan           // what worked last
	trial      *upstream.Offer // what is tried; nil: nothing
	profiles   profiles
	toldUptime bool // in this session, for how long the machine has been up
	able       bool // by a plan that is not on trial, a probe could be made
}

// New opens the spool and wires the rooms; nothing measures or sends yet. Close it
// if Run is never called.
func New(cfg Config, deps Deps) (*Office, error) {
	if deps.Log == nil {
		return nil, errors.New("an office needs a log")
	}
	if deps.look == nil {
		deps.look = look
	}
	if deps.machine == nil {
		deps.machine = Machine
	}
	if err := cfg.Document.Check(); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	session, err := clock.Start(deps.Wall)
	if err != nil {
		return nil, err
	}
	o := &Office{cfg: cfg, deps: deps, log: deps.Log, session: session, started: time.Now(), certificate: certificate{file: cfg.Identity}}
	if err := o.recogniseMachine(); err != nil {
		return nil, err
	}
	o.spool, err = spool.Open(spool.Config{Dir: o.cfg.SpoolDir, MaxBytes: cfg.SpoolBytes, Log: deps.Log})
	if err != nil {
		return nil, err
	}
	o.queue = NewQueue(o.spool, session, deps.Log)
	if err := o.wire(); err != nil {
		return nil, errors.Join(err, o.spool.Close())
	}
	return o, nil
}

func (o *Office) wire() error {
	documents, err := o.openDocuments()
	if err != nil {
		return err
	}
	o.sender, err = upstream.New(upstream.Config{
		URL: o.cfg.URL, Pin: o.cfg.Pin, Token: o.cfg.Token, Identity: o.cfg.Identity, Proxy: o.cfg.Proxy,
		MaxWait: o.cfg.MaxWait, Every: o.cfg.Every, DailyBytes: o.cfg.DailyBytes, Session: o.session.ID(), Who: o.who(),
	}, upstream.Deps{Queue: o.queue, Clock: o.session, Log: o.log, Documents: documents})
	if err != nil {
		return err
	}
	if o.good, err = o.firstPlan(); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	o.current.Store(o.good)
	o.queue.first = o.writeStatus // who installs waits for it
	return nil
}

// who is what a renewal says of this machine.
func (o *Office) who() api.EnrolRequest {
	return api.EnrolRequest{
		Machine: Fingerprint(o.deps.machine()), Host: hostName(), OS: runtime.GOOS, Arch: runtime.GOARCH, Version: o.cfg.Version,
	}
}

// openDocuments: the centre's hold where the file names no targets. A copied machine is
// not told what another's office has.
func (o *Office) openDocuments() (*upstream.Documents, error) {
	if len(o.cfg.Document.Targets) > 0 || o.cfg.Folder == "" || o.copied != nil {
		return nil, nil
	}
	kept, err := upstream.OpenDocuments(o.cfg.Folder)
	if err != nil {
		return nil, err
	}
	o.documents = kept
	if o.deps.documents != nil {
		o.documents = o.deps.documents(kept)
	}
	return kept, nil
}

// firstPlan is that of the document which worked last, if there is one and this program
// can still do what it says.
func (o *Office) firstPlan() (*plan, error) {
	around := o.deps.look()
	if o.documents != nil {
		if kept, known := o.documents.Current(); known {
			p, err := o.plan(kept.Document, kept.ETag, around, nil)
			if err == nil {
				return p, nil
			}
			o.refuse(kept.ETag, err)
		}
	}
	return o.plan(o.cfg.Document, "", around, nil)
}

// lost tells whether the collector was not to be had when last tried.
func (o *Office) lost() (lost, tried bool) {
	st := o.sender.Stats()
	return st.Trouble.Line(), st.Attempts > 0
}

// Run measures and sends until ctx ends; then it stores what is complete, sends what
// it can within a few seconds together with a goodbye, and closes the spool.
func (o *Office) Run(ctx context.Context) error {
	o.log.Info("agent starts", "version", o.cfg.Version, "session", o.session.ID(), "collector", o.cfg.URL)
	o.ending = func() error { return context.Cause(ctx) }
	err := o.liveOn(ctx)
	if !errors.Is(o.ending(), ErrPowerCut) {
		o.leave(ctx)
	}
	c := o.queue.ledger.now() // what nobody read is not read now: stopping must be quick
	o.log.Info("agent stopped", "measured", c.Measured, "stored", c.Stored, "rejected", c.Rejected, "dropped", c.Dropped, "pending", c.Pending)
	return errors.Join(err, o.spool.Close())
}

// put stores a batch that a plan measured, unless the power is gone.
func (o *Office) put(p *plan, lines []byte) error {
	if err := o.ending(); errors.Is(err, ErrPowerCut) {
		return err
	}
	if err := o.queue.Put(lines); err != nil {
		p.unkept.Store(true)
		return err
	}
	o.log.Debug("batch kept", "bytes", len(lines))
	select {
	case p.kept <- struct{}{}:
	default:
	}
	o.writeStatus()
	return nil
}

// Counts is the agent's ledger; it stays readable after Run.
func (o *Office) Counts() Counts { return o.queue.Counts() }

// Close gives the spool back when the office never ran.
func (o *Office) Close() error { return o.spool.Close() }
