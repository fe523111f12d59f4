package round

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"communewatch/collector/api"
)

func TestRoundsThatFinishPutWhatIsUnderWayAndBeginNothingMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines strings.Builder
		begun := map[string]int{}
		slow := always("slow", func(context.Context) []*api.Point {
			begun["slow"]++
			time.Sleep(20 * time.Second)
			return pong("slow")
		})
		late := always("late", func(context.Context) []*api.Point { begun["late"]++; return pong("late") })
		first := always("first", func(context.Context) []*api.Point { return pong("first") })
		late.Parent = "first" // and so begins at 30 s
		r, err := New(Config{Interval: time.Minute}, []Task{slow, first, late}, Deps{
			Put: func(b []byte) error { lines.Write(b); return nil }, Health: health, Log: discard,
		})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		time.AfterFunc(10*time.Second, func() { r.Finish(); r.Finish() })
		if err := r.Run(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("ended after %s, want the slow probe's 20s", took)
		}
		if begun["slow"] != 1 || begun["late"] != 0 || strings.Count(lines.String(), "target=slow") != 1 {
			t.Errorf("begun %v, put %q", begun, lines.String())
		}
	})
}

func TestFinishDoesNotWaitForATaskThatStandsBehindAParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := Task{Name: "router", Probe: func(context.Context) ([]*api.Point, Answer) { time.Sleep(5 * time.Second); return nil, Silent }}
		behind := always("camera", func(context.Context) []*api.Point { return pong("camera") })
		behind.Parent = "router"
		r, err := New(Config{Interval: time.Second}, []Task{down, behind}, Deps{Put: func([]byte) error { return nil }, Health: health, Log: discard})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		time.AfterFunc(2*time.Second, r.Finish)
		if err := r.Run(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("ended after %s", took)
		}
	})
}
