package embedded

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
)

// maxLine bounds a line of the child's log; what is longer is cut.
const maxLine = 2_048

// childLog passes on what influxd writes (logfmt: ts=… lvl=info msg="…" …), a line
// a record: its errors and warnings as warnings, all else for debugging.
type childLog struct {
	log *slog.Logger

	mu      sync.Mutex
	partial []byte
	tail    string // the last warning, or the last line if there was none
	serious bool   // tail is a warning
	full    bool   // it said that the disk is full
	onFull  func() // called when it does, once
}

// Write never fails: a full log must not stop a database.
func (l *childLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	written := len(p)
	for len(p) > 0 {
		line, rest, whole := bytes.Cut(p, []byte{'\n'})
		if room := maxLine - len(l.partial); len(line) > room {
			line = line[:max(room, 0)]
		}
		l.partial = append(l.partial, line...)
		if whole {
			l.pass(string(l.partial))
			l.partial = l.partial[:0]
		}
		p = rest
	}
	return written, nil
}

func (l *childLog) pass(line string) {
	line = strings.ToValidUTF8(strings.TrimSpace(line), "?")
	if line == "" {
		return
	}
	if !l.full && isFull(line) {
		l.full = true
		l.onFull()
	}
	// "run: …" is how influxd says why it does not start. A request that failed is told to
	// who asked, who tells it once.
	serious := !strings.Contains(line, " service=httpd") && (strings.Contains(line, " lvl=error ") || strings.Contains(line, " lvl=warn ") || strings.HasPrefix(line, "run:") || strings.HasPrefix(line, "panic:"))
	level := slog.LevelDebug
	if serious {
		level = slog.LevelWarn
	}
	if serious || !l.serious {
		l.tail, l.serious = line, serious
	}
	l.log.Log(context.Background(), level, "InfluxDB says", "line", line)
}

// last is the most telling line so far.
func (l *childLog) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tail
}
