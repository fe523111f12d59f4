package declared

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	importEnding  = ".json"
	tempBeginning = ".new-"
)

// sealed is an import's file: its text with its own hash, by which a damaged one is known.
type sealed struct {
	SHA256 string          `json:"sha256"` // of the bytes of import
	Import json.RawMessage `json:"import"`
}

func encode(i Import) ([]byte, error) {
	text, err := json.Marshal(i)
	if err != nil {
		return nil, fmt.Errorf("write an import: %w", err)
	}
	sum := sha256.Sum256(text)
	return json.Marshal(sealed{hex.EncodeToString(sum[:]), text})
}

func decode(data []byte, hash string) (Import, error) {
	var s sealed
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&s); err != nil {
		return Import{}, err
	}
	if sum := sha256.Sum256(s.Import); hex.EncodeToString(sum[:]) != s.SHA256 {
		return Import{}, errors.New("its hash does not fit")
	}
	var i Import
	if err := json.Unmarshal(s.Import, &i); err != nil {
		return Import{}, err
	}
	if i.Hash != hash {
		return Import{}, errors.New("it is another sheet's")
	}
	return i, nil
}

// folderState and fileState tell whether something was changed since it was read.
type folderState struct {
	changed, looked time.Time
}

type fileState struct {
	size    int64
	changed time.Time
}

// settled is how long ago a folder must have been changed for its time to tell of a later
// change: what comes in the same tick of the clock has the same time.
const settled = 2 * time.Second

// refresh reads what is new in the folder; where its time is as it was, nothing.
func (b *Book) refresh() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	info, err := os.Stat(b.dir)
	if err != nil {
		return fmt.Errorf("read the book of declarations: %w", err)
	}
	now := time.Now()
	if changed := info.ModTime(); changed.Equal(b.seen.changed) && b.seen.looked.Sub(changed) > settled {
		return nil
	}
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return fmt.Errorf("read the book of declarations: %w", err)
	}
	pages := map[string]page{}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempBeginning) || filepath.Ext(e.Name()) != importEnding || len(pages) >= maxImports {
			continue
		}
		if p, there := b.page(e.Name()); there {
			pages[e.Name()] = p
		}
	}
	b.known, b.seen = pages, folderState{info.ModTime(), now}
	return nil
}

// Version tells the state of the folder: another one, when an import has come. It costs
// little, so it may be asked often.
func (b *Book) Version() (string, error) {
	if err := b.refresh(); err != nil {
		return "", err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := sha256.New()
	names := make([]string, 0, len(b.known))
	for name, p := range b.known {
		names = append(names, fmt.Sprintln(name, p.file.size, p.file.changed.UnixNano()))
	}
	slices.Sort(names)
	io.WriteString(sum, strings.Join(names, ""))
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

// page reads one file, if it is another than it was.
func (b *Book) page(name string) (page, bool) {
	path := filepath.Join(b.dir, name)
	info, err := os.Lstat(path)
	if err != nil {
		return page{}, !errors.Is(err, fs.ErrNotExist)
	}
	state := fileState{info.Size(), info.ModTime()}
	if p, has := b.known[name]; has && p.file == state {
		return p, true
	}
	p := page{file: state}
	p.Import, p.err = readPage(path, info)
	if p.err != nil {
		p.err = fmt.Errorf("%s: %w", path, p.err)
	}
	return p, true
}

func readPage(path string, info fs.FileInfo) (Import, error) {
	if !info.Mode().IsRegular() {
		return Import{}, errors.New("no plain file")
	}
	if info.Size() > maxImportBytes {
		return Import{}, fmt.Errorf("larger than %d bytes", maxImportBytes)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Import{}, err
	}
	return decode(data, strings.TrimSuffix(filepath.Base(path), importEnding))
}

// keep adds a file, whole or not at all; one that is there stays as it is.
func keep(dir, name string, data []byte) error {
	temporary := filepath.Join(dir, tempBeginning+rand.Text())
	defer os.Remove(temporary)
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err := errors.Join(err, ownAsFolder(temporary), file.Chmod(0o440), file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary, filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(dir)
}

// sweepAfter is the age at which an unfinished file is nobody's any more.
const sweepAfter = time.Hour

// sweep removes what processes that were killed left unfinished.
func sweep(dir string, now time.Time) {
	left, _ := filepath.Glob(filepath.Join(dir, tempBeginning+"*"))
	for _, path := range left {
		if info, err := os.Lstat(path); err == nil && now.Sub(info.ModTime()) > sweepAfter {
			_ = os.Remove(path) // the next one tries again
		}
	}
}

// makeFolder makes a folder and those around it that are not there.
func makeFolder(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		if info, statErr := os.Stat(dir); statErr != nil || !info.IsDir() {
			return err
		}
		return nil // another process was first
	}
	if err != nil {
		return err
	}
	return errors.Join(ownAsFolder(dir), syncFolder(filepath.Dir(dir)))
}

// ownAsFolder gives what root made to the owner of its folder: an administrator may import
// a sheet while the service, which must read it, runs under its own account.
func ownAsFolder(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return os.Lchown(path, int(owner.Uid), int(owner.Gid))
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}
