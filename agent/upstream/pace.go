package upstream

import (
	"fmt"
	"time"

	"communewatch/collector/api"
)

// pace is how a line may be used: see [Config].
type pace struct {
	every      time.Duration
	dailyBytes int64
}

func (p pace) check() error {
	if p.every < 0 || p.every > api.MaxEvery {
		return fmt.Errorf("pause of a metered line is %s, want 0 to %s", p.every, api.MaxEvery)
	}
	if p.dailyBytes != 0 && p.dailyBytes < MinDailyBytes {
		return fmt.Errorf("%d bytes a day, want 0 or at least %d", p.dailyBytes, MinDailyBytes)
	}
	return nil
}

// SetPace changes Every and DailyBytes of a sender that may be running. It does not
// wait: what is under way ends as it began, and with the next batch the new pace holds.
// A changed budget begins as that of a new sender.
func (s *Sender) SetPace(every time.Duration, dailyBytes int64) error {
	p := pace{every, dailyBytes}
	if err := p.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = &p
	return nil
}

// takePace does what SetPace asked for; turn is held.
func (s *Sender) takePace() {
	s.mu.Lock()
	p := s.asked
	s.asked = nil
	s.mu.Unlock()
	if p == nil {
		return
	}
	if p.every != s.cfg.Every {
		s.cfg.Every = p.every
		s.schedule = schedule{every: p.every, random: s.schedule.random}
		s.silence.longest = longestSilentWait(s.cfg)
	}
	if p.dailyBytes != s.cfg.DailyBytes {
		s.cfg.DailyBytes = p.dailyBytes
		s.budget = newBudget(p.dailyBytes, s.clock.Now())
		s.charged = s.meter.total.Load()
		s.held, s.heldCost = holdNothing, 0
	}
}
