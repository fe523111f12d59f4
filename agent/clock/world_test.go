package clock

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// life is what truly was of a session.
type life struct {
	began, ended time.Time
	crystal      float64
	record       Record
}

// at is the session's time at a true one.
func (l *life) at(truth time.Time) int64 {
	passed := truth.Sub(l.began)
	return l.record.Began + int64(passed-share(passed, l.crystal))
}

func (l *life) contact(truth time.Time, random *rand.Rand) Contact {
	doubt := time.Duration(1 + random.Int64N(int64(500*ms)))
	error := share(doubt, 2*random.Float64()-1)
	at := l.at(truth)
	return Contact{At: at, Offset: truth.Sub(time.Unix(0, at)) + error, Uncertainty: doubt}
}

// history makes the sessions of a PC: boots, each with some, of which some met the collector.
func history(t *rapid.T) []*life {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	battery := rapid.Float64Range(-50e-6, 50e-6).Draw(t, "battery")
	steady := rapid.Bool().Draw(t, "steady wall") // else it says anything at each boot
	wrong := time.Duration(rapid.Int64Range(int64(to1970), int64(to2040)).Draw(t, "wall"))
	met := rapid.Float64Range(0.1, 0.9).Draw(t, "met")
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(random.Int64N(int64(most-least)))
	}
	short := func(most time.Duration) time.Duration { // as often seconds as days
		if random.IntN(2) == 0 {
			return between(0, min(most, 90*time.Second))
		}
		return between(0, most)
	}
	truth, epoch := noon, noon
	var lives []*life
	for b := range rapid.IntRange(1, 8).Draw(t, "boots") {
		truth = truth.Add(short(3 * day))
		booted := truth
		if !steady {
			wrong = between(to1970, to2040)
		}
		error := wrong - share(truth.Sub(epoch), battery)
		if steady { // read in whole seconds
			error -= between(0, time.Second)
		}
		crystal := (2*random.Float64() - 1) * 80e-6
		for range 1 + random.IntN(3) {
			truth = truth.Add(short(time.Hour))
			l := &life{began: truth, crystal: crystal}
			passed := truth.Sub(booted)
			l.record = Record{
				Session: name(len(lives) + 1), Boot: bootID(fmt.Sprintf("%x", b)),
				BootClock: time.Minute + passed - share(passed, crystal), Began: truth.Add(error - share(passed, crystal)).UnixNano(),
			}
			lived := short(2 * day)
			truth = truth.Add(lived)
			l.ended = truth
			l.record.Last = l.at(truth.Add(-share(lived, random.Float64()*float64(random.IntN(2))))) // some were killed
			if random.Float64() < met {
				a, b := random.Float64(), random.Float64()
				remembered := time.Duration(l.record.Last - l.record.Began)
				r := &l.record
				r.Met, r.First, r.Final = true, l.contact(l.began.Add(share(remembered, min(a, b))), random), l.contact(l.began.Add(share(remembered, max(a, b))), random)
				r.Last = max(r.Last, r.Final.At)
			}
			lives = append(lives, l)
		}
		truth = truth.Add(time.Second)
	}
	return lives
}

func TestASessionIsPlacedWithinWhatIsSaidOrNotAtAll(t *testing.T) {
	counts := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		lives := history(t)
		m := &Memory{}
		for _, l := range lives {
			if err := l.record.check(); err != nil {
				t.Fatal(err)
			}
			m.Note(l.record)
		}
		for i, l := range lives {
			r := &m.records[i]
			last := time.Unix(0, l.at(l.ended))
			o, err := m.Place(r.Session, last)
			if again, err2 := m.Place(r.Session, last); again != o || (err == nil) != (err2 == nil) {
				t.Fatalf("%+v, %v and then %+v, %v", o, err, again, err2)
			}
			switch {
			case err != nil:
				counts["not placed"]++
				continue
			case r.Met:
				counts["by its own contact"]++
			case !o.Bounded:
				counts["by its boot"]++
			default:
				counts["between its neighbours"]++
			}
			wantWithinBounds(t, m, i, o)
			value, doubt := o.Estimate()
			ends := l.ended
			if r.Met { // its lines from after the first contact are stamped already
				ends = l.began.Add(time.Duration(r.First.At - r.Began))
			}
			for _, truth := range []time.Time{l.began, ends} {
				if off := (time.Unix(0, l.at(truth)).Add(value)).Sub(truth).Abs(); off > doubt+ms {
					t.Fatalf("session %d: off by %s, said to be within %s: %+v", i, off, doubt, o)
				}
			}
		}
		if _, err := ReadMemory(m.Marshal()); err != nil {
			t.Fatal(err)
		}
	})
	t.Log(counts)
	for _, how := range []string{"not placed", "by its own contact", "by its boot", "between its neighbours"} {
		if counts[how] == 0 {
			t.Errorf("none was %s: %v", how, counts)
		}
	}
}
