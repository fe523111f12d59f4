package round

import (
	"fmt"
	"testing"
	"time"
)

func TestTasksStartAFewAtATimeNeighboursApartAndParentsFirst(t *testing.T) {
	var all []Task
	for i := range 56 {
		all = append(all, Task{Name: fmt.Sprint(i)})
	}
	all[20].Parent, all[21].Parent, all[50].Parent = "50", "50", "55"
	nodes, err := order(all)
	if err != nil {
		t.Fatal(err)
	}
	starts := phases(nodes, time.Minute)
	count := map[time.Duration]int{}
	named := map[string]time.Duration{}
	for n, phase := range starts {
		if phase < 0 || phase >= time.Minute {
			t.Errorf("task %s starts %s into the interval", n.Name, phase)
		}
		count[phase.Truncate(time.Second)]++
		named[n.Name] = phase
		if n.parent != nil && phase <= starts[n.parent] {
			t.Errorf("task %s starts at %s, its parent at %s", n.Name, phase, starts[n.parent])
		}
	}
	if len(count) != 6 {
		t.Errorf("tasks start at %d moments, want 6: %v", len(count), count)
	}
	for phase, n := range count {
		if n > 12 {
			t.Errorf("%d tasks start at %s", n, phase)
		}
	}
	if named["30"] == named["31"] {
		t.Errorf("neighbours start together, at %s", named["30"])
	}
}
