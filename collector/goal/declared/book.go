package declared

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"communewatch/collector/inventory"
)

// Limits of a book: a sheet a week for twenty years.
const (
	maxImports     = 1_000
	maxImportBytes = 32 << 20
	maxBookBytes   = 256 << 20
)

// Book is all imports, in a folder to which files are only ever added: for each sheet an
// import, named by the sheet's hash, and beside it the sheet as it came. Several processes
// may use it at once.
type Book struct {
	dir string

	mu    sync.Mutex
	known map[string]page // by name of its file
	seen  folderState
}

// page is an import's file as it was read, or why it could not be.
type page struct {
	file   fileState
	Import Import
	err    error
}

// Damaged names the files of a book that cannot be read; what stands in the others is
// known all the same.
type Damaged struct{ Files []error }

func (d *Damaged) Error() string {
	lines := make([]string, len(d.Files))
	for i, err := range d.Files {
		lines[i] = err.Error()
	}
	return "damaged: " + strings.Join(lines, "; ")
}

// Open reads a folder, which is made where it is not there. Files that are damaged are no
// error here: Imports and InForce name them.
func Open(dir string) (*Book, error) {
	if err := makeFolder(dir); err != nil {
		return nil, fmt.Errorf("open the book of declarations: %w", err)
	}
	sweep(dir, time.Now())
	b := &Book{dir: dir, known: map[string]page{}}
	return b, b.refresh()
}

// Preview reads a sheet as Import does and keeps nothing.
func (b *Book) Preview(_ string, data io.Reader, inv *inventory.Inventory, by string, now time.Time) (Import, error) {
	all, err := io.ReadAll(io.LimitReader(data, maxFileBytes+1))
	if err != nil {
		return Import{}, fmt.Errorf("read a sheet of declarations: %w", err)
	}
	i, _, err := b.take("", all, inv, by, now)
	return i, err
}

// Import reads a sheet and keeps it, all of it or, with Problems, nothing. The same sheet
// again is the same import: it comes back as it was kept, with its At, which is before now.
func (b *Book) Import(name string, data io.Reader, inv *inventory.Inventory, by string, now time.Time) (Import, error) {
	all, err := io.ReadAll(io.LimitReader(data, maxFileBytes+1))
	if err != nil {
		return Import{}, fmt.Errorf("read a sheet of declarations: %w", err)
	}
	taken, old, err := b.take(name, all, inv, by, now)
	if err != nil || old {
		return taken, err
	}
	text, err := encode(taken)
	if err != nil {
		return Import{}, err
	}
	if err := b.room(len(text)); err != nil {
		return Import{}, err
	}
	if err := keep(b.dir, taken.Hash+extension(all), all); err != nil {
		return Import{}, fmt.Errorf("keep a sheet of declarations: %w", err)
	}
	if err := keep(b.dir, taken.Hash+importEnding, text); err != nil {
		return Import{}, fmt.Errorf("keep a sheet of declarations: %w", err)
	}
	kept, found, err := b.find(taken.Hash) // another process may have been first
	if err == nil && !found {
		err = fmt.Errorf("keep a sheet of declarations: %s is not there", taken.Hash+importEnding)
	}
	return kept, err
}

// take reads a sheet, or finds that it is in the book.
func (b *Book) take(name string, data []byte, inv *inventory.Inventory, by string, now time.Time) (_ Import, old bool, _ error) {
	sum := sha256.Sum256(data)
	hash := hex.EncodeToString(sum[:])
	if kept, found, err := b.find(hash); err != nil || found {
		return kept, found, err
	}
	declarations, err := read(data, inv, now)
	if err != nil {
		return Import{}, false, err
	}
	if now, err = b.after(now); err != nil {
		return Import{}, false, err
	}
	return Import{
		ID: now.UTC().Format("20060102T150405Z") + "-" + hash[:12], At: now.UTC().Round(0), By: short(spaced(by)),
		File: short(spaced(filepath.Base(name))), Hash: hash, Declarations: declarations,
	}, false, nil
}

// turns is how much later than now another import may be: one that was made meanwhile.
const turns = time.Minute

// after is when an import is made, later than all others: that decides which of two is in
// force. A clock that went back is refused, since nobody would see what is imported by it.
func (b *Book) after(now time.Time) (time.Time, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var last time.Time
	for _, p := range b.known {
		if p.Import.At.After(last) {
			last = p.Import.At
		}
	}
	switch {
	case last.Before(now):
		return now, nil
	case last.Sub(now) > turns:
		return now, fmt.Errorf("the clock says %s, but a sheet was imported at %s: set the clock", now.UTC().Format(time.RFC3339), last.UTC().Format(time.RFC3339))
	}
	return last.Add(time.Microsecond), nil
}

// find looks for an import by the sheet's hash.
func (b *Book) find(hash string) (Import, bool, error) {
	if err := b.refresh(); err != nil {
		return Import{}, false, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p, found := b.known[hash+importEnding]
	return p.Import, found, p.err
}

// room refuses what a book cannot hold.
func (b *Book) room(more int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := int64(more)
	for _, p := range b.known {
		all += p.file.size
	}
	if len(b.known) >= maxImports || all > maxBookBytes || more > maxImportBytes {
		return fmt.Errorf("the book of declarations %s is full: at most %d sheets and %d bytes", b.dir, maxImports, maxBookBytes)
	}
	return nil
}

// Imports are all, the newest first. With a *Damaged error they are all that could be read.
func (b *Book) Imports() ([]Import, error) {
	if err := b.refresh(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []Import
	var damaged []error
	for _, name := range slices.Sorted(maps.Keys(b.known)) {
		if p := b.known[name]; p.err != nil {
			damaged = append(damaged, p.err)
		} else {
			all = append(all, p.Import)
		}
	}
	slices.SortFunc(all, func(a, b Import) int { return cmp.Or(b.At.Compare(a.At), strings.Compare(b.ID, a.ID)) })
	if damaged != nil {
		return all, &Damaged{damaged}
	}
	return all, nil
}

// InForce is each site's declaration at the end of a day: of those with a date up to it the
// one with the latest date, of equal ones that which was imported last. It is whole: what it
// does not say is not taken from an older one. Imports after known are passed over; zero:
// none is. The hash (SHA-256, hex) is of all that it holds. With a *Damaged error it is all
// that could be read. What the declarations point to is shared, and must not be changed.
func (b *Book) InForce(day, known time.Time) (bySite map[string]Declaration, hash string, err error) {
	imports, err := b.Imports()
	if damaged, _ := errors.AsType[*Damaged](err); err != nil && damaged == nil {
		return nil, "", err
	}
	year, month, date := day.In(inventory.Zone()).Date()
	end := time.Date(year, month, date+1, 0, 0, 0, 0, inventory.Zone())
	bySite = map[string]Declaration{}
	for _, i := range slices.Backward(imports) { // the oldest first: a later one of the same day takes its place
		if !known.IsZero() && i.At.After(known) {
			continue
		}
		for _, d := range i.Declarations {
			if before, has := bySite[d.Site]; d.Date.Before(end) && (!has || !d.Date.Before(before.Date)) {
				bySite[d.Site] = d
			}
		}
	}
	hash, hashErr := hashOf(bySite)
	return bySite, hash, cmp.Or(hashErr, err)
}

func hashOf(bySite map[string]Declaration) (string, error) {
	sum := sha256.New()
	out := json.NewEncoder(sum)
	for _, site := range slices.Sorted(maps.Keys(bySite)) {
		if err := out.Encode(bySite[site]); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// extension is what the kept sheet's name ends with: what it is, not what it was called.
func extension(data []byte) string {
	if bytes.HasPrefix(data, zipMagic) {
		return ".xlsx"
	}
	return ".csv"
}
