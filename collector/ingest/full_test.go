//go:build integration

package ingest_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"communewatch/collector/api"
	"communewatch/collector/store/storetest"
)

// inNamespace names the variable by which a test knows that it runs in a mount namespace
// of its own, which takes its mounts with it however it ends.
const inNamespace = "COMMUNEWATCH_TEST_MOUNTS"

// ownMounts runs the calling test once more in a mount namespace; true in there.
func ownMounts(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inNamespace) != "" {
		return true
	}
	if os.Geteuid() != 0 {
		t.Fatal("a small file system is mounted in a namespace: run the tests as root")
	}
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=2m")
	again.Env = append(os.Environ(), inNamespace+"=1")
	again.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	out, err := again.CombinedOutput()
	if err != nil {
		t.Errorf("in a namespace: %v", err)
	}
	t.Logf("%s", out)
	return false
}

// TestWithAFullDiskAgentsKeepAndNothingAcknowledgedIsMissing: InfluxDB's folder is on a
// small disk that something else fills.
func TestWithAFullDiskAgentsKeepAndNothingAcknowledgedIsMissing(t *testing.T) {
	t.Parallel()
	if !ownMounts(t) {
		return
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	i := startInflux(t, dir)
	i.stores("before", i.body())

	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)
	kept := [][]byte{}
	refused := 0
	for range 10 {
		body := i.body()
		if a := send(t, i.in, post(body)); a.Code == api.CodeStored {
			i.stored = append(i.stored, body) // into a page that was there already
		} else {
			notNow.check(t, a)
			refused++
			kept = append(kept, body)
		}
	}
	if refused == 0 {
		t.Error("a full disk stores")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for _, body := range kept {
		i.becomes("when there is room again", body)
	}
	i.check()

	// And so it is on the disk, not only in memory.
	i.signal(syscall.SIGKILL)
	i.becomes("after a crash", i.body())
	i.check()
	if storetest.PID(dir) == 0 {
		t.Error("InfluxDB does not run")
	}
}

// fill writes a file until there is no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := bytes.Repeat([]byte("x"), 4096)
	for {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}
