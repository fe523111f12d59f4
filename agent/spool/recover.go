package spool

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// verifyNewest is how many batches Open reads whole: a power cut damages what was
// written last. The others are checked when they are loaded; reading 60,000 files
// one by one would keep an old disk busy for minutes before the first round.
const verifyNewest = 64

// recover learns what is in the folder.
func (s *folder) recover() error {
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

func (s *folder) recoverFile(e fs.DirEntry) {
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

func (s *folder) recoverAside() error {
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
func (s *folder) removeTemp(dir, name string) {
	_, batch := parseBatchName(name)
	_, note := parseName(name, ".txt")
	if !batch && !note && !noteForm.MatchString(name) {
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
