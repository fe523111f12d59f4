package upstream

import (
	"context"
	"log/slog"
	"time"

	"communewatch/collector/api"
)

// Stats counts since New.
type Stats struct {
	Attempts        uint64 // exchanges begun, those that failed included
	StoredBatches   uint64 // deleted because all of them is stored
	StoredLines     uint64 // lines the collector has stored, those of batches set aside included
	AsideBatches    uint64 // set aside because of some line, or as a whole
	RejectedLines   uint64 // lines that never will be stored
	UnloadedBatches uint64 // times that the queue could not give a batch
	Trouble         Reason // of the last exchange; empty while it went well
}

// Stats counts what became of batches and lines.
func (s *Sender) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Trouble = s.trouble.reason
	return st
}

func (s *Sender) count(change func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.stats)
}

// settle does to the queue what the verdict says about a request.
func (s *Sender) settle(ctx context.Context, r *request, v verdict) step {
	switch v.action {
	case api.Delete, api.SetAside:
		if err := s.file(r, v); err != nil {
			// The disk's fault; sending the same again later is safe.
			return s.wait(ctx, verdict{action: api.Keep, reason: ReasonQueue, message: err.Error()})
		}
		s.newest = max(s.newest, r.highest())
		s.packer.grow()
		s.healed()
		return step{}
	case api.Split:
		return s.split(ctx, r, v)
	}
	if v.begun {
		// The line broke under this much: less at once has a better chance.
		s.packer.shrink(len(r.parts))
	}
	return s.wait(ctx, v)
}

// file deletes the batches of a request that are stored and sets aside those with a
// line that never will be.
func (s *Sender) file(r *request, v verdict) error {
	rejected := r.attribute(v.lines)
	stored := make([]uint64, 0, len(r.parts))
	for _, p := range r.parts {
		lines := rejected[p.sequence]
		if len(lines) == 0 {
			stored = append(stored, p.sequence)
			continue
		}
		if err := s.queue.SetAside(p.sequence, lines); err != nil {
			return err
		}
		s.log.Warn("lines never will be stored: set aside", "batch", p.sequence, "lines", len(lines), "of", p.lines, "first_reason", lines[0].Reason)
		s.count(func(st *Stats) {
			st.AsideBatches++
			st.RejectedLines += uint64(len(lines))
			st.StoredLines += uint64(p.lines - len(lines))
		})
	}
	if err := s.queue.Delete(stored...); err != nil {
		return err
	}
	s.count(func(st *Stats) {
		st.StoredBatches += uint64(len(stored))
		for _, p := range r.parts {
			if len(rejected[p.sequence]) == 0 {
				st.StoredLines += uint64(p.lines)
			}
		}
	})
	return nil
}

// split sends half at once from now on; a single batch that the collector itself
// finds too large never will be stored.
func (s *Sender) split(ctx context.Context, r *request, v verdict) step {
	if len(r.parts) > 1 {
		s.packer.shrink(len(r.parts))
		return step{}
	}
	if v.reason != Reason(api.CodeTooLarge) || len(r.parts) == 0 {
		return s.wait(ctx, v) // some box on the way: another day it may be gone
	}
	p := r.parts[0]
	if err := s.queue.SetAside(p.sequence, []api.RejectedLine{{Line: 0, Reason: v.message}}); err != nil {
		return s.wait(ctx, verdict{action: api.Keep, reason: ReasonQueue, message: err.Error()})
	}
	s.log.Warn("batch is too large for the collector: set aside", "batch", p.sequence, "lines", p.lines, "bytes", len(r.body))
	s.newest = max(s.newest, p.sequence)
	s.count(func(st *Stats) {
		st.AsideBatches++
		st.RejectedLines += uint64(p.lines)
	})
	return step{}
}

// trouble is a row of failures.
type trouble struct {
	reason   Reason // of the last; empty when there is none
	failures int
	since    time.Time // of the session's clock
}

// wait notes a failure and says how long to wait. The first of a row is logged, and
// each that has another reason than the one before; the others are counted.
func (s *Sender) wait(ctx context.Context, v verdict) step {
	if ctx.Err() != nil {
		return step{} // we ended it ourselves
	}
	d := s.backoff.next(v.wait)
	s.mu.Lock()
	changed := s.trouble.reason != v.reason
	if s.trouble.failures == 0 {
		s.trouble.since = s.clock.Now()
	}
	s.trouble.failures++
	s.trouble.reason = v.reason
	failures := s.trouble.failures
	s.mu.Unlock()
	if changed {
		level := slog.LevelWarn
		if v.action == api.KeepAsk {
			level = slog.LevelError // waiting alone will not mend it
		}
		s.log.Log(ctx, level, "collector does not store: batches are kept", "reason", v.reason, "detail", v.message,
			"collector", s.cfg.URL, "failures", failures, "next_attempt_in", d.Round(time.Millisecond))
	}
	return step{wait: d}
}

// healed ends a row of failures.
func (s *Sender) healed() {
	s.backoff.reset()
	s.mu.Lock()
	was := s.trouble
	s.trouble = trouble{}
	s.mu.Unlock()
	if was.failures > 0 {
		s.log.Info("collector stores again", "collector", s.cfg.URL, "failures", was.failures,
			"last_reason", was.reason, "lasted", s.clock.Now().Sub(was.since).Round(time.Second))
	}
}
