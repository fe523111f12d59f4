package clock

import (
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"communewatch/collector/api"
)

// crystal is a PC whose clock runs at another rate than the collector's.
type crystal struct {
	session *Session
	epoch   time.Time                         // of the session
	rate    func(time.Duration) time.Duration // how far the collector is ahead after so long
	random  *rand.Rand
}

// exchange lets an answer come that was under way for 20 to 400 ms, unevenly.
func (c *crystal) exchange() {
	there := time.Duration(10+c.random.IntN(200)) * ms
	back := time.Duration(10+c.random.IntN(200)) * ms
	now := c.session.Now()
	ahead := func(t time.Time) time.Duration { return c.rate(t.Sub(c.epoch)) }
	sent := now.Add(-there - back)
	came := sent.Add(there)
	c.session.Observe(sent, now, came.Add(ahead(came)), came.Add(ahead(came)))
}

func (c *crystal) truth() time.Duration { return c.rate(c.session.Now().Sub(c.epoch)) }

func TestDriftIsFollowedOverWeeksAndThroughAWeekWithoutALine(t *testing.T) {
	const day = 24 * time.Hour
	linear := func(ppm float64) func(time.Duration) time.Duration {
		return func(d time.Duration) time.Duration { return base + share(d, ppm*1e-6) }
	}
	for name, c := range map[string]struct {
		rate   func(time.Duration) time.Duration
		better float64 // the error after the week without a line, of what it would be without following
	}{
		"fast by 80 ppm": {linear(80), 0.1},
		"slow by 80 ppm": {linear(-80), 0.1},
		"steady":         {linear(0), math.Inf(1)},
		"warm by day, cold by night": {func(d time.Duration) time.Duration {
			phase := 2 * math.Pi * float64(d) / float64(day)
			return base + share(d, 50e-6) + time.Duration(15e-6*float64(day)/(2*math.Pi)*math.Sin(phase))
		}, 0.2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t)
				pc := &crystal{s, s.Now(), c.rate, rand.New(rand.NewPCG(1, 2))}
				for week := range 6 {
					offline := week == 3
					before := pc.truth()
					for minute := range 7 * 24 * 6 {
						time.Sleep(10 * time.Minute)
						if !offline {
							pc.exchange()
						}
						if minute%36 != 0 || week == 0 && minute == 0 && offline {
							continue
						}
						got, known := s.Offset()
						if off := (got.Value + got.Drift - pc.truth()).Abs(); !known || off > got.Uncertainty+got.DriftUncertainty {
							t.Fatalf("week %d: off by %s, said to be within %s and %s", week, off, got.Uncertainty, got.DriftUncertainty)
						}
					}
					if !offline {
						continue
					}
					got, _ := s.Offset()
					off, held := (got.Value + got.Drift - pc.truth()).Abs(), (pc.truth() - before).Abs()
					t.Logf("after a week without a line: off by %s; held constant it would be %s", off, held)
					if float64(off) > c.better*float64(held) {
						t.Errorf("off by %s, want at most %g of %s", off, c.better, held)
					}
				}
			})
		})
	}
}

func TestAKnownOffsetStaysAppliedHoweverLongTheLineIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		exchange(s, 40*time.Second, 20*ms)
		time.Sleep(30 * 24 * time.Hour) // 100 ppm of it are 259 s
		got, _ := s.Offset()
		if got.Applied() != base+40*time.Second || got.DriftUncertainty < 4*time.Minute {
			t.Errorf("%+v: applied %s", got, got.Applied())
		}
	})
}

func TestACourseEndsWhereTheCollectorsClockIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		for hour := range 48 {
			exchange(s, time.Duration(hour)*288*ms, 20*ms) // 80 ppm
			time.Sleep(time.Hour)
		}
		if got, _ := s.Offset(); got.Drift == 0 {
			t.Errorf("%+v: no drift after two days of it", got)
		}
		exchange(s, time.Hour, 20*ms)
		time.Sleep(time.Hour)
		if got, _ := s.Offset(); got.Value != base+time.Hour || got.Drift != 0 {
			t.Errorf("%+v, want the new offset and nothing of the old course", got)
		}
	})
}

func TestAnExchangeThatSpansASleepIsUncertainByAllOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asleep := time.Duration(0)
		s := start(t)
		s.sleep = newSleepMeter(func() time.Duration { return asleep })
		sent := s.Now()
		collector := sent.Round(0).Add(base)
		asleep = 3 * time.Hour // the lid was closed while the answer was under way
		s.Observe(sent, s.Now(), collector, collector.Add(ms))
		if got, known := s.Offset(); !known || got.Uncertainty < 90*time.Minute-time.Second {
			t.Errorf("%+v, %t: want an uncertainty of half the sleep", got, known)
		}
		exchange(s, 0, 20*ms)
		if got, _ := s.Offset(); got.Uncertainty != 10*ms {
			t.Errorf("%+v, want the next exchange's", got)
		}
	})
}

func TestTheWallClockIsReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, year := range []int{1970, 2010, 2040} {
			reads, wall := 0, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
			s, err := Start(func() time.Time { reads++; return wall.AddDate(reads-1, 0, 0) })
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			if got := s.Now(); !got.Equal(wall.Add(time.Minute)) || reads != 1 {
				t.Errorf("read %d times, session says %s", reads, got)
			}
			now, collector := s.Now(), time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
			s.Observe(now, now, collector, collector)
			if got, known := s.Offset(); !known || got.Applied() != collector.Sub(now) || got.State() != api.ClockCorrected {
				t.Errorf("%d: %+v, %t", year, got, known)
			}
		}
	})
}
