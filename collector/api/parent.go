package api

import (
	"fmt"
	"strings"
)

// ParentError is a parent that cannot be: one that is no target, or one that lies
// behind the target itself.
type ParentError struct {
	Target int      // index of the target
	Parent string   // as given
	Circle []string // names from the target back to itself; nil: the parent is no target
}

func (e *ParentError) Error() string {
	if e.Circle == nil {
		return fmt.Sprintf("parent %s is no target", quote(e.Parent))
	}
	return "parents go in a circle: " + e.Round()
}

// Round writes the circle as "a → b → a".
func (e *ParentError) Round() string { return strings.Join(e.Circle, " → ") }

// CheckParents finds every parent that cannot be, each circle once, at the first of
// its targets.
func CheckParents(targets []Target) []*ParentError {
	at := make(map[string]int, len(targets))
	for i := range targets {
		at[targets[i].Name] = i
	}
	var wrong []*ParentError
	told := make(map[int]bool)
	for i := range targets {
		t := &targets[i]
		if _, known := at[t.Parent]; t.Parent != "" && !known {
			wrong = append(wrong, &ParentError{Target: i, Parent: t.Parent})
			continue
		}
		if circle := circleFrom(targets, at, i); circle != nil && !told[i] {
			wrong = append(wrong, &ParentError{Target: i, Parent: t.Parent, Circle: names(targets, append(circle, i))})
			for _, member := range circle {
				told[member] = true
			}
		}
	}
	return wrong
}

// circleFrom follows parents from a target; it gives those passed if they lead back to
// it, nil if they end, or run into a circle that it is not part of.
func circleFrom(targets []Target, at map[string]int, from int) []int {
	passed := []int{from}
	for range targets {
		parent := targets[passed[len(passed)-1]].Parent
		next, known := at[parent]
		switch {
		case parent == "" || !known:
			return nil
		case next == from:
			return passed
		}
		passed = append(passed, next)
	}
	return nil
}

func names(targets []Target, indices []int) []string {
	out := make([]string, len(indices))
	for i, index := range indices {
		out[i] = targets[index].Name
	}
	return out
}
