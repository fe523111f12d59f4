package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"communewatch/agent/clock"
	"communewatch/agent/office"
	"communewatch/agent/spool"
	"communewatch/agent/upstream"
)

// Load is what a fleet of real senders asked of a collector, and what that cost.
type Load struct {
	Points     int64
	Took       time.Duration
	AckP50     time.Duration // from a batch's loading to its acknowledgement
	AckP99     time.Duration
	CPU        time.Duration // of the collector and its InfluxDB
	PeakMemory int64         // of the collector, bytes resident
}

// CPUPerMillion is CPU seconds a million points.
func (l Load) CPUPerMillion() float64 { return l.CPU.Seconds() / float64(l.Points) * 1e6 }

// PerSecond is points stored a second.
func (l Load) PerSecond() float64 { return float64(l.Points) / l.Took.Seconds() }

// Fleet is the senders of many offices, each with its own spool, without the rounds.
type Fleet struct {
	collector *Collector
	members   []*member
}

type member struct {
	site   string
	number int
	rounds int // put so far
	queue  *timed
	spool  *spool.Spool
	sender *upstream.Sender
}

// timed notes how long each batch was under way.
type timed struct {
	*office.Queue
	mu     sync.Mutex
	loaded map[uint64]time.Time
	took   []time.Duration
}

func (q *timed) Load(seq uint64) (upstream.Batch, error) {
	b, err := q.Queue.Load(seq)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.loaded[seq] = time.Now()
	return b, err
}

func (q *timed) Delete(seqs ...uint64) error {
	err := q.Queue.Delete(seqs...)
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, seq := range seqs {
		q.took = append(q.took, time.Since(q.loaded[seq]))
		delete(q.loaded, seq)
	}
	return err
}

// NewFleet makes a sender for each site; dir is for their spools, best in memory: what
// is measured is the collector.
func NewFleet(c *Collector, sites []string, dir string) (*Fleet, error) {
	f := &Fleet{collector: c}
	log := slog.New(slog.DiscardHandler)
	for i, site := range sites {
		session, err := clock.Start(nil)
		if err != nil {
			return nil, err
		}
		now := session.Now() // its clock is right: batches are stamped when they are put
		session.Observe(now, now.Add(time.Millisecond), now, now.Add(time.Millisecond))
		queued, err := spool.Open(spool.Config{Dir: filepath.Join(dir, fmt.Sprint(i)), MaxBytes: 1 << 30, Log: log})
		if err != nil {
			return nil, err
		}
		m := &member{site: site, number: i, spool: queued, queue: &timed{Queue: office.NewQueue(queued, session, log), loaded: map[uint64]time.Time{}}}
		m.sender, err = upstream.New(upstream.Config{URL: "https://" + c.Agents, Pin: c.Pin, Token: c.Tokens[site], MaxWait: 5 * time.Second},
			upstream.Deps{Queue: m.queue, Clock: session, Log: log})
		if err != nil {
			return nil, err
		}
		f.members = append(f.members, m)
	}
	return f, nil
}

// Close gives the spools back.
func (f *Fleet) Close() error {
	var failed []error
	for _, m := range f.members {
		failed = append(failed, m.spool.Close())
	}
	return errors.Join(failed...)
}

// put stores the member's next rounds, a minute apart, ending now.
func (m *member) put(rounds int) error {
	for i := range rounds {
		at := time.Now().Add(-time.Duration(rounds-1-i) * time.Minute)
		lines, err := StandardRound(m.number, m.rounds, at)
		if err != nil {
			return err
		}
		m.rounds++
		if err := m.queue.Put(lines); err != nil {
			return err
		}
	}
	return nil
}

// Drain lets every office have so many rounds waiting, and then all of them a line.
func (f *Fleet) Drain(ctx context.Context, rounds int) (Load, error) {
	for _, m := range f.members {
		if err := m.put(rounds); err != nil {
			return Load{}, err
		}
	}
	return f.measure(ctx, func(context.Context) error { return nil })
}

// Steady lets every office put a round each interval, at its own moment of it.
func (f *Fleet) Steady(ctx context.Context, interval time.Duration, rounds int) (Load, error) {
	return f.measure(ctx, func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx)
		for i, m := range f.members {
			group.Go(func() error {
				wait := interval * time.Duration(i) / time.Duration(len(f.members))
				for range rounds {
					if !pause(ctx, wait) {
						return ctx.Err()
					}
					if err := m.put(1); err != nil {
						return err
					}
					wait = interval
				}
				return nil
			})
		}
		return group.Wait()
	})
}

// measure runs the senders while feed puts batches, until nothing waits.
func (f *Fleet) measure(ctx context.Context, feed func(context.Context) error) (Load, error) {
	before, err := CPUTime(f.collector.Pid())
	if err != nil {
		return Load{}, err
	}
	stored := f.stored()
	for _, m := range f.members {
		m.queue.took = nil
	}
	sending, stop := context.WithCancel(ctx)
	defer stop()
	var senders errgroup.Group
	began := time.Now()
	for _, m := range f.members {
		senders.Go(func() error { return m.sender.Run(sending) })
	}
	err = feed(ctx)
	for err == nil && f.waiting() > 0 {
		if !pause(ctx, 20*time.Millisecond) {
			err = ctx.Err()
		}
	}
	took := time.Since(began)
	stop()
	if err = errors.Join(err, senders.Wait()); err != nil {
		return Load{}, err
	}
	l := Load{Points: f.stored() - stored, Took: took}
	l.AckP50, l.AckP99 = f.quantile(.5), f.quantile(.99)
	after, err := CPUTime(f.collector.Pid())
	if err != nil {
		return Load{}, err
	}
	l.CPU = after - before
	l.PeakMemory, err = PeakMemoryOf(f.collector.Pid())
	return l, err
}

func (f *Fleet) waiting() int {
	n := 0
	for _, m := range f.members {
		n += len(m.queue.Sequences())
	}
	return n
}

func (f *Fleet) stored() int64 {
	var n int64
	for _, m := range f.members {
		n += m.queue.Counts().Stored
	}
	return n
}

func (f *Fleet) quantile(q float64) time.Duration {
	var all []time.Duration
	for _, m := range f.members {
		all = append(all, m.queue.took...)
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[int(q*float64(len(all)-1))]
}

// MemoryDir is a folder in memory, where there is one, so that many spools do not
// measure one disk.
func MemoryDir() (string, error) {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return os.MkdirTemp("/dev/shm", "communewatch")
	}
	return os.MkdirTemp("", "communewatch")
}
