package round

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"communewatch/collector/api"
)

// slow is the pace behind a parent that is down: every so many rounds the target is
// looked at all the same.
const slow = 5

// node is a task in its place behind its parent. The rules:
//
//   - A target is down when nothing came back in its newest round, or when it is behind a
//     parent that is down and was not heard. It is up with the first round that is
//     answered, and those behind it are measured in that same round. A round that could
//     not be made changes neither.
//   - What is behind it is looked at once at that moment and then in every fifth round. If
//     nothing comes back, the parent is the reason: the task says that it was skipped, and
//     states no loss.
//   - If something does come back, the parent's silence does not cut this target off (a
//     router that ignores pings): until the parent answers again, the target is measured
//     in every round, and its failures are its own.
//
// A target fails by itself in at most one round before that: when its parent dies between
// its own newest round and the target's.
type node struct {
	Task
	parent *node
	depth  int // how many are before it

	mu   sync.Mutex
	turn chan struct{} // closed when the round under way has ended; nil while none is
	down bool

	// Known to the task's own goroutine alone:
	behind int  // rounds since the parent was found down
	apart  bool // it answered while its parent was down
}

// order puts parents before what is behind them, and otherwise leaves the order as it is.
func order(tasks []Task) ([]*node, error) {
	nodes := make([]*node, len(tasks))
	named := make(map[string]*node, len(tasks))
	for i, task := range tasks {
		if named[task.Name] != nil {
			return nil, fmt.Errorf("task %q is given twice", task.Name)
		}
		nodes[i] = &node{Task: task}
		named[task.Name] = nodes[i]
	}
	for _, n := range nodes {
		if n.parent = named[n.Parent]; n.parent == nil && n.Parent != "" {
			return nil, fmt.Errorf("task %q has the parent %q, which is none", n.Name, n.Parent)
		}
	}
	for _, n := range nodes {
		for p := n.parent; p != nil; p = p.parent {
			if n.depth++; n.depth > len(nodes) {
				return nil, fmt.Errorf("the parents of task %q go in a circle", n.Name)
			}
		}
	}
	slices.SortStableFunc(nodes, func(a, b *node) int { return cmp.Compare(a.depth, b.depth) })
	return nodes, nil
}

// round makes one round of the task, and says how long it probed.
func (n *node) round(ctx context.Context, interval time.Duration) ([]*api.Point, time.Duration) {
	end := n.begin()
	behind := n.parent != nil && n.parent.isDown(ctx)
	if !behind {
		n.behind, n.apart = 0, false
	}
	if behind && !n.apart && !n.due() {
		end(Silent)
		return n.skip(), 0
	}
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, cmp.Or(n.Limit, interval))
	defer cancel()
	points, answer := n.Probe(limited)
	switch {
	case behind && answer == Answered:
		n.apart = true
	case behind && !n.apart:
		points, answer = n.skip(), Silent
	}
	end(answer)
	if n.Limit > 0 {
		return points, 0
	}
	return points, time.Since(began)
}

// due says whether it is time to look behind a parent that is down.
func (n *node) due() bool {
	due := n.behind%slow == 0
	n.behind++
	return due
}

func (n *node) skip() []*api.Point {
	if n.Skipped == nil {
		return nil
	}
	return n.Skipped()
}

// begin lets others wait for the end of this round.
func (n *node) begin() (end func(Answer)) {
	turn := make(chan struct{})
	n.mu.Lock()
	defer n.mu.Unlock()
	n.turn = turn
	return func(answer Answer) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.turn = nil
		if answer != Unknown {
			n.down = answer == Silent
		}
		close(turn)
	}
}

// isDown waits for the round that is under way, so that what is behind is judged by
// this round and not by the last.
func (n *node) isDown(ctx context.Context) bool {
	n.mu.Lock()
	turn := n.turn
	n.mu.Unlock()
	if turn != nil {
		select {
		case <-turn:
		case <-ctx.Done():
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.down
}
