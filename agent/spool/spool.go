// Package spool is the agent's memory: a durable queue of opaque batches, one file
// each. In come payloads from the round; out they go, by sequence, to whoever sends
// them, and are gone when he says so.
//
// The folder:
//
//	00000000000000000042.batch   one batch: frame.go says what is in it
//	aside/…                      what could not be read or was refused, with a .txt that says why
//	sessions.json                a note that another room keeps here
//	lock                         held while a process has the folder open
//
// A payload is on disk, and stays there through a power cut, before [Spool.Put]
// returns. Where the disk does not take it (full, read-only, gone, of another owner),
// it is held in memory up to [MaxMemory], is sent as all others are, and goes to disk
// as soon as that works again: measuring never waits for a disk.
//
// A damaged file is never deleted and never stands in the way of another. What must
// be dropped because the queue is full is the oldest, and it is counted. What is too old
// is for the caller to say, who knows the time. The spool never looks into a payload,
// and never talks to a network.
package spool

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
)

// Config says where the queue is and how large it may become.
type Config struct {
	Dir      string // made if missing; one process at a time
	MaxBytes int64  // of all batch files together; what is set aside has an eighth of it on top
	Log      *slog.Logger
}

// DefaultConfiguration holds months of an office: a round of 20 targets is about
// 3 KB, so 256 MiB is 60 days of rounds every minute.
func DefaultConfiguration() Config {
	return Config{MaxBytes: 256 << 20, Log: slog.New(slog.DiscardHandler)}
}

const (
	// MaxPayload is the largest payload that one batch may hold, in bytes.
	MaxPayload = 8 << 20
	// MaxMemory bounds the payloads that are held while the disk does not take them, in
	// bytes: two days of an ordinary office. Beyond it the oldest is dropped.
	MaxMemory = 8 << 20
)

// maxSequence is the largest that api.BatchList can name, less enough room to count on.
const maxSequence = 1 << 52

var (
	// ErrGone is the error for a sequence that is not in the queue: delivered,
	// dropped or set aside.
	ErrGone = errors.New("batch is not in the queue")
	// ErrDamaged is the error for a batch whose file does not hold what was
	// written. It has been moved to aside/ and is no longer in the queue.
	ErrDamaged = errors.New("batch file is damaged")
	// ErrLocked is the error for a folder that another process has open.
	ErrLocked = errors.New("another agent uses this folder")
)

// Spool is an open queue. All its methods may be called concurrently.
type Spool struct {
	cfg  Config
	disk disk

	putting sync.Mutex // one Put at a time, also while it waits for the disk

	mu      sync.Mutex // guards what follows; never held while waiting for the disk
	folder  *folder    // nil while it cannot be opened
	memory  []waiting  // what the disk did not take, by sequence
	bytes   int        // of these
	next    uint64     // sequence while there is no folder
	dropped uint64     // from memory, or as too old
	trouble string     // with the disk; empty while there is none
	closed  bool
	stuck   map[uint64]bool // delivered, and their files cannot be removed
}

type waiting struct {
	seq     uint64
	payload []byte
}

// Stats is the state of the queue.
type Stats struct {
	Batches int    // in the queue
	Memory  int    // of these, held in memory
	Bytes   int64  // of their files, or payloads
	Dropped uint64 // since Open, because the queue was full or they were too old
	Aside   int    // in aside/
	Damaged uint64 // of these, since Open, because their file was damaged
}

// Open locks the folder and recovers what is in it. A folder that cannot be used is
// no error but one that another agent uses, [ErrLocked]: batches are held in memory
// meanwhile.
func Open(cfg Config) (*Spool, error) { return open(cfg, osDisk{}) }

func open(cfg Config, d disk) (*Spool, error) {
	if cfg.Dir == "" {
		return nil, errors.New("open spool: no folder given")
	}
	if cfg.MaxBytes <= 0 {
		return nil, fmt.Errorf("open spool %s: MaxBytes is %d, want more than 0", cfg.Dir, cfg.MaxBytes)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	// Sequences of batches that are held while the folder cannot be read must not be
	// those of batches in it: they begin far above, where two runs will not meet.
	s := &Spool{cfg: cfg, disk: d, next: 1<<40 + rand.Uint64N(1<<40), stuck: map[uint64]bool{}}
	err := s.enter()
	if errors.Is(err, ErrLocked) {
		return nil, err
	}
	if err != nil {
		s.fails(err)
	}
	return s, nil
}

// enter opens the folder if it is not open; what is in memory comes after what is in it.
func (s *Spool) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.folder != nil {
		return nil
	}
	f, err := openFolder(s.cfg, s.disk)
	if err != nil {
		return err
	}
	if len(s.memory) > 0 && s.memory[0].seq < f.next {
		for i := range s.memory {
			s.memory[i].seq = f.next + uint64(i) // sent under two names it is the same points
		}
	}
	if n := len(s.memory); n > 0 {
		f.next = s.memory[n-1].seq + 1
	}
	if s.next < f.next || s.next < 1<<40 {
		s.next = f.next
	}
	s.folder = f
	return nil
}

// Close lets another process open the folder. What is held in memory gets a last
// chance to reach the disk.
func (s *Spool) Close() error {
	s.putting.Lock()
	defer s.putting.Unlock()
	lost := s.flush()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if len(s.memory) > 0 {
		s.cfg.Log.Error("batches in memory are lost: the disk does not take them", "dir", s.cfg.Dir, "batches", len(s.memory), "error", lost)
	}
	if s.folder == nil {
		return nil
	}
	return s.folder.Close()
}

// Put stores a payload and returns its sequence; by then it is on disk, or, while the
// disk does not take it, in memory. If that makes the queue larger than it may be, the
// oldest batches are dropped and counted.
func (s *Spool) Put(payload []byte) (uint64, error) {
	if n := len(payload); n == 0 || n > MaxPayload {
		return 0, fmt.Errorf("write batch to %s: payload of %d bytes, want 1 to %d", s.cfg.Dir, n, MaxPayload)
	}
	s.putting.Lock()
	defer s.putting.Unlock()
	if s.isClosed() {
		return 0, fmt.Errorf("write batch to %s: %w", s.cfg.Dir, os.ErrClosed)
	}
	err := s.flush()
	if err == nil {
		var seq uint64
		if seq, err = s.folder.Put(payload); err == nil {
			s.works()
			return seq, nil
		}
	}
	s.fails(err)
	return s.hold(payload), nil
}

func (s *Spool) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// parts is what a reader needs, as it is now; folder may be nil.
func (s *Spool) parts(seq uint64) (f *folder, payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, found := s.find(seq); found {
		return s.folder, s.memory[i].payload
	}
	return s.folder, nil
}

func (s *Spool) find(seq uint64) (int, bool) {
	return slices.BinarySearchFunc(s.memory, seq, func(h waiting, seq uint64) int {
		switch {
		case h.seq < seq:
			return -1
		case h.seq > seq:
			return 1
		}
		return 0
	})
}

// Sequences lists the queue, oldest first.
func (s *Spool) Sequences() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []uint64
	if s.folder != nil {
		all = slices.DeleteFunc(s.folder.Sequences(), func(seq uint64) bool { return s.stuck[seq] })
	}
	for _, h := range s.memory {
		all = append(all, h.seq)
	}
	return all
}

// Load reads a payload back. The error is [ErrGone], [ErrDamaged], or why the file
// could not be read just now; the batch then stays in the queue.
func (s *Spool) Load(seq uint64) ([]byte, error) {
	f, payload := s.parts(seq)
	switch {
	case payload != nil:
		return slices.Clone(payload), nil
	case f == nil:
		return nil, fmt.Errorf("load batch %d: %w", seq, ErrGone)
	}
	return f.Load(seq)
}

// Replace stores another payload under a sequence that is in the queue, as durably
// as Put: after a power cut there is the old payload or the new one, whole.
func (s *Spool) Replace(seq uint64, payload []byte) error {
	s.putting.Lock()
	defer s.putting.Unlock()
	f, old := s.parts(seq)
	switch {
	case old != nil:
		s.mu.Lock()
		defer s.mu.Unlock()
		if i, found := s.find(seq); found {
			s.bytes += len(payload) - len(old)
			s.memory[i].payload = slices.Clone(payload)
		}
		return nil
	case f == nil:
		return fmt.Errorf("replace batch %d: %w", seq, ErrGone)
	}
	return f.Replace(seq, payload)
}

// Stats says how much is in the queue, and what was lost from it.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	var st Stats
	if s.folder != nil {
		st = s.folder.Stats()
	}
	st.Memory = len(s.memory)
	st.Batches += st.Memory - len(s.stuck)
	st.Bytes += int64(s.bytes)
	st.Dropped += s.dropped
	return st
}
