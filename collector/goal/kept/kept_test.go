package kept

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "goal", "kept")
	if err := Folder(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAFileStaysAsItWasFirst(t *testing.T) {
	dir := folder(t)
	var all sync.WaitGroup
	for _, text := range []string{"one", "two", "three", "four"} {
		all.Go(func() {
			if err := Add(dir, "name", []byte(text), 0o440); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	first, err := os.ReadFile(filepath.Join(dir, "name"))
	if err != nil {
		t.Fatal(err)
	}
	if err := Add(dir, "name", []byte("later"), 0o440); err != nil {
		t.Error(err)
	}
	if now, err := os.ReadFile(filepath.Join(dir, "name")); err != nil || string(now) != string(first) {
		t.Errorf("%q after %q: %v", now, first, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "name")); err != nil || info.Mode().Perm() != 0o440 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, unfinished+"*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestWhatAKilledProcessLeftIsSwept(t *testing.T) {
	dir := folder(t)
	old, fresh := filepath.Join(dir, unfinished+"1"), filepath.Join(dir, unfinished+"2")
	for _, path := range []string{old, fresh} {
		if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-2*sweepAfter)); err != nil {
		t.Fatal(err)
	}
	if err := Folder(dir); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) != 1 || left[0] != fresh {
		t.Errorf("left: %v; want the one that may still be written", left)
	}
}

func TestAFileInAFoldersPlaceIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "goal")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{path, filepath.Join(path, "declared")} {
		if err := Folder(dir); err == nil {
			t.Errorf("%s: no error", dir)
		}
	}
}
