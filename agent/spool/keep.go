package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const keptSuffix = ".kept"

// Keep stores small state beside the queue, under a name of lower-case letters, as
// durably as a batch, and replaces what was kept under that name. It is not part
// of the queue: it is never dropped and does not count into MaxBytes.
func (s *Spool) Keep(name string, data []byte) error {
	if !isKept(name+keptSuffix) || len(data) > MaxPayload {
		return fmt.Errorf("keep %q in %s: want a name of lower-case letters and at most %d bytes", name, s.dir, MaxPayload)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return fmt.Errorf("keep %s in %s: %w", name, s.dir, os.ErrClosed)
	}
	if err := save(s.disk, s.dir, name+keptSuffix, frame(data)); err != nil {
		return fmt.Errorf("keep %s in %s: %w", name, s.dir, err)
	}
	return nil
}

// Kept gives back what Keep stored; nil if nothing was. The error is [ErrDamaged]
// or why it could not be read.
func (s *Spool) Kept(name string) ([]byte, error) {
	data, err := readFrame(filepath.Join(s.dir, name+keptSuffix))
	var d *damage
	switch {
	case err == nil:
		return data, nil
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case errors.As(err, &d):
		return nil, fmt.Errorf("read %s in %s: %w: %w", name, s.dir, ErrDamaged, err)
	}
	return nil, fmt.Errorf("read %s in %s: %w", name, s.dir, err)
}

func isKept(file string) bool {
	name, ok := strings.CutSuffix(file, keptSuffix)
	return ok && name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") == ""
}
