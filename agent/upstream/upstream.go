// Package upstream is all the talk with the collector: today, sending batches. In
// come batches from a [Queue]; out goes HTTPS, and back into the queue goes what
// became of them. A batch is deleted only when the collector itself named it as
// stored; lines that never will be stored are set aside; everything else stays.
//
// The newest batch goes first, so that the province sees now, and what waited goes
// behind it, oldest first. When the collector cannot be reached the sender waits,
// longer each time and by chance, so that a province of agents does not come back
// in one second. Every answer also tells the time, which goes to the [Clock].
//
// It never decides what is measured, never changes a line, never follows a redirect,
// and never trusts a certificate for its dates before it knows the time.
package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"communewatch/collector/api"
)

// Config says where the collector is and how to know it. Durations of zero are those
// of [DefaultConfiguration].
type Config struct {
	URL   string // https://host[:port][/prefix] of the collector
	Token string // sent as "Authorization: Token …"

	// One of the two: what the collector's certificate must come from.
	Pin    string // "sha256:<64 hex digits>" of the CA certificate's SubjectPublicKeyInfo; the server sends the CA along
	CAFile string // PEM

	FirstWait time.Duration // after the first failure, at most; doubles with each
	MaxWait   time.Duration // after any, at most, unless the collector asks for longer

	DialTimeout    time.Duration // to a TCP connection
	TLSTimeout     time.Duration // from there to TLS
	AnswerTimeout  time.Duration // from the request's last byte to the answer's first
	RequestTimeout time.Duration // all of it: 64 KiB take a minute on a 9.6 kbit/s line
}

// DefaultConfiguration is for a real office.
func DefaultConfiguration() Config {
	return Config{
		FirstWait: time.Second, MaxWait: 5 * time.Minute,
		DialTimeout: 10 * time.Second, TLSTimeout: 15 * time.Second,
		AnswerTimeout: 30 * time.Second, RequestTimeout: 3 * time.Minute,
	}
}

// Deps is what a sender is given.
type Deps struct {
	Queue Queue
	Clock Clock
	Log   *slog.Logger
}

// Queue is where batches wait. Sequences grow with time.
type Queue interface {
	// Sequences lists what waits, oldest first.
	Sequences() []uint64
	// Load gives a batch as it is to be sent; loaded again, it is the same. An error
	// means that it cannot be sent now or ever; it is passed over.
	Load(seq uint64) (Batch, error)
	// Delete forgets batches that are stored.
	Delete(seqs ...uint64) error
	// SetAside keeps, for people, lines that never will be stored, counted from 1 in
	// that batch, and forgets the others, which are stored. Line 0 stands for the
	// whole batch: none of it is stored.
	SetAside(seq uint64, rejected []api.RejectedLine) error
	// Wake is ready when something new waits. It holds at most one reminder.
	Wake() <-chan struct{}
}

// Batch is what is sent under one name.
type Batch struct {
	Sequence uint64
	Session  string // lower-case hexadecimal
	Clock    api.ClockState
	Lines    []byte // line protocol, each with its newline
}

// Clock is the time of this run of the agent.
type Clock interface {
	Now() time.Time // monotonic
	Observe(sent, answered, came, left time.Time)
	// Collector is the collector's time now, if it is known; until then nothing is loaded.
	Collector() (time.Time, bool)
}

// Sender sends what waits in the queue.
type Sender struct {
	cfg   Config
	queue Queue
	clock Clock
	log   *slog.Logger

	remote *remote
	wire   atomic.Int64

	turn    sync.Mutex // one request at a time; guards what follows
	packer  packer
	backoff backoff
	newest  uint64 // the highest sequence that was settled: what is above it is news
	// doubtTime: a certificate was refused, perhaps for the time we believe in.
	doubtTime bool

	mu      sync.Mutex
	stats   Stats
	trouble trouble
}

// New checks the configuration. It neither connects nor starts anything.
func New(cfg Config, deps Deps) (*Sender, error) {
	if deps.Queue == nil || deps.Clock == nil || deps.Log == nil {
		return nil, errors.New("a sender needs a queue, a clock and a log")
	}
	cfg.fill()
	s := &Sender{cfg: cfg, queue: deps.Queue, clock: deps.Clock, log: deps.Log}
	var err error
	if s.remote, err = newRemote(cfg, deps.Clock, &s.wire); err != nil {
		return nil, fmt.Errorf("collector %s: %w", cfg.URL, err)
	}
	s.packer = packer{most: api.MaxBatches}
	s.backoff = backoff{first: cfg.FirstWait, longest: cfg.MaxWait, random: rand.Float64}
	return s, nil
}

func (c *Config) fill() {
	def := DefaultConfiguration()
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{
		{&c.FirstWait, def.FirstWait}, {&c.MaxWait, def.MaxWait}, {&c.DialTimeout, def.DialTimeout},
		{&c.TLSTimeout, def.TLSTimeout}, {&c.AnswerTimeout, def.AnswerTimeout}, {&c.RequestTimeout, def.RequestTimeout},
	} {
		if *d.value <= 0 {
			*d.value = d.def
		}
	}
	c.FirstWait = min(c.FirstWait, c.MaxWait)
}

// Run sends until ctx ends, and then returns nil: what is not acknowledged by then
// stays in the queue.
func (s *Sender) Run(ctx context.Context) error {
	defer s.remote.close()
	for ctx.Err() == nil {
		next := s.once(ctx)
		switch {
		case ctx.Err() != nil:
		case next.idle:
			s.sleep(ctx, next.wait, s.queue.Wake())
		case next.wait > 0:
			s.sleep(ctx, next.wait, nil)
		}
	}
	return nil
}

// step says what Run does next: at once, after a wait, or when something new waits.
type step struct {
	wait time.Duration
	idle bool
}

// sleep ends with ctx, with the wait if there is one, or with a reminder.
func (s *Sender) sleep(ctx context.Context, wait time.Duration, wake <-chan struct{}) {
	var over <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-ctx.Done():
	case <-over:
	case <-wake:
	}
}

// once makes one exchange and does what its answer says.
func (s *Sender) once(ctx context.Context) step {
	s.turn.Lock()
	defer s.turn.Unlock()
	if v := s.learnTime(ctx); v.action != api.Delete {
		return s.wait(ctx, v)
	}
	r := s.pack()
	if r == nil {
		return step{idle: true}
	}
	if len(r.parts) == 0 { // nothing of it can be loaded: look again, but not at once
		return step{idle: true, wait: s.cfg.MaxWait}
	}
	return s.settle(ctx, r, s.send(ctx, r, ""))
}

// learnTime asks for the collector's time if it is not known, because a batch is
// stamped with it before it is sent; and again after a certificate was refused,
// because it may be the known time that is wrong. The question carries no token.
func (s *Sender) learnTime(ctx context.Context) verdict {
	if _, known := s.clock.Collector(); known && !s.doubtTime {
		return verdict{action: api.Delete}
	}
	s.count(func(st *Stats) { st.Attempts++ })
	a := s.remote.exchange(ctx, outgoing{method: http.MethodGet, path: api.PathHealth})
	_, known := s.clock.Collector()
	v := decideTime(a, known)
	s.doubtTime = v.action != api.Delete
	return v
}

// send exchanges one request.
func (s *Sender) send(ctx context.Context, r *request, goodbye api.Goodbye) verdict {
	s.count(func(st *Stats) { st.Attempts++ })
	a := s.remote.exchange(ctx, outgoing{
		method: http.MethodPost, path: api.PathWrite, body: r.body,
		header: r.header(goodbye), token: s.cfg.Token,
	})
	v := decide(a, r.list, r.lines)
	v.begun = a.begun
	s.doubtTime = v.reason == ReasonCertificate
	return v
}

// Goodbye sends what waits and says on the last request why the agent stops. Of a
// long backlog only as much is sent as leaves half of ctx's time for that request;
// the rest waits on disk. It does not try again. Call it after Run has returned.
func (s *Sender) Goodbye(ctx context.Context, reason api.Goodbye) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	defer s.remote.close()
	hurry := time.Now().Add(time.Hour)
	if deadline, ok := ctx.Deadline(); ok {
		hurry = time.Now().Add(time.Until(deadline) / 2)
	}
	if v := s.learnTime(ctx); v.action != api.Delete {
		return fmt.Errorf("say goodbye: %w", v)
	}
	for {
		r := s.pack()
		if r == nil {
			r = &request{}
		}
		said := api.Goodbye("")
		if r.rest == 0 || len(r.parts) == 0 || time.Now().After(hurry) {
			said = reason
		}
		v := s.send(ctx, r, said)
		if next := s.settle(ctx, r, v); next.wait > 0 || ctx.Err() != nil {
			return fmt.Errorf("say goodbye: %w", v)
		}
		if said != "" && v.action != api.Split {
			return nil
		}
	}
}

// WireBytes is what was read and written on connections to the collector since New,
// TLS included, TCP's and IP's own bytes not.
func (s *Sender) WireBytes() int64 { return s.wire.Load() }
