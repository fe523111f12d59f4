package users

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"communewatch/collector/settings"
)

// recheck is how often at most the file is looked at for a change.
const recheck = time.Second

// people is the file as it is now, or was a second ago. What cannot be read is not taken
// up: who was known stays known, and that is logged.
type people struct {
	path string
	log  *slog.Logger
	now  func() time.Time

	mu      sync.Mutex
	looked  time.Time
	file    fs.FileInfo
	byName  map[string]entry // by folded name
	all     []entry          // as they stand
	problem string           // that was logged
}

func openPeople(path string, log *slog.Logger, now func() time.Time) (*people, error) {
	p := &people{path: path, log: log, now: now}
	if err := p.load(); err != nil {
		return nil, err
	}
	p.looked = now()
	if len(p.all) == 0 {
		log.Warn("nobody may open the pages: add the first person with communewatch-collector user add", "file", path)
	}
	return p, nil
}

// find is who stands under a name, in whatever letters it was typed.
func (p *people) find(name string) (entry, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refresh()
	e, known := p.byName[folded(name)]
	return e, known
}

// decoy is a hash to work on for a name that nobody has, chosen by n: it costs what one of
// the people's does.
func (p *people) decoy(n uint64) digest {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := ours
	if len(p.all) > 0 {
		c = p.all[n%uint64(len(p.all))].cost
	}
	return digest{c, make([]byte, saltBytes), make([]byte, sumBytes)}
}

func (p *people) refresh() {
	if now := p.now(); now.Sub(p.looked) < recheck && now.After(p.looked.Add(-recheck)) {
		return
	}
	p.looked = p.now()
	info, err := os.Stat(p.path)
	if err == nil && os.SameFile(info, p.file) && info.Size() == p.file.Size() && info.ModTime().Equal(p.file.ModTime()) && info.Mode() == p.file.Mode() {
		p.problem = ""
		return
	}
	if err == nil {
		err = p.load()
	}
	switch {
	case err == nil:
		p.problem = ""
		p.log.Info("the users' file was taken up", "file", p.path, "people", len(p.all))
	case err.Error() != p.problem:
		p.problem = err.Error()
		p.log.Error("the users' file cannot be read; who was known before stays known", "error", err)
	}
}

func (p *people) load() error {
	rows, info, err := readFile(p.path)
	if err != nil {
		return err
	}
	p.file, p.all, p.byName = info, nil, map[string]entry{}
	for _, r := range rows {
		if r.person {
			p.all = append(p.all, r.entry)
			p.byName[folded(r.Name)] = r.entry
		}
	}
	return nil
}

// readFile reads a file that only its owner may write and no stranger read. An error is
// settings.Problems if the file can be read.
func readFile(path string) ([]row, fs.FileInfo, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, settings.Problems{{File: path, Line: 1, Column: 1, Key: "users.no_file"}}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read users: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("read users: %w", err)
	}
	if info.Mode().Perm()&0o027 != 0 {
		return nil, nil, settings.Problems{{File: path, Line: 1, Column: 1, Key: "users.bad_mode", Args: []any{fmt.Sprintf("%04o", info.Mode().Perm()), path}}}
	}
	data, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read users: %w", err)
	}
	if len(data) > maxBytes {
		return nil, nil, settings.Problems{{File: path, Line: 1, Column: 1, Key: "config.too_large", Args: []any{maxBytes}}}
	}
	rows, err := parseFile(path, data)
	return rows, info, err
}
