//go:build integration

package kept

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// An administrator publishes first; the service, which runs under its own account, must be
// able to import afterwards, into another folder beside it.
func TestWhatRootKeepsBelongsToWhomTheFolderBelongs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this needs root: run the tests as root, as `make test` says")
	}
	const account = 12345
	data := t.TempDir()
	if err := os.Chown(data, account, account); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(data, "goal", "published")
	if err := Folder(dir); err != nil {
		t.Fatal(err)
	}
	if err := Add(dir, "report.json", []byte("{}"), 0o444); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := filepath.WalkDir(data, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		seen++
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != account || owner.Gid != account {
			t.Errorf("%s: %d:%d %v", path, owner.Uid, owner.Gid, info.Mode())
		}
		return nil
	})
	if err != nil || seen != 4 {
		t.Error(seen, err)
	}
}
