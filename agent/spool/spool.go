// Package spool is the agent's memory on disk: a durable queue of opaque batches,
// one file each. In come payloads from the round; out they go, by sequence, to
// whoever sends them, and are gone when he says so.
//
// The folder:
//
//	00000000000000000042.batch   one batch: frame.go says what is in it
//	aside/…                      what could not be read or was refused, with a .txt that says why
//	lock                         held while a process has the folder open
//
// A payload is on disk, and stays there through a power cut, before [Spool.Put]
// returns. A damaged file is never deleted and never stands in the way of another.
// What must be dropped because the queue is full is the oldest, and it is counted.
// The spool never looks into a payload, and never talks to a network.
package spool

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
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

// MaxPayload is the largest payload that one batch may hold, in bytes.
const MaxPayload = 8 << 20

// maxSequence is the largest that api.BatchList can name, less enough room to count on.
const maxSequence = 1 << 52

var (
	// ErrGone is the error for a sequence that is not in the queue: delivered,
	// dropped or set aside.
	ErrGone = errors.New("batch is not in the queue")
	// ErrDamaged is the error for a batch whose file does not hold what was
	// written. It has been moved to aside/ and is no longer in the queue.
	ErrDamaged = errors.New("batch file is damaged")
)

// Spool is an open queue. All its methods may be called concurrently.
type Spool struct {
	dir  string
	max  int64
	log  *slog.Logger
	disk disk
	lock io.Closer

	writing sync.Mutex // held through every change on disk, also while it waits for the disk

	mu     sync.Mutex // guards what follows; never held while waiting for the disk
	queue  index
	aside  index
	next   uint64
	stats  Stats
	full   bool
	closed bool
}

// Stats is the state of the queue.
type Stats struct {
	Batches int    // in the queue
	Bytes   int64  // of their files
	Dropped uint64 // since Open, because the queue was full
	Aside   int    // in aside/
	Damaged uint64 // of these, since Open, because their file was damaged
}

// Open locks the folder and recovers what is in it: files that were never finished
// are removed, damaged ones moved aside, and everything whole is in the queue.
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
	s := &Spool{dir: cfg.Dir, max: cfg.MaxBytes, log: cfg.Log, disk: d, next: 1}
	if err := s.makeFolders(); err != nil {
		return nil, fmt.Errorf("open spool %s: %w", cfg.Dir, err)
	}
	lock, err := lockFile(filepath.Join(s.dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("open spool %s: %w", cfg.Dir, err)
	}
	s.lock = lock
	if err := s.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("open spool %s: %w", cfg.Dir, err), lock.Close())
	}
	return s, nil
}

func (s *Spool) makeFolders() error {
	_, missing := os.Stat(s.asideDir())
	if err := os.MkdirAll(s.asideDir(), 0o750); err != nil {
		return err
	}
	if missing == nil {
		return nil
	}
	if err := s.disk.syncDir(s.dir); err != nil {
		return err
	}
	// The parent may be one that we cannot read; then the folder is as safe as its maker left it.
	if err := s.disk.syncDir(filepath.Dir(s.dir)); err != nil {
		s.log.Debug("parent of the spool cannot be synced", "dir", s.dir, "error", err)
	}
	return nil
}

// Close lets another process open the folder. Nothing needs to be flushed.
func (s *Spool) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	already := s.closed
	s.closed = true
	s.mu.Unlock()
	if already {
		return nil
	}
	return s.lock.Close()
}

// Put stores a payload and returns its sequence; by then it is on disk. If that
// makes the queue larger than MaxBytes, the oldest batches are dropped and counted.
// On an error (disk full, folder read-only) the payload is not stored and the
// queue is as it was; trying again later is safe.
func (s *Spool) Put(payload []byte) (uint64, error) {
	if n := len(payload); n == 0 || n > MaxPayload {
		return 0, fmt.Errorf("write batch to %s: payload of %d bytes, want 1 to %d", s.dir, n, MaxPayload)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	seq, err := s.take()
	if err != nil {
		return 0, fmt.Errorf("write batch to %s: %w", s.dir, err)
	}
	name := batchName(seq)
	if err := save(s.disk, s.dir, name, frame(payload)); err != nil {
		// If only the last step failed the file is there, and not known to last: away with it.
		_ = s.disk.remove(filepath.Join(s.dir, name))
		return 0, fmt.Errorf("write batch to %s: %w", s.dir, err)
	}
	s.mu.Lock()
	s.queue.add(seq, frameSize(len(payload)))
	s.mu.Unlock()
	s.dropOldest()
	return seq, nil
}

// take uses up the next sequence: a number that was once tried is never used again.
func (s *Spool) take() (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, os.ErrClosed
	}
	s.next++
	return s.next - 1, nil
}

// Replace stores another payload under a sequence that is in the queue, as durably
// as Put: after a power cut there is the old payload or the new one, whole.
func (s *Spool) Replace(seq uint64, payload []byte) error {
	if n := len(payload); n == 0 || n > MaxPayload {
		return fmt.Errorf("replace batch %d: payload of %d bytes, want 1 to %d", seq, n, MaxPayload)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.known(seq); err != nil {
		return fmt.Errorf("replace batch %d: %w", seq, err)
	}
	if err := save(s.disk, s.dir, batchName(seq), frame(payload)); err != nil {
		return fmt.Errorf("replace batch %d: %w", seq, err)
	}
	s.mu.Lock()
	s.queue.add(seq, frameSize(len(payload)))
	s.mu.Unlock()
	return nil
}

// known tells whether a sequence is in the queue of a spool that is open.
func (s *Spool) known(seq uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return os.ErrClosed
	case !s.queue.has(seq):
		return ErrGone
	}
	return nil
}

// Sequences lists the queue, oldest first.
func (s *Spool) Sequences() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.sequences()
}

// Load reads a payload back. The error is [ErrGone], [ErrDamaged], or why the file
// could not be read just now; the batch then stays in the queue.
func (s *Spool) Load(seq uint64) ([]byte, error) {
	if err := s.known(seq); err != nil {
		return nil, fmt.Errorf("load batch %d: %w", seq, err)
	}
	payload, err := readFrame(filepath.Join(s.dir, batchName(seq)))
	if err == nil {
		return payload, nil
	}
	if errors.Is(err, os.ErrNotExist) {
		s.forget(seq)
		return nil, fmt.Errorf("load batch %d: %w", seq, ErrGone)
	}
	if !lasting(err) {
		return nil, fmt.Errorf("load batch %d: %w", seq, err)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.known(seq) == nil { // else another caller was faster
		s.moveDamaged(batchName(seq), err)
	}
	return nil, fmt.Errorf("load batch %d: %w: %w", seq, ErrDamaged, err)
}

// Stats says how much is in the queue, and what was lost from it.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Batches, st.Bytes, st.Aside = len(s.queue.entries), s.queue.bytes, len(s.aside.entries)
	return st
}

func (s *Spool) asideDir() string { return filepath.Join(s.dir, "aside") }
