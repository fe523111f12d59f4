package declared

import (
	"errors"
	"io"
	"time"

	"communewatch/collector/inventory"
)

// Book is all imports, in a folder to which files are only ever added.
type Book struct{ dir string }

// Open reads a folder, which is made where it is not there.
func Open(dir string) (*Book, error) { return &Book{dir}, nil }

// Import reads a sheet and keeps it, all of it or, with Problems, nothing. The same sheet
// again is the same import. Preview reads only.
func (b *Book) Import(name string, data io.Reader, inv *inventory.Inventory, by string, now time.Time) (Import, error) {
	return Import{}, errors.New("not yet")
}

// Imports are all, the newest first.
func (b *Book) Imports() ([]Import, error) { return nil, nil }

// InForce is each site's declaration at the end of a day: of those with a date up to it the
// one with the latest date, of equal ones that which was imported last. It is whole: what it
// does not say is not taken from an older one. Imports after known are passed over; zero:
// none is. The hash (SHA-256, hex) is of all that it holds.
func (b *Book) InForce(day, known time.Time) (bySite map[string]Declaration, hash string, err error) {
	return nil, "", nil
}
