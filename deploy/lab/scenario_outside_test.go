//go:build integration

package lab

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// realNow is what the InfluxDB believes: its retention is counted from there.
var realNow = wallClock()

// outside is a real store, as it is spoken to from within a bubble: its connections, and
// all that waits for them, stay outside, where time goes on.
type outside struct {
	ctx   context.Context // of the outside
	store *store.Store
	down  atomic.Bool // it does not answer

	mu   sync.Mutex
	work chan func()
	done chan struct{}

	asked, written int           // queries and writes
	took           time.Duration // of the database's and the line's time
}

// newOutside is called outside, and so is close.
func newOutside(ctx context.Context, s *store.Store) (o *outside, closeIt func()) {
	o = &outside{ctx: ctx, store: s, work: make(chan func()), done: make(chan struct{})}
	var worker sync.WaitGroup
	worker.Go(func() {
		for do := range o.work {
			began := time.Now()
			do()
			o.took += time.Since(began)
			o.done <- struct{}{}
		}
	})
	return o, func() { close(o.work); worker.Wait() }
}

func (o *outside) do(what func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.work <- what
	<-o.done
}

var errDown = &store.Unavailable{Err: errors.New("nobody listens")}

func (o *outside) Select(_ context.Context, q store.Query) (found []store.Series, err error) {
	if o.down.Load() {
		return nil, errDown
	}
	o.do(func() {
		found, err = o.store.Select(o.ctx, q)
		o.asked++
	})
	return found, err
}

func (o *outside) Write(_ context.Context, retention api.Retention, lines []byte) (err error) {
	if o.down.Load() {
		return errDown
	}
	o.do(func() { err = o.store.Write(o.ctx, retention, lines); o.written++ })
	return err
}
