package spool

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestKeptStateOutlivesTheBatches(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	if got, err := s.Kept("sessions"); got != nil || err != nil {
		t.Errorf("nothing kept yet: %q, %v", got, err)
	}
	for _, state := range []string{"one", "two"} {
		if err := s.Keep("sessions", []byte(state)); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, s)
	s = mustOpen(t, dir)
	if got, err := s.Kept("sessions"); string(got) != "two" || err != nil {
		t.Errorf("kept %q, %v, want two", got, err)
	}
	if err := os.Truncate(filepath.Join(dir, "sessions.kept"), 5); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Kept("sessions"); !errors.Is(err, ErrDamaged) {
		t.Errorf("damaged state: %q, %v, want ErrDamaged", got, err)
	}
	for _, name := range []string{"", "../x", "A", "a.batch"} {
		if err := s.Keep(name, nil); err == nil {
			t.Errorf("name %q was taken", name)
		}
	}
}
