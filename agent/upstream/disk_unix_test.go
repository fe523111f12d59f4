//go:build unix

package upstream

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAFileThatIsLeftOverFromACrashIsInNobodysWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "identity.pem")
	must(t, os.WriteFile(path+temporary, []byte("half"), 0o444))
	must(t, savePrivate(path, []byte("whole")))
	if got := contents(t, path); string(got) != "whole" {
		t.Errorf("%q", got)
	}
	if _, err := os.Stat(path + temporary); err == nil {
		t.Error("it stays")
	}
}
