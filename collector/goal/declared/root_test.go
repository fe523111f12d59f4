//go:build integration

package declared

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// An administrator imports; the service, which runs under its own account, must read it.
func TestWhatRootImportsBelongsToWhomTheFolderBelongs(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this needs root: run the tests as root, as `make test` says")
	}
	const account = 12345
	data := t.TempDir()
	if err := os.Chown(data, account, account); err != nil {
		t.Fatal(err)
	}
	b := open(t, filepath.Join(data, "goal", "declared"))
	imported(t, b, pcs("bd-21997", "31/10/2026", 2), testNow)
	seen := 0
	err := filepath.WalkDir(data, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		seen++
		owner := info.Sys().(*syscall.Stat_t)
		if owner.Uid != account || owner.Gid != account || info.Mode().Perm()&0o007 != 0 {
			if path != data {
				t.Errorf("%s: %d:%d %v", path, owner.Uid, owner.Gid, info.Mode())
			}
		}
		return nil
	})
	if err != nil || seen != 5 {
		t.Error(seen, err)
	}
}
