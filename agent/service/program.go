package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ownProgram is the file that is running now.
func ownProgram() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// replaceProgram copies a program over another in one step: a power cut leaves the old
// or the new one, whole.
func replaceProgram(ctx context.Context, from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	return replaceFile(ctx, to, 0o755, source)
}

// WriteFile puts a small file in the place of what is there, in one step and durably.
func WriteFile(ctx context.Context, path string, mode os.FileMode, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return replaceFile(ctx, path, mode, strings.NewReader(text))
}

func replaceFile(ctx context.Context, path string, mode os.FileMode, data io.Reader) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = io.Copy(f, data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := renameOver(ctx, f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// startTime is how long a program may take to begin on an old PC.
const startTime = 10 * time.Second

// busyTime is how long a scanner, or a program that has just ended, may hold a file.
const busyTime = 10 * time.Second

// renameOver tries again while somebody holds the file, which only Windows knows.
func renameOver(ctx context.Context, from, to string) error {
	var err error
	tried := waitUntil(ctx, busyTime, func() bool {
		err = os.Rename(from, to)
		return err == nil || !heldByAnother(err)
	})
	if err == nil {
		return nil
	}
	return errors.Join(err, tried)
}
