package service

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheJournalGetsAPriorityAndNoTimeOfItsOwn(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(newJournal(&out)).With("part", "x")
	log.Debug("never")
	log.Info("agent starts", "targets", 3)
	log.Warn("slow")
	log.WithGroup("g").Error("lost", "level", "kept")
	want := "<6>msg=\"agent starts\" part=x targets=3\n<4>msg=slow part=x\n<3>msg=lost part=x g.level=kept\n"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
}

func TestTheLogFileStaysBoundedAndKeepsTheNewest(t *testing.T) {
	dir := t.TempDir()
	b := newLogFile(dir)
	b.most = 1_000
	line := strings.Repeat("x", 99) + "\n"
	for range 57 {
		if n, err := b.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	must(t, b.Close())
	now, before := read(t, filepath.Join(dir, logFile)), read(t, filepath.Join(dir, logFile+".1"))
	if len(now) != 700 || len(before) != 1_000 {
		t.Errorf("%d and %d bytes, want 700 and 1000", len(now), len(before))
	}
	again := newLogFile(dir)
	again.most = 700
	_, _ = again.Write([]byte("after a restart\n"))
	must(t, again.Close())
	if got := read(t, filepath.Join(dir, logFile)); got != "after a restart\n" {
		t.Errorf("a full file was written on: %d bytes", len(got))
	}
	info, err := os.Stat(filepath.Join(dir, logFile))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestALogThatCannotBeWrittenStopsNothing(t *testing.T) {
	b := newLogFile(filepath.Join(t.TempDir(), "gone"))
	if n, err := b.Write([]byte("lost\n")); n != 5 || err != nil {
		t.Error(n, err)
	}
	must(t, os.Mkdir(filepath.Dir(b.path), 0o700))
	_, _ = b.Write([]byte("kept\n"))
	if got := read(t, b.path); got != "kept\n" {
		t.Errorf("got %q", got)
	}
	must(t, b.Close())
}
