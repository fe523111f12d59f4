package upstream

import (
	"context"
	"fmt"
	"time"

	"communewatch/collector/api"
)

// Goodbye sends what waits and says on the last request why the agent stops. Of a
// long backlog only as much is sent as leaves half of ctx's time for that request;
// the rest waits on disk, as does what the day's bytes do not suffice for. It does not
// wait for a metered line to be due, and does not try again. Call it after Run has
// returned.
func (s *Sender) Goodbye(ctx context.Context, reason api.Goodbye) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	defer s.remote.close()
	hurry := time.Now().Add(time.Hour)
	if deadline, ok := ctx.Deadline(); ok {
		hurry = time.Now().Add(time.Until(deadline) / 2)
	}
	if v := s.learnTime(ctx); v.action != api.Delete {
		return fmt.Errorf("say goodbye: %w", v)
	}
	for {
		r, wait := s.next()
		if r == nil || wait > 0 {
			r = &request{}
		}
		said := api.Goodbye("")
		if r.rest == 0 || len(r.parts) == 0 || time.Now().After(hurry) {
			said = reason
		}
		v := s.send(ctx, r, said)
		if next := s.settle(ctx, r, v); next.wait > 0 || ctx.Err() != nil {
			return fmt.Errorf("say goodbye: %w", v)
		}
		if said != "" && (v.action == api.Delete || v.action == api.SetAside) {
			return nil // else it goes again: in two halves, or under a certificate that was renewed
		}
	}
}
