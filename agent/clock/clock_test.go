package clock

import (
	"regexp"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"communewatch/collector/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ms = time.Millisecond

func TestASessionHasItsOwnNameAndATimeThatGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := start(t), start(t)
		if !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(a.ID()) || a.ID() == b.ID() {
			t.Errorf("names %q and %q, want 16 hexadecimal digits each", a.ID(), b.ID())
		}
		before := a.Now()
		time.Sleep(90 * time.Minute)
		if got := a.Now().Sub(before); got != 90*time.Minute {
			t.Errorf("after 90 minutes the session's time is %s later", got)
		}
	})
}

func TestTheOffsetIsFoundHoweverWrongThePC(t *testing.T) {
	collector := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	for name, pc := range map[string]time.Time{
		"1970":            time.Unix(0, 0),
		"2010":            time.Unix(1262304000, 0),
		"2040":            time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC),
		"an hour behind":  collector.Add(-time.Hour),
		"ten years ahead": collector.AddDate(10, 0, 0),
	} {
		t.Run(name, func(t *testing.T) {
			s := startAt(t, pc)
			// 80 ms there, 250 ms inside, 120 ms back: out by 20 ms, uncertain by 100.
			s.Observe(pc, pc.Add(450*ms), collector.Add(80*ms), collector.Add(330*ms))
			got, known := s.Offset()
			if !known || !about(got.Uncertainty, 100*ms) || got.Value != collector.Sub(pc)-20*ms {
				t.Errorf("%+v, %t; want %s ± 100ms", got, known, collector.Sub(pc)-20*ms)
			}
			if got.Applied() != got.Value || got.State() != api.ClockCorrected {
				t.Errorf("applied %s, %s", got.Applied(), got.State())
			}
		})
	}
}

func TestOneExchangeTellsTheOffsetToHalfOfTheTimeOnTheLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth := time.Duration(rapid.Int64Range(-int64(50*365*24*time.Hour), int64(50*365*24*time.Hour)).Draw(t, "offset"))
		at := time.Date(2080, 1, 1, 0, 0, 0, 0, time.UTC)
		s := &Session{began: at.Add(-truth), sleep: newSleepMeter(suspended)}
		for range rapid.IntRange(1, 20).Draw(t, "exchanges") {
			part := func(name string) time.Duration {
				return time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, name))
			}
			came := at.Add(part("there"))
			left := came.Add(part("inside"))
			back := left.Add(part("back"))
			s.Observe(at.Add(-truth), back.Add(-truth), came, left)
			at = back
		}
		got, known := s.offset(moment{at: at.Add(-truth)})
		if !known || (got.Value-truth).Abs() > got.Uncertainty {
			t.Fatalf("%+v, true offset %s", got, truth)
		}
	})
}

func TestTheSampleThatSaysMostIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		exchange(s, time.Hour, 400*ms)
		exchange(s, time.Hour, 40*ms)
		exchange(s, time.Hour, 900*ms)
		wantUncertainty(t, s, 20*ms)
		for range 2 * keepSamples { // however many
			exchange(s, time.Hour, 600*ms)
		}
		wantUncertainty(t, s, 20*ms)
		time.Sleep(time.Hour) // in which the PC may have run off by 360 ms
		exchange(s, time.Hour, 900*ms)
		wantUncertainty(t, s, 20*ms)
		exchange(s, time.Hour, 600*ms)
		wantUncertainty(t, s, 300*ms)
	})
}

func TestTheOffsetStaysKnownWhileTheLineIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		exchange(s, time.Hour, 900*ms)
		time.Sleep(7 * 24 * time.Hour)
		wantUncertainty(t, s, 450*ms)
		if got, known := s.Collector(); !known || got.Sub(s.Now()) != base+time.Hour {
			t.Errorf("the collector's time is %s (%t), offset forgotten while the line was down", got, known)
		}
	})
}

func TestSamplesThatTheNewestContradictsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		exchange(s, time.Hour, 40*ms)
		exchange(s, 9*time.Hour, 2*time.Second) // a virtual machine stood still for 8 hours
		got, _ := s.Offset()
		if got.Value != base+9*time.Hour || !about(got.Uncertainty, time.Second) {
			t.Errorf("%+v, want 9h although it is less certain", got)
		}
	})
}

func TestStampsThatCannotBeAreIgnored(t *testing.T) {
	collector := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	pc := collector.Add(-time.Hour)
	for name, stamps := range map[string][4]time.Time{
		"answered before it began":    {pc.Add(-ms), pc.Add(-1), collector, collector},
		"answered before sent":        {pc, pc.Add(-1), collector, collector},
		"left before it came":         {pc, pc.Add(ms), collector, collector.Add(-1)},
		"longer inside than the trip": {pc, pc.Add(100 * ms), collector, collector.Add(200 * ms)},
		"collector in 1970":           {pc, pc.Add(ms), time.Unix(0, 0), time.Unix(0, 1)},
		"collector in 2300":           {pc, pc.Add(ms), collector.AddDate(274, 0, 0), collector.AddDate(274, 0, 0)},
		"zero times":                  {},
	} {
		s := startAt(t, pc)
		s.Observe(stamps[0], stamps[1], stamps[2], stamps[3])
		if got, known := s.Offset(); known {
			t.Errorf("%s: taken as %+v", name, got)
		}
	}
}

func start(t *testing.T) *Session {
	t.Helper()
	return startAt(t, time.Now())
}

func startAt(t *testing.T, wall time.Time) *Session {
	t.Helper()
	s, err := Start(func() time.Time { return wall })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// base is the years that collectors are ahead of synctest's clock, which starts in 2000.
const base = 30 * 365 * 24 * time.Hour

// exchange simulates one with a collector that is ahead by that much more than base,
// with half the trip each way.
func exchange(s *Session, ahead, trip time.Duration) {
	now := s.Now()
	at := now.Round(0).Add(base + ahead - trip/2)
	s.Observe(now.Add(-trip), now, at, at)
}

func ns(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// about allows for what the PC's clock runs off while an exchange lasts.
func about(got, want time.Duration) bool { return got >= want && got <= want+want/1000 }

func wantUncertainty(t *testing.T, s *Session, want time.Duration) {
	t.Helper()
	if got, known := s.Offset(); !known || !about(got.Uncertainty, want) {
		t.Errorf("%+v, %t; want uncertainty %s", got, known, want)
	}
}

func BenchmarkNow(b *testing.B) {
	s, err := Start(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Now()
	}
}

// The agent is put aside while it reads the wall clock, as happens on a busy PC.
func TestAPauseWhileTheWallClockIsReadDoesNotShiftTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		busy := func() time.Time {
			said := time.Now()
			reads++
			if reads < 3 {
				time.Sleep(time.Duration(3-reads) * time.Second)
			}
			return said
		}
		s, err := Start(busy)
		if err != nil {
			t.Fatal(err)
		}
		if off := time.Until(s.Now()); off != 0 {
			t.Errorf("the session's time is %s off", off)
		}
	})
}
