//go:build integration && unix

package upstream

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestWhatRootWritesBelongsToWhoeverOwnsTheFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this test needs root, as the installation has it")
	}
	folder := t.TempDir()
	must(t, os.Chown(folder, 12345, 12346))
	path := filepath.Join(folder, "identity.pem")
	must(t, savePrivate(path, []byte("x")))
	info, err := os.Stat(path)
	must(t, err)
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 12345 || owner.Gid != 12346 || info.Mode().Perm() != 0o600 {
		t.Errorf("user %d, group %d, mode %04o", owner.Uid, owner.Gid, info.Mode().Perm())
	}
}
