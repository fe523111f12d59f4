package upstream

import (
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func TestAMeteredLineIsUsedOnceInEveryAtAPhaseByChance(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	s := schedule{every: 10 * time.Minute, random: func() float64 { return 0.3 }}
	const phase = 3*time.Minute + time.Millisecond
	check := func(now, want time.Duration) {
		t.Helper()
		if got := s.wait(at(now)); got != want {
			t.Errorf("at %s: waits %s, want %s", now, got, want)
		}
	}
	check(0, phase) // nothing measured yet
	s.remind(at(20 * time.Second))
	check(20*time.Second, 0) // the first, at once
	check(50*time.Second, 0) // as long as it lasts
	s.done(at(time.Minute))
	check(time.Minute, phase)
	s.remind(at(2 * time.Minute)) // later ones wait
	check(2*time.Minute, phase-time.Minute)
	check(time.Minute+phase, 0)
	s.done(at(5 * time.Minute))
	check(5*time.Minute, 9*time.Minute+time.Millisecond) // from the last's begin
	check(14*time.Minute+time.Millisecond, 0)
	s.done(at(38 * time.Minute)) // the line was dead: the phase stays, nothing is made up for
	check(38*time.Minute, 6*time.Minute+time.Millisecond)

	always := schedule{}
	always.done(start)
	if got := always.wait(start); got != 0 {
		t.Errorf("a line that is not metered waits %s", got)
	}
}

func TestAMeteredOfficeIsHeardAtOnceThenSeldomAndCompletely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		q := newMemory(30) // from before
		began := time.Now()
		uses := map[time.Duration]int{} // minute of the first request → requests within it
		last := time.Duration(-1)
		b.see(func(h http.Header, _ bool) {
			if h.Get("Authorization") == "" {
				return // a question for the time
			}
			since := time.Since(began).Truncate(time.Second)
			if h.Get(api.HeaderEvery) != "600" {
				t.Errorf("a request says every %q", h.Get(api.HeaderEvery))
			}
			if since != last && last >= 0 && since-last < 9*time.Minute && len(uses) > 2 {
				t.Errorf("used at %s and again at %s", last, since)
			}
			last = since
			uses[since]++
		})
		s := b.sender(q, slog.DiscardHandler, 4, func(c *Config) { c.Every = 10 * time.Minute })
		for { // what was put before it started is no reminder
			select {
			case <-q.wake:
				continue
			default:
			}
			break
		}
		stop := run(t, s)
		measure(t, q, 20*time.Second)
		time.Sleep(2 * time.Hour)
		stop()
		if uses[20*time.Second] == 0 {
			t.Error("not heard as soon as something was measured")
		}
		if n := len(uses); n < 12 || n > 14 {
			t.Errorf("used at %d moments in 2 h: %v", n, uses)
		}
		if n := len(q.Sequences()); n > 10 {
			t.Errorf("%d batches wait", n)
		}
		first := b.requests()[0].list[0]
		if first.First != 1_000_001 {
			t.Errorf("the first request begins with %v, not with what was just measured", first)
		}
	})
}

// Over a metered line each use is a connection of its own, whose TLS session goes on.
func TestBetweenTwoUsesAMeteredLineCarriesNoConnection(t *testing.T) {
	c := newCollector(t, stored)
	q := newMemory(1)
	s := sender(t, c, q, func(c *Config) { c.Every = 30 * time.Millisecond })
	stop := run(t, s)
	for seq := range uint64(4) {
		eventually(t, "sent", func() bool { return len(q.Sequences()) == 0 })
		eventually(t, "no connection", func() bool { return c.open() == 0 })
		q.put(seq+10, api.ClockSynced, "x v=1i 1\n")
	}
	eventually(t, "sent", func() bool { return len(q.Sequences()) == 0 })
	stop()
	dialed, resumed := c.connections()
	if dialed < 4 || resumed != dialed-1 {
		t.Errorf("%d connections, of which %d resumed a session; want all but the first", dialed, resumed)
	}
	for _, r := range c.requests() {
		if diff := cmp.Diff("1", r.header.Get(api.HeaderEvery)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", api.HeaderEvery, diff)
		}
	}
}

func TestGoodbyeDoesNotWaitForAMeteredLineToBeDue(t *testing.T) {
	c := newCollector(t, stored)
	q := newMemory(0)
	s := sender(t, c, q, func(c *Config) { c.Every = time.Hour })
	stop := run(t, s)
	q.put(1, api.ClockSynced, "x v=1i 1\n")
	eventually(t, "the first is sent", func() bool { return len(q.Sequences()) == 0 })
	q.put(2, api.ClockSynced, "x v=2i 2\n")
	stop()
	must(t, s.Goodbye(t.Context(), api.GoodbyeStop))
	got := c.requests()
	last := got[len(got)-1].header
	if len(q.Sequences()) != 0 || last.Get(api.HeaderGoodbye) != "stop" || last.Get(api.HeaderEvery) != "3600" {
		t.Errorf("%v left, last request %v", q.Sequences(), last)
	}
}
