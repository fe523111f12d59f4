package upstream

import (
	"context"
	"fmt"
	"time"

	"communewatch/collector/api"
)

// What is expected of an exchange beside its body: a connection whose session is not
// resumed (2.5 KB), headers that name 64 ranges of batches, there and back (2 KB each).
// What it really cost is charged when it is over.
const leastBytes = 7 << 10

// held is what the budget holds back now.
type held uint8

const (
	holdNothing held = iota
	holdBacklog
	holdAll
)

// afford charges what has passed, and is how long an exchange of such a cost waits.
func (s *Sender) afford(cost int64, live bool) time.Duration {
	passed := s.meter.total.Load()
	s.budget = s.budget.after(s.clock.Now(), passed-s.charged)
	s.charged = passed
	s.count(func(st *Stats) { st.BudgetLeft = max(0, int64(s.budget.level)) })
	return s.budget.wait(cost, live)
}

// next packs what the day's bytes suffice for: all that fits into a request; or the
// newest batch alone, if it is news. Otherwise it says how long what it packed waits.
func (s *Sender) next() (*request, time.Duration) {
	if s.heldCost > 0 && s.afford(s.heldCost, false) > 0 {
		return s.nextLive() // as before: not loaded from disk every minute to find that out
	}
	s.heldCost = 0
	r := s.pack(s.packer.most)
	if r == nil || len(r.parts) == 0 {
		return r, 0
	}
	wait := s.afford(r.cost(), r.live())
	if wait > 0 && !r.live() {
		s.heldCost = r.cost()
		return s.nextLive()
	}
	return r, wait
}

// nextLive packs the newest batch, if it is news; others wait.
func (s *Sender) nextLive() (*request, time.Duration) {
	r := s.pack(1)
	switch {
	case r == nil || len(r.parts) == 0:
		return r, 0
	case r.live():
		return r, s.afford(r.cost(), true)
	}
	return r, s.afford(s.heldCost, false)
}

// cost is about what a request will be on the line.
func (r *request) cost() int64 { return leastBytes + int64(len(r.body))*106/100 }

// live is true for a request of the newest batch alone.
func (r *request) live() bool { return r != nil && !r.backlog && len(r.parts) == 1 }

// hold waits for the budget, or for news, and says so when it begins.
func (s *Sender) hold(ctx context.Context, what held, wait time.Duration) step {
	if len(s.queue.Sequences()) == 0 {
		return s.rest(wait)
	}
	if what > s.held {
		s.count(func(st *Stats) { st.BudgetWaits++ })
		if what == holdBacklog {
			s.log.Info("the day's bytes are spent but for what new batches need: the backlog waits",
				"daily_bytes", s.cfg.DailyBytes, "for", wait.Round(time.Second))
		}
		s.held = what
	}
	if what == holdAll {
		s.note(ctx, verdict{action: api.Keep, reason: ReasonBudget, message: fmt.Sprintf("%d bytes a day", s.cfg.DailyBytes)}, wait)
	}
	return s.rest(wait)
}

// goes notes that a request is not held.
func (s *Sender) goes(r *request) {
	switch {
	case !r.live() || r.rest == 0:
		s.held = holdNothing
	case s.held == holdAll:
		s.held = holdBacklog
	}
}
