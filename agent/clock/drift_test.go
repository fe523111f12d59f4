package clock

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const day = 24 * time.Hour

// machine is a PC whose time is counted by a crystal of its own, while it sleeps by
// another, and whose line to the collector is slow and uneven.
type machine struct {
	*Session
	crystal func(since time.Duration) float64 // how fast the collector's clock gains on it
	battery float64                           // the same while asleep
	worst   time.Duration                     // of a way on the line
	lean    float64                           // share of the trip that is the way there, on average
	random  *rand.Rand

	began, truth time.Time
	step         time.Duration // by which the collector's clock was set
	session      time.Time
	asleep       time.Duration
}

func newMachine(seed uint64, wall time.Time) *machine {
	m := &machine{
		crystal: func(time.Duration) float64 { return 0 },
		worst:   400 * ms, lean: 0.5, random: rand.New(rand.NewPCG(seed, 1)),
		truth: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), session: wall,
	}
	m.began = m.truth
	m.Session = &Session{id: id, began: wall}
	m.sleep = newSleepMeter(func() time.Duration { return m.asleep })
	return m
}

func (m *machine) moment() moment       { return moment{m.session, m.asleep} }
func (m *machine) collector() time.Time { return m.truth.Add(m.step) }

func (m *machine) pass(d time.Duration) {
	rate := m.crystal(m.truth.Sub(m.began))
	m.truth = m.truth.Add(d)
	m.session = m.session.Add(d - share(d, rate))
}

// doze is counted by the battery clock, in whole seconds.
func (m *machine) doze(d time.Duration) {
	m.truth = m.truth.Add(d)
	counted := (d - share(d, m.battery) + time.Duration(m.random.Int64N(int64(time.Second)))).Truncate(time.Second)
	m.session, m.asleep = m.session.Add(counted), m.asleep+counted
}

func (m *machine) exchange() {
	trip := m.worst/20 + time.Duration(m.random.Int64N(int64(m.worst)))
	there := share(trip, min(1, 2*m.lean*m.random.Float64()))
	sent := m.session
	m.pass(there)
	came := m.collector()
	m.pass(10 * ms)
	left := m.collector()
	m.pass(trip - there)
	m.Observe(sent, m.session, came, left)
}

// off is how far the estimate is from the truth, and what it is said to be.
func (m *machine) off() (off, said time.Duration) {
	o, _ := m.offset(m.moment())
	value, said := o.Estimate()
	return (value - m.collector().Sub(m.session)).Abs(), said
}

// days lets time pass, with an exchange every half hour if the line is up.
func (m *machine) days(n int, online bool, each func()) {
	for range n * 48 {
		m.pass(30 * time.Minute)
		if online {
			m.exchange()
		}
		each()
	}
}

func TestTheErrorOfAWeekWithoutALineIsATenthOfWhatItWouldBe(t *testing.T) {
	for _, ppm := range []float64{80, -80, 30, -30, 300} {
		for seed := range uint64(10) {
			m := newMachine(seed, time.Unix(0, 0))
			m.crystal = func(time.Duration) float64 { return ppm * 1e-6 }
			m.days(3, true, func() {})
			held := m.collector().Sub(m.session)
			m.days(7, false, func() {})
			off, _ := m.off()
			if constant := (m.collector().Sub(m.session) - held).Abs(); off > constant/10 {
				t.Errorf("%g ppm: off by %s; held constant it would be %s", ppm, off, constant)
			} else if seed == 0 {
				t.Logf("%g ppm: off by %s; held constant it would be %s", ppm, off, constant)
			}
		}
	}
}

func TestTheTrueOffsetIsWithinTheUncertaintyForSixWeeks(t *testing.T) {
	looked := 0
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(rapid.Uint64().Draw(t, "seed"), time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "wall"), 0))
		m.worst = time.Duration(rapid.IntRange(1, 3000).Draw(t, "trip ms")) * ms
		m.lean = rapid.Float64Range(0, 1).Draw(t, "lean")
		m.battery = rapid.Float64Range(-50e-6, 50e-6).Draw(t, "battery")
		// An office's crystal: 80 ppm off, and moved by warm and cold between any two
		// times by no more than wander.
		constant := rapid.Float64Range(-80e-6, 80e-6).Draw(t, "rate")
		warm := rapid.Float64Range(0, wander/2).Draw(t, "warmth")
		period := rapid.SampledFrom([]time.Duration{day, 7 * day, 90 * day}).Draw(t, "period")
		m.crystal = func(d time.Duration) float64 {
			return constant + warm*math.Sin(2*math.Pi*float64(d)/float64(period))
		}
		said := true // nobody can know of a clock that was set before the next exchange
		applied, fresh := time.Duration(0), true
		look := func(online bool) func() {
			return func() {
				said, fresh = said || online, fresh || online
				o, known := m.offset(m.moment())
				if off, most := m.off(); known && said && off > most {
					t.Fatalf("on day %d off by %s, said to be within %s: %+v", m.truth.Sub(m.began)/day, off, most, o)
				}
				if r := m.record(m.moment()); looked%16 == 0 && (r.check() != nil || r.Met != known) {
					t.Fatalf("%+v: %v", r, r.check())
				}
				looked++
				if !fresh {
					if jump := (o.Applied() - applied).Abs(); jump > o.Uncertainty+ms+share(30*time.Minute, 500e-6) {
						t.Fatalf("without a line what is applied jumps by %s, with %+v", jump, o)
					}
				}
				applied, fresh = o.Applied(), false
			}
		}
		m.exchange()
		for range 6 {
			switch rapid.SampledFrom([]string{"online", "offline", "nights", "set", "flaky"}).Draw(t, "week") {
			case "online":
				m.days(7, true, look(true))
			case "offline":
				m.days(7, false, look(false))
			case "nights":
				for range 7 {
					m.days(1, true, look(true))
					m.doze(time.Duration(rapid.IntRange(1, 14*3600).Draw(t, "asleep s")) * time.Second)
					fresh = true
					look(false)()
				}
			case "set":
				m.days(3, true, look(true))
				by := time.Duration(rapid.IntRange(10, 100_000).Draw(t, "by s")) * time.Second
				if rapid.Bool().Draw(t, "back") {
					by = -by
				}
				m.step, said, fresh = m.step+by, false, true
				m.days(rapid.IntRange(0, 3).Draw(t, "offline days"), false, look(false))
				m.days(1, true, look(true))
			case "flaky":
				for range 7 {
					line := rapid.Bool().Draw(t, "line")
					m.days(1, line, look(line))
				}
			}
		}
	})
	t.Logf("looked %d times, always within", looked)
}

// A clock that is set by less than samples are uncertain cannot be noticed at once.
func TestAClockSetByLittleIsNoticedSoon(t *testing.T) {
	looked, out := 0, 0
	for seed := range uint64(20) {
		m := newMachine(seed, time.Unix(0, 0))
		m.crystal = func(time.Duration) float64 { return 40e-6 }
		look := func() {
			looked++
			if off, said := m.off(); off > said {
				out++
			}
		}
		m.days(2, true, look)
		for range 20 { // every second day
			m.step += share(time.Second, m.random.Float64()-0.5)
			m.days(2, true, look)
		}
	}
	t.Logf("%d of %d times out of what was said", out, looked)
	if out > looked/100 {
		t.Errorf("%d of %d times out of what was said, want at most one in a hundred", out, looked)
	}
}
