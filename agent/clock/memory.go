package clock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

const (
	// maxRecords bounds how many sessions are remembered: two months of a PC that is
	// switched on each morning.
	maxRecords = 64
	// maxMemory bounds what is read: a record has at most some 700 bytes.
	maxMemory = 64 << 10
)

// Memory is the sessions of one agent in the order in which they began. It is not
// safe for concurrent use.
type Memory struct{ records []Record }

// memoryFile is how it is written. A flipped bit would place a session elsewhere and
// nobody would see it, hence the sum.
type memoryFile struct {
	Sum      string   `json:"crc32c"` // of the sessions as they stand there
	Sessions []Record `json:"sessions"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ReadMemory reads what [Memory.Marshal] wrote, and nothing else. Whoever gets an
// error begins with an empty memory: it only costs the place of sessions that never met
// the collector.
func ReadMemory(data []byte) (*Memory, error) {
	m, err := readMemory(data)
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	return m, nil
}

func readMemory(data []byte) (*Memory, error) {
	if len(data) > maxMemory {
		return nil, fmt.Errorf("%d bytes, at most %d", len(data), maxMemory)
	}
	var file memoryFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	if len(file.Sessions) > maxRecords {
		return nil, fmt.Errorf("%d of them, at most %d", len(file.Sessions), maxRecords)
	}
	seen := map[string]bool{}
	for i := range file.Sessions {
		r := &file.Sessions[i]
		if err := r.check(); err != nil {
			return nil, err
		}
		if seen[r.Session] {
			return nil, fmt.Errorf("%s stands there twice", r.Session)
		}
		seen[r.Session] = true
	}
	m := &Memory{records: file.Sessions}
	if !bytes.Equal(m.Marshal(), data) {
		return nil, errors.New("damaged: not as it was written")
	}
	return m, nil
}

// Marshal writes the memory.
func (m *Memory) Marshal() []byte {
	sessions := m.records
	if sessions == nil {
		sessions = []Record{}
	}
	sum := crc32.Checksum(encode(sessions), castagnoli)
	return encode(memoryFile{Sum: fmt.Sprintf("%08x", sum), Sessions: sessions})
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // numbers, texts and booleans: cannot be
	}
	return data
}

// Note enters a session, at the end when it is new; the oldest is forgotten. Of one that
// is known, a sign of life and a place once found stay. A record that ReadMemory would not
// take is not entered: it would take all the others with it.
func (m *Memory) Note(r Record) {
	if r.check() != nil {
		return
	}
	i := m.find(r.Session)
	if i < 0 {
		m.records = append(m.records, r)
		if n := len(m.records) - maxRecords; n > 0 {
			m.records = slices.Delete(m.records, 0, n)
		}
		return
	}
	old := m.records[i]
	r.Last = max(r.Last, old.Last)
	if old.Placed != nil {
		r.Placed = old.Placed
	}
	m.records[i] = r
}

func (m *Memory) find(session string) int {
	return slices.IndexFunc(m.records, func(r Record) bool { return r.Session == session })
}
