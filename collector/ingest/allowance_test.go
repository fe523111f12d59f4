package ingest

import (
	"testing"
	"time"
)

func TestWhoOwesWaitsUntilItIsPaid(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	type step struct {
		at   time.Duration // since the start
		cost int           // charged then; 0: nothing
		wait time.Duration // before it
	}
	const mib = 1 << 20
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"an unknown one has all of it", []step{{0, 32 * mib, 0}, {0, 1, 0}, {0, 0, 476 * time.Nanosecond}}},
		{"a debt is paid at the rate", []step{{0, 36 * mib, 0}, {0, 0, 2 * time.Second}, {time.Second, 0, time.Second}, {2 * time.Second, 0, 0}}},
		{"debts add up", []step{{0, 34 * mib, 0}, {0, 4 * mib, time.Second}, {0, 0, 3 * time.Second}}},
		{"saved is no more than the burst", []step{{0, 1 * mib, 0}, {time.Hour, 32 * mib, 0}, {time.Hour, 2 * mib, 0}, {time.Hour, 0, time.Second}}},
		{"the rate is borne for ever", []step{{0, 32 * mib, 0}, {time.Second, 2 * mib, 0}, {2 * time.Second, 2 * mib, 0}, {3 * time.Second, 2 * mib, 0}, {3 * time.Second, 0, 0}}},
		{"a clock that steps back forgives nothing and takes nothing", []step{{time.Hour, 36 * mib, 0}, {0, 0, 2 * time.Second}, {time.Hour + time.Second, 0, time.Second}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAllowance(DefaultConfiguration())
			for i, s := range c.steps {
				now := start.Add(s.at)
				if got := a.wait(agent(1), now); got != s.wait {
					t.Errorf("step %d: wait %s, want %s", i, got, s.wait)
				}
				if got := a.wait(agent(2), now); got != 0 {
					t.Errorf("step %d: another one waits %s", i, got)
				}
				if s.cost > 0 {
					a.charge(agent(1), s.cost, now)
				}
			}
		})
	}
}

func TestWhoHasNotSentLatelyIsForgotten(t *testing.T) {
	a := newAllowance(DefaultConfiguration())
	now := time.Unix(1_800_000_000, 0)
	a.charge(agent(-1), 1<<30, now) // half a GiB of debt: four minutes
	for n := range 10_000 {
		now = now.Add(10 * time.Millisecond) // one full sweep each 16 s
		a.charge(agent(n), requestCost, now)
		if len(a.of) > 3_300 {
			t.Fatalf("%d are remembered", len(a.of))
		}
	}
	if a.wait(agent(-1), now) == 0 {
		t.Error("a debt was forgotten")
	}
	a.charge(agent(0), 1, now.Add(time.Hour))
	if len(a.of) != 1 {
		t.Errorf("%d are remembered after an hour", len(a.of))
	}
}

// The figure of allowance's comment.
func TestAWeeksBacklogOfAnOrdinaryOfficeIsTakenInAMinute(t *testing.T) {
	const minutes = 7 * 24 * 60
	a := newAllowance(DefaultConfiguration())
	now := time.Unix(1_800_000_000, 0)
	start := now
	const lines, bytes = 35, 5_000
	const packed = (1 << 20) / bytes // minutes in one request, as the agent packs
	for sent := 0; sent < minutes; sent += packed {
		now = now.Add(a.wait(agent(1), now))
		a.charge(agent(1), requestCost+packed*(bytes+lines*lineCost), now)
	}
	if took := now.Sub(start); took > 70*time.Second {
		t.Errorf("it takes %s", took)
	} else {
		t.Logf("it takes %s", took)
	}
}
