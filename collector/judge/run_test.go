package judge

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestATaskIsDoneAtOnceAndThenEverySoOftenWhateverBecomesOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
		defer cancel()
		var log bytes.Buffer
		begin := time.Now()
		var at []time.Duration
		one := task{every: 15 * time.Second, failed: "it fails", again: "it goes on", do: func(context.Context) error {
			at = append(at, time.Since(begin))
			if n := len(at); n == 2 || n == 3 || n == 6 {
				return errors.New("no database")
			}
			return nil
		}}
		if err := one.run(ctx, slog.New(slog.NewTextHandler(&log, nil))); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if len(at) != 7 || at[0] != 0 || at[6] != 90*time.Second {
			t.Errorf("done at %v", at)
		}
		// A row of failures is logged once, and so is its end.
		if failed, again := strings.Count(log.String(), "it fails"), strings.Count(log.String(), "it goes on"); failed != 2 || again != 2 {
			t.Errorf("%d, %d: %s", failed, again, &log)
		}
	})
}

func TestATaskThatTakesLongKeepsNoOtherWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour-5*time.Second)
		defer cancel()
		states, reviews := 0, 0
		tasks := []task{
			{every: 15 * time.Second, do: func(context.Context) error { states++; return nil }},
			{every: 30 * time.Second, do: func(ctx context.Context) error {
				reviews++
				select { // a backlog of a week
				case <-ctx.Done():
				case <-time.After(20 * time.Minute):
				}
				return ctx.Err()
			}},
		}
		if err := runAll(ctx, slog.New(slog.DiscardHandler), tasks); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if states != 240 || reviews != 3 {
			t.Errorf("%d judgements and %d reviews", states, reviews)
		}
	})
}
