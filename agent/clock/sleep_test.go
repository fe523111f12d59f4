package clock

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTimeAsleepCountsAndTimeNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asleep := 3 * time.Hour // before the session: none of its business
		s := start(t)
		s.sleep = newSleepMeter(func() time.Duration { return asleep })
		before := s.Now()
		for _, step := range []struct{ asleep, want time.Duration }{
			{3*time.Hour + 2*time.Microsecond, 0},
			{3*time.Hour - 3*time.Microsecond, 0},
			{13 * time.Hour, 10 * time.Hour},
			{13*time.Hour - 2*time.Microsecond, 10 * time.Hour},
			{14 * time.Hour, 11 * time.Hour},
		} {
			asleep = step.asleep
			if got := s.Now().Sub(before); got != step.want {
				t.Errorf("machine says %s asleep since boot: session is %s later, want %s", asleep, got, step.want)
			}
		}
	})
}

// lid is a PC that can be suspended.
func lid(t *testing.T) (s *Session, sleep func(time.Duration)) {
	asleep := time.Duration(0)
	s = start(t)
	s.sleep = newSleepMeter(func() time.Duration { return asleep })
	return s, func(d time.Duration) { asleep += d }
}

func TestAnExchangeThatSpansASleepIsUncertainByAllOfIt(t *testing.T) {
	const asleep = 3 * time.Hour
	for name, c := range map[string]struct{ there, back time.Duration }{
		"on the way there": {there: asleep},
		"on the way back":  {back: asleep},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, sleep := lid(t)
				sent := s.Now()
				came := sent.Round(0).Add(base + c.there)
				sleep(asleep)
				s.Observe(sent, s.Now(), came, came)
				got, known := s.Offset()
				if !known || got.Uncertainty < 90*time.Minute-time.Second || (got.Value-base).Abs() > got.Uncertainty {
					t.Errorf("%+v, %t: want an uncertainty of half the sleep, and %s within it", got, known, base)
				}
				exchange(s, 0, 20*ms)
				if got, _ := s.Offset(); !about(got.Uncertainty, 10*ms) || got.Value != base {
					t.Errorf("%+v, want the next exchange's", got)
				}
			})
		})
	}
}

func TestAnOffsetOutlivesASleepWithinWhatTheBatteryClockKeeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sleep := lid(t)
		end := drifting(s, 0, 24*60)
		sleep(14 * time.Hour)
		got, _ := s.Offset()
		if got.Applied() == 0 || got.DriftUncertainty < sleepDoubt+share(14*time.Hour, 100e-6) {
			t.Errorf("%+v: want the offset, uncertain by what a battery clock may be off in a night", got)
		}
		if got.Drift.Abs() > 50*ms {
			t.Errorf("%+v: the crystal's drift was reckoned for the night, which another clock counted", got)
		}
		exchange(s, end+1800*ms, 20*ms) // it was off by that much: nobody set a clock
		if r := s.course.rate(); r.value < 75e-6 {
			t.Errorf("rate %+v, want 80 ppm still", r)
		}
		if s.first.value != base {
			t.Errorf("first contact %+v, want the one before the sleep", s.first)
		}
	})
}

func TestANapThatWasCountedWrongIsNotTakenForDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, sleep := lid(t)
		end := drifting(s, 0, 60)
		sleep(10 * time.Minute)
		drifting(s, end+1500*ms, 60) // the battery clock missed that much
		if r := s.course.rate(); r != unknownRate {
			t.Errorf("rate %+v, want none known", r)
		}
		drifting(s, end+1500*ms+share(time.Hour, 80e-6), 24*60)
		if r := s.course.rate(); (r.value - 80e-6) > r.uncertainty {
			t.Errorf("rate %+v, want 80 ppm in it", r)
		}
	})
}

func TestAMeterThatBeginsWithTooLittleSeesNoSleep(t *testing.T) {
	reads := []time.Duration{0, 40 * ms, 40 * ms, 40 * ms} // put off at the first reading
	m := newSleepMeter(func() time.Duration { r := reads[0]; reads = reads[1:]; return r })
	if got := m.slept(); got != 0 {
		t.Errorf("slept %s", got)
	}
}

// What sleep_other.go says of Windows is true of the Go that builds this.
func TestGosMonotonicClockOnWindowsIsTheInterruptTime(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"386", "amd64", "arm64"} {
		path := filepath.Join(strings.TrimSpace(string(root)), "src", "runtime", "sys_windows_"+arch+".s")
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, function, found := strings.Cut(string(source), "TEXT runtime·nanotime1(SB)")
		function, _, _ = strings.Cut(function, "\nTEXT ")
		if !found || !strings.Contains(function, "_INTERRUPT_TIME") {
			t.Errorf("%s: nanotime1 is not the interrupt time any more: see what counts time asleep, and correct sleep_other.go", path)
		}
	}
}
