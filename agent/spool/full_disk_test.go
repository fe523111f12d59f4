//go:build integration && linux

package spool

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// insideNamespace is set in the process that has its own mounts: this test, run again.
const insideNamespace = "COMMUNEWATCH_TEST_OWN_MOUNTS"

func TestADiskFilledByAnotherProgramIsToldAndEverythingReachesItLater(t *testing.T) {
	inOwnMounts(t, func(dir string) { fillTheDisk(t, dir) })
}

// inOwnMounts runs a test again in a process that has its own mounts, with a folder.
func inOwnMounts(t *testing.T, test func(dir string)) {
	t.Helper()
	if os.Getenv(insideNamespace) != "" {
		test(t.TempDir())
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), insideNamespace+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("in a mount namespace (needs root: run `make setup` and `make test` as root): %v\n%s", err, out)
	}
}

func fillTheDisk(t *testing.T, dir string) {
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatalf("mount a small disk (needs root: run `make setup` and `make test` as root): %v", err)
	}
	s := mustOpen(t, filepath.Join(dir, "spool"))
	first := mustPut(t, s, make([]byte, 20_000))
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
	want := []uint64{first}
	for range 4 {
		want = append(want, mustPut(t, s, make([]byte, 20_000)))
	}
	if st := s.Stats(); st.Memory != 4 || st.Dropped != 0 {
		t.Errorf("%+v, want four batches in memory", st)
	}
	must(t, os.Remove(filler))
	want = append(want, mustPut(t, s, make([]byte, 20_000)))
	mustClose(t, s)
	s = mustOpen(t, filepath.Join(dir, "spool"))
	if got := s.Sequences(); !slices.Equal(got, want) {
		t.Errorf("on disk are %v, want %v", got, want)
	}
	for _, seq := range want {
		wantLoad(t, s, seq, make([]byte, 20_000))
	}
	must(t, os.WriteFile(filler, make([]byte, 100_000), 0o600))
	mustClose(t, s)
	s = mustOpen(t, filepath.Join(dir, "spool")) // a restart on a disk that is nearly full
	wantLoad(t, s, first, make([]byte, 20_000))
	must(t, s.Close())
	must(t, unix.Unmount(dir, 0))
}

func TestADiskThatBecomesReadOnlyIsToldAndWhatItHoldsIsStillDelivered(t *testing.T) {
	inOwnMounts(t, func(dir string) {
		must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"))
		defer unix.Unmount(dir, 0)
		var log bytes.Buffer
		s, err := Open(Config{Dir: filepath.Join(dir, "spool"), MaxBytes: 1 << 20, Log: slog.New(slog.NewTextHandler(&log, nil))})
		must(t, err)
		onDisk := mustPut(t, s, payload(1))
		must(t, unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
		inMemory := mustPut(t, s, payload(2))
		wantLoad(t, s, onDisk, payload(1))
		wantLoad(t, s, inMemory, payload(2))
		must(t, s.Delete(onDisk))
		if got := s.Sequences(); !slices.Equal(got, []uint64{inMemory}) {
			t.Errorf("queue %v, want only %d", got, inMemory)
		}
		must(t, unix.Mount("", dir, "", unix.MS_REMOUNT, ""))
		last := mustPut(t, s, payload(3))
		must(t, s.Close())
		s = mustOpen(t, filepath.Join(dir, "spool"))
		if got := s.Sequences(); !slices.Equal(got, []uint64{inMemory, last}) {
			t.Errorf("on disk are %v, want %d and %d", got, inMemory, last)
		}
		must(t, s.Close())
		for _, want := range []string{`look_at="the disk is read-only"`, "spool can be written again"} {
			if n := strings.Count(log.String(), want); n != 1 {
				t.Errorf("%q is said %d times, want once:\n%s", want, n, log.String())
			}
		}
	})
}
