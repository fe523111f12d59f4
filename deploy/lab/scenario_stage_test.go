//go:build integration

package lab

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"communewatch/collector/api"
	"communewatch/collector/ingest"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
)

// stage plays one play in virtual time: inside a bubble of testing/synctest a day is over
// as soon as all that happens in it has been done, one thing after the other. Only the
// InfluxDB is outside, and time stands while it works.
type stage struct {
	t    *testing.T
	play *play
	dir  string    // of the spools
	zero time.Time // 00:00 in Vietnam of the first day
	db   *outside

	book    *book
	inv     *inventory.Inventory
	offices map[string]*staged

	ingest *ingest.Ingest // nil: the collector is away
	close  func()
	judge  *judge.Judge
	hummed time.Time // until when there are signs of the judge's life

	agenda  agenda
	order   int
	shuffle *shuffle     // nil: what is sent arrives at once
	closing func() error // before the curtain falls; nil: nothing
}

func newStage(t *testing.T, p *play, dir string, db *outside) (*stage, error) {
	s := &stage{t: t, play: p, dir: dir, db: db, zero: p.firstDay(time.Now(), realNow), offices: map[string]*staged{}}
	s.book = newBook(p, s.zero)
	for i, a := range p.cast {
		s.offices[a.name] = s.newOffice(i, a)
	}
	return s, s.edit(func(*book) {})
}

// run plays it to its end, and judges a last time.
func (s *stage) run() error {
	time.Sleep(time.Until(s.zero.Add(s.play.from)))
	if err := s.startCollector(); err != nil {
		return err
	}
	defer s.curtain()
	for _, e := range s.play.events {
		s.at(e.at, func() error {
			if err := s.happen(e); err != nil {
				return &mistake{s.play.file, e.line, err.Error()}
			}
			return nil
		})
	}
	for _, o := range s.offices {
		for at := s.play.from + o.phase; at < s.play.to; at += s.play.interval {
			s.at(at, o.measure)
		}
	}
	for at, n := s.play.from+s.play.judged, 1; at < s.play.to; at, n = at+s.play.judged, n+1 {
		if n%quietly == 0 || s.play.eventful(at) {
			s.at(at+judgeAt, s.judgeNow)
		}
	}
	for _, c := range s.play.checks {
		s.at(c.at+judgeAt-twice, s.judgeNow)
		s.at(c.at+judgeAt, func() error { return s.check(c) })
	}
	if s.shuffle != nil {
		s.at(s.play.to-inOrderAgain, func() error { return s.shuffle.rest(s) })
	}
	if err := s.until(s.play.to); err != nil {
		return err
	}
	if err := s.settled(); err != nil || s.closing == nil {
		return err
	}
	return s.closing()
}

// settled judges until all that came is judged.
func (s *stage) settled() error {
	for range 2 {
		time.Sleep(time.Minute)
		if err := s.judgeNow(); err != nil {
			return err
		}
	}
	return nil
}

// eventful tells whether something has happened not long before.
func (p *play) eventful(at time.Duration) bool {
	return slices.ContainsFunc(p.events, func(e event) bool { return e.at <= at && at-e.at < 4*p.judged })
}

const (
	quietly = 6                // where nothing happens, of so many judgements there is one
	judgeAt = 50 * time.Second // after the rounds of that minute have arrived
	twice   = 2 * time.Minute  // an alarm is told when a second look has seen the same
)

// agenda is what is to be done, by its time and then in the order of its entry.
type agenda []entry

type entry struct {
	at    time.Time
	order int
	do    func() error
}

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].order < a[j].order
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(entry)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

func (s *stage) at(at time.Duration, do func() error) {
	s.order++
	heap.Push(&s.agenda, entry{s.zero.Add(at), s.order, do})
}

func (s *stage) later(wait time.Duration, do func() error) {
	s.order++
	heap.Push(&s.agenda, entry{time.Now().Add(wait), s.order, do})
}

// until does what is due up to a moment.
func (s *stage) until(end time.Duration) error {
	for len(s.agenda) > 0 && s.agenda[0].at.Before(s.zero.Add(end)) {
		next := heap.Pop(&s.agenda).(entry)
		time.Sleep(time.Until(next.at))
		if err := next.do(); err != nil {
			return fmt.Errorf("at %s: %w", s.play.clock(next.at.Sub(s.zero)), err)
		}
	}
	time.Sleep(time.Until(s.zero.Add(end)))
	return nil
}

// serving tells whether there is a collector that takes anything.
func (s *stage) serving() bool { return s.ingest != nil }

// startCollector runs ingest and judge, as a collector of all roles does.
func (s *stage) startCollector() error {
	if s.ingest != nil {
		return errors.New("it runs already")
	}
	in, err := ingest.New(ingest.DefaultConfiguration(), ingest.Deps{
		Store: s.db, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Now: time.Now,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = in.Run(ctx) // ends with ctx's error
	}()
	s.ingest, s.close, s.hummed = in, func() { cancel(); <-ended }, time.Now()
	return s.newJudge()
}

func (s *stage) stopCollector() error {
	if s.ingest == nil {
		return errors.New("it does not run")
	}
	if err := s.hum(); err != nil {
		return err
	}
	s.close()
	s.ingest, s.judge = nil, nil
	return nil
}

func (s *stage) newJudge() (err error) {
	s.judge, err = judge.New(judge.Config{}, judge.Deps{
		Store: s.db, Inventory: func() *inventory.Inventory { return s.inv }, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	return err
}

// judgeNow judges, as far as there is a judge and a database.
func (s *stage) judgeNow() error {
	if s.judge == nil {
		return nil
	}
	if err := s.hum(); err != nil {
		return err
	}
	err := errors.Join(s.judge.Once(s.db.ctx), s.judge.Review(s.db.ctx, time.Now()))
	if s.db.down.Load() {
		return nil
	}
	return err
}

// hum writes the heartbeats, of a site that nobody has, which the judge would have written
// meanwhile: it judges every few seconds, and here only where there is something to see.
// That none was written is how it knows that it was away.
func (s *stage) hum() error {
	const every = time.Minute
	var lines []byte
	for ; !s.db.down.Load() && s.hummed.Before(time.Now()); s.hummed = s.hummed.Add(every) {
		p := api.NewPoint("site_state", s.hummed).Tag(api.TagSite, "zz-99999").Text("state", string(api.StateOK)).Int("rank", 0)
		var err error
		if lines, err = p.AppendLine(lines); err != nil {
			return err
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return s.db.Write(s.db.ctx, api.Events, lines)
}

func (s *stage) stopDatabase() error {
	err := s.hum()
	s.db.down.Store(true)
	return err
}

func (s *stage) startDatabase() error {
	s.db.down.Store(false)
	s.hummed = time.Now()
	return nil
}

// check judges, and holds a state against what is wanted.
func (s *stage) check(c check) error {
	if err := s.judgeNow(); err != nil {
		return err
	}
	got, err := s.state(s.offices[c.who].id)
	if err == nil && got != c.state {
		s.t.Errorf("%s:%d: %s\n  at %s want %s %s\n              got %s", s.play.file, c.line, s.play.name, s.play.clock(c.at), c.who, c.state, got)
	}
	return err
}

// curtain ends what still runs.
func (s *stage) curtain() {
	for _, o := range s.offices {
		if o.queue != nil {
			_ = o.kill() // the play is over
		}
	}
	if s.ingest != nil {
		_ = s.stopCollector() // likewise
	}
}
