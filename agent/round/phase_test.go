package round

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func started(t *testing.T, interval time.Duration, tasks ...Task) (byName map[string]time.Duration, all []time.Duration) {
	t.Helper()
	nodes, err := order(tasks)
	if err != nil {
		t.Fatal(err)
	}
	byName = map[string]time.Duration{}
	for n, phase := range phases(nodes, interval) {
		byName[n.Name] = phase
		all = append(all, phase)
	}
	slices.Sort(all)
	return byName, all
}

func numbered(n int) []Task {
	all := make([]Task, n)
	for i := range all {
		all[i].Name = fmt.Sprint(i)
	}
	return all
}

func TestStartsAreCloseAndNeverTogether(t *testing.T) {
	for n, want := range map[int]struct{ apart, within time.Duration }{
		1: {0, 0}, 2: {100 * time.Millisecond, 200 * time.Millisecond}, 10: {20 * time.Millisecond, 200 * time.Millisecond},
		50: {4 * time.Millisecond, 200 * time.Millisecond}, 1_000: {4 * time.Millisecond, 4 * time.Second},
	} {
		_, all := started(t, time.Minute, numbered(n)...)
		if all[0] != 0 || all[len(all)-1] > want.within {
			t.Errorf("%d tasks start from %s to %s", n, all[0], all[len(all)-1])
		}
		for i := 1; i < len(all); i++ {
			if d := all[i] - all[i-1]; d != want.apart {
				t.Errorf("%d tasks: number %d starts %s after the one before, want %s", n, i, d, want.apart)
			}
		}
	}
}

func TestManyTasksOfAShortIntervalStartWithinHalfOfIt(t *testing.T) {
	_, all := started(t, time.Second, numbered(1_000)...)
	if last := all[len(all)-1]; last > time.Second/2 {
		t.Errorf("the last starts after %s", last)
	}
}

func TestNeighboursStartFarFromEachOther(t *testing.T) {
	for _, n := range []int{5, 10, 53} {
		byName, _ := started(t, time.Minute, numbered(n)...)
		for i := 1; i < n; i++ {
			if d := (byName[fmt.Sprint(i)] - byName[fmt.Sprint(i-1)]).Abs(); d < 40*time.Millisecond {
				t.Errorf("of %d, %d and %d start %s apart", n, i-1, i, d)
			}
		}
	}
}

func TestWhatIsBehindAnotherStartsWhenThatOnesRoundIsOver(t *testing.T) {
	all := numbered(6)
	all[0].Parent, all[1].Parent, all[5].Parent = "5", "0", "4" // 4 ← 5 ← 0 ← 1
	byName, _ := started(t, time.Minute, all...)
	for child, parent := range map[string]string{"0": "5", "1": "0", "5": "4"} {
		if d := byName[child] - byName[parent]; d < 10*time.Second {
			t.Errorf("%s starts %s after %s", child, d, parent)
		}
	}
}
