// Package kept is a folder to which files are only ever added, and never changed: what
// communes declared, and which reports were published. In come names and bytes; on disk
// each file is whole before it has its name, no name is given twice, and both are there for
// good when Add returns. Several processes may use one folder.
//
// What root adds belongs to the owner of the folder: an administrator may import or publish
// while the service, which must read it, runs under its own account. This room knows
// nothing of what is in the files, and must never write over one.
package kept

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// unfinished begins the name of a file that has none yet; those who list a folder pass
// over what begins with a dot.
const unfinished = ".unfinished-"

// Folder makes a folder and those around it that are not there, and takes away what
// processes that were killed left in it.
func Folder(dir string) error {
	if err := makeFolder(dir); err != nil {
		return err
	}
	sweep(dir, time.Now())
	return nil
}

func makeFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		if info, statErr := os.Stat(dir); statErr != nil || !info.IsDir() {
			return err
		}
		return nil // another process was first
	}
	if err != nil {
		return err
	}
	return errors.Join(ownAsFolder(dir), syncFolder(filepath.Dir(dir)))
}

// Add adds a file, whole or not at all; one of that name stays as it is, which is no error.
// It is linked to its name, since a renaming would take the place of another file.
func Add(dir, name string, data []byte, mode fs.FileMode) error {
	file, err := os.CreateTemp(dir, unfinished+"*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(data)
	if err := errors.Join(err, ownAsFolder(file.Name()), file.Chmod(mode), file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(dir)
}

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

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// sweepAfter is the age at which an unfinished file is nobody's any more.
const sweepAfter = time.Hour

func sweep(dir string, now time.Time) {
	left, _ := filepath.Glob(filepath.Join(dir, unfinished+"*"))
	for _, path := range left {
		if info, err := os.Lstat(path); err == nil && now.Sub(info.ModTime()) > sweepAfter {
			_ = os.Remove(path) // the next one tries again
		}
	}
}
