package upstream

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"communewatch/collector/api"
)

const day = 24 * time.Hour

func TestWhatTheDaysBytesAllow(t *testing.T) {
	start := time.Unix(1000, 0)
	// 16 MB a day: the bucket holds 4 MB, of which 1 MB is the reserve, and gets 0.5 MB an hour.
	const megabyte = 1_000_000
	level := func(bytes float64) budget { return budget{daily: 16 * megabyte, level: bytes, at: start} }
	second := cmpopts.EquateApprox(0, float64(2*time.Second))
	for name, c := range map[string]struct {
		b             budget
		cost          int64
		live, backlog time.Duration // how long it waits
	}{
		"plenty":                          {level(4 * megabyte), megabyte, 0, 0},
		"just enough beside the reserve":  {level(2 * megabyte), megabyte, 0, 0},
		"the backlog would use the rest":  {level(1.5 * megabyte), megabyte, 0, time.Hour},
		"just enough for what is new":     {level(megabyte), megabyte, 0, 2 * time.Hour},
		"nothing":                         {level(0), megabyte, 2 * time.Hour, 4 * time.Hour},
		"in debt":                         {level(-megabyte), megabyte, 4 * time.Hour, 6 * time.Hour},
		"more than a bucket, not full":    {level(3 * megabyte), 9 * megabyte, 2 * time.Hour, 2 * time.Hour},
		"more than a bucket, and it is":   {level(4 * megabyte), 9 * megabyte, 0, 0},
		"no budget":                       {budget{}, 1 << 60, 0, 0},
		"no budget, and none is computed": {budget{}.after(start, 1<<60), 1 << 60, 0, 0},
	} {
		if diff := cmp.Diff([]float64{float64(c.live), float64(c.backlog)}, []float64{float64(c.b.wait(c.cost, true)), float64(c.b.wait(c.cost, false))}, second); diff != "" {
			t.Errorf("%s: new, backlog (-want +got):\n%s", name, diff)
		}
	}
	for name, c := range map[string]struct {
		got, want float64
	}{
		"a run starts with the reserve":     {newBudget(16*megabyte, start).level, megabyte},
		"an hour":                           {level(0).after(start.Add(time.Hour), 0).level, megabyte / 2},
		"a week fills no more than full":    {level(0).after(start.Add(7*day), 0).level, 4 * megabyte},
		"what passed is charged":            {level(megabyte).after(start, megabyte/4).level, 3 * megabyte / 4},
		"into debt":                         {level(megabyte).after(start, 2*megabyte).level, -megabyte},
		"a clock that goes back gives none": {level(megabyte).after(start.Add(-time.Hour), 0).level, megabyte},
	} {
		if diff := cmp.Diff(c.want, c.got, cmpopts.EquateApprox(1e-9, 1)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Whatever is asked for and whenever: exchanges that cost no more than expected pass
// no more than the day's bytes in any 24 hours.
func TestNoDayOfARunHasMoreThanItsBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		daily := rapid.Int64Range(MinDailyBytes, 50<<20).Draw(t, "daily")
		now := time.Unix(0, 0)
		b := newBudget(daily, now)
		type passed struct {
			at    time.Time
			bytes int64
		}
		var log []passed
		for range rapid.IntRange(1, 300).Draw(t, "exchanges") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(2*time.Hour)).Draw(t, "pause")))
			cost := rapid.Int64Range(1, int64(b.capacity()/2)).Draw(t, "cost")
			live := rapid.Bool().Draw(t, "live")
			b = b.after(now, 0)
			if wait := b.wait(cost, live); wait > 0 {
				if rapid.Bool().Draw(t, "gives up") {
					continue
				}
				now = now.Add(wait)
				b = b.after(now, 0)
				if again := b.wait(cost, live); again > 0 {
					t.Fatalf("after a wait of %s for %d bytes: %s more", wait, cost, again)
				}
			}
			b = b.after(now, cost)
			if !live && b.level < b.reserve()-1 {
				t.Fatalf("the backlog used the reserve: %.0f left of %.0f", b.level, b.reserve())
			}
			log = append(log, passed{now, cost})
		}
		for i, first := range log {
			sum := int64(0)
			for _, p := range log[i:] {
				if p.at.Sub(first.at) < day {
					sum += p.bytes
				}
			}
			if sum > daily+1 {
				t.Fatalf("%d bytes in the 24 h from %s, %d allowed", sum, first.at, daily)
			}
		}
	})
}

// A week's backlog, and a little more than live batches need a day.
func TestTheBacklogTakesWhatLiveBatchesLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		q := filled(1000, func(seq uint64) string { return noise(int64(seq), 400) })
		live, backlog := 0, 0
		b.see(func(h http.Header, _ bool) {
			if h.Get("Authorization") == "" {
				return
			}
			if h.Get(api.HeaderBacklog) == "1" {
				backlog++
			} else {
				live++
			}
		})
		var log safeBuffer
		s := b.sender(q, slog.NewTextHandler(&log, nil), 1, func(c *Config) { c.DailyBytes = 1 << 20 })
		l := s.remote.client.Transport.(*line)
		l.charge = func(body int) { s.meter.add(300 + body) }
		run(t, s)
		measure(t, q, time.Second)
		time.Sleep(day / 3)
		passed := s.WireBytes()
		t.Logf("%d bytes, %d live requests, %d of backlog, %+v, %d of 1000 left", passed, live, backlog, s.Stats(), len(q.Sequences()))
		if limit := int64(1<<20)/16 + int64(1<<20)/4; passed > limit {
			t.Errorf("%d bytes in a third of a day, at most %d", passed, limit)
		}
		if live < 8*60-1 || live > 8*60+1 {
			t.Errorf("%d live requests, want one a minute", live)
		}
		if left := len(q.Sequences()); left < 1 || left > 999 {
			t.Errorf("%d of the backlog's 1000 left: it should have moved, and not be gone", left)
		}
		if s.Stats().BudgetWaits == 0 || !strings.Contains(log.String(), "backlog waits") || strings.Count(log.String(), "\n") > 30 {
			t.Errorf("said nothing, or too much:\n%.1000s", log.String())
		}
	})
}

func TestWhenNothingIsLeftItWaitsAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		q := newMemory(1)
		var log safeBuffer
		s := b.sender(q, slog.NewTextHandler(&log, nil), 1, func(c *Config) { c.DailyBytes = MinDailyBytes })
		s.remote.client.Transport.(*line).charge = func(body int) { s.meter.add(2000 + body) } // three times what the day has
		stop := run(t, s)
		measure(t, q, time.Second)
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		st := s.Stats()
		t.Logf("%+v, %d bytes, %d batches wait", st, s.WireBytes(), len(q.Sequences()))
		if limit := int64(MinDailyBytes/16 + MinDailyBytes*3/4/4); s.WireBytes() > limit {
			t.Errorf("%d bytes in a quarter of a day, at most %d", s.WireBytes(), limit)
		}
		if st.Trouble != ReasonBudget || st.BudgetWaits == 0 {
			t.Errorf("%+v", st)
		}
		if n := strings.Count(log.String(), " reason=budget"); n == 0 || n > 37 {
			t.Errorf("said %d times in 6 h:\n%.1000s", n, log.String())
		}
		stop()
		before := len(b.requests())
		must(t, s.Goodbye(t.Context(), api.GoodbyeStop))
		got := b.requests()[before:]
		if len(got) != 1 || got[0].header.Get(api.HeaderGoodbye) != "stop" || got[0].wire != 0 {
			t.Errorf("goodbye took %d requests, the first of %d bytes", len(got), got[0].wire)
		}
	})
}
