package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// MaxNote bounds a note that is kept beside the queue, in bytes.
const MaxNote = 64 << 10

var noteForm = regexp.MustCompile(`^[a-z]{1,32}\.json$`)

// Keep stores a small note beside the queue, as durably as a batch; it replaces the
// one of that name. Names are lower-case letters and ".json".
func (s *Spool) Keep(name string, note []byte) error {
	if !noteForm.MatchString(name) || len(note) > MaxNote {
		return fmt.Errorf("keep %q in %s: want a name of letters and .json, and at most %d bytes", name, s.cfg.Dir, MaxNote)
	}
	s.putting.Lock()
	defer s.putting.Unlock()
	s.mu.Lock()
	f, closed := s.folder, s.closed
	s.mu.Unlock()
	if f == nil || closed {
		return fmt.Errorf("keep %s in %s: %w", name, s.cfg.Dir, os.ErrClosed)
	}
	if err := save(s.disk, s.cfg.Dir, name, note); err != nil {
		return fmt.Errorf("keep %s in %s: %w", name, s.cfg.Dir, err)
	}
	return nil
}

// Kept reads a note; nil if there is none of that name.
func (s *Spool) Kept(name string) ([]byte, error) {
	info, err := os.Lstat(filepath.Join(s.cfg.Dir, name))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !noteForm.MatchString(name), !info.Mode().IsRegular(), info.Size() > MaxNote:
		return nil, fmt.Errorf("read %s in %s: not a note of at most %d bytes", name, s.cfg.Dir, MaxNote)
	}
	return os.ReadFile(filepath.Join(s.cfg.Dir, name))
}
