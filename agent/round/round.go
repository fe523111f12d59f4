// Package round decides what is measured when. In come tasks (a name and a probe
// each, and perhaps a parent) and an interval; out go batches of encoded lines, one an
// interval, to be stored durably. It knows probes as functions and nothing of ICMP, SNMP,
// disks or the collector. A task runs in its own goroutine, so that a slow or dead target
// never delays another, and never overlaps itself; the tasks' starts are spread
// over the interval, so that neither the office's line nor a switch sees a burst, and no
// probe's clock is held up by another's. A task whose parent is down is skipped, and
// looked at now and then (order.go): it alone ever waits for another, for the end of its
// parent's round.
package round

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"communewatch/collector/api"
)

// Answer is what a probe heard of its target.
type Answer uint8

const (
	Unknown  Answer = iota // the probe could not be made: nothing is known of the target
	Answered               // something came back
	Silent                 // nothing did
)

// Probe measures once and says what it found: always, also that it could not.
type Probe func(ctx context.Context) ([]*api.Point, Answer)

// Task is one thing to measure in every round.
type Task struct {
	Name    string
	Parent  string // name of the task whose target lies before this one's; empty: none does
	Probe   Probe
	Skipped func() []*api.Point // says that the parent is down; nil: nothing is said
	Limit   time.Duration       // of a probe that may take more than an interval, and misses rounds then; 0: the interval
}

// Config says how often.
type Config struct {
	Interval time.Duration // between two starts of a task; 1 s to 1 h
}

// Deps is what a Rounds needs of others.
type Deps struct {
	// Put takes one batch over; an error is final.
	Put func(lines []byte) error
	// Health is asked for the agent's own point before a batch is closed.
	Health func(Timing) *api.Point
	Log    *slog.Logger
}

// Timing is what the rounds know of themselves since the last batch.
type Timing struct {
	Longest time.Duration // of the probes that ended since the last batch, those with a limit of their own left out
}

// Rounds runs tasks.
type Rounds struct {
	cfg   Config
	nodes []*node
	deps  Deps

	results chan result
	finish  chan struct{} // closed when nothing more is begun
	once    sync.Once
}

type result struct {
	task   string
	points []*api.Point
	took   time.Duration
}

// New checks and starts nothing.
func New(cfg Config, tasks []Task, deps Deps) (*Rounds, error) {
	if err := api.CheckInterval(cfg.Interval); err != nil {
		return nil, err
	}
	if deps.Put == nil || deps.Health == nil || deps.Log == nil {
		return nil, errors.New("rounds need Put, Health and Log")
	}
	nodes, err := order(tasks)
	if err != nil {
		return nil, err
	}
	return &Rounds{cfg: cfg, nodes: nodes, deps: deps, results: make(chan result), finish: make(chan struct{})}, nil
}

// Finish begins no more probes; Run puts what those under way find, and returns when the
// last of them has ended. It does not wait for that.
func (r *Rounds) Finish() { r.once.Do(func() { close(r.finish) }) }

// Run measures until ctx ends or Finish is called, then puts what is complete. A probe that the end
// interrupts is forgotten: half a round would be invented loss.
func (r *Rounds) Run(ctx context.Context) error {
	var measuring sync.WaitGroup
	for i, n := range r.nodes {
		// Ten at a time would spare a third of the CPU, and cost four times the RTT's
		// 99th percentile (fifty targets on an idle PC, 0.8 instead of 0.2 ms).
		phase := r.cfg.Interval * time.Duration(i) / time.Duration(len(r.nodes))
		measuring.Go(func() { r.repeat(ctx, n, phase) })
	}
	go func() {
		measuring.Wait()
		close(r.results)
	}()
	r.gather()
	return nil
}

// repeat runs one task for ever. The next start is a whole number of intervals
// after the first, so that a slow probe skips rounds and does not shift them.
func (r *Rounds) repeat(ctx context.Context, n *node, phase time.Duration) {
	next := time.Now().Add(phase)
	for r.sleepUntil(ctx, next) {
		points, took := n.round(ctx, r.cfg.Interval)
		if ctx.Err() != nil {
			return
		}
		r.results <- result{n.Name, points, took}
		next = next.Add(time.Since(next).Truncate(r.cfg.Interval) + r.cfg.Interval)
	}
}

// sleepUntil is false when nothing more is to be begun.
func (r *Rounds) sleepUntil(ctx context.Context, t time.Time) bool {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-r.finish:
		return false
	case <-timer.C:
		return true
	}
}

// gather encodes results as they come and closes a batch once an interval, until
// the results end. The first batch is closed at a random moment within the first
// interval: offices whose power comes back together then do not send together.
func (r *Rounds) gather() {
	cut := time.NewTimer(r.cfg.Interval/2 + rand.N(r.cfg.Interval/2))
	defer cut.Stop()
	var lines []byte
	var longest time.Duration
	for {
		select {
		case res, more := <-r.results:
			if !more {
				r.close(lines, longest)
				return
			}
			lines = r.encode(lines, res)
			longest = max(longest, res.took)
		case <-cut.C:
			cut.Reset(r.cfg.Interval)
			r.close(lines, longest)
			lines, longest = nil, 0
		}
	}
}

// encode appends the points that fit the contract. One that does not is a fault of
// ours: it is logged with its task and must not take the others with it.
func (r *Rounds) encode(lines []byte, res result) []byte {
	for _, p := range res.points {
		longer, err := p.AppendLine(lines)
		if err != nil {
			r.deps.Log.Error("point does not fit the contract", "task", res.task, "error", err)
			continue
		}
		lines = longer
	}
	return lines
}

// close puts the batch.
func (r *Rounds) close(lines []byte, longest time.Duration) {
	health := r.deps.Health(Timing{Longest: longest})
	lines = r.encode(lines, result{task: "agent_health", points: []*api.Point{health}})
	if err := r.deps.Put(lines); err != nil {
		r.deps.Log.Error("batch is lost", "bytes", len(lines), "error", err)
	}
}
