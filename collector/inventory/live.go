package inventory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// lookEvery is how often the folder is looked at.
const lookEvery = 3 * time.Second

// Live is the inventory of a folder as it is now. A change is taken once the folder
// stayed the same between two looks, so that a half-written `git pull` is not, and only
// if all of it can be read; until then the one before holds.
type Live struct {
	dir     string
	log     *slog.Logger
	changes []func(*Inventory) *Inventory
	current atomic.Pointer[Inventory]
	problem atomic.Pointer[settings.Problems]

	mu   sync.Mutex // of what Look remembers
	seen string     // the folder at the last look
	read string     // and when it was last read through
}

// NewLive reads the folder; an empty path is the embedded province, which never
// changes. What is read goes through the changes, in order, each time.
func NewLive(dir string, log *slog.Logger, changes ...func(*Inventory) *Inventory) (*Live, error) {
	l := &Live{dir: dir, log: log, changes: changes}
	l.seen = l.stamp()
	inv, err := Open(dir)
	if err != nil {
		return nil, err
	}
	l.read = l.seen
	l.take(inv)
	return l, nil
}

// Current is the last that could be read.
func (l *Live) Current() *Inventory { return l.current.Load() }

// Problem says what is wrong with the folder, so that a change is not taken up; empty
// if nothing is. It names the first mistake only: check names all.
func (l *Live) Problem(lang say.Lang) string {
	p := l.problem.Load()
	if p == nil {
		return ""
	}
	return lang.Text("inventory.stale", (*p)[0].In(lang))
}

// Problems is how many mistakes keep the folder from being taken up.
func (l *Live) Problems() int {
	if p := l.problem.Load(); p != nil {
		return len(*p)
	}
	return 0
}

// Run looks at the folder every few seconds until ctx ends.
func (l *Live) Run(ctx context.Context) error {
	if l.dir == "" {
		<-ctx.Done()
		return ctx.Err()
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			l.Look()
		}
	}
}

// Look looks once. Whoever cannot wait looks twice.
func (l *Live) Look() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.stamp()
	before := l.seen
	l.seen = now
	if now != before || now == l.read {
		return
	}
	inv, err := Open(l.dir)
	if l.stamp() != now {
		return // it was written while it was read
	}
	l.read = now
	if err != nil {
		l.refuse(err)
		return
	}
	l.take(inv)
	l.log.Info("inventory is taken up", "folder", l.dir, "sites", len(inv.sites))
}

func (l *Live) take(inv *Inventory) {
	for _, change := range l.changes {
		inv = change(inv)
	}
	l.current.Store(inv)
	l.problem.Store(nil)
}

// maxLogged bounds the mistakes of one change that are logged.
const maxLogged = 20

// refuse keeps the one before and says once why.
func (l *Live) refuse(err error) {
	problems, ok := errors.AsType[settings.Problems](err)
	if !ok {
		problems = settings.Problems{{File: l.dir, Line: 1, Column: 1, Key: "config.file", Args: []any{l.dir, err.Error()}}}
	}
	l.problem.Store(&problems)
	l.log.Error("inventory has mistakes and is not taken up; the one before stays in use", "folder", l.dir, "mistakes", len(problems))
	for _, p := range problems[:min(len(problems), maxLogged)] {
		l.log.Error("mistake in the inventory", "at", p.In(say.English))
	}
}

// stamp is what tells that the folder was changed: names, sizes and times of the files
// that are read, and who may read them.
func (l *Live) stamp() string {
	if l.dir == "" {
		return ""
	}
	var b strings.Builder
	for _, dir := range []string{l.dir, filepath.Join(l.dir, profilesDir)} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			fmt.Fprintf(&b, "%v\n", err)
			continue
		}
		for _, e := range entries {
			if ext := strings.ToLower(filepath.Ext(e.Name())); ext != ".csv" && ext != ".yaml" && ext != ".yml" {
				continue
			}
			stampFile(&b, filepath.Join(dir, e.Name()))
		}
	}
	return b.String()
}

func stampFile(b *strings.Builder, path string) {
	info, err := os.Stat(path) // of what a link leads to
	if err != nil {
		fmt.Fprintf(b, "%v\n", err)
		return
	}
	fmt.Fprintf(b, "%s %d %d %s\n", path, info.Size(), info.ModTime().UnixNano(), info.Mode())
}
