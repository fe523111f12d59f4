package goal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// How a file is named: its id, with all of its hash instead of the first digits.
const (
	stampForm = "20060102T150405Z"
	shortHash = 12
	suffix    = ".json"
)

var (
	publishedID   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}_[0-9]{4}-[0-9]{2}_[0-9]{8}T[0-9]{6}Z_[0-9a-f]{12}$`)
	publishedFile = regexp.MustCompile(`^([a-z0-9][a-z0-9-]{0,63})_([0-9]{4}-[0-9]{2})_([0-9]{8}T[0-9]{6}Z)_([0-9a-f]{64})\.json$`)
)

func fileOf(p Published) string { return p.ID + p.Hash[shortHash:] + suffix }

// names are all files of the folder that may be reports, in no order that matters. What
// a killed process left unfinished is none.
func (a *Archive) names() ([]string, error) {
	entries, err := os.ReadDir(a.dir)
	if err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// List are all, the newest first. A file that is not what its name says is an error, a
// [Damaged], that names it, beside the others.
func (a *Archive) List() ([]Published, error) {
	names, err := a.names()
	if err != nil {
		return nil, err
	}
	if len(names) > maxPublished {
		return nil, errArchiveFull
	}
	var all []Published
	var damaged []error
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.listed
	a.listed = make(map[string]listed, len(names))
	for _, name := range names {
		one, err := a.listing(name, before[name])
		if err != nil {
			damaged = append(damaged, &Damaged{name, err})
			continue
		}
		all = append(all, one.Published)
		a.listed[name] = one
	}
	slices.SortFunc(all, func(a, b Published) int {
		if c := b.Made.Compare(a.Made); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return all, errors.Join(damaged...)
}

// listed is what a list says of a file, proven when the file was of this size and time.
type listed struct {
	Published
	size    int64
	changed time.Time
}

// settled is how long ago a file must have been changed for its time to tell of a later
// change: what comes in the same tick of the clock has the same time.
const settled = 2 * time.Second

// listing proves a file again only if it is another than it was: a list of a thousand would
// else read a gigabyte each time. Whoever asks for one has it proven anew.
func (a *Archive) listing(name string, before listed) (listed, error) {
	info, err := os.Lstat(filepath.Join(a.dir, name))
	if err != nil {
		return listed{}, err
	}
	changed := info.ModTime()
	if info.Size() == before.size && changed.Equal(before.changed) {
		return before, nil
	}
	_, p, err := a.proven(name)
	if time.Since(changed) < settled {
		changed = time.Time{}
	}
	return listed{p, info.Size(), changed}, err
}

// Get reads one and holds its content against its hash. One that is not there gives
// [os.ErrNotExist].
func (a *Archive) Get(id string) (*Report, Published, error) {
	if !publishedID.MatchString(id) {
		return nil, Published{}, fmt.Errorf("no published report is called %.100q: %w", id, os.ErrNotExist)
	}
	names, err := a.names()
	if err != nil {
		return nil, Published{}, err
	}
	for _, name := range names {
		if strings.HasPrefix(name, id) && publishedFile.MatchString(name) {
			return a.read(name)
		}
	}
	return nil, Published{}, fmt.Errorf("no published report is called %s: %w", id, os.ErrNotExist)
}

// Last is the newest of a goal and a month; nil: there is none. Damaged ones are passed
// over, and named by the error beside what is found.
func (a *Archive) Last(goal string, month Month) (*Report, *Published, error) {
	names, err := a.names()
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(b, a) }) // by stamp: goal and month are the same
	var damaged []error
	for _, name := range names {
		if m := publishedFile.FindStringSubmatch(name); m == nil || m[1] != goal || m[2] != month.String() {
			continue
		}
		r, p, err := a.read(name)
		if err == nil {
			return r, &p, errors.Join(damaged...)
		}
		damaged = append(damaged, err)
	}
	return nil, nil, errors.Join(damaged...)
}

// read reads a file as the report that was published.
func (a *Archive) read(name string) (*Report, Published, error) {
	data, p, err := a.proven(name)
	if err != nil {
		return nil, Published{}, &Damaged{name, err}
	}
	var s sealed
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, Published{}, &Damaged{name, err}
	}
	if s.Report == nil || describe(s.Report, p.By).named(p.Hash) != p {
		return nil, Published{}, &Damaged{name, errors.New("its report is not what its beginning says")}
	}
	return s.Report, p, nil
}

// proven reads a file and proves that it is what was published: the hash in its name is
// that of its content, and the rest of the name is what its beginning says.
func (a *Archive) proven(name string) ([]byte, Published, error) {
	m := publishedFile.FindStringSubmatch(name)
	if m == nil {
		return nil, Published{}, errors.New("its name is not that of a published report")
	}
	data, err := readUpTo(filepath.Join(a.dir, name), maxPublishedSize)
	if err != nil {
		return nil, Published{}, err
	}
	hash := hashOf(data)
	if hash != m[4] {
		return nil, Published{}, fmt.Errorf("its content has the hash %s", hash)
	}
	p, err := beginning(data)
	if err != nil {
		return nil, Published{}, err
	}
	if p = p.named(hash); fileOf(p) != name {
		return nil, Published{}, fmt.Errorf("it was published as %.200q", fileOf(p))
	}
	return data, p, nil
}

// beginning decodes what a list needs and not the report behind it, which is a thousand
// times as long.
func beginning(data []byte) (p Published, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	for _, want := range []json.Token{json.Delim('{'), "published"} {
		if got, err := d.Token(); err != nil || got != want {
			return p, errors.New("it does not begin as a published report does")
		}
	}
	err = d.Decode(&p)
	return p, err
}

// readUpTo reads a plain file that is no longer than a limit.
func readUpTo(path string, limit int64) ([]byte, error) {
	if info, err := os.Lstat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("it is no plain file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it is longer than %d bytes", limit)
	}
	return data, err
}
