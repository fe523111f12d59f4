package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxAside is how many batches aside/ keeps, newest first: one a minute for two weeks
// of working days. Their size is bounded too, by an eighth of MaxBytes.
const maxAside = 10_000

// verifyNewest is how many batches Open reads whole: a power cut damages what was
// written last. The others are checked when they are loaded; reading 60,000 files
// one by one would keep an old disk busy for minutes before the first round.
const verifyNewest = 64

// SetAside takes a batch out of the queue and keeps it in aside/, beside a note for
// people that says why: <sequence>.txt. Both last before it returns.
func (s *Spool) SetAside(seq uint64, note []byte) error {
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
func (s *Spool) moveAside(name string) error {
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
func (s *Spool) moveDamaged(name string, why error) {
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

func (s *Spool) pruneAside() {
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

// recover learns what is in the folder.
func (s *Spool) recover() error {
	if err := s.recoverAside(); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		s.recoverFile(e)
	}
	newest := s.Sequences()
	for _, seq := range newest[max(0, len(newest)-verifyNewest):] {
		name := batchName(seq)
		if _, err := readFrame(filepath.Join(s.dir, name)); err != nil && lasting(err) {
			s.moveDamaged(name, err)
		}
	}
	s.dropOldest() // MaxBytes may be smaller than it was
	return nil
}

func (s *Spool) recoverFile(e fs.DirEntry) {
	if temp, ok := strings.CutSuffix(e.Name(), tempSuffix); ok {
		s.removeTemp(s.dir, temp)
		return
	}
	seq, ok := parseBatchName(e.Name())
	if !ok {
		return // not ours: left alone
	}
	s.next = max(s.next, seq+1)
	info, err := e.Info()
	switch {
	case err != nil:
		s.moveDamaged(e.Name(), err)
	case !info.Mode().IsRegular():
		s.moveDamaged(e.Name(), &damage{"not a regular file"})
	case info.Size() <= int64(headSize) || info.Size() > frameSize(MaxPayload):
		s.moveDamaged(e.Name(), &damage{fmt.Sprintf("%d bytes cannot be a batch", info.Size())})
	default:
		s.queue.add(seq, info.Size())
	}
}

func (s *Spool) recoverAside() error {
	entries, err := os.ReadDir(s.asideDir())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if temp, ok := strings.CutSuffix(e.Name(), tempSuffix); ok {
			s.removeTemp(s.asideDir(), temp)
			continue
		}
		seq, ok := parseBatchName(e.Name())
		if !ok {
			continue
		}
		s.next = max(s.next, seq+1)
		size := int64(0)
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		s.aside.add(seq, size)
	}
	return nil
}

// removeTemp removes a file that a save did not finish, if it is one of ours.
func (s *Spool) removeTemp(dir, name string) {
	_, batch := parseBatchName(name)
	_, note := parseName(name, ".txt")
	if !batch && !note && !isKept(name) {
		return
	}
	if err := s.disk.remove(filepath.Join(dir, name+tempSuffix)); err != nil {
		s.log.Warn("unfinished file not removed", "file", name+tempSuffix, "error", err)
	}
}

const digits = 20 // of a sequence in a name, so that names sort as numbers do

func batchName(seq uint64) string { return fmt.Sprintf("%0*d.batch", digits, seq) }
func noteName(seq uint64) string  { return fmt.Sprintf("%0*d.txt", digits, seq) }

func parseBatchName(name string) (uint64, bool) { return parseName(name, ".batch") }

func parseName(name, suffix string) (uint64, bool) {
	number, ok := strings.CutSuffix(name, suffix)
	if !ok || len(number) != digits {
		return 0, false
	}
	seq, err := strconv.ParseUint(number, 10, 64)
	return seq, err == nil && seq > 0 && seq <= maxSequence
}
