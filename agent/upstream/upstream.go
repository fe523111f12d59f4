// Package upstream is all the talk with the collector: enrolling, sending batches,
// renewing the certificate, fetching what to do. In come batches from a [Queue]; out
// goes HTTPS, and back into the queue goes what became of them. A batch is deleted only
// when the collector itself named it as stored; lines that never will be stored are set
// aside; everything else stays.
//
// The newest batch goes first, so that the province sees now, and what waited goes
// behind it, oldest first. When the collector refuses, the sender waits, longer each
// time and by chance, so that a province of agents does not come back in one second;
// when nobody answers at all, never long, so that a line that is up for 20 s is met.
// What breaks off comes again in the smallest piece. Every answer also tells the time,
// which goes to the [Clock]. A metered line is used once in a while ([Config].Every),
// and no more than a day's bytes pass ([Config].DailyBytes).
//
// Who is calling is shown by a token or by the certificate that [Enrol] got for a key
// that never leaves this machine. It is renewed long before it ends, and after that too,
// since a PC may be off for months (renew.go). What to measure comes from the collector
// as [Documents] that replace one another only once they have worked (documents.go).
//
// It never decides what is measured, never changes a line, never follows a redirect,
// and never trusts a certificate for its dates before it knows the time.
package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"communewatch/collector/api"
)

// Config says where the collector is and how to know it. Durations of zero are those
// of [DefaultConfiguration].
type Config struct {
	URL string // https://host[:port][/prefix] of the collector

	// One of the two: who this is.
	Token    string // sent as "Authorization: Token …"
	Identity string // path of the identity that [Enrol] wrote; it is renewed in time

	// Who is what a renewal says of the machine: the token and the request in it are not used.
	Who     api.EnrolRequest
	Session string // of this run, sent with each write; "" is not sent
	Proxy   string // "": see [ProxyFor]; DirectProxy: none; or http://[name:password@]host:port

	// One of the two: what the collector's certificate must come from.
	Pin    string // "sha256:<64 hex digits>" of the CA certificate's SubjectPublicKeyInfo; the server sends the CA along
	CAFile string // PEM

	// Every is the pause between two sends of a metered line, up to api.MaxEvery; 0 sends
	// batches as they come. All that waits goes out together. The connection is closed
	// in between: keeping it through NATs costs 104 bytes every 20 s, 3.1 KB in 10 min, and
	// a new one 1.6 KB (measured), since its TLS session is resumed: cheaper from 5 min on.
	// With a certificate it is 2.2 KB, since the session holds that too: from 7 min on.
	Every time.Duration
	// DailyBytes bounds what passes on the line in a day, at least MinDailyBytes; 0 does not.
	// What exactly is promised: see budget.
	DailyBytes int64

	FirstWait time.Duration // after the first failure, at most; doubles with each
	MaxWait   time.Duration // after any, at most, unless the collector asks for longer

	DialTimeout    time.Duration // to a TCP connection
	TLSTimeout     time.Duration // from there to TLS
	AnswerTimeout  time.Duration // from the request's last byte to the answer's first
	RequestTimeout time.Duration // all of it: 64 KiB take a minute on a 9.6 kbit/s line

	keep keepAlive // tests scale it
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
	Queue     Queue
	Clock     Clock
	Log       *slog.Logger
	Documents *Documents // nil: none is fetched
}

// Sender sends what waits in the queue.
type Sender struct {
	cfg   Config
	queue Queue
	clock Clock
	log   *slog.Logger

	remote *remote
	meter  meter
	docs   *Documents

	turn     sync.Mutex // one request at a time; guards what follows
	schedule schedule
	budget   budget
	charged  int64 // of the meter, to the budget
	held     held
	heldCost int64 // of the request that was held back last; 0: none is
	packer   packer
	refused  backoff   // after answers, and whatever else shows that the line is up
	silence  backoff   // after attempts that nobody answered
	newest   uint64    // the highest sequence that was settled: what is above it is news
	identity *identity // nil: a token
	disk     []byte    // what stands in its file: it may be the other one of two
	unproven bool      // no write was taken since it was renewed: the one before is kept
	swapped  bool      // and both were tried
	renewal  errand
	fetching errand
	// doubtTime: a certificate was refused, perhaps for the time we believe in.
	doubtTime bool

	mu       sync.Mutex
	stats    Stats
	trouble  trouble
	lastSaid map[Reason]time.Time // when which was logged last
	unsaid   int                  // failures since anything was logged
	asked    *pace                // from now on; nil: as it is
}

// New checks the configuration. It neither connects nor starts anything.
func New(cfg Config, deps Deps) (*Sender, error) {
	if deps.Queue == nil || deps.Clock == nil || deps.Log == nil {
		return nil, errors.New("a sender needs a queue, a clock and a log")
	}
	if err := (pace{cfg.Every, cfg.DailyBytes}).check(); err != nil {
		return nil, err
	}
	cfg.fill()
	s := &Sender{
		cfg: cfg, queue: deps.Queue, clock: deps.Clock, log: deps.Log, docs: deps.Documents,
		packer: newPacker(), lastSaid: map[Reason]time.Time{}, renewal: newRenewal(), fetching: newFetching(),
	}
	var err error
	if s.remote, err = newRemote(cfg, deps.Clock, &s.meter); err == nil {
		err = s.introduce()
	}
	if err != nil {
		return nil, fmt.Errorf("collector %s: %w", cfg.URL, err)
	}
	s.schedule = schedule{every: cfg.Every, random: rand.Float64}
	s.budget = newBudget(cfg.DailyBytes, deps.Clock.Now())
	s.refused = backoff{first: cfg.FirstWait, longest: cfg.MaxWait, random: rand.Float64}
	s.silence = backoff{first: cfg.FirstWait, longest: longestSilentWait(cfg), random: rand.Float64}
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
	if c.keep == (keepAlive{}) {
		c.keep = officeKeepAlive
	}
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
			if s.sleep(ctx, next.wait, s.queue.Wake()) {
				s.remind()
			}
		case next.wait > 0:
			s.pause(ctx, next.wait)
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
func (s *Sender) sleep(ctx context.Context, wait time.Duration, wake <-chan struct{}) (reminded bool) {
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
		return true
	}
	return false
}

func (s *Sender) remind() {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.schedule.remind(s.clock.Now())
}

// once makes one exchange and does what its answer says.
func (s *Sender) once(ctx context.Context) step {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.takePace()
	if wait := s.schedule.wait(s.clock.Now()); wait > 0 {
		return step{idle: true, wait: wait}
	}
	if wait := s.afford(leastBytes, true); wait > 0 {
		return s.hold(ctx, holdAll, wait)
	}
	if v := s.learnTime(ctx); v.action != api.Delete {
		return s.wait(ctx, v)
	}
	if v := s.validate(ctx); v.action != api.Delete {
		return s.wait(ctx, v)
	}
	r, wait := s.next()
	switch {
	case wait > 0 && r.live():
		return s.hold(ctx, holdAll, wait)
	case wait > 0:
		return s.hold(ctx, holdBacklog, wait)
	case r == nil:
		s.held, s.heldCost = holdNothing, 0
		s.errands(ctx)
		return s.rest(s.untilErrand())
	case len(r.parts) == 0: // nothing of it can be loaded: look again, but not at once
		return s.rest(s.cfg.MaxWait)
	}
	s.goes(r)
	v := s.send(ctx, r, "")
	next := s.settle(ctx, r, v)
	if v.action == api.Delete && next.wait == 0 {
		s.errands(ctx)
	}
	return next
}

// rest lets a metered line go until it is due; others wait for news, so long at most.
func (s *Sender) rest(wait time.Duration) step {
	if s.cfg.Every == 0 {
		return step{idle: true, wait: wait}
	}
	s.remote.close()
	now := s.clock.Now()
	s.schedule.done(now)
	return step{idle: true, wait: s.schedule.wait(now)}
}

// WireBytes is what passed on the line to the collector since New: TLS, failed attempts
// and all; TCP's and IP's own bytes by estimate.
func (s *Sender) WireBytes() int64 { return s.meter.total.Load() }

// TLS is how a connection to the collector is judged, for those who only try one.
func (s *Sender) TLS() *tls.Config { return s.remote.trust.config() }
