package upstream

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Suffixes of files beside another: while it is written, and when it cannot be used.
const (
	temporary = ".tmp"
	broken    = ".broken"
)

// savePrivate puts a file in place of another as a whole, for its owner alone: what it
// holds is on disk before the name is, and the name is before savePrivate returns.
func savePrivate(path string, data []byte) error {
	temp := path + temporary
	// One of a process that was killed may be there, with any mode.
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := fillPrivate(temp, data); err != nil {
		return errors.Join(err, removeIfThere(temp))
	}
	if err := patiently(func() error { return renameThrough(temp, path) }); err != nil {
		return errors.Join(err, removeIfThere(temp))
	}
	return syncFolder(filepath.Dir(path))
}

func fillPrivate(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, ownAsFolder(path), file.Sync(), file.Close())
}

// readPrivate reads a file that only its owner may read, up to a limit. One that is not
// there gives fs.ErrNotExist.
func readPrivate(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	if err := checkPrivate(path, info); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s: %w", path, errTooLarge)
	}
	return data, err
}

var errTooLarge = errors.New("larger than such a file can be")

func removeIfThere(path string) error {
	err := patiently(func() error { return os.Remove(path) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// setAside renames a file that cannot be used, so that a person can look at it, and
// gives its new name.
func setAside(path string) (string, error) {
	aside := path + broken
	if err := patiently(func() error { return renameThrough(path, aside) }); err != nil {
		return "", err
	}
	return aside, syncFolder(filepath.Dir(path))
}

// patiently tries again for two seconds while another program holds the file, as virus
// scanners do on Windows for a moment after it was closed.
func patiently(do func() error) error {
	var err error
	for pause := 5 * time.Millisecond; pause < 2*time.Second; pause *= 2 {
		if err = do(); err == nil || !inUse(err) {
			return err
		}
		time.Sleep(pause)
	}
	return err
}
