package spool

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/windows"
)

// renameThrough returns when the move is on disk: Windows has no fsync for a folder,
// and says of MOVEFILE_WRITE_THROUGH that it "does not return until the file is
// actually moved on the disk".
func renameThrough(from, to string) error {
	f, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	t, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(f, t, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

func syncFolder(string) error { return nil }

// held tells whether another process (a virus scanner, an indexer, a backup) has the
// file open. A folder without permission looks the same, and fails two seconds later.
func held(err error) bool {
	return errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION)
}

// lasting tells whether reading this very file will not work later either.
func lasting(err error) bool {
	var d *damage
	return errors.As(err, &d) || errors.Is(err, windows.ERROR_CRC) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
}

// lockFile takes the lock for this process; it ends with the process, however that ends.
func lockFile(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, err
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if err != nil {
		_ = f.Close()
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			return nil, fmt.Errorf("%s is locked: %w", path, ErrLocked)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// lookAt says in a word what a person should look at.
func lookAt(_ string, err error) string {
	switch {
	case errors.Is(err, windows.ERROR_DISK_FULL), errors.Is(err, windows.ERROR_HANDLE_DISK_FULL):
		return "the disk is full"
	case errors.Is(err, windows.ERROR_WRITE_PROTECT):
		return "the disk is read-only"
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return "the folder's permissions, and whether a scanner holds its files"
	}
	return "the folder and its disk"
}
