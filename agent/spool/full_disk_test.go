//go:build integration && linux

package spool

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// insideNamespace is set in the process that has its own mounts: this test, run again.
const insideNamespace = "COMMUNEWATCH_TEST_OWN_MOUNTS"

func TestADiskFilledByAnotherProgramIsToldAndPutResumesByItself(t *testing.T) {
	if os.Getenv(insideNamespace) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), insideNamespace+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("in a mount namespace (needs root: run `make setup` and `make test` as root): %v\n%s", err, out)
		}
		return
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatalf("mount a small disk (needs root: run `make setup` and `make test` as root): %v", err)
	}
	s := mustOpen(t, filepath.Join(dir, "spool"))
	first := mustPut(t, s, make([]byte, 20_000))
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
	for range 20 {
		if _, err := s.Put(make([]byte, 20_000)); !errors.Is(err, unix.ENOSPC) {
			t.Fatalf("Put on a full disk: %v", err)
		}
	}
	wantLoad(t, s, first, make([]byte, 20_000))
	mustClose(t, s)
	s = mustOpen(t, filepath.Join(dir, "spool")) // a restart on a full disk
	wantLoad(t, s, first, make([]byte, 20_000))
	must(t, os.Remove(filler))
	second := mustPut(t, s, make([]byte, 20_000))
	wantLoad(t, s, second, make([]byte, 20_000))
	if st := s.Stats(); st.Batches != 2 || st.Dropped != 0 || st.Aside != 0 {
		t.Errorf("%+v, want the two batches and no loss", st)
	}
	must(t, s.Close())
	must(t, unix.Unmount(dir, 0))
}
