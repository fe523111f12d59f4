package upstream

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"communewatch/collector/api"
)

// memory is a queue without a disk.
type memory struct {
	mu      sync.Mutex
	batches map[uint64]Batch
	bad     map[uint64]error
	aside   map[uint64][]api.RejectedLine
	wake    chan struct{}
	broken  error // of Delete and SetAside
}

func newMemory(n int) *memory {
	q := &memory{batches: map[uint64]Batch{}, bad: map[uint64]error{}, aside: map[uint64][]api.RejectedLine{}, wake: make(chan struct{}, 1)}
	for seq := range uint64(n) {
		q.put(seq+1, api.ClockSynced, fmt.Sprintf("x v=%di %d\n", seq+1, seq+1))
	}
	return q
}

func (q *memory) put(seq uint64, clock api.ClockState, lines string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.batches[seq] = Batch{Sequence: seq, Session: session, Clock: clock, Lines: []byte(lines)}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *memory) Sequences() []uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	seqs := []uint64{}
	for seq := range q.batches {
		seqs = append(seqs, seq)
	}
	slices.Sort(seqs)
	return seqs
}

func (q *memory) Load(seq uint64) (Batch, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.bad[seq]; err != nil {
		return Batch{}, err
	}
	b, ok := q.batches[seq]
	if !ok {
		return Batch{}, errors.New("gone")
	}
	return b, nil
}

func (q *memory) Delete(seqs ...uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken != nil {
		return q.broken
	}
	for _, seq := range seqs {
		delete(q.batches, seq)
	}
	return nil
}

func (q *memory) SetAside(seq uint64, rejected []api.RejectedLine) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken != nil {
		return q.broken
	}
	q.aside[seq] = rejected
	delete(q.batches, seq)
	return nil
}

func (q *memory) Wake() <-chan struct{} { return q.wake }

// short leaves the session out of batch lists.
func short(lists []string) []string {
	out := slices.Clone(lists)
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], session, "")
	}
	return out
}

func filled(n int, lines func(seq uint64) string) *memory {
	q := newMemory(0)
	for seq := range uint64(n) {
		q.put(seq+1, api.ClockSynced, lines(seq+1))
	}
	return q
}

func hijacked(w http.ResponseWriter) net.Conn {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	return conn
}

type loadSpy struct {
	*memory
	check func()
}

func (q *loadSpy) Load(seq uint64) (Batch, error) {
	q.check()
	return q.memory.Load(seq)
}

// noise is a line that does not compress.
func noise(seed int64, size int) string {
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	b := make([]byte, size)
	for i := range b {
		b[i] = byte('!' + r.IntN(90))
		if b[i] == '"' || b[i] == '\\' {
			b[i] = 'x'
		}
	}
	return fmt.Sprintf("x s=\"%s\" %d\n", b, seed)
}
