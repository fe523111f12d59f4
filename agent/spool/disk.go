package spool

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// disk is the few things that a durable change does to a folder, so that a test can
// hold their order, let one fail, or pull the plug between any two.
type disk interface {
	create(path string) (file, error) // empty, for writing
	rename(from, to string) error     // in one folder or between two of the same disk; replaces
	syncDir(dir string) error         // what was created, renamed or removed in it lasts
	remove(path string) error
}

type file interface {
	io.WriteCloser
	Sync() error
}

const tempSuffix = ".tmp"

// save writes a whole file that after a power cut is either all there or not there
// (or, if it was there before, still the old one): the contents are on disk before
// the name is, and the name is before save returns.
func save(d disk, dir, name string, contents []byte) error {
	final := filepath.Join(dir, name)
	temp := final + tempSuffix
	if err := fill(d, temp, contents); err != nil {
		_ = d.remove(temp) // may not even exist; recovery removes what stays
		return err
	}
	if err := d.rename(temp, final); err != nil {
		_ = d.remove(temp)
		return err
	}
	if err := d.syncDir(dir); err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}

func fill(d disk, path string, contents []byte) error {
	f, err := d.create(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(contents); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// osDisk is the real one. Where a virus scanner may hold a file for a moment each
// step is tried again: see patiently.
type osDisk struct{}

func (osDisk) create(path string) (f file, err error) {
	err = patiently(func() error {
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
		return err
	})
	return f, err
}

func (osDisk) rename(from, to string) error {
	return patiently(func() error { return renameThrough(from, to) })
}

func (osDisk) remove(path string) error {
	return patiently(func() error { return os.Remove(path) })
}

func (osDisk) syncDir(dir string) error { return syncFolder(dir) }

// patiently repeats a step that failed only because another process holds the file.
func patiently(step func() error) error { return repeat(step, held, time.Sleep) }

// repeat tries for about two seconds: a scanner lets go within one (windows_exporter
// and moby saw up to 300 ms). Every other error is final at once.
func repeat(step func() error, transient func(error) bool, sleep func(time.Duration)) error {
	const first, longest, tries = 5 * time.Millisecond, 200 * time.Millisecond, 16
	wait := first
	for range tries - 1 {
		err := step()
		if err == nil || !transient(err) {
			return err
		}
		sleep(wait)
		wait = min(2*wait, longest)
	}
	return step()
}
