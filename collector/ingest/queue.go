package ingest

import (
	"math/rand/v2"
	"sync"
	"time"

	"communewatch/collector/api"
)

// request is one body's share of a block, and who waits for it.
type request struct {
	block   []byte
	numbers []int32 // see lines
	receipt []byte  // one line, may be empty
	held    hold
	done    chan outcome // takes exactly one, never blocks
}

func (r *request) lines() int { return len(r.numbers) + 1 }
func (r *request) bytes() int { return len(r.block) + len(r.receipt) }

// outcome is what became of a request's lines.
type outcome struct {
	failure *api.Error         // nil: stored, all but those refused
	refused []api.RejectedLine // by the database, numbered as in the body
}

// hold is a share of the queue's room, taken before a body is read.
type hold struct{ bytes int64 }

// queue holds what waits for a writer, first come first written.
type queue struct {
	maxBytes    int64
	maxRequests int
	group       struct{ lines, bytes int }

	mu       sync.Mutex
	wake     sync.Cond
	waiting  []*request
	bytes    int64
	requests int
	closed   bool
}

func newQueue(cfg Config) *queue {
	q := &queue{maxBytes: cfg.QueueBytes, maxRequests: cfg.QueueRequests}
	q.group.lines, q.group.bytes = cfg.CommitLines, cfg.CommitBytes
	q.wake.L = &q.mu
	return q
}

// hold takes room for a request; false when there is none.
func (q *queue) hold(h hold) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.requests+1 > q.maxRequests || q.bytes+h.bytes > q.maxBytes {
		return false
	}
	q.requests++
	q.bytes += h.bytes
	return true
}

// release gives room back.
func (q *queue) release(h hold) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.requests--
	q.bytes -= h.bytes
}

// put queues a request, whose room becomes that of its lines. From then on the
// committer releases it. On a failure it stays the caller's.
func (q *queue) put(r *request, h hold) *api.Error {
	r.held = hold{int64(r.bytes() + 4*len(r.numbers))}
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return busy("the collector is being stopped")
	case q.bytes-h.bytes+r.held.bytes > q.maxBytes:
		return busy("too much is waiting to be stored")
	}
	q.bytes += r.held.bytes - h.bytes
	q.waiting = append(q.waiting, r)
	q.wake.Signal()
	return nil
}

// take waits for requests and gives as many as fit into a block, at least one; none
// when the queue is closed and empty.
func (q *queue) take() []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 {
		if q.closed {
			return nil
		}
		q.wake.Wait()
	}
	n, lines, bytes := 0, 0, 0
	for _, r := range q.waiting {
		lines, bytes = lines+r.lines(), bytes+r.bytes()
		if n > 0 && (lines > q.group.lines || bytes > q.group.bytes) {
			break
		}
		n++
	}
	group := make([]*request, n)
	copy(group, q.waiting)
	rest := copy(q.waiting, q.waiting[n:])
	clear(q.waiting[rest:])
	q.waiting = q.waiting[:rest]
	return group
}

// close lets nothing more in; what waits is still taken.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.wake.Broadcast()
}

// size is the bytes held.
func (q *queue) size() float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return float64(q.bytes)
}

// busy is the answer when a request cannot be taken now. Agents that are told so in
// the same second must not come back in the same second: each is told another time.
func busy(message string) *api.Error {
	return &api.Error{Code: api.CodeUnavailable, Message: message, RetryAfter: spread(5*time.Second, 10*time.Second)}
}

// spread is a time from d to d+more, by chance.
func spread(d, more time.Duration) time.Duration { return d + rand.N(more) }
