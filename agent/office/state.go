package office

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// maxState bounds what is read of a file of the state folder.
const maxState = 1 << 20

func readState(folder, name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxState+1))
	if err == nil && len(data) > maxState {
		err = errors.New("too large")
	}
	return data, err
}

// writeState puts a file in the place of what is there. Whoever reads it sees the old or
// the new one, whole. It is not forced to disk: what it holds is written again soon, or
// not missed after a power cut. A folder has one writer.
func writeState(folder, name string, data []byte, mode os.FileMode) error {
	return replaceState(folder, name, data, mode, func(*os.File) error { return nil })
}

// writeForGood is on disk when it returns, the name as well.
func writeForGood(folder, name string, data []byte, mode os.FileMode) error {
	if err := replaceState(folder, name, data, mode, (*os.File).Sync); err != nil {
		return err
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	_ = dir.Sync() // Windows cannot, and does not need it
	return nil
}

func replaceState(folder, name string, data []byte, mode os.FileMode, sync func(*os.File) error) error {
	fresh := filepath.Join(folder, name+".tmp")
	// One may be left of a process that was killed; a link in its place is not followed.
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w", name, err)
	}
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = sync(f)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Chmod(fresh, mode) // whatever the umask
	}
	if err == nil {
		err = renamePatiently(fresh, filepath.Join(folder, name))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(fresh))
	}
	return nil
}

// renamePatiently: on Windows a scanner holds a file for a moment after it was closed,
// and then it cannot be replaced.
func renamePatiently(from, to string) error {
	var err error
	for wait := 10 * time.Millisecond; wait < time.Second; wait *= 2 {
		if err = os.Rename(from, to); err == nil || !errors.Is(err, os.ErrPermission) {
			return err
		}
		time.Sleep(wait)
	}
	return err
}
