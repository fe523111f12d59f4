package clock

import (
	"fmt"
	"hash/crc32"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// noon is a moment by the collector's clock; a run is told by when it was, in truth.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// run makes a record of a session that truly lasted from … to (minutes after noon), under
// a wall clock that was ahead.
func run(n int, from, to float64, ahead time.Duration, met bool) Record {
	at := func(m float64) int64 { return noon.Add(time.Duration(m * float64(time.Minute))).Add(ahead).UnixNano() }
	r := Record{Session: name(n), Began: at(from), Last: at(to)}
	if met {
		r.Met = true
		r.First = Contact{At: r.Began, Offset: -ahead, Uncertainty: 10 * ms}
		r.Final = Contact{At: r.Last, Offset: -ahead, Uncertainty: 10 * ms}
	}
	return r
}

func name(n int) string { return fmt.Sprintf("%016x", n) }

// bootID names a boot, by a letter that is hexadecimal.
func bootID(letter string) string { return strings.Repeat(letter, 8) + "-0000-4000-8000-000000000000" }

func ofBoot(r Record, letter string, clock float64) Record {
	r.Boot, r.BootClock = bootID(letter), time.Duration(clock*float64(time.Minute))
	return r
}

func remember(records ...Record) *Memory {
	m := &Memory{}
	for _, r := range records {
		m.Note(r)
	}
	return m
}

func TestASessionsRecordTellsItsBeginningAndItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		first := s.Record()
		if first.Session != s.ID() || first.Met || first.Last != first.Began || first.Began != s.Now().UnixNano() {
			t.Errorf("%+v", first)
		}
		time.Sleep(time.Hour)
		end := drifting(s, time.Hour, 24*60)
		time.Sleep(time.Hour)
		r := s.Record()
		if err := r.check(); err != nil {
			t.Error(err)
		}
		if got := r.Last - r.Began; time.Duration(got) != 26*time.Hour {
			t.Errorf("lasted %s", time.Duration(got))
		}
		if r.First.Offset != base+time.Hour || r.First.At != r.Began+int64(time.Hour) || r.Final.At != r.Last-int64(time.Hour+time.Minute) {
			t.Errorf("contacts %+v and %+v", r.First, r.Final)
		}
		for _, c := range []struct {
			at   moment
			want time.Duration // by 80 ppm
		}{{r.start(), base + time.Hour - 288*ms}, {r.end(), base + end + 288*ms}} {
			if got, doubt := r.offset(c.at).Estimate(); (got-c.want).Abs() > doubt || doubt > 200*ms {
				t.Errorf("at %s: %s ± %s, want %s", c.at.at, got, doubt, c.want)
			}
		}
	})
}

func TestTheFirstContactIsNotOneThatALaterContradicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		exchange(s, 24*time.Hour, 20*ms) // the collector's clock is a day ahead
		time.Sleep(time.Minute)
		exchange(s, 0, 20*ms)
		if r := s.Record(); r.First.Offset != base || r.Final.Offset != base {
			t.Errorf("%+v", r)
		}
	})
}

func TestALateAnswersRecordIsSound(t *testing.T) {
	s := start(t)
	answered := s.Now().Add(time.Minute)
	collector := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	s.Observe(answered.Add(-ms), answered, collector, collector)
	if r := s.Record(); !r.Met || r.check() != nil || r.Last != answered.UnixNano() {
		t.Errorf("%+v: %v", r, r.check())
	}
}

func TestAMemoryReadsBackAndForgetsTheOldest(t *testing.T) {
	m := &Memory{}
	for i := range maxRecords + 5 {
		r := ofBoot(run(i+1, float64(i), float64(i)+.5, time.Hour, i%2 == 0), "b", float64(i+1))
		r.Placed = &Offset{Value: math.MaxInt32, Uncertainty: time.Minute, Drift: 1, DriftUncertainty: 1, Bounded: true}
		m.Note(r)
	}
	got, err := ReadMemory(m.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m.records, got.records); d != "" {
		t.Error(d)
	}
	if len(got.records) != maxRecords || got.records[0].Session != name(6) {
		t.Errorf("%d records, the first %s", len(got.records), got.records[0].Session)
	}
	t.Logf("%d records are %d bytes", maxRecords, len(m.Marshal()))
	if got, err := ReadMemory((&Memory{}).Marshal()); err != nil || len(got.records) != 0 {
		t.Errorf("empty: %+v, %v", got, err)
	}
}

func TestTheLongestMemoryCanBeReadAgain(t *testing.T) {
	m := &Memory{}
	long := Contact{At: math.MaxInt64, Offset: -maxOffset, Uncertainty: maxDoubt, Slept: maxLife}
	for i := range maxRecords {
		m.records = append(m.records, Record{
			Session: name(i), Boot: bootID("b"), BootClock: maxLife, BootSlept: maxLife, Began: math.MaxInt64, Last: math.MaxInt64, Slept: maxLife, Met: true,
			First: long, Final: long, Placed: &Offset{-maxOffset, 2 * maxDoubt, -maxLife, maxLife, true},
		})
	}
	if n := len(m.Marshal()); n > maxMemory {
		t.Errorf("%d bytes, at most %d are read", n, maxMemory)
	}
}

func TestWhatWasFoundOfASessionStays(t *testing.T) {
	m := remember(run(1, 0, 5, 0, false))
	m.records[0].Placed = &Offset{Value: time.Second}
	older := run(1, 0, 3, 0, true)
	older.Placed = &Offset{Value: time.Hour}
	m.Note(older)
	if r := m.records[0]; r.Placed.Value != time.Second || r.Last != run(1, 0, 5, 0, false).Last || !r.Met || len(m.records) != 1 {
		t.Errorf("%+v", m.records)
	}
	placed := run(2, 6, 7, 0, false)
	m.Note(placed)
	placed.Placed = &Offset{Value: time.Minute}
	m.Note(placed)
	if p := m.records[1].Placed; p == nil || p.Value != time.Minute {
		t.Errorf("placed %+v", p)
	}
}

func TestARecordThatMakesNoSenseIsNotEntered(t *testing.T) {
	ends := run(2, 5, 0, 0, false) // before it begins
	if m := remember(run(1, 0, 5, 0, false), ends); len(m.records) != 1 {
		t.Errorf("%+v", m.records)
	}
}

// enveloped writes sessions as Marshal does, whatever they are.
func enveloped(sessions string) []byte {
	return fmt.Appendf(nil, `{"crc32c":"%08x","sessions":%s}`, crc32.Checksum([]byte(sessions), castagnoli), sessions)
}

func TestADamagedMemoryIsAnError(t *testing.T) {
	const s1 = `{"session":"0000000000000001","began_ns":1,"last_ns":1,"met":false}`
	const at = `{"at_ns":1,"offset_ns":1700000000000000000,"uncertainty_ns":1}`
	if _, err := ReadMemory(enveloped("[" + s1 + "]")); err != nil {
		t.Fatal(err)
	}
	with := func(more string) string {
		return `{"session":"0000000000000001",` + more + `}`
	}
	for in, want := range map[string]string{
		"{}": "cannot unmarshal",
		with(`"began_ns":2,"last_ns":1,"met":false`):                                                 "ends before it begins",
		with(`"began_ns":-1,"last_ns":1,"met":false`):                                                "begins in 1969",
		with(`"began_ns":7300000000000000000,"last_ns":7300000000000000000,"met":false`):             "begins in 2201",
		with(`"began_ns":1,"last_ns":900000000000000000,"met":false`):                                "lasted",
		with(`"began_ns":1,"last_ns":5,"slept_ns":5,"met":false`):                                    "slept",
		with(`"boot":"B","began_ns":1,"last_ns":1,"met":false`):                                      "boot is",
		with(`"boot_clock_ns":1,"began_ns":1,"last_ns":1,"met":false`):                               "no boot",
		with(`"boot":"` + bootID("a") + `","boot_clock_ns":-1,"began_ns":1,"last_ns":1,"met":false`): "boot's clock",
		with(`"began_ns":1,"last_ns":1,"met":true`):                                                  "contacts are",
		with(`"began_ns":1,"last_ns":1,"met":false,"first":` + at):                                   "never met",
		with(`"began_ns":2,"last_ns":3,"met":true,"first":` + at + `,"final":` + at):                 "contacts are",
		with(`"began_ns":1,"last_ns":1,"met":false,"placed":{"value_ns":1,"uncertainty_ns":-1}`):     "placed at",
		with(`"began_ns":1,"last_ns":1,"met":false,"colour":1`):                                      "damaged",
		with(`"began_ns":1,"began_ns":1,"last_ns":1,"met":false`):                                    "damaged",
		with(`"Began_ns":1,"last_ns":1,"met":false`):                                                 "damaged",
		with(`"began_ns":1.5,"last_ns":2,"met":false`):                                               "cannot unmarshal",
		with(`"began_ns":99999999999999999999,"last_ns":2,"met":false`):                              "cannot unmarshal",
		`{"session":"1","began_ns":1,"last_ns":1,"met":false}`:                                       "hexadecimal",
		s1 + "," + s1: "twice",
		strings.TrimSuffix(strings.Repeat(s1+",", maxRecords+1), ","): "at most 64",
	} {
		sessions := "[" + in + "]"
		if in == "{}" {
			sessions = in
		}
		if _, err := ReadMemory(enveloped(sessions)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.200q: %v, want %q", in, err, want)
		}
	}
	for in, want := range map[string]string{
		"": "unexpected end", "null": "damaged", "[]": "cannot unmarshal", "{}": "damaged", `{"crc32c":"00000000","sessions":[]}`: "damaged",
		string(enveloped("[]")) + " ": "damaged", string(enveloped("[]")) + "[]": "after top-level",
		strings.Repeat(" ", maxMemory+1): "at most",
	} {
		if _, err := ReadMemory([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", in, err, want)
		}
	}
}

func TestEveryFlippedBitAndEveryMissingEndIsNoticed(t *testing.T) {
	data := remember(run(1, 0, 1, time.Hour, true), ofBoot(run(2, 2, 3, 0, false), "b", 3), run(3, 4, 5, 0, true)).Marshal()
	for i := range data {
		if _, err := ReadMemory(data[:i]); err == nil {
			t.Errorf("cut off after %d of %d bytes: read", i, len(data))
		}
		for bit := range 8 {
			data[i] ^= 1 << bit
			if _, err := ReadMemory(data); err == nil {
				t.Errorf("bit %d of byte %d flipped: read", bit, i)
			}
			data[i] ^= 1 << bit
		}
	}
}

func FuzzReadMemory(f *testing.F) {
	f.Add(string(encode(remember(run(1, 0, 1, 0, true), run(2, 1.5, 3, -time.Hour, false), run(3, 4, 5, 0, true)).records)), int64(noon.UnixNano()))
	f.Add(string(encode(remember(ofBoot(run(1, 0, 1, 0, false), "a", 1), ofBoot(run(2, 2, 3, 0, true), "a", 3)).records)), int64(0))
	f.Add(string(encode(remember(run(1, 0, 1, 0, true), ofBoot(run(2, 50, 90, 0, false), "a", 1), ofBoot(run(4, 95, 96, 0, false), "a", 46), run(3, 4000, 5000, time.Second, true)).records)), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, sessions string, last int64) {
		if m, err := ReadMemory([]byte(sessions)); err == nil && string(m.Marshal()) != sessions {
			t.Fatalf("%q is read, and written as %q", sessions, m.Marshal())
		}
		m, err := ReadMemory(enveloped(sessions))
		if err != nil {
			return
		}
		for i := range m.records {
			session := m.records[i].Session
			placedBefore := m.records[i].Placed != nil
			first, err1 := m.Place(session, time.Unix(0, last))
			again, err2 := m.Place(session, time.Unix(0, last))
			if (err1 == nil) != (err2 == nil) || first != again {
				t.Errorf("%+v, %v and then %+v, %v", first, err1, again, err2)
			}
			if err1 != nil && (err1.Error() == "" || strings.Contains(err1.Error(), "\n")) {
				t.Errorf("the error is %q", err1)
			}
			if err1 == nil && !placedBefore {
				wantWithinBounds(t, m, i, first)
			}
		}
		if _, err := ReadMemory(m.Marshal()); err != nil {
			t.Errorf("what was read cannot be read again: %v", err)
		}
	})
}

// wantWithinBounds holds a place against what its neighbours allow, reckoned anew and
// only from those that met the collector.
func wantWithinBounds(t interface{ Errorf(string, ...any) }, m *Memory, i int, o Offset) {
	r := &m.records[i]
	if r.Met {
		return
	}
	b, err := m.bounds(i)
	if err != nil {
		t.Errorf("%s was placed although %v", r.Session, err)
	}
	value, doubt := o.Estimate()
	began := time.Unix(0, r.Began).Add(value)
	if n := m.met(i, -1); n >= 0 {
		end, uncertain := m.records[n].collector(m.records[n].end())
		if began.Before(end.Add(-doubt - uncertain - b.doubt)) {
			t.Errorf("%s is placed at %s ± %s, and the run before it lasted until %s", r.Session, began, doubt, end)
		}
	}
	if n := m.met(i, 1); n >= 0 {
		start, uncertain := m.records[n].collector(m.records[n].start())
		if began.Add(r.lasted()).After(start.Add(doubt + uncertain + b.doubt)) {
			t.Errorf("%s is placed at %s ± %s for %s, and the run after it began at %s", r.Session, began, doubt, r.lasted(), start)
		}
	}
}
