package upstream

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func TestBodiesDoubleGrowSlowlyWhereOneFailedAndBeginAnewWithOne(t *testing.T) {
	p := newPacker()
	var sizes []int
	through := func(times int) {
		for range times {
			sizes = append(sizes, p.most)
			p.grow(p.most)
		}
	}
	through(6) // 1 … 32, and 64 breaks
	p.broke(p.most)
	through(8)
	p.broke(1) // the line was dead for longer
	p.broke(1)
	through(7)
	p.split(p.most) // a box finds it too large
	through(3)
	p.grow(1) // a single round says nothing
	through(1)
	want := []int{
		1, 2, 4, 8, 16, 32,
		1, 2, 4, 8, 16, 32, 41, 52,
		1, 2, 4, 8, 16, 32, 52,
		33, 42, 53,
		67,
	}
	if diff := cmp.Diff(want, sizes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range 100 {
		p.grow(p.most)
	}
	if p.most != api.MaxBatches {
		t.Errorf("grows to %d, want %d", p.most, api.MaxBatches)
	}
}
