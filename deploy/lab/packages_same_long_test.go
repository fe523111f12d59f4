//go:build integration && long

package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTwoBuildsOfOneCommitAreTheSamePackages builds in clones whose folder, language, time
// zone, file modes and settings of Go differ. What is not committed is in none of them.
func TestTwoBuildsOfOneCommitAreTheSamePackages(t *testing.T) {
	dir := t.TempDir()
	one := buildClone(t, filepath.Join(dir, "a"), "022", "", "TZ=UTC", "LC_ALL=C.UTF-8")
	other := buildClone(t, filepath.Join(dir, "thư mục khác", "b"), "077", "",
		"TZ=Asia/Ho_Chi_Minh", "LC_ALL=C", "GOFLAGS=-buildvcs=true", "GOAMD64=v3")
	if diff := cmp.Diff(one, other); diff != "" {
		t.Errorf("the checksums differ:\n%s", diff)
	}
	if n := strings.Count(one, "\n"); n != 7 {
		t.Errorf("%d packages were made:\n%s", n, one)
	}
	// What Go's cache holds was compiled in another folder: one package without it.
	fresh := buildClone(t, filepath.Join(dir, "c"), "022", "-only linux-armhf", "GOCACHE="+filepath.Join(dir, "cache"))
	if fresh == "" || !strings.Contains(one, fresh) {
		t.Errorf("compiled anew it is\n%snot among\n%s", fresh, one)
	}
}

// buildClone gives the checksums of the packages, which also hold.
func buildClone(t *testing.T, folder, umask, arguments string, env ...string) string {
	t.Helper()
	run := func(dir string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	run(".", "sh", "-c", `umask "$1" && git clone --quiet "file://$2" "$3" && cd "$3" && make packages ARGS="$4"`, "build", umask, source, folder, arguments)
	dist := filepath.Join(folder, "dist")
	run(dist, "sha256sum", "--check", "--strict", "SHA256SUMS")
	sums, err := os.ReadFile(filepath.Join(dist, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	return string(sums)
}
