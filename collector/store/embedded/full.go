package embedded

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A full disk leaves 1.8.10 ill, even when there is room again (measured, and read in
// tsdb/index/tsi1 and tsdb/engine/tsm1):
//
//   - Its logs keep the first error of a write for ever (bufio.Writer): what needs them is
//     answered with 500 until another process runs. So it is started anew as soon as
//     there is room.
//   - A new series whose entry did not get into the index's file is known in memory all
//     the same. Sent again it is stored and acknowledged, and it is in no index of the next
//     process: it is on the disk, and no query finds it. So after a full disk the index
//     is completed from the data: a shard without its file of fields reads all it holds.
const (
	fullLook = 2 * time.Second // how often room is looked for, once it was missed
	fullRoom = 8 << 20         // bytes that make room enough
)

// isFull is whether a line of influxd's log says that the disk is full (Unix, Windows).
func isFull(line string) bool {
	return strings.Contains(line, "no space left on device") || strings.Contains(line, "not enough space on the disk")
}

// wasFull is whether the disk was full in the child's life.
func (l *childLog) wasFull() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.full
}

// wholeIndex is a file that stands in the folder while the index can be trusted: to
// remove one works on a full disk as well.
const wholeIndex = "index-is-whole"

func trustIndex(dir string) {
	_ = os.WriteFile(filepath.Join(dir, wholeIndex), nil, 0o600) // without it the next start is slower, no more
}

func doubtIndex(dir string) {
	_ = os.Remove(filepath.Join(dir, wholeIndex)) // it may be gone already
}

// completeIndex lets the next process make the index anew if it cannot be trusted.
func completeIndex(dir string) error {
	if isFile(filepath.Join(dir, wholeIndex)) {
		return nil
	}
	files, _ := fs.Glob(os.DirFS(dir), "data/*/*/*/fields.idx") // database, policy, shard; the pattern is valid
	for _, file := range files {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(file))); err != nil {
			return fmt.Errorf("have the index made anew: %w", err)
		}
	}
	return nil
}

// hasRoom tries whether a folder's disk takes some MiB: what a system says of free
// space is another thing for each user and quota.
func hasRoom(dir string) error {
	path := filepath.Join(dir, "room")
	err := os.WriteFile(path, make([]byte, fullRoom), 0o600)
	if removed := os.Remove(path); err == nil {
		err = removed
	}
	if err != nil {
		return fmt.Errorf("look for room: %w", err)
	}
	return nil
}
