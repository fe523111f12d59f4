package clock

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
)

// The PC's clocks of the cases: right, and as far back and ahead as they come.
const (
	to1970 = -56 * 365 * day
	to2040 = 14 * 365 * day
)

// misled met a collector whose clock was ahead.
func misled(r Record, ahead time.Duration) Record {
	r.First.Offset += ahead
	r.Final.Offset += ahead
	return r
}

func TestASessionThatNeverMetTheCollectorIsPlacedByWhatIsKnownAroundIt(t *testing.T) {
	for _, c := range []struct {
		name    string
		records []Record // the one to place is name(1); it lasted from noon to five past
		error   string   // a part of it; empty: it is placed
		state   api.ClockState
		off     time.Duration // from the truth at most
		doubt   time.Duration // stated at most
		ahead   time.Duration // its wall clock's error, for reading the result
	}{
		{"of one boot with one that met it", []Record{
			ofBoot(run(1, 0, 5, to1970, false), "b", 3), ofBoot(run(2, 6, 20, to2040, true), "b", 9)},
			"", api.ClockCorrected, ms, 200 * ms, to1970},
		{"of one boot with an earlier one that met it, while the running one has not", []Record{
			ofBoot(run(3, -60, -1, to2040, true), "b", 3), ofBoot(run(1, 0, 5, to1970, false), "b", 63), run(2, 7, 9, 0, false)},
			"", api.ClockCorrected, ms, 200 * ms, to1970},
		{"of one boot, with a right clock", []Record{
			ofBoot(run(1, 0, 5, 0, false), "b", 3), ofBoot(run(2, 6, 20, 0, true), "b", 9)}, "", api.ClockSynced, 0, 200 * ms, 0},
		{"of one boot, and the collector's clock was wrong before", []Record{
			misled(run(3, -60, -1, 0, true), day), ofBoot(run(1, 0, 5, 0, false), "b", 3), ofBoot(run(2, 6, 20, 0, true), "b", 9)},
			"another run since the same start", "", 0, 0, 0},
		{"another boot is none of its own", []Record{
			ofBoot(run(1, 0, 5, 0, false), "b", 3), ofBoot(run(2, 6, 20, 0, true), "c", 9)}, "no run before it", "", 0, 0, 0},
		{"between two that leave a minute", []Record{
			run(3, -60, -1, 0, true), run(1, 0, 5, to1970, false), run(2, 5.5, 20, 0, true)},
			"", api.ClockBounded, 45 * time.Second, 46 * time.Second, to1970},
		{"between two that leave two minutes and a little", []Record{
			run(3, -60, -1, 0, true), run(1, 0, 5, to2040, false), run(2, 6.1, 20, 0, true)}, "could have begun at any time from 2026-11-25 11:59:00 UTC to 2026-11-25 12:01:06 UTC", "", 0, 0, to2040},
		{"between two, of which the next one's boot had others in it", []Record{
			run(3, -60, -1, 0, true), run(1, 0, 5, to1970, false), ofBoot(run(4, 5.5, 6, 0, false), "c", 1), ofBoot(run(2, 50.5, 60, 0, true), "c", 46)},
			"", api.ClockBounded, 45 * time.Second, 46 * time.Second, to1970},
		{"between two, of which the earlier one's boot had others in it", []Record{
			ofBoot(run(3, -60, -50, 0, true), "a", 1), ofBoot(run(4, -10, -1, 0, false), "a", 51), run(1, 0, 5, to1970, false), run(2, 5.5, 60, 0, true)},
			"", api.ClockBounded, 45 * time.Second, 46 * time.Second, to1970},
		{"between two that leave it a day, under a steady clock", []Record{
			run(3, -3000, -2000, time.Hour, true), run(1, 0, 5, time.Hour+time.Second, false), run(2, 1000, 2000, time.Hour+2*time.Second, true)},
			"", api.ClockBounded, time.Second, 4 * time.Second, time.Hour + time.Second},
		{"between two that leave it a month, under a clock that runs off", []Record{
			run(3, -22000, -20000, 0, true), run(1, 0, 5, 50*time.Second, false), run(2, 20000, 22000, 100*time.Second, true)},
			"", api.ClockBounded, 3 * time.Second, 55 * time.Second, 50 * time.Second},
		{"between two that leave it a day, under a clock that was set", []Record{
			run(3, -3000, -2000, time.Hour, true), run(1, 0, 5, time.Hour, false), run(2, 1000, 2000, 0, true)}, "the PC's clock was set by 1h0m0s", "", 0, 0, 0},
		{"a clock in 1970 in this run alone", []Record{
			run(3, -3000, -2000, 0, true), run(1, 0, 5, to1970, false), run(2, 1000, 2000, 0, true)}, "but the PC's clock said 1970", "", 0, 0, to1970},
		{"a clock in 2040 in this run alone", []Record{
			run(3, -3000, -2000, 0, true), run(1, 0, 5, to2040, false), run(2, 1000, 2000, 0, true)}, "but the PC's clock said 2040", "", 0, 0, to2040},
		{"the running one has not met it yet", []Record{
			run(3, -60, -1, 0, true), run(1, 0, 5, 0, false), run(2, 5.5, 20, 0, false)}, ErrNotYet.Error(), "", 0, 0, 0},
		{"it is the running one", []Record{run(3, -60, -1, 0, true), run(1, 0, 5, 0, false)}, ErrNotYet.Error(), "", 0, 0, 0},
		{"no run before it", []Record{run(1, 0, 5, 0, false), run(2, 5.5, 20, 0, true)}, "at any time before 2026-11-25 12:00:30 UTC", "", 0, 0, 0},
		{"it was killed before it was remembered", []Record{run(3, -60, -1, 0, true), run(2, 5.5, 20, 0, true)}, "nothing is known", "", 0, 0, 0},
		{"its end was not remembered", []Record{
			run(3, -60, -1, 0, true), run(1, 0, 0, to1970, false), run(2, 5.5, 20, 0, true)},
			"", api.ClockBounded, 45 * time.Second, 46 * time.Second, to1970},
		{"others in between take their room", []Record{
			run(3, -60, -31, 0, true), run(4, -30.8, -0.5, to2040, false), run(1, 0, 5, to1970, false), run(5, 5.5, 60, 0, false), run(2, 60.5, 70, 0, true)},
			"", api.ClockBounded, 75 * time.Second, time.Minute, to1970},
		{"no room", []Record{run(3, -60, 3, 0, true), run(1, 0, 5, to1970, false), run(2, 4, 20, 0, true)}, "leave no room for the 5m0s", "", 0, 0, to1970},
		{"the collector's clock was a day ahead before", []Record{
			misled(run(3, -60, -1, 0, true), day), run(1, 0, 5, 0, false), run(2, 5.5, 20, 0, true)}, "leave no room", "", 0, 0, 0},
		{"the collector's clock was a day behind before", []Record{
			misled(run(3, -60, -1, 0, true), -day), run(1, 0, 5, 0, false), run(2, 5.5, 20, 0, true)}, "was set by", "", 0, 0, 0},
		{"the runs of one boot are in disorder", []Record{
			run(3, -60, -50, 0, true), ofBoot(run(1, 0, 5, 0, false), "b", 50), ofBoot(run(4, -40, -30, 0, false), "b", 10), run(2, 5.5, 20, 0, true)},
			"not remembered in the order", "", 0, 0, 0},
		{"the runs around it are in disorder", []Record{
			run(2, 5.5, 20, 0, true), run(1, 0, 5, 0, false), run(3, -60, -1, 0, true)}, "leave no room", "", 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := remember(c.records...)
			last := noon.Add(5 * time.Minute).Add(c.ahead)
			got, err := m.Place(name(1), last)
			if c.error != "" {
				if err == nil || !strings.Contains(err.Error(), c.error) {
					t.Fatalf("%+v, %v; want an error with %q", got, err, c.error)
				}
				if again, err2 := m.Place(name(1), last); again != got || err2.Error() != err.Error() {
					t.Errorf("again: %+v, %v; want %v", again, err2, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			value, doubt := got.Estimate()
			if off := (value + c.ahead).Abs(); off > c.off || off > doubt || doubt > c.doubt || got.State() != c.state {
				t.Errorf("%+v (%s): off by %s ± %s, want at most %s ± %s, %s", got, got.State(), off, doubt, c.off, c.doubt, c.state)
			}
			m.Note(run(9, 100, 101, 0, true))
			if again, err := m.Place(name(1), last.Add(time.Minute)); err != nil || again != got {
				t.Errorf("placed again as %+v, %v", again, err)
			}
			kept, err := ReadMemory(m.Marshal())
			if err != nil {
				t.Fatal(err)
			}
			if again, err := kept.Place(name(1), last); err != nil || again != got {
				t.Errorf("placed in the next run as %+v, %v", again, err)
			}
		})
	}
}

func TestNotYetIsToldFromNever(t *testing.T) {
	m := remember(run(3, -60, -1, 0, true), run(1, 0, 5, 0, false))
	if _, err := m.Place(name(1), noon); !errors.Is(err, ErrNotYet) {
		t.Errorf("%v, want ErrNotYet", err)
	}
	m.Note(run(2, 5.5, 20, 0, true))
	if o, err := m.Place(name(1), noon.Add(5*time.Minute)); err != nil || o.State() != api.ClockBounded {
		t.Errorf("%+v, %v", o, err)
	}
}

// A PC that was killed when it had just met the collector leaves batches from before.
func TestASessionThatMetTheCollectorHasItsFirstContactsOffset(t *testing.T) {
	r := run(1, 0, 600, time.Hour, true)
	r.Final.Offset += 40 * time.Second
	r.First.At += int64(time.Minute)
	m := remember(r)
	want := Offset{Value: -time.Hour, Uncertainty: 10 * ms, DriftUncertainty: 6 * ms}
	if got, err := m.Place(name(1), noon); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// Half the slack, and for each of the two ends of two days what a crystal runs off in them.
func TestALongSessionIsPlacedNoBetterThanItsOwnClock(t *testing.T) {
	m := remember(run(3, -60, -0.1, 0, true), run(1, 0, 2880, to1970, false), run(2, 2880.1, 2900, 0, true))
	got, err := m.Place(name(1), noon.Add(2*day).Add(to1970))
	if least := 6*time.Second + 2*share(2*day, 100e-6); err != nil || got.Uncertainty < least || got.Uncertainty > least+time.Second {
		t.Errorf("%+v, %v; want an uncertainty of %s", got, err, least)
	}
}

func TestClocksOfABootThatAreNotReadAtOnceMakeNoSleep(t *testing.T) {
	a, b := ofBoot(run(1, 0, 5, 0, false), "b", 3), ofBoot(run(2, 6, 20, 0, true), "b", 9)
	a.BootSlept = 3 * time.Microsecond
	m := remember(a, b)
	if got, err := m.Place(name(1), noon.Add(5*time.Minute)); err != nil || got.DriftUncertainty > 100*ms {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWeeksOfDriftDoNotMoveTheBeginningOfTheNextRun(t *testing.T) {
	next := run(2, 5.5, 6*7*24*60, 0, true)
	next.Final.Offset = share(time.Duration(next.Last-next.Began), 80e-6) // 290 s
	m := remember(run(3, -60, -1, 0, true), run(1, 0, 5, to1970, false), next)
	got, err := m.Place(name(1), noon.Add(5*time.Minute).Add(to1970))
	if value, doubt := got.Estimate(); err != nil || (value+to1970).Abs() > doubt || doubt > time.Minute {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSeveralThatNeverMetTheCollectorStandOneBehindTheOther(t *testing.T) {
	m := remember(run(7, -60, -1, 0, true), run(1, 0, 5, to1970, false), run(2, 5.2, 9, to2040, false), run(3, 9.1, 20, 0, false), run(8, 20.5, 30, 0, true))
	var ends time.Time
	for n, to := range []float64{5, 9, 20} {
		r := &m.records[n+1]
		o, err := m.Place(r.Session, time.Unix(0, r.Last))
		if err != nil {
			t.Fatal(err)
		}
		if from := time.Unix(0, r.Began).Add(o.Value); from.Before(ends) {
			t.Errorf("session %d begins at %s, the one before ended at %s", n+1, from, ends)
		}
		ends = time.Unix(0, r.Last).Add(o.Value)
		if off := ends.Sub(noon.Add(time.Duration(to * float64(time.Minute)))).Abs(); off > o.Uncertainty || o.Uncertainty > time.Minute {
			t.Errorf("session %d is %s off, %+v", n+1, off, o)
		}
	}
}

func TestLinesFromAnotherAgeDoNotPlaceASession(t *testing.T) {
	for _, last := range []time.Time{{}, time.Unix(0, 1<<63-1), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		m := remember(run(3, -60, -1, 0, true), run(1, 0, 5, 0, false), run(2, 5.5, 20, 0, true))
		before := slices.Clone(m.records)
		o, err := m.Place(name(1), last)
		if last.IsZero() && err != nil || !last.IsZero() && err == nil {
			t.Errorf("%s: %+v, %v", last, o, err)
		}
		if m.records[1].Last != before[1].Last {
			t.Errorf("%s: lasts until %d", last, m.records[1].Last)
		}
	}
}
