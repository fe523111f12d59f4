package round

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"communewatch/collector/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var discard = slog.New(slog.DiscardHandler)

// always makes a task of a target that answers.
func always(name string, f func(context.Context) []*api.Point) Task {
	return Task{Name: name, Probe: func(ctx context.Context) ([]*api.Point, Answer) { return f(ctx), Answered }}
}

func pong(target string) []*api.Point {
	return []*api.Point{api.NewPoint("ping", time.Now()).Tag("target", target).Tag("role", "lan").Int("sent", 1).Int("received", 1)}
}

func health(Timing) *api.Point {
	return api.NewPoint("agent_health", time.Now()).Int("spool_batches", 0)
}

func start(t *testing.T, interval time.Duration, tasks []Task, put func([]byte) error) (*Rounds, func()) {
	t.Helper()
	r, err := New(Config{Interval: interval}, tasks, Deps{Put: put, Health: health, Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	return r, func() { cancel(); <-done }
}

func TestADeadTargetNeverDelaysAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var live, dead atomic.Int64
		_, stop := start(t, time.Minute, []Task{
			always("dead", func(ctx context.Context) []*api.Point { dead.Add(1); <-ctx.Done(); return pong("dead") }),
			always("live", func(context.Context) []*api.Point { live.Add(1); return pong("live") }),
		}, func([]byte) error { return nil })
		time.Sleep(10*time.Minute - time.Second)
		if live.Load() != 10 || dead.Load() < 5 {
			t.Errorf("live measured %d times, dead %d", live.Load(), dead.Load())
		}
		stop()
	})
}

func TestEachTaskStartsInItsPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at [4]time.Duration
		tasks := make([]Task, 4)
		for i := range tasks {
			tasks[i] = always("t"+strconv.Itoa(i), func(context.Context) []*api.Point { at[i] = time.Since(began); return nil })
		}
		_, stop := start(t, time.Minute, tasks, func([]byte) error { return nil })
		time.Sleep(50 * time.Second)
		stop()
		for i, got := range at {
			if want := time.Duration(i) * 50 * time.Millisecond; got != want {
				t.Errorf("task %d started after %s, want %s", i, got, want)
			}
		}
	})
}

func TestOneBatchAnIntervalHoldsAllKindsOfPoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var batches []string
		_, stop := start(t, time.Minute, []Task{
			always("a", func(context.Context) []*api.Point { return pong("a") }),
			always("b", func(context.Context) []*api.Point { return pong("b") }),
		}, func(lines []byte) error { batches = append(batches, string(lines)); return nil })
		time.Sleep(10 * time.Minute)
		stop()
		if len(batches) < 10 || len(batches) > 12 {
			t.Errorf("%d batches in ten minutes", len(batches))
		}
		all := strings.Join(batches, "")
		for _, want := range []string{"target=a", "target=b", "agent_health "} {
			if strings.Count(all, want) < 10 {
				t.Errorf("%d of %s in ten minutes", strings.Count(all, want), want)
			}
		}
	})
}

func TestABatchThatCannotBePutDoesNotEndTheRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		puts := 0
		_, stop := start(t, time.Minute, []Task{always("a", func(context.Context) []*api.Point { return pong("a") })}, func([]byte) error {
			puts++
			return errors.New("closed")
		})
		time.Sleep(5*time.Minute + time.Second)
		stop()
		if puts < 5 {
			t.Errorf("%d batches were put in five minutes", puts)
		}
	})
}

func TestAPointThatDoesNotFitTheContractDoesNotTakeOthersWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		_, stop := start(t, time.Minute, []Task{always("a", func(context.Context) []*api.Point {
			return append(pong("good"), api.NewPoint("ping", time.Now()).Tag("target", "bad"))
		})}, func(lines []byte) error { out.Write(lines); return nil })
		time.Sleep(2 * time.Minute)
		stop()
		if !strings.Contains(out.String(), "target=good") || strings.Contains(out.String(), "target=bad") {
			t.Errorf("got %s", out.String())
		}
	})
}

func TestAProbeThatTheEndInterruptsLeavesNoPoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		_, stop := start(t, time.Minute, []Task{always("a", func(ctx context.Context) []*api.Point { <-ctx.Done(); return pong("half") })},
			func(lines []byte) error { out.Write(lines); return nil })
		time.Sleep(10 * time.Second)
		stop()
		if strings.Contains(out.String(), "half") {
			t.Error("half a round was stored")
		}
	})
}
