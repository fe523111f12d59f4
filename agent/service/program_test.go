package service

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestAnUpdateIsTheOldOrTheNewProgramAtEveryMoment(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "bin", "program")
	version := func(c byte) []byte {
		b := make([]byte, 3<<20)
		for i := range b {
			b[i] = c
		}
		return b
	}
	for _, c := range []byte("ab") {
		must(t, os.WriteFile(filepath.Join(dir, string(c)), version(c), 0o600))
	}
	must(t, replaceProgram(t.Context(), filepath.Join(dir, "a"), path))
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for !closed(stop) {
			data, err := os.ReadFile(path)
			if err != nil || len(data) != 3<<20 || data[0] != data[len(data)-1] {
				t.Errorf("half a program: %d bytes, %v", len(data), err)
				return
			}
		}
	})
	for range 10 {
		must(t, replaceProgram(t.Context(), filepath.Join(dir, "b"), path))
		must(t, replaceProgram(t.Context(), filepath.Join(dir, "a"), path))
	}
	close(stop)
	watching.Wait()
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o755 {
		t.Errorf("mode %v", info.Mode())
	}
	if d := cmp.Diff([]string{"program"}, names(t, filepath.Dir(path))); d != "" {
		t.Error(d)
	}
}

// cut gives some bytes and then no more, as a disk that fails does.
type cut struct{ given bool }

func (c *cut) Read(p []byte) (int, error) {
	if c.given {
		return 0, errors.New("the disk fails")
	}
	c.given = true
	return copy(p, "half of the new"), nil
}

func TestAnUpdateThatFailsLeavesTheOldProgramAndNothingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	must(t, os.WriteFile(path, []byte("old"), 0o755))
	for _, data := range []io.Reader{&cut{}} {
		if err := replaceFile(context.Background(), path, 0o755, data); err == nil {
			t.Error("half a program was taken")
		}
	}
	if got := read(t, path); got != "old" {
		t.Errorf("got %q", got)
	}
	if d := cmp.Diff([]string{"program"}, names(t, filepath.Dir(path))); d != "" {
		t.Error(d)
	}
}
