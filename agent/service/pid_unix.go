//go:build !windows

package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// pidFile names the agent that runs in the background. It is locked as long as that one
// lives: a number alone may be another's by now.
const pidFile = "agent.pid"

func holdPid(folder string) (release func(), err error) {
	path := filepath.Join(folder, pidFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another agent runs in %s: %w", folder, err), f.Close())
	}
	if err := f.Truncate(0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := fmt.Fprintln(f, os.Getpid()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		_ = os.Remove(path)
		_ = f.Close()
	}, nil
}

// livePid is that of the agent which runs in the background; 0: none does.
func livePid(folder string) (int, error) {
	f, err := os.Open(filepath.Join(folder, pidFile))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	defer f.Close()
	if unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) == nil {
		return 0, nil // nobody holds it: left behind
	}
	buffer := make([]byte, 32)
	n, _ := f.Read(buffer)
	pid, err := strconv.Atoi(string(bytes.TrimSpace(buffer[:n])))
	if err != nil || pid <= 1 {
		return 0, fmt.Errorf("%s names no process", f.Name())
	}
	return pid, nil
}

// stopTime is what a clean stop may take: the goodbye and what is under way.
const stopTime = 20 * time.Second

// stopPid ends the agent that runs in the background and waits until it has gone.
func stopPid(ctx context.Context, folder string) error {
	pid, err := livePid(folder)
	if err != nil || pid == 0 {
		return err
	}
	if err := unix.Kill(pid, unix.SIGTERM); err != nil {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	return waitUntil(ctx, stopTime, func() bool {
		now, err := livePid(folder)
		return err == nil && now != pid
	})
}
