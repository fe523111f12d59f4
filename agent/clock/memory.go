package clock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// maxRecords bounds how many sessions are remembered: two months of a PC that is
// switched on each morning.
const maxRecords = 64

// boot is one run of the machine: sessions of the same one share a clock.
type boot struct {
	id    string        // empty: not known
	clock time.Duration // since that boot, time asleep included, when the session began
}

// Record is what is worth knowing of a session when it is over. Times are the
// session's own, in nanoseconds since 1970 as its wall clock had it.
type Record struct {
	Session   string        `json:"session"`
	Boot      string        `json:"boot,omitempty"`
	BootClock time.Duration `json:"boot_clock_ns,omitempty"` // at Began
	Began     int64         `json:"began_ns"`
	Last      int64         `json:"last_ns"` // latest sign of life

	Met         bool          `json:"met"` // the collector, so that an offset was measured
	Offset      time.Duration `json:"offset_ns,omitempty"`
	Uncertainty time.Duration `json:"uncertainty_ns,omitempty"`

	Placed *Offset `json:"placed,omitempty"` // the offset under which its batches were stamped, if it never met
}

// Record is the session as it is now.
func (s *Session) Record() Record {
	r := Record{Session: s.id, Boot: s.boot.id, BootClock: s.boot.clock, Began: s.began.UnixNano(), Last: s.Now().UnixNano()}
	if o, known := s.Offset(); known {
		r.Met, r.Offset, r.Uncertainty = true, o.Value+o.Drift, o.Uncertainty+o.DriftUncertainty
	}
	return r
}

func (r *Record) check() error {
	switch {
	case !validID(r.Session):
		return fmt.Errorf("session is %.40q, want 16 lower-case hexadecimal digits", r.Session)
	case len(r.Boot) > 64:
		return fmt.Errorf("session %s: boot has %d bytes, at most 64", r.Session, len(r.Boot))
	case r.Last < r.Began:
		return fmt.Errorf("session %s ends before it begins", r.Session)
	case r.Uncertainty < 0:
		return fmt.Errorf("session %s: uncertainty is %s", r.Session, r.Uncertainty)
	}
	return nil
}

// Memory is the sessions of one agent in the order in which they began. It is not
// safe for concurrent use.
type Memory struct{ records []Record }

// maxMemory bounds what is read: a record has some 300 bytes.
const maxMemory = 64 << 10

// ReadMemory reads what [Memory.Marshal] wrote. Whoever gets an error begins with an
// empty memory: it only costs the place of sessions that never met the collector.
func ReadMemory(data []byte) (*Memory, error) {
	if len(data) > maxMemory {
		return nil, fmt.Errorf("read sessions: %d bytes, at most %d", len(data), maxMemory)
	}
	m := &Memory{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m.records); err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	if len(m.records) > maxRecords {
		return nil, fmt.Errorf("read sessions: %d of them, at most %d", len(m.records), maxRecords)
	}
	seen := map[string]bool{}
	for i := range m.records {
		r := &m.records[i]
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("read sessions: %w", err)
		}
		if seen[r.Session] {
			return nil, fmt.Errorf("read sessions: %s stands there twice", r.Session)
		}
		seen[r.Session] = true
	}
	return m, nil
}

// Marshal writes the memory.
func (m *Memory) Marshal() []byte {
	data, err := json.Marshal(m.records)
	if err != nil {
		panic(err) // numbers, texts and booleans: cannot be
	}
	return data
}

// Note enters a session, at the end when it is new. The oldest is forgotten.
func (m *Memory) Note(r Record) {
	if i := m.find(r.Session); i >= 0 {
		r.Placed = m.records[i].Placed
		m.records[i] = r
		return
	}
	m.records = append(m.records, r)
	if n := len(m.records) - maxRecords; n > 0 {
		m.records = slices.Delete(m.records, 0, n)
	}
}

func (m *Memory) find(session string) int {
	return slices.IndexFunc(m.records, func(r Record) bool { return r.Session == session })
}

// collector is a time of the session by the collector's clock.
func (r *Record) collector(ns int64) time.Time { return time.Unix(0, ns).Add(r.Offset) }
