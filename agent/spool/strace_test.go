//go:build integration && linux

package spool

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// What the kernel is told, in its own words: contents, name and folder are on disk before
// the process says that a batch is.
func TestTheKernelIsAskedToSyncBeforeABatchCounts(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatalf("%v: run `make setup`", err)
	}
	dir, trace := t.TempDir(), filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command("strace", "-f", "-y", "-s", "64", "-e", "trace=fsync,rename,renameat,renameat2,write", "-o", trace, os.Args[0])
	cmd.Env = append(os.Environ(), writerDir+"="+dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for n := 0; n < 20 && lines.Scan(); n++ {
	}
	must(t, out.Close()) // the next thing it says ends it, by SIGPIPE
	_ = cmd.Wait()
	checkTrace(t, trace)
}

// whole joins calls that strace wrote in two parts, because another thread's came between:
// a call stands where it ended.
func whole(trace string) []string {
	const cut, resumed = " <unfinished ...>", " resumed>"
	var out []string
	begun := map[string]string{} // by thread
	for line := range strings.Lines(trace) {
		line = strings.TrimSuffix(line, "\n")
		thread, _, _ := strings.Cut(line, " ")
		if first, isCut := strings.CutSuffix(line, cut); isCut {
			begun[thread] = first
			continue
		}
		if _, rest, isRest := strings.Cut(line, resumed); isRest {
			line = begun[thread] + rest
		}
		out = append(out, line)
	}
	return out
}

var said = regexp.MustCompile(`write\(1<[^>]*>, "(\d+) \d+\\n"`)

func checkTrace(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	synced, renamed, lasting := map[string]bool{}, map[string]bool{}, map[string]bool{}
	batches := 0
	for _, line := range whole(string(data)) {
		name := regexp.MustCompile(`\d{20}\.batch`).FindString(line)
		switch {
		case !strings.Contains(line, "= 0") && !said.MatchString(line):
		case strings.Contains(line, "fsync(") && strings.Contains(line, ".batch.tmp>"):
			synced[name] = true
		case strings.Contains(line, "rename") && name != "":
			if !synced[name] {
				t.Errorf("%s has its name before its contents are synced", name)
			}
			renamed[name] = true
		case strings.Contains(line, "fsync("): // of the folder
			for name := range renamed {
				lasting[name] = true
			}
		case said.MatchString(line):
			var seq uint64
			_, _ = fmt.Sscan(said.FindStringSubmatch(line)[1], &seq)
			if batches++; !lasting[batchName(seq)] {
				t.Errorf("batch %d is said to be on disk before its folder is synced", seq)
			}
		}
	}
	if batches < 10 {
		t.Fatalf("%d batches in the trace (is ptrace permitted?):\n%.500s", batches, data)
	}
}

// nobodyDir is set in the process that is another user.
const nobodyDir = "COMMUNEWATCH_TEST_SPOOL_NOBODY"

func TestAFolderOfAnotherOwnerIsToldWithBothOwners(t *testing.T) {
	if dir := os.Getenv(nobodyDir); dir != "" {
		logToStdout(t, dir)
		return
	}
	dir := filepath.Join(t.TempDir(), "of-root")
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	must(t, os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o755))
	binary := filepath.Join(filepath.Dir(dir), "test") // go test's own folder is closed to others
	contents, err := os.ReadFile(os.Args[0])
	must(t, err)
	must(t, os.WriteFile(binary, contents, 0o755))
	cmd := exec.Command(binary, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), nobodyDir+"="+dir, "TMPDIR=/tmp")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("as user 65534 (needs root: run `make test` as root): %v\n%s", err, out)
	}
	if want := "belongs to user 0, mode 0700; the agent is user 65534"; !strings.Contains(string(out), want) {
		t.Errorf("no %q in:\n%s", want, out)
	}
	if unix.Access(filepath.Join(dir, "lock"), unix.F_OK) == nil {
		t.Error("another user wrote into the folder")
	}
}
