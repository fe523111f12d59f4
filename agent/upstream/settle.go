package upstream

import (
	"context"
	"time"

	"communewatch/collector/api"
)

// Stats is how sending goes. What became of batches is the queue's to count.
type Stats struct {
	Attempts    uint64 // exchanges begun since New, those that failed included
	BudgetLeft  int64  // bytes that might pass now; 0 without a budget
	BudgetWaits uint64 // times since New that batches began to wait for the budget
	Trouble     Reason // of the last exchange; empty while it went well

	Code             api.Code  // the collector's own word for it, if it said one
	MustEnrol        bool      // and it says so for good: a person has to enrol the machine again
	CertificateUntil time.Time // by the collector's clock; zero with a token
	Renewed          time.Time // likewise, since New; zero: not
}

// Stats is how sending goes now.
func (s *Sender) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Trouble, st.MustEnrol = s.trouble.reason, s.trouble.final
	if code := api.Code(s.trouble.reason); api.Answers[code].Status != 0 {
		st.Code = code
	}
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
		s.packer.grow(len(r.parts))
		s.healed()
		s.proven()
		return step{}
	case api.Split:
		return s.split(ctx, r, v)
	}
	if s.identity != nil {
		if v = s.mend(ctx, v); v.action == api.Delete {
			return step{} // the same again, under another certificate
		}
	}
	if v.broken {
		s.packer.broke(len(r.parts))
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
	}
	return s.queue.Delete(stored...)
}

// split sends half at once from now on; a single batch that the collector itself
// finds too large never will be stored.
func (s *Sender) split(ctx context.Context, r *request, v verdict) step {
	if len(r.parts) > 1 {
		s.packer.split(len(r.parts))
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
	return step{}
}
