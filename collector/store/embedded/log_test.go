package embedded

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestTheChildsLinesArePassedOnWholeAndByTheirLevel(t *testing.T) {
	var out bytes.Buffer
	full := 0
	l := childLog{onFull: func() { full++ }, log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, part := range []string{
		"ts=1 lvl=info msg=\"Opened", " shard\"\nts=2 lvl=error msg=\"no such thing\" x=1\n\nts=3 lvl=in", "fo msg=after\n",
		strings.Repeat("x", 3*maxLine) + "\n", "bad \xff byte\n",
		"ts=4 lvl=error msg=\"[500] - \\\"write /x: no space left on device\\\"\" service=httpd\n", "ts=5 lvl=info msg=\"no space left on device\"\n", "no end",
	} {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := []string{
		`level=DEBUG msg="InfluxDB says" line="ts=1 lvl=info msg=\"Opened shard\""`,
		`level=WARN msg="InfluxDB says" line="ts=2 lvl=error msg=\"no such thing\" x=1"`,
		`level=DEBUG msg="InfluxDB says" line="ts=3 lvl=info msg=after"`,
		`level=DEBUG msg="InfluxDB says" line=` + strings.Repeat("x", maxLine),
		`level=DEBUG msg="InfluxDB says" line="bad ? byte"`,
		`level=DEBUG msg="InfluxDB says" line="ts=4 lvl=error msg=\"[500] - \\\"write /x: no space left on device\\\"\" service=httpd"`,
		`level=DEBUG msg="InfluxDB says" line="ts=5 lvl=info msg=\"no space left on device\""`,
	}
	if len(lines) != len(want) {
		t.Fatalf("got %d lines, want %d:\n%s", len(lines), len(want), out.String())
	}
	for i := range want {
		if _, got, _ := strings.Cut(lines[i], " "); got != want[i] {
			t.Errorf("line %d is\n%.200s\nwant\n%.200s", i, got, want[i])
		}
	}
	if last := l.last(); last != `ts=2 lvl=error msg="no such thing" x=1` {
		t.Errorf("last words are %q", last)
	}
	if full != 1 || !l.wasFull() {
		t.Errorf("told %d times that the disk is full", full)
	}
}
