//go:build integration

package judge_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// everyCall is how many calls lie between two that fail, in turn; all of them take minutes.
var everyCall = 29

// failing is a store whose n-th call fails.
type failing struct {
	judge.Store
	left int
	n    int
}

func (f *failing) fail() error {
	f.n++
	if f.left--; f.left == 0 {
		return &store.Unavailable{Err: context.DeadlineExceeded}
	}
	return nil
}

func (f *failing) Select(ctx context.Context, q store.Query) ([]store.Series, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	return f.Store.Select(ctx, q)
}

func (f *failing) Write(ctx context.Context, retention api.Retention, lines []byte) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Store.Write(ctx, retention, lines)
}

func TestAStoreThatFailsAtAnyCallEndsInTheSame(t *testing.T) {
	server := storetest.Shared(t)
	// Until minute 70 all goes well; then one pass has much to do, and fails.
	story := func(fail int, restarted bool) (all []string, calls int) {
		w := newWorld(t, server, 3)
		for n := range 70 {
			w.live(good, n, fine)
			w.live(lan, n, fine)
			if n < 8 || n >= 16 { // long before all else, and all is well since
				w.live(late, n, fine)
			}
			if n < 20 {
				w.live(uplink, n, fine)
			}
			if n < 30 || n > 40 {
				w.live(silent, n, fine)
			}
		}
		w.flush()
		for _, n := range []float64{12, 25, 35, 45, 65, 66} {
			w.review(n)
		}
		for n := 70; n < 100; n++ {
			w.live(good, n, fine)
			w.live(lan, n, lanLost)
			w.live(uplink, n, fine)
			w.live(late, n, fine)
		}
		for n := 8; n < 16; n++ {
			w.round(late, n, lineLost)
		}
		w.took(late, 82, 8, 15)
		for n := 20; n < 70; n++ {
			w.round(uplink, n, lineLost)
		}
		for n := 31; n <= 40; n++ {
			w.round(silent, n, fine)
		}
		w.took(uplink, 80, 20, 69)
		w.took(silent, 81, 31, 40)
		w.flush()
		broken := &failing{Store: w.store, left: fail}
		w.restart(broken)
		if err := w.judge.Review(t.Context(), w.at(100)); (err == nil) != (fail == 0 || broken.n < fail) {
			t.Fatalf("call %d of %d failed, and the review: %v", fail, broken.n, err)
		}
		calls = broken.n
		if restarted {
			w.restart(w.store)
		}
		for n := 100; n < 115; n++ {
			w.live(good, n, fine)
			w.live(lan, n, fine)
			w.live(uplink, n, fine)
			w.live(late, n, fine)
		}
		w.flush()
		w.review(115)
		w.review(130)
		return w.all(120), calls
	}
	want, calls := story(0, false)
	if len(want) == 0 || calls < 10 {
		t.Fatalf("%d calls, stored: %v", calls, want)
	}
	t.Logf("%d calls a pass", calls)
	for n := 1; n <= calls; n += everyCall {
		restarted := n%2 == 0 // the same judge goes on, or another
		if got, _ := story(n, restarted); !cmp.Equal(want, got) {
			t.Errorf("call %d failed, a new judge: %t\n%s", n, restarted, cmp.Diff(want, got))
		}
	}
}
