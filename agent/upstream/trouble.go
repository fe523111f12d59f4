package upstream

import (
	"context"
	"log/slog"
	"time"

	"communewatch/collector/api"
)

// sayAgain is how long the same is not logged again: a line that comes and goes every
// minute fills no disk with it. Two lines of 300 bytes for each reason every 10 min
// are 86 KB a day.
const sayAgain = 10 * time.Minute

// askRarely times the longest wait, so every 15 to 30 minutes, an agent asks again that was
// told that only a person can mend it.
const askRarely = 3

// trouble is a row of failures.
type trouble struct {
	reason   Reason // of the last; empty when there is none
	failures int
	since    time.Time // of the session's clock
	said     bool      // so its end is said too
	final    bool      // only a person ends it
}

// wait notes a failure and says how long to wait.
func (s *Sender) wait(ctx context.Context, v verdict) step {
	if ctx.Err() != nil {
		return step{} // we ended it ourselves
	}
	pause := &s.refused
	if v.silent {
		pause = &s.silence
	}
	atLeast := v.wait
	if v.final {
		atLeast = max(atLeast, askRarely*s.cfg.MaxWait)
	}
	d := pause.next(atLeast)
	s.note(ctx, v, d)
	return step{wait: d}
}

// note logs the first failure of a row, and each that has another reason than the one
// before it; the others are counted, and so are those that were said just now.
func (s *Sender) note(ctx context.Context, v verdict, next time.Duration) {
	now := s.clock.Now()
	s.mu.Lock()
	t := &s.trouble
	if t.failures == 0 {
		t.since = now
	}
	last, before := s.lastSaid[v.reason]
	say := t.reason != v.reason && (!before || now.Sub(last) >= sayAgain)
	t.failures++
	t.reason, t.said, t.final = v.reason, t.said || say, v.final
	failures, unsaid := t.failures, s.unsaid
	if say {
		s.lastSaid[v.reason], s.unsaid = now, 0
	} else {
		s.unsaid++
	}
	s.mu.Unlock()
	if !say {
		return
	}
	level := slog.LevelWarn
	if v.action == api.KeepAsk {
		level = slog.LevelError // waiting alone will not mend it
	}
	s.log.Log(ctx, level, "collector does not store: batches are kept", "reason", v.reason, "detail", v.message,
		"collector", s.cfg.URL, "failures", failures, "unsaid_before", unsaid, "next_attempt_in", next.Round(time.Millisecond))
}

// healed ends a row of failures.
func (s *Sender) healed() {
	s.refused.reset()
	s.silence.reset()
	s.mu.Lock()
	was := s.trouble
	s.trouble = trouble{}
	s.mu.Unlock()
	if was.said {
		s.log.Info("collector stores again", "collector", s.cfg.URL, "failures", was.failures,
			"last_reason", was.reason, "lasted", s.clock.Now().Sub(was.since).Round(time.Second))
	}
}
