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

// TestTwoBuildsOfOneCommitAreTheSamePackages builds in two clones whose folder, home,
// language, time zone, file modes and compiler's cache differ. What is not committed is in neither.
func TestTwoBuildsOfOneCommitAreTheSamePackages(t *testing.T) {
	one := buildClone(t, filepath.Join(t.TempDir(), "a"), "022", "TZ=UTC", "LC_ALL=C.UTF-8")
	dir := t.TempDir()
	other := buildClone(t, filepath.Join(dir, "thư mục khác", "b"), "077",
		"TZ=Asia/Ho_Chi_Minh", "LC_ALL=C", "GOCACHE="+filepath.Join(dir, "cache"), "GOFLAGS=-buildvcs=true", "GOAMD64=v3")
	if diff := cmp.Diff(one, other); diff != "" {
		t.Errorf("the checksums differ:\n%s", diff)
	}
	if n := strings.Count(one, "\n"); n != 7 {
		t.Errorf("%d packages were made:\n%s", n, one)
	}
}

// buildClone gives the checksums of the packages, which also hold.
func buildClone(t *testing.T, folder, umask string, env ...string) string {
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
	// Clone's own choice of how many objects there are would change git's short names.
	source, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	run(".", "sh", "-c", `umask "$1" && git clone --quiet "file://$2" "$3" && cd "$3" && make packages`, "build", umask, source, folder)
	dist := filepath.Join(folder, "dist")
	run(dist, "sha256sum", "--check", "--strict", "SHA256SUMS")
	sums, err := os.ReadFile(filepath.Join(dist, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	return string(sums)
}
