//go:build unix

package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

func renameThrough(from, to string) error { return os.Rename(from, to) }

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// held is about Windows: elsewhere an open file can be renamed and removed.
func held(error) bool { return false }

// lasting tells whether reading this very file will not work later either.
func lasting(err error) bool {
	var d *damage
	return errors.As(err, &d) || errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EIO) || errors.Is(err, os.ErrPermission)
}

// lockFile takes the lock for this process; it ends with the process, however that ends.
func lockFile(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o640) // for writing it would keep a disk from being made read-only
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s is locked: %w", path, ErrLocked)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// lookAt says in a word what a person should look at.
func lookAt(dir string, err error) string {
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
		return "the disk is full"
	case errors.Is(err, unix.EROFS):
		return "the disk is read-only"
	case errors.Is(err, os.ErrPermission):
		return owner(dir)
	}
	return "the folder and its disk"
}

// owner says whose the folder is, or the nearest one above it that is there.
func owner(dir string) string {
	var st unix.Stat_t
	for unix.Stat(dir, &st) != nil && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	return fmt.Sprintf("%s belongs to user %d, mode %04o; the agent is user %d", dir, st.Uid, st.Mode&0o7777, os.Geteuid())
}
