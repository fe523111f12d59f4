package ingest

import (
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"communewatch/collector/api"
)

// How live and backlog share the blocks, in blocks.
const (
	backlogEvery = 4 // one of so many begins with backlog
	claimEvery   = 8 // an agent is believed that it sends live once in so many
)

// queue holds what is read or waits for a writer, and says in which order it is written.
//
// Live goes before backlog, and within both agents take turns (see turns). So that
// backlog never starves, every fourth block begins with it, whatever else waits. That a
// request is live is its sender's own claim: it is believed once in eight blocks, and
// what an agent calls live beyond that waits with the backlog. So who calls everything
// live gets there what all others get; who says nothing but the truth has one live
// request a minute, and a block takes a second or so where there is anything to wait for.
//
// Room is taken before a body is read and given back when it is answered. One agent has
// a part of it: the rest stays for all others.
type queue struct {
	cfg Config

	mu            sync.Mutex
	wake          sync.Cond
	live, backlog turns
	claims        map[api.Identity]uint64 // the block in which an agent was last believed
	blocks        uint64                  // taken so far
	agents        map[api.Identity]*holder
	held          holding
	closed        bool
}

// holding is how much of the room is taken.
type holding struct {
	bytes    int64
	requests int
}

// holder is an agent with something in the queue.
type holder struct {
	holding
	reading chan struct{} // of its requests one at a time is inflated and checked
}

// place is a request's part of the room.
type place struct {
	agent  api.Identity
	bytes  int64
	holder *holder
}

// request is one body's share of a block, and who waits for it.
type request struct {
	place   *place
	live    bool    // its sender says so
	block   []byte  // lines
	numbers []int32 // see lines
	receipt []byte  // one line, may be empty
	aside   int64   // bytes of what is remembered of its rejected lines
	done    chan outcome
}

func (r *request) lines() int { return len(r.numbers) + 1 }
func (r *request) bytes() int { return len(r.block) + len(r.receipt) }

// size is all that it holds.
func (r *request) size() int64 {
	return int64(cap(r.block)+cap(r.receipt)+4*cap(r.numbers)) + r.aside
}

// outcome is what became of a request's lines.
type outcome struct {
	failure *api.Error         // nil: stored, all but those refused
	refused []api.RejectedLine // by the database, numbered as in the body
}

func newQueue(cfg Config) *queue {
	q := &queue{cfg: cfg, live: newTurns(), backlog: newTurns(), claims: map[api.Identity]uint64{}, agents: map[api.Identity]*holder{}}
	q.wake.L = &q.mu
	return q
}

// enter takes room for a request, or says why there is none.
func (q *queue) enter(agent api.Identity, bytes int64) (*place, *api.Error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	h := q.agents[agent]
	if h == nil {
		h = &holder{reading: make(chan struct{}, 1)}
	}
	switch {
	case q.closed:
		return nil, busy("the collector is being stopped")
	case h.requests+1 > q.cfg.AgentRequests:
		return nil, greedy()
	case q.held.requests+1 > q.cfg.QueueRequests:
		return nil, busy("too much is waiting to be stored")
	}
	p := &place{agent: agent, holder: h}
	if failure := q.grow(p, bytes); failure != nil {
		return nil, failure
	}
	h.requests++
	q.held.requests++
	q.agents[agent] = h
	return p, nil
}

// grow makes a place larger, or smaller.
func (q *queue) grow(p *place, bytes int64) *api.Error {
	more := bytes - p.bytes
	switch {
	case p.holder.bytes+more > q.cfg.AgentBytes:
		return greedy()
	case q.held.bytes+more > q.cfg.QueueBytes:
		return busy("too much is waiting to be stored")
	}
	p.bytes = bytes
	p.holder.bytes += more
	q.held.bytes += more
	return nil
}

// leave gives a place's room back.
func (q *queue) leave(p *place) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held.bytes -= p.bytes
	q.held.requests--
	p.holder.bytes -= p.bytes
	if p.holder.requests--; p.holder.requests == 0 {
		delete(q.agents, p.agent)
	}
}

// put queues a request, whose place becomes as large as its lines. From then on the
// committer leaves it. On a failure it stays the caller's.
func (q *queue) put(r *request) *api.Error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return busy("the collector is being stopped")
	}
	if failure := q.grow(r.place, r.size()); failure != nil {
		return failure
	}
	if r.live && q.believed(r.place.agent) {
		q.live.put(r)
	} else {
		q.backlog.put(r)
	}
	q.wake.Signal()
	return nil
}

// believed is whether an agent's claim to send live counts, and notes that it did.
func (q *queue) believed(agent api.Identity) bool {
	if last, claimed := q.claims[agent]; claimed && q.blocks-last < claimEvery {
		return false
	}
	q.claims[agent] = q.blocks
	return true
}

// take waits for requests and gives as many as fit into a block, at least one; none
// when the queue is closed and empty.
func (q *queue) take() (group []*request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.live.ring)+len(q.backlog.ring) == 0 {
		if q.closed {
			return nil
		}
		q.wake.Wait()
	}
	q.begin()
	lines, bytes := 0, 0
	for r, from := q.next(); r != nil; r, from = q.next() {
		lines, bytes = lines+r.lines(), bytes+r.bytes()
		if len(group) > 0 && (lines > q.cfg.CommitLines || bytes > q.cfg.CommitBytes) {
			break
		}
		from.drop()
		group = append(group, r)
	}
	return group
}

// begin counts a block, and forgets claims that no longer matter.
func (q *queue) begin() {
	if q.blocks++; q.blocks%claimEvery == 0 {
		maps.DeleteFunc(q.claims, func(_ api.Identity, last uint64) bool { return q.blocks-last >= claimEvery })
	}
}

// next is the request to be written next, and where it waits.
func (q *queue) next() (*request, *turns) {
	first, second := &q.live, &q.backlog
	if q.blocks%backlogEvery == 0 {
		first, second = second, first
	}
	if r := first.next(); r != nil {
		return r, first
	}
	return second.next(), second
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
	return float64(q.held.bytes)
}

// busy is the answer when a request cannot be taken now. Agents that are told so in
// the same second must not come back in the same second: each is told another time.
func busy(message string) *api.Error {
	return &api.Error{Code: api.CodeUnavailable, Message: message, RetryAfter: spread(5*time.Second, 10*time.Second)}
}

// greedy is the answer to an agent that has its part of the queue already.
func greedy() *api.Error {
	return &api.Error{Code: api.CodeTooMany, Message: "this agent has too much waiting to be stored", RetryAfter: spread(5*time.Second, 10*time.Second)}
}

// spread is a time from d to d+more, by chance.
func spread(d, more time.Duration) time.Duration { return d + rand.N(more) }
