package upstream

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// renameThrough returns when the move is on disk: Windows has no fsync for a folder,
// but a move that is written through.
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

// inUse tells whether another program has the file open.
func inUse(err error) bool {
	return errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION)
}

// checkPrivate leaves it at the folder's access list, which the installation sets and
// every file in it inherits: a mode says nothing here.
func checkPrivate(string, fs.FileInfo) error { return nil }

func ownAsFolder(string) error { return nil }
