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
// Live goes before backlog and agents take turns (queue.go); what one may hold at once
// and cost over time is bounded (allowance.go), so that one that floods, replays or
// sends garbage costs only itself.
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
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"communewatch/collector/api"
)

// Config bounds what is held and what is written at once. However much arrives, what
// lives of ingest's memory stays below
//
//	QueueBytes + Readers × 32 MiB + Writers × 2 × max(CommitBytes, 16 MiB)
//
// at the defaults 256 MiB, and the heap below twice that (GOGC=100): bodies and checked
// lines are in the queue's account; a reader holds what it inflates and what it makes of
// it; a writer its block, twice. Connections are the gate's to bound.
type Config struct {
	QueueBytes    int64         // bodies and lines held, being read or waiting; default 64 MiB
	QueueRequests int           // requests held; default 2,048
	AgentBytes    int64         // of QueueBytes, one agent's at most; default 16 MiB: room for the largest request
	AgentRequests int           // of QueueRequests, one agent's at most; default 8, beyond the gate's since who has gone still holds
	AgentRate     int64         // what one agent may cost in the long run; default 2 MiB/s, see allowance
	AgentBurst    int64         // what it may cost at once; default 32 MiB
	CommitLines   int           // in one block; default 20,000 (measured: a quarter cheaper than 5,000), or one request
	CommitBytes   int           // in one block; default 12 MiB, or one request; under the database's body limit
	Writers       int           // blocks written at once; default 2 (measured: more only add latency)
	Readers       int           // requests inflated and checked at once, of one agent one; default 4
	CommitTime    time.Duration // bounds one block, the search for refused lines included; default 60 s
	DrainTime     time.Duration // bounds the writing of what waits at the end; default 8 s
}

// DefaultConfiguration is what a collector of some hundred offices needs.
func DefaultConfiguration() Config {
	return Config{
		QueueBytes: 64 << 20, QueueRequests: 2_048,
		AgentBytes: 16 << 20, AgentRequests: 8,
		AgentRate: 2 << 20, AgentBurst: 32 << 20,
		CommitLines: 20_000, CommitBytes: 12 << 20,
		Writers: 2, Readers: 4,
		CommitTime: time.Minute, DrainTime: 8 * time.Second,
	}
}

// maxName bounds a site's and an agent's name, as who issues identities does.
const maxName = 64

// largest has room for the largest request: all of its lines stamped with the longest
// names and numbered, and some of their numbers written longer than they came.
const largest = int64((api.MaxInflateBytes + api.MaxLines*(len(",site=,agent=")+2*maxName+4)) * 9 / 8)

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
	allowed *allowance
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
	if cfg.AgentBytes < api.MaxBodyBytes+largest || cfg.QueueBytes < cfg.AgentBytes {
		return nil, fmt.Errorf("queue of %d bytes, %d an agent, want room for the largest request: %d", cfg.QueueBytes, cfg.AgentBytes, api.MaxBodyBytes+largest)
	}
	if cfg.QueueRequests < 1 || cfg.AgentRequests < 1 || cfg.AgentRate < 1 || cfg.AgentBurst < 1 || cfg.CommitLines < 1 || cfg.CommitBytes < 1 ||
		cfg.Writers < 1 || cfg.Readers < 1 || cfg.CommitTime <= 0 || cfg.DrainTime <= 0 {
		return nil, errors.New("a limit of the ingest is not positive")
	}
	queue := newQueue(cfg)
	m, err := newMetrics(deps.Registry, queue)
	if err != nil {
		return nil, err
	}
	return &Ingest{cfg: cfg, deps: deps, queue: queue, allowed: newAllowance(cfg), readers: make(chan struct{}, cfg.Readers), metrics: m, health: health{log: deps.Log}}, nil
}

// ServeHTTP answers one write.
func (in *Ingest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	batches, failure := in.take(w, r)
	if failure != nil {
		code := string(failure.Code)
		if failure == gone {
			code = "gone"
		}
		in.metrics.requests.WithLabelValues(code).Inc()
		if failure.Code == api.CodeMethod {
			w.Header().Set("Allow", http.MethodPost)
		}
		failure.WriteTo(w)
		return
	}
	in.metrics.requests.WithLabelValues(string(api.CodeStored)).Inc()
	if len(batches) > 0 { // a goodbye may have none
		w.Header().Set(api.HeaderStored, batches.String())
	}
	w.WriteHeader(http.StatusNoContent)
}

// take is one request from its headers to its outcome: nil when all is stored.
func (in *Ingest) take(w http.ResponseWriter, r *http.Request) (api.BatchList, *api.Error) {
	id, known := api.IdentityFrom(r.Context())
	if !known || !usable(id.Site) || !usable(id.Agent) {
		return nil, fail(api.CodeUnauthorized, "the caller is not known")
	}
	id.Via, id.Serial = "", "" // an agent is the same whichever way it proved who it is
	if wait := in.allowed.wait(id, in.deps.Now()); wait > 0 {
		return nil, &api.Error{Code: api.CodeTooMany, Message: "this agent has sent more than its allowance", RetryAfter: wait}
	}
	in.allowed.charge(id, requestCost, in.deps.Now())
	head, failure := readHead(r)
	if failure != nil {
		return nil, failure
	}
	place, failure := in.queue.enter(id, head.room(r))
	if failure != nil {
		return nil, failure
	}
	request, lines, failure := in.read(w, r, place, head)
	if failure == nil {
		failure = in.queue.put(request)
	}
	if failure != nil {
		in.queue.leave(place)
		return nil, failure
	}
	select {
	case <-r.Context().Done():
		return nil, gone // what is queued is stored all the same, and comes again: the same points
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
func usable(name string) bool {
	return name != "" && len(name) <= maxName && api.CleanTag(name) == name && !strings.ContainsAny(name, ",= ")
}

// read makes a request of a body: whole in memory, inflated, its lines checked.
func (in *Ingest) read(w http.ResponseWriter, r *http.Request, place *place, h head) (*request, *lines, *api.Error) {
	body, failure := readBody(w, r)
	if failure != nil {
		in.allowed.charge(place.agent, len(body), in.deps.Now())
		return nil, nil, failure
	}
	// One of an agent's after the other, and then in the order in which they come: who
	// sends from many connections stands behind all who wait.
	for _, desk := range []chan struct{}{place.holder.reading, in.readers} {
		select {
		case desk <- struct{}{}:
			defer func() { <-desk }()
		case <-r.Context().Done():
			return nil, nil, gone
		}
	}
	text, failure := inflate(body, h.gzip)
	in.allowed.charge(place.agent, max(len(body), len(text))+lineCost*lineCount(text), in.deps.Now())
	if failure != nil {
		return nil, nil, failure
	}
	lines, failure := checkLines(text, place.agent, in.deps.Now().UnixNano())
	if failure != nil {
		return nil, nil, failure
	}
	lines.wire = len(body)
	if len(h.batches) == 0 && lines.received > 0 {
		return nil, nil, fail(api.CodeUnreadable, api.HeaderBatches+" is missing or empty")
	}
	in.metrics.lines.Add(float64(lines.received))
	in.metrics.rejected.Add(float64(lines.rejected.count))
	return &request{
		place: place, live: !h.backlog, block: lines.block, numbers: lines.numbers, receipt: in.receipt(place.agent, h, lines),
		aside: lines.rejected.bytes, done: make(chan outcome, 1),
	}, lines, nil
}

// gone is the answer to who hung up while it waited. Hardly anybody reads it; who has
// only ended its own half of the connection does, and must not take it for stored.
var gone = &api.Error{Code: api.CodeUnavailable, Message: "the sender did not wait for the answer", RetryAfter: defaultRetry}

func fail(code api.Code, message string) *api.Error {
	return &api.Error{Code: code, Message: message}
}
