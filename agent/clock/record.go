package clock

import (
	"fmt"
	"strings"
	"time"
)

// boot is one run of the machine: sessions of the same one share a clock.
type boot struct {
	id    string        // empty: not known
	clock time.Duration // since that boot, time asleep included, when the session began
}

// Record is what is worth knowing of a session when it is over. Times are the
// session's own, in nanoseconds since 1970 as its wall clock had it.
type Record struct {
	Session string `json:"session"`

	Boot      string        `json:"boot,omitempty"`
	BootClock time.Duration `json:"boot_clock_ns,omitempty"` // since that boot, at Began
	BootSlept time.Duration `json:"boot_slept_ns,omitempty"` // of it suspended

	Began int64         `json:"began_ns"`
	Last  int64         `json:"last_ns"`            // latest sign of life
	Slept time.Duration `json:"slept_ns,omitempty"` // suspended from Began to Last

	Met   bool    `json:"met"` // the collector, so that an offset was measured
	First Contact `json:"first,omitzero"`
	Final Contact `json:"final,omitzero"`

	Placed *Offset `json:"placed,omitempty"` // the offset under which its batches were stamped after its end
}

// Contact is an exchange with the collector: the one that tells best what the offset was
// when the session began, or the one that told best when it was last seen.
type Contact struct {
	At          int64         `json:"at_ns"`
	Offset      time.Duration `json:"offset_ns"`
	Uncertainty time.Duration `json:"uncertainty_ns"`
	Slept       time.Duration `json:"slept_ns,omitempty"` // suspended from Began to At
}

// Record is the session as it is now.
func (s *Session) Record() Record { return s.record(s.now()) }

func (s *Session) record(now moment) Record {
	r := Record{
		Session: s.id, Boot: s.boot.id, BootClock: s.boot.clock, BootSlept: max(0, min(s.sleep.atStart, s.boot.clock)),
		Began: s.began.UnixNano(), Last: now.at.UnixNano(), Slept: now.slept,
	}
	if r.Boot == "" {
		r.BootClock, r.BootSlept = 0, 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if best, known := s.samples.best(s.course.rate(), now); known {
		r.Met, r.First, r.Final = true, s.contact(s.first), s.contact(best)
		r.Last = max(r.Last, r.First.At, r.Final.At)
	}
	return r
}

func (s *Session) contact(x sample) Contact {
	return Contact{At: x.at.UnixNano(), Offset: x.value, Uncertainty: x.uncertainty, Slept: min(x.slept, x.at.Sub(s.began))}
}

func (c Contact) sample() sample {
	return sample{moment: moment{time.Unix(0, c.At), c.Slept}, value: c.Offset, uncertainty: c.Uncertainty}
}

func (r *Record) start() moment { return moment{at: time.Unix(0, r.Began)} }
func (r *Record) end() moment   { return moment{time.Unix(0, r.Last), r.Slept} }

func (r *Record) lasted() time.Duration { return time.Duration(r.Last - r.Began) }

// rate is that between first and last contact.
func (r *Record) rate() rate {
	if known, ok := between(r.First.sample(), r.Final.sample()); ok {
		return known
	}
	return unknownRate
}

// offset is what was measured, for another moment, by the contact that says more of it.
func (r *Record) offset(at moment) Offset {
	rate, best := r.rate(), r.First.sample()
	if final := r.Final.sample(); final.doubt(rate, at) < best.doubt(rate, at) {
		best = final
	}
	return best.extrapolate(rate, at)
}

// collector is a moment by the collector's clock, and how uncertain that is.
func (r *Record) collector(at moment) (time.Time, time.Duration) {
	value, uncertainty := r.offset(at).Estimate()
	return at.at.Add(value), uncertainty
}

// inTimeOf is when this session began by the time of another of the same boot.
func (r *Record) inTimeOf(other *Record) moment {
	return moment{time.Unix(0, other.Began).Add(r.BootClock - other.BootClock), r.BootSlept - other.BootSlept}
}

// Bounds of what is believed, wide enough for every PC and narrow enough that no sum of
// them overflows.
const (
	maxLife   = 20 * 365 * 24 * time.Hour  // of a session or a boot
	maxOffset = 250 * 365 * 24 * time.Hour // from 1970 to 2200
	maxDoubt  = 365 * 24 * time.Hour
)

func (r *Record) check() error {
	began, last := time.Unix(0, r.Began), time.Unix(0, r.Last)
	switch {
	case !validID(r.Session):
		return fmt.Errorf("session is %.40q, want 16 lower-case hexadecimal digits", r.Session)
	case r.Boot != "" && !validBoot(r.Boot):
		return fmt.Errorf("session %s: boot is %.40q", r.Session, r.Boot)
	case r.Boot == "" && (r.BootClock != 0 || r.BootSlept != 0):
		return fmt.Errorf("session %s has a boot's clock and no boot", r.Session)
	case !within(r.BootClock, maxLife) || !within(r.BootSlept, r.BootClock):
		return fmt.Errorf("session %s: boot's clock is %s, asleep %s", r.Session, r.BootClock, r.BootSlept)
	case r.Began < 0 || began.After(lastTime):
		return fmt.Errorf("session %s begins in %d", r.Session, began.UTC().Year())
	case r.Last < r.Began:
		return fmt.Errorf("session %s ends before it begins", r.Session)
	case last.Sub(began) > maxLife:
		return fmt.Errorf("session %s lasted %s", r.Session, last.Sub(began))
	case !within(r.Slept, r.lasted()):
		return fmt.Errorf("session %s slept %s of %s", r.Session, r.Slept, r.lasted())
	case !r.Met && (r.First != Contact{} || r.Final != Contact{}):
		return fmt.Errorf("session %s has contacts and never met", r.Session)
	case r.Met && (!r.admits(r.First) || !r.admits(r.Final) || r.Final.At < r.First.At || r.Final.Slept < r.First.Slept):
		return fmt.Errorf("session %s: contacts are %+v and %+v", r.Session, r.First, r.Final)
	case r.Placed != nil && !r.Placed.sound():
		return fmt.Errorf("session %s: placed at %+v", r.Session, *r.Placed)
	}
	return nil
}

func (r *Record) admits(c Contact) bool {
	if c.At < r.Began || c.At > r.Last || c.Offset.Abs() > maxOffset {
		return false
	}
	by := time.Unix(0, c.At).Add(c.Offset)
	return within(c.Slept, time.Duration(c.At-r.Began)) && c.Slept <= r.Slept && within(c.Uncertainty, maxDoubt) &&
		!by.Before(firstCollector.Add(-maxDoubt)) && !by.After(lastTime.Add(maxDoubt))
}

func (o *Offset) sound() bool {
	return o.Value.Abs() <= maxOffset && within(o.Uncertainty, 2*maxDoubt) && o.Drift.Abs() <= maxLife && within(o.DriftUncertainty, maxLife)
}

func within(d, most time.Duration) bool { return d >= 0 && d <= most }

// validBoot is a UUID as Linux writes it.
func validBoot(s string) bool { return len(s) == 36 && strings.Trim(s, "0123456789abcdef-") == "" }
