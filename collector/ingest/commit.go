package ingest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// defaultRetry is how long agents wait at least when the database did not say.
const defaultRetry = 10 * time.Second

// Run writes what waits until ctx ends; then nothing more is let in, and what was let
// in is written, or its senders are told to keep it. When it returns, every request
// has its outcome. It returns ctx's error.
//
// A group forms by itself: while all writers are busy, requests gather, and the next
// free one takes them all. A lone request is written at once.
func (in *Ingest) Run(ctx context.Context) error {
	writing, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	group := new(errgroup.Group)
	for range in.cfg.Writers {
		group.Go(func() error {
			in.write(writing)
			return nil
		})
	}
	<-ctx.Done()
	in.queue.close()
	late := time.AfterFunc(in.cfg.DrainTime, giveUp) // what is not written by then fails at once
	defer late.Stop()
	_ = group.Wait() // writers do not fail
	return ctx.Err()
}

// write is one writer.
func (in *Ingest) write(ctx context.Context) {
	var block []byte
	for {
		group := in.queue.take()
		if len(group) == 0 {
			return
		}
		block = block[:0]
		for _, r := range group {
			block = append(block, r.block...)
			block = append(block, r.receipt...)
		}
		err := in.commit(ctx, block)
		for i, out := range in.outcomes(group, err) {
			in.queue.leave(group[i].place)
			group[i].done <- out
		}
		if cap(block) > 2*in.cfg.CommitBytes {
			block = nil // one large request must not be remembered for ever
		}
	}
}

func (in *Ingest) commit(ctx context.Context, block []byte) error {
	ctx, cancel := context.WithTimeout(ctx, in.cfg.CommitTime)
	defer cancel()
	start := time.Now()
	err := in.deps.Store.Write(ctx, api.Raw, block)
	in.metrics.commits.Observe(time.Since(start).Seconds())
	return err
}

// outcomes gives each request of a group its own: a line that the database refused
// is told to the one who sent it, and nobody else.
func (in *Ingest) outcomes(group []*request, err error) []outcome {
	outs := make([]outcome, len(group))
	var refused *store.Refused
	if err != nil && !errors.As(err, &refused) {
		in.health.fails(err)
		for i := range outs {
			outs[i].failure = unavailable(err)
		}
		return outs
	}
	in.health.works()
	if refused == nil {
		return outs
	}
	lines, first := refused.Lines, 1 // first: the number in the block of a request's first line
	for i, r := range group {
		end := first + len(r.numbers)
		for ; len(lines) > 0 && lines[0].Line < end; lines = lines[1:] {
			outs[i].refused = append(outs[i].refused, api.RejectedLine{Line: int(r.numbers[lines[0].Line-first]), Reason: lines[0].Reason})
		}
		first = end
		if len(r.receipt) == 0 {
			continue
		}
		first++
		if len(lines) > 0 && lines[0].Line == end { // the receipt is ours, not the sender's
			in.deps.Log.Error("database refused a receipt", "reason", lines[0].Reason)
			lines = lines[1:]
		}
	}
	return outs
}

// unavailable tells an agent to keep what it has. The reason is the operator's to
// read, in the log: it may name hosts and databases.
func unavailable(err error) *api.Error {
	e := &api.Error{Code: api.CodeUnavailable, Message: "the database does not store now"}
	wait := defaultRetry
	var later *store.Unavailable
	var wrong *store.Misconfigured
	switch {
	case errors.As(err, &later) && later.RetryAfter > 0:
		wait = later.RetryAfter
	case errors.As(err, &wrong):
		e.Message = "the collector's database is not set up: its operator must look into the collector's log"
	}
	e.RetryAfter = spread(wait, wait)
	return e
}

// health logs that the database fails, and that it works again: once each.
type health struct {
	log *slog.Logger

	mu     sync.Mutex
	failed int
	since  time.Time
}

func (h *health) fails(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed++; h.failed == 1 {
		h.since = time.Now()
		h.log.Error("nothing can be stored, agents keep what they have", "error", err)
	}
}

func (h *health) works() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed > 0 {
		h.log.Info("storing works again", "failed", h.failed, "after", time.Since(h.since).Round(time.Second))
		h.failed = 0
	}
}
