package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Delete removes batches from the queue; those that are not in it are passed over.
// After a power cut one may be back: sending it again is safe, a disk that is
// synced for every removal is worn out for nothing.
func (s *folder) Delete(seqs ...uint64) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	var failed []error
	gone := make([]uint64, 0, len(seqs))
	for _, seq := range seqs {
		if s.known(seq) != nil {
			continue
		}
		err := s.disk.remove(filepath.Join(s.dir, batchName(seq)))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			failed = append(failed, fmt.Errorf("delete batch %d: %w", seq, err))
			continue
		}
		gone = append(gone, seq)
	}
	s.forget(gone...)
	return errors.Join(failed...)
}

func (s *folder) forget(seqs ...uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.remove(seqs...)
	if s.full && s.queue.bytes <= s.max-s.max/8 {
		s.full = false
		s.log.Info("spool is no longer full", "dir", s.dir, "dropped_batches", s.stats.Dropped)
	}
}

// dropOldest brings the queue under MaxBytes; the newest batch stays whatever its size.
func (s *folder) dropOldest() {
	for _, seq := range s.surplus() {
		err := s.disk.remove(filepath.Join(s.dir, batchName(seq)))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			continue // a file that will not go must not keep the next oldest
		}
		s.mu.Lock()
		s.queue.remove(seq)
		s.stats.Dropped++
		first := !s.full
		s.full = true
		s.mu.Unlock()
		if first {
			s.log.Warn("spool is full: the oldest batches are dropped", "dir", s.dir, "max_bytes", s.max)
		}
		if s.Stats().Bytes <= s.max {
			return
		}
	}
}

// surplus lists what may be dropped, oldest first, if the queue is too large.
func (s *folder) surplus() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue.bytes <= s.max {
		return nil
	}
	seqs := s.queue.sequences()
	return slices.Clip(seqs[:len(seqs)-1])
}
