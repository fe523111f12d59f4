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

// folder is the queue on disk. All its methods may be called concurrently.
type folder struct {
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

// InUse tells whether an agent has the folder open, in this process or another.
func InUse(dir string) bool {
	path := filepath.Join(dir, "lock")
	if _, err := os.Lstat(path); err != nil {
		return false
	}
	lock, err := lockFile(path)
	if err != nil {
		return errors.Is(err, ErrLocked)
	}
	_ = lock.Close() // it was taken only to see that it can be
	return false
}

// openFolder locks a folder and recovers what is in it: files that were never finished
// are removed, damaged ones moved aside, and everything whole is in the queue.
func openFolder(cfg Config, d disk) (*folder, error) {
	s := &folder{dir: cfg.Dir, max: cfg.MaxBytes, log: cfg.Log, disk: d, next: 1}
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

func (s *folder) makeFolders() error {
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
func (s *folder) Close() error {
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
func (s *folder) Put(payload []byte) (uint64, error) {
	if n := len(payload); n == 0 || n > MaxPayload {
		return 0, fmt.Errorf("write batch to %s: payload of %d bytes, want 1 to %d", s.dir, n, MaxPayload)
	}
	seq, err := s.take()
	if err != nil {
		return 0, fmt.Errorf("write batch to %s: %w", s.dir, err)
	}
	return seq, s.putAs(seq, payload)
}

// putAs is Put under a sequence that was taken before.
func (s *folder) putAs(seq uint64, payload []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	name := batchName(seq)
	if err := save(s.disk, s.dir, name, frame(payload)); err != nil {
		// If only the last step failed the file is there, and not known to last: away with it.
		_ = s.disk.remove(filepath.Join(s.dir, name))
		return fmt.Errorf("write batch to %s: %w", s.dir, err)
	}
	s.mu.Lock()
	s.queue.add(seq, frameSize(len(payload)))
	s.mu.Unlock()
	s.dropOldest()
	return nil
}

// take uses up the next sequence: a number that was once tried is never used again.
func (s *folder) take() (uint64, error) {
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
func (s *folder) Replace(seq uint64, payload []byte) error {
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
func (s *folder) known(seq uint64) error {
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
func (s *folder) Sequences() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.sequences()
}

// Load reads a payload back. The error is [ErrGone], [ErrDamaged], or why the file
// could not be read just now; the batch then stays in the queue.
func (s *folder) Load(seq uint64) ([]byte, error) {
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
func (s *folder) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Batches, st.Bytes, st.Aside = len(s.queue.entries), s.queue.bytes, len(s.aside.entries)
	return st
}

func (s *folder) asideDir() string { return filepath.Join(s.dir, "aside") }
