package service

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// The log file holds at most twice this, with the one before it: some days of an agent
// that complains, on a disk that is small.
const maxLogBytes = 1 << 20

const logFile = "agent.log"

// journal writes a line for systemd's journal: "<3>msg=…", where the number is syslog's
// priority (sd-daemon(3)). The journal has its own clock.
type journal struct {
	text slog.Handler
	out  *journalOut
}

type journalOut struct {
	mu   sync.Mutex
	line bytes.Buffer
	to   io.Writer
}

func newJournal(to io.Writer) *journal {
	out := &journalOut{to: to}
	text := slog.NewTextHandler(&out.line, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}})
	return &journal{text: text, out: out}
}

func (j *journal) Enabled(ctx context.Context, level slog.Level) bool {
	return j.text.Enabled(ctx, level)
}

func (j *journal) Handle(ctx context.Context, r slog.Record) error {
	j.out.mu.Lock()
	defer j.out.mu.Unlock()
	j.out.line.Reset()
	j.out.line.WriteString(priority(r.Level))
	if err := j.text.Handle(ctx, r); err != nil {
		return err
	}
	_, err := j.out.to.Write(j.out.line.Bytes())
	return err
}

func (j *journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &journal{j.text.WithAttrs(attrs), j.out}
}

func (j *journal) WithGroup(name string) slog.Handler {
	return &journal{j.text.WithGroup(name), j.out}
}

// priority as of syslog(3): error, warning, informational, debug.
func priority(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "<3>"
	case level >= slog.LevelWarn:
		return "<4>"
	case level >= slog.LevelInfo:
		return "<6>"
	}
	return "<7>"
}

// boundedFile is a log of one file and the one before it. What cannot be written is
// lost: a full disk must not stop an agent for its log.
type boundedFile struct {
	path string
	most int64

	mu   sync.Mutex
	file *os.File // nil: not open
	size int64
}

func newLogFile(folder string) *boundedFile {
	return &boundedFile{path: filepath.Join(folder, logFile), most: maxLogBytes}
}

func (b *boundedFile) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file != nil && b.size > 0 && b.size+int64(len(p)) > b.most {
		b.turn()
	}
	if b.file == nil && b.open() != nil {
		return len(p), nil
	}
	n, err := b.file.Write(p)
	b.size += int64(n)
	if err != nil { // perhaps the file is gone: try again with the next line
		b.close()
	}
	return len(p), nil
}

func (b *boundedFile) open() error {
	if info, err := os.Stat(b.path); err == nil && info.Size() >= b.most {
		b.turn()
	}
	f, err := os.OpenFile(b.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if info, err := f.Stat(); err == nil {
		b.size = info.Size()
	}
	b.file = f
	return nil
}

// turn puts the full file in the place of the one before it. Where that cannot be (a
// scanner holds it), it is begun anew: bounded is more than complete.
func (b *boundedFile) turn() {
	b.close()
	if os.Rename(b.path, b.path+".1") != nil {
		_ = os.Truncate(b.path, 0)
	}
}

func (b *boundedFile) close() {
	if b.file != nil {
		_ = b.file.Close()
		b.file = nil
	}
}

// Close lets the file go.
func (b *boundedFile) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.close()
	return nil
}
