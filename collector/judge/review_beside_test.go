//go:build integration

package judge_test

import (
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"communewatch/collector/store/storetest"
)

// The race detector is what this test is for.
func TestStatesAreJudgedBesideAReview(t *testing.T) {
	w := newWorld(t, storetest.Shared(t), 2)
	for n := range 30 {
		w.live(good, n, fine)
		if n < 10 {
			w.live(silent, n, fine)
		}
	}
	w.flush()
	group, ctx := errgroup.WithContext(t.Context())
	group.Go(func() error {
		for range 20 {
			if err := w.judge.Once(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	group.Go(func() error {
		for n := range 10 {
			if err := w.judge.Review(ctx, w.at(float64(20+n)).Add(30*time.Second)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := w.outages(); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}
