// Package ingest takes what agents send, and says what became of it.
//
// In comes a request for api.PathWrite whose caller the gate has identified: line
// protocol, gzip or plain. Each line is held against the contract, dated within the
// plausible window, and stamped with the caller's site and agent, whatever the sender
// wrote there. What waits is written together, several requests a block (commit.go),
// with one receipt a request (receipt.go). Out go the answers of api.Answers: 204
// only after the database has stored, 400 with the lines that never will be while all
// others are stored, and "keep it" for everything else.
//
// It must never acknowledge what is not stored, never let one sender's bad line, size
// or number of requests hold up another's, never believe a sender who it is, and
// never hold more than its queue allows. It is stateless: any number of them may run.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"communewatch/collector/api"
)

// Config bounds what is held and what is written at once.
type Config struct {
	QueueBytes    int64         // bodies and lines held, being read or waiting; default 64 MiB
	QueueRequests int           // requests held; default 2,048
	CommitLines   int           // in one block; default 20,000 (measured: a quarter cheaper than 5,000), or one request
	CommitBytes   int           // in one block; default 12 MiB, or one request; under the database's body limit
	Writers       int           // blocks written at once; default 2 (measured: more only add latency)
	Readers       int           // requests inflated and checked at once: each may take some 24 MiB for that time; default 4
	CommitTime    time.Duration // bounds one block, the search for refused lines included; default 60 s
	DrainTime     time.Duration // bounds the writing of what waits at the end; default 8 s
}

// DefaultConfiguration is what a collector of some hundred offices needs.
func DefaultConfiguration() Config {
	return Config{
		QueueBytes: 64 << 20, QueueRequests: 2_048,
		CommitLines: 20_000, CommitBytes: 12 << 20,
		Writers: 2, Readers: 4,
		CommitTime: time.Minute, DrainTime: 8 * time.Second,
	}
}

// minQueue has room for the largest request, stamped, whatever it is made of.
const minQueue = api.MaxBodyBytes + 2*api.MaxInflateBytes

// Writer stores a block of lines, and fails as store.Store does.
type Writer interface {
	Write(ctx context.Context, retention api.Retention, lines []byte) error
}

// Deps is what an ingest is given.
type Deps struct {
	Store    Writer
	Log      *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time
}

// Ingest is the handler of api.PathWrite. Run must be running for it to answer.
type Ingest struct {
	cfg     Config
	deps    Deps
	queue   *queue
	readers chan struct{}
	metrics *metrics
	stamps  stamps
	health  health
}

// New checks and starts nothing.
func New(cfg Config, deps Deps) (*Ingest, error) {
	if deps.Store == nil || deps.Log == nil || deps.Registry == nil || deps.Now == nil {
		return nil, errors.New("an ingest needs a store, a log, a registry and a clock")
	}
	if cfg.QueueBytes < minQueue {
		return nil, fmt.Errorf("queue of %d bytes, want at least %d", cfg.QueueBytes, minQueue)
	}
	if cfg.QueueRequests < 1 || cfg.CommitLines < 1 || cfg.CommitBytes < 1 || cfg.Writers < 1 || cfg.Readers < 1 || cfg.CommitTime <= 0 || cfg.DrainTime <= 0 {
		return nil, errors.New("a limit of the ingest is not positive")
	}
	queue := newQueue(cfg)
	m, err := newMetrics(deps.Registry, queue)
	if err != nil {
		return nil, err
	}
	return &Ingest{cfg: cfg, deps: deps, queue: queue, readers: make(chan struct{}, cfg.Readers), metrics: m, health: health{log: deps.Log}}, nil
}

// ServeHTTP answers one write.
func (in *Ingest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	batches, failure := in.take(w, r)
	if r.Context().Err() != nil {
		in.metrics.requests.WithLabelValues("gone").Inc() // nobody is there to be answered
		return
	}
	if failure != nil {
		in.metrics.requests.WithLabelValues(string(failure.Code)).Inc()
		if failure.Code == api.CodeMethod {
			w.Header().Set("Allow", http.MethodPost)
		}
		failure.WriteTo(w)
		return
	}
	in.metrics.requests.WithLabelValues(string(api.CodeStored)).Inc()
	w.Header().Set(api.HeaderStored, batches.String())
	w.WriteHeader(http.StatusNoContent)
}

// take is one request from its headers to its outcome: nil when all is stored.
func (in *Ingest) take(w http.ResponseWriter, r *http.Request) (api.BatchList, *api.Error) {
	id, known := api.IdentityFrom(r.Context())
	if !known || !usable(id.Site) || !usable(id.Agent) {
		return nil, fail(api.CodeUnauthorized, "the caller is not known")
	}
	head, failure := readHead(r)
	if failure != nil {
		return nil, failure
	}
	held := hold{bytes: bodyBytes(r)}
	if !in.queue.hold(held) {
		return nil, busy("too much is waiting to be stored")
	}
	lines, failure := in.read(w, r, id, head)
	if failure != nil {
		in.queue.release(held)
		return nil, failure
	}
	in.metrics.lines.Add(float64(lines.received))
	in.metrics.rejected.Add(float64(lines.rejected.count))
	request := lines.request(in.receipt(id, head, lines))
	if failure := in.queue.put(request, held); failure != nil {
		in.queue.release(held)
		return nil, failure
	}
	select {
	case <-r.Context().Done():
		return nil, nil // what is queued is stored all the same, and comes again: the same points
	case out := <-request.done:
		if out.failure != nil {
			return nil, out.failure
		}
		in.metrics.rejected.Add(float64(len(out.refused)))
		return head.batches, lines.verdict(out.refused)
	}
}

// usable is true for a name that can be written into a line as it is: who issues
// identities sees to that, and one that slipped through must not break others' lines.
func usable(name string) bool { return name != "" && api.CleanTag(name) == name }

// read brings a body into memory, whole, and checks its lines.
func (in *Ingest) read(w http.ResponseWriter, r *http.Request, id api.Identity, h head) (*lines, *api.Error) {
	body, failure := readBody(w, r)
	if failure != nil {
		return nil, failure
	}
	select {
	case in.readers <- struct{}{}:
		defer func() { <-in.readers }()
	case <-r.Context().Done():
		return nil, fail(api.CodeUnreadable, "the caller has gone")
	}
	text, failure := inflate(body, h.gzip)
	if failure != nil {
		return nil, failure
	}
	lines, failure := checkLines(text, id, in.deps.Now().UnixNano())
	if failure != nil {
		return nil, failure
	}
	lines.wire = len(body)
	if len(h.batches) == 0 && lines.received > 0 {
		return nil, fail(api.CodeUnreadable, api.HeaderBatches+" is missing or empty")
	}
	return lines, nil
}

func fail(code api.Code, message string) *api.Error {
	return &api.Error{Code: code, Message: message}
}
