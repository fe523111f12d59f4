package clock

import (
	"testing"
	"testing/synctest"
	"time"

	"communewatch/collector/api"
)

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

func TestAnOffsetBelowItsUncertaintyIsNotApplied(t *testing.T) {
	for _, c := range []struct {
		o     Offset
		want  time.Duration
		state api.ClockState
	}{
		{Offset{Uncertainty: 100 * ms}, 0, api.ClockSynced},
		{Offset{Value: -100 * ms, Uncertainty: 100 * ms}, 0, api.ClockSynced},
		{Offset{Value: -101 * ms, Uncertainty: 100 * ms}, -101 * ms, api.ClockCorrected},
		{Offset{Value: 90 * ms, Uncertainty: 100 * ms, Drift: 20 * ms}, 110 * ms, api.ClockCorrected},
		{Offset{Value: 90 * ms, Uncertainty: 100 * ms, Drift: -ms}, 0, api.ClockSynced},
		{Offset{Value: 40 * time.Second, Uncertainty: 10 * ms, DriftUncertainty: time.Minute}, 40 * time.Second, api.ClockCorrected},
		{Offset{Value: time.Minute, Uncertainty: 30 * time.Second, Bounded: true}, time.Minute, api.ClockBounded},
		{Offset{Value: time.Second, Uncertainty: 30 * time.Second, Bounded: true}, 0, api.ClockBounded},
	} {
		if c.o.Applied() != c.want || c.o.State() != c.state {
			t.Errorf("%+v: applied %s, %s; want %s, %s", c.o, c.o.Applied(), c.o.State(), c.want, c.state)
		}
	}
}

func TestARateIsLearntBetweenNothingAndFiveHundredPPM(t *testing.T) {
	for ppm, followed := range map[int]bool{0: false, 10: false, -10: false, 25: true, -80: true, 250: true, -450: true, 600: false} {
		synctest.Test(t, func(t *testing.T) {
			s := start(t)
			for minute := range 5 * 60 {
				exchange(s, time.Duration(minute*ppm*60)*time.Microsecond, 20*ms)
				time.Sleep(time.Minute)
			}
			before, _ := s.Offset()
			time.Sleep(24 * time.Hour)
			got, _ := s.Offset()
			want := share(24*time.Hour, float64(ppm)*1e-6)
			if !followed {
				want = 0
			}
			if off := (got.Drift - before.Drift - want).Abs(); off > 200*ms {
				t.Errorf("%d ppm: drift of a day is %s, want %s", ppm, got.Drift-before.Drift, want)
			}
		})
	}
}

// drifting runs a session whose offset moves by 80 ppm with an exchange a minute.
func drifting(s *Session, ahead time.Duration, minutes int) (end time.Duration) {
	for range minutes {
		exchange(s, ahead, 20*ms)
		ahead += share(time.Minute, 80e-6)
		time.Sleep(time.Minute)
	}
	return ahead
}

func TestWhatIsKnownOfTheCrystalOutlivesACollectorsClockThatIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		drifting(s, 0, 24*60)
		exchange(s, time.Hour, 20*ms)
		time.Sleep(24 * time.Hour)
		got, _ := s.Offset()
		if want := share(24*time.Hour, 80e-6); got.Value != base+time.Hour || (got.Drift-want).Abs() > 100*ms {
			t.Errorf("%+v, want the new offset and the old rate, %s a day", got, want)
		}
		if s.first.value != base+time.Hour {
			t.Errorf("first contact: %+v, want the one since the clock was set", s.first)
		}
	})
}

func TestAClockSetWhileTheLineWasDownIsNotTakenForDrift(t *testing.T) {
	for name, learnt := range map[string]int{"the rate is known": 24 * 60, "the rate is not known": 30} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t)
				ahead := drifting(s, 0, learnt)
				week := 7 * 24 * time.Hour
				time.Sleep(week)
				ahead += share(week, 80e-6) - 10*time.Second // which no doubt excludes
				drifting(s, ahead, 3*60)
				if got := s.course.rate(); got.value < 75e-6 || got.value > 85e-6 {
					t.Errorf("rate %+v, want 80 ppm", got)
				}
			})
		})
	}
}

func TestARateThatWasWrongIsCorrected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		ahead := time.Duration(0)
		for range 120 { // slewed by another program at 400 ppm
			exchange(s, ahead, 20*ms)
			ahead += share(time.Minute, 400e-6)
			time.Sleep(time.Minute)
		}
		if got := s.course.rate(); got.value < 380e-6 {
			t.Fatalf("rate %+v, want 400 ppm", got)
		}
		drifting(s, ahead, 180)
		if got := s.course.rate(); got.value < 75e-6 || got.value > 85e-6 {
			t.Errorf("rate %+v, want 80 ppm", got)
		}
	})
}

func TestTheWallClockIsReadOnceWhateverItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, year := range []int{1601, 1969, 1970, 2010, 2040, 2199, 2262, 30827} {
			reads, wall := 0, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
			s, err := Start(func() time.Time { reads++; return wall.AddDate(reads-1, 0, 0) })
			if err != nil {
				t.Fatal(err)
			}
			began := wall
			if year < 1970 || year > 2199 {
				began = time.Unix(0, 0)
			}
			time.Sleep(time.Minute)
			if got := s.Now(); !got.Equal(began.Add(time.Minute)) || reads != 1 {
				t.Errorf("%d: read %d times, session says %s", year, reads, got)
			}
			now, collector := s.Now(), time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
			s.Observe(now, now, collector, collector)
			got, known := s.Offset()
			if !known || got.Applied() != collector.Sub(now) || got.State() != api.ClockCorrected {
				t.Errorf("%d: %+v, %t", year, got, known)
			}
			line := Batch{Session: s.ID(), Lines: []byte("x a=1i " + ns(now) + "\n")}
			if err := line.Seal(got); err != nil || string(line.Lines) != "x a=1i "+ns(collector)+"\n" {
				t.Errorf("%d: %s, %v", year, line.Lines, err)
			}
		}
	})
}

func TestAClockSetInMidRoundMovesNoLineOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, step := range []time.Duration{2 * 365 * 24 * time.Hour, -2 * 365 * 24 * time.Hour, time.Hour, -time.Hour} {
			wall := time.Now()
			s, err := Start(func() time.Time { return wall })
			if err != nil {
				t.Fatal(err)
			}
			exchange(s, 0, 20*ms)
			before, known := s.Offset()
			first := s.Now()
			wall = wall.Add(step) // nobody asks it
			time.Sleep(10 * time.Second)
			after, _ := s.Offset()
			if got := s.Now().Sub(first); got != 10*time.Second || !known || after.Applied() != before.Applied() {
				t.Errorf("set by %s: 10 s of the round are %s, offset %s and %s", step, got, before.Applied(), after.Applied())
			}
		}
	})
}
