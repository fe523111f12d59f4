package clock

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"communewatch/collector/api"
)

// noon is a moment by the collector's clock; a run is told by when it was, in truth.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// run makes a record of a session that truly lasted from … to (minutes after noon), under
// a wall clock that was ahead.
func run(n int, from, to float64, ahead time.Duration, met bool) Record {
	at := func(m float64) int64 { return noon.Add(time.Duration(m * float64(time.Minute))).Add(ahead).UnixNano() }
	r := Record{Session: name(n), Began: at(from), Last: at(to)}
	if met {
		r.Met, r.Offset, r.Uncertainty = true, -ahead, 10*ms
	}
	return r
}

func name(n int) string { return fmt.Sprintf("%016x", n) }

func ofBoot(r Record, boot string, clock float64) Record {
	r.Boot, r.BootClock = boot, time.Duration(clock*float64(time.Minute))
	return r
}

func TestASessionThatNeverMetTheCollectorIsPlacedByWhatIsKnownAroundIt(t *testing.T) {
	const years = 30 * 365 * 24 * time.Hour
	for _, c := range []struct {
		name    string
		records []Record // the one to place is name(1)
		error   string   // a part of it; empty: it is placed
		state   api.ClockState
		off     time.Duration // from the truth at most; the uncertainty must admit it
		ahead   time.Duration // of the one to place, for reading the result
	}{
		{"of one boot with one that met it", []Record{
			ofBoot(run(1, 0, 5, -years, false), "b", 3), ofBoot(run(2, 6, 20, years, true), "b", 9)}, "", api.ClockCorrected, 0, -years},
		{"of one boot, with a right clock", []Record{
			ofBoot(run(1, 0, 5, 0, false), "b", 3), ofBoot(run(2, 6, 20, 0, true), "b", 9)}, "", api.ClockSynced, 0, 0},
		{"another boot is none of its own", []Record{
			ofBoot(run(1, 0, 5, 0, false), "b", 3), ofBoot(run(2, 6, 20, 0, true), "c", 9)}, "no run before it", "", 0, 0},
		{"between two that leave a minute", []Record{
			run(3, -60, -1, 0, true), run(1, 0, 5, -years, false), run(2, 5.5, 20, 0, true)}, "", api.ClockBounded, 45 * time.Second, -years},
		{"between two that leave it a day, under a steady clock", []Record{
			run(3, -3000, -2000, time.Hour, true), run(1, 0, 5, time.Hour+time.Second, false), run(2, 1000, 2000, time.Hour+2*time.Second, true)},
			"", api.ClockBounded, time.Second, time.Hour + time.Second},
		{"between two that leave it a day, under a clock that was set", []Record{
			run(3, -3000, -2000, time.Hour, true), run(1, 0, 5, time.Hour, false), run(2, 1000, 2000, 0, true)}, "clock was set", "", 0, 0},
		{"a clock in 1970 in this run alone", []Record{
			run(3, -3000, -2000, 0, true), run(1, 0, 5, -2*years, false), run(2, 1000, 2000, 0, true)}, "wrong in this run", "", 0, -2 * years},
		{"the running one has not met it yet", []Record{
			run(3, -60, -1, 0, true), run(1, 0, 5, 0, false), run(2, 5.5, 20, 0, false)}, ErrNotYet.Error(), "", 0, 0},
		{"no run before it", []Record{run(1, 0, 5, 0, false), run(2, 5.5, 20, 0, true)}, "no run before it", "", 0, 0},
		{"nothing is known of it", []Record{run(3, -60, -1, 0, true), run(2, 5.5, 20, 0, true)}, "nothing is known", "", 0, 0},
		{"others in between take their room", []Record{
			run(3, -60, -31, 0, true), run(4, -30.8, -0.5, years, false), run(1, 0, 5, -years, false), run(5, 5.5, 60, 0, false), run(2, 60.5, 70, 0, true)},
			"", api.ClockBounded, 75 * time.Second, -years},
		{"no room", []Record{run(3, -60, 3, 0, true), run(1, 0, 5, -years, false), run(2, 4, 20, 0, true)}, "leave no room", "", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &Memory{}
			for _, r := range c.records {
				m.Note(r)
			}
			last := noon.Add(5 * time.Minute).Add(c.ahead)
			got, err := m.Place(name(1), last)
			if c.error != "" {
				if err == nil || !strings.Contains(err.Error(), c.error) {
					t.Fatalf("%v, want an error with %q", err, c.error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			off := (got.Value + c.ahead).Abs()
			if off > c.off || off > got.Uncertainty || got.State() != c.state {
				t.Errorf("%+v (%s): off by %s, want at most %s, %s", got, got.State(), off, c.off, c.state)
			}
			m.Note(run(9, 100, 101, 0, true))
			if again, err := m.Place(name(1), last.Add(time.Minute)); err != nil || again != got {
				t.Errorf("placed again as %+v, %v", again, err)
			}
		})
	}
}

func TestNotYetIsToldFromNever(t *testing.T) {
	m := &Memory{}
	m.Note(run(3, -60, -1, 0, true))
	m.Note(run(1, 0, 5, 0, false))
	if _, err := m.Place(name(1), noon); !errors.Is(err, ErrNotYet) {
		t.Errorf("%v, want ErrNotYet", err)
	}
}

func TestAMemoryReadsBackAndForgetsTheOldest(t *testing.T) {
	m := &Memory{}
	for i := range maxRecords + 5 {
		m.Note(run(i+1, float64(i), float64(i)+.5, time.Hour, i%2 == 0))
	}
	placed := Offset{Value: time.Hour, Uncertainty: time.Minute, Bounded: true}
	m.records[3].Placed = &placed
	got, err := ReadMemory(m.Marshal())
	if d := cmp.Diff(m.records, got.records); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	if len(got.records) != maxRecords || got.records[0].Session != name(6) {
		t.Errorf("%d records, the first %s", len(got.records), got.records[0].Session)
	}
}

func TestADamagedMemoryIsAnError(t *testing.T) {
	for in, want := range map[string]string{
		"":    "EOF",
		"[{]": "invalid character",
		`[{"session":"0000000000000001","began_ns":2,"last_ns":1}]`: "ends before it begins",
		`[{"session":"1"}]`:                                               "hexadecimal",
		`[{"session":"0000000000000001","colour":1}]`:                     "unknown field",
		`[{"session":"0000000000000001"},{"session":"0000000000000001"}]`: "twice",
		"[" + strings.TrimSuffix(strings.Repeat(`{"session":"0000000000000001"},`, maxRecords+1), ",") + "]": "at most 64",
		strings.Repeat(" ", maxMemory+1): "at most",
	} {
		if _, err := ReadMemory([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", in, err, want)
		}
	}
}

func TestAPlaceNeverContradictsWhatIsKnown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const years = 60 * 365 * 24 * time.Hour
		m := &Memory{}
		at := 0.0
		n := rapid.IntRange(1, 8).Draw(t, "sessions")
		aheads := map[string]time.Duration{}
		last := map[string]time.Time{}
		for i := range n {
			from := at + rapid.Float64Range(0, 300).Draw(t, "off")
			to := from + rapid.Float64Range(0.1, 300).Draw(t, "on")
			ahead := time.Duration(rapid.SampledFrom([]time.Duration{0, 0, time.Hour, -years, years}).Draw(t, "ahead"))
			r := run(i+1, from, to, ahead, rapid.Bool().Draw(t, "met"))
			aheads[r.Session], last[r.Session], at = ahead, time.Unix(0, r.Last), to
			m.Note(r)
		}
		for i := range m.records {
			r := m.records[i]
			o, err := m.Place(r.Session, last[r.Session])
			if err != nil || r.Met {
				continue
			}
			// A clock that was wrong in one run alone, by just what was free, cannot be told
			// from a right one; all others are placed within what is said.
			if off := (o.Value + aheads[r.Session]).Abs(); off > o.Uncertainty && aheads[r.Session].Abs() != time.Hour && aheads[r.Session] != 0 {
				t.Fatalf("session %s is placed %s off, said to be within %s", r.Session, off, o.Uncertainty)
			}
			b := m.between(m.met(i, -1), i, m.met(i, 1))
			if o.Value < b.low-o.Uncertainty || o.Value > b.high+o.Uncertainty {
				t.Fatalf("session %s is placed at %s, free is %s to %s", r.Session, o.Value, b.low, b.high)
			}
		}
	})
}

func FuzzReadMemory(f *testing.F) {
	m := &Memory{}
	m.Note(run(1, 0, 1, 0, true))
	m.Note(run(2, 2, 3, 0, false))
	m.Note(run(3, 4, 5, 0, true))
	f.Add(m.Marshal())
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ReadMemory(data)
		if err != nil {
			return
		}
		for _, r := range m.records {
			first, err1 := m.Place(r.Session, time.Unix(0, r.Last))
			again, err2 := m.Place(r.Session, time.Unix(0, r.Last))
			if (err1 == nil) != (err2 == nil) || first != again {
				t.Errorf("%+v, %v and then %+v, %v", first, err1, again, err2)
			}
		}
		if _, err := ReadMemory(m.Marshal()); err != nil && len(m.Marshal()) <= maxMemory {
			t.Errorf("what was read cannot be read again: %v", err)
		}
	})
}
