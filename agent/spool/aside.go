package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// maxAside is how many batches aside/ keeps, newest first: one a minute for two weeks
// of working days. Their size is bounded too, by an eighth of MaxBytes.
const maxAside = 10_000

// SetAside takes a batch out of the queue and keeps it in aside/, beside a note for
// people that says why: <sequence>.txt. Both last before it returns.
func (s *folder) SetAside(seq uint64, note []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.known(seq); err != nil {
		return fmt.Errorf("set batch %d aside: %w", seq, err)
	}
	// The note first: cut between the two, the batch is still in the queue and
	// will be refused and set aside again.
	if err := save(s.disk, s.asideDir(), noteName(seq), note); err != nil {
		return fmt.Errorf("set batch %d aside: %w", seq, err)
	}
	if err := s.moveAside(batchName(seq)); err != nil {
		return fmt.Errorf("set batch %d aside: %w", seq, err)
	}
	return nil
}

// moveAside moves a batch file, in the queue or not yet, and keeps aside/ in bounds.
func (s *folder) moveAside(name string) error {
	size := int64(0)
	if info, err := os.Lstat(filepath.Join(s.dir, name)); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	if err := s.disk.rename(filepath.Join(s.dir, name), filepath.Join(s.asideDir(), name)); err != nil {
		return err
	}
	seq, _ := parseBatchName(name)
	s.mu.Lock()
	s.queue.remove(seq)
	s.aside.add(seq, size)
	s.mu.Unlock()
	s.pruneAside()
	// The new name before the old one's end: cut between the two there may be both, never none.
	return errors.Join(s.disk.syncDir(s.asideDir()), s.disk.syncDir(s.dir))
}

// moveDamaged gets a damaged file out of the way. Where even that fails the file
// stays, and is no longer looked at.
func (s *folder) moveDamaged(name string, why error) {
	seq, _ := parseBatchName(name)
	s.mu.Lock()
	s.queue.remove(seq)
	s.stats.Damaged++
	s.mu.Unlock()
	note := fmt.Sprintf("This batch could not be read and was not sent.\n%v\n", why)
	if err := save(s.disk, s.asideDir(), noteName(seq), []byte(note)); err != nil {
		s.log.Warn("note on a damaged batch not written", "file", name, "error", err)
	}
	if err := s.moveAside(name); err != nil {
		s.log.Error("damaged batch stays where it is and is not looked at", "file", name, "damage", why, "error", err)
		return
	}
	s.log.Warn("damaged batch set aside", "file", name, "damage", why)
}

func (s *folder) pruneAside() {
	for {
		s.mu.Lock()
		surplus := len(s.aside.entries) > 1 && (len(s.aside.entries) > maxAside || s.aside.bytes > s.max/8)
		var seq uint64
		if surplus {
			seq = s.aside.entries[0].seq
			s.aside.remove(seq)
		}
		s.mu.Unlock()
		if !surplus {
			return
		}
		// What will not go now is counted again, and tried again, after the next Open.
		_ = s.disk.remove(filepath.Join(s.asideDir(), noteName(seq)))
		_ = s.disk.remove(filepath.Join(s.asideDir(), batchName(seq)))
	}
}
