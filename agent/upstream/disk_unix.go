//go:build unix

package upstream

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

func renameThrough(from, to string) error { return os.Rename(from, to) }

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// inUse is about Windows: elsewhere an open file can be renamed and removed.
func inUse(error) bool { return false }

// checkPrivate refuses what others can read or write, and says how to mend it.
func checkPrivate(path string, info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s is open to other users (mode %04o); run: chmod 600 %s", path, mode, path)
	}
	return nil
}

// ownAsFolder gives a file that root made to the owner of its folder: an administrator
// enrols the machine, and the service runs under its own account.
func ownAsFolder(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return os.Lchown(path, int(owner.Uid), int(owner.Gid))
}
