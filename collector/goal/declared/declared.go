// Package declared is what communes say they have: line, contract, devices, each with its
// date and source, before anything is measured and beside it ever after. In come sheets as
// Excel writes them (sheet.go reads XLSX and CSV, columns.go knows the columns), with every
// mistake said by cell; out go declarations by site and day, from a book of imports that is
// only ever added to (book.go), and sheets to fill in (template.go).
//
// It knows nothing of measurements: what is declared is shown as declared, whatever was
// measured. It must never guess: a cell that may be read in two ways is refused, an empty
// one says nothing, and of a sheet with a mistake nothing is taken.
package declared

import (
	"errors"
	"io"
	"time"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// Declaration is what one site declared on one day. A pointer that is nil, a text that is
// empty: it did not say.
type Declaration struct {
	Site   string    `json:"site"`
	Date   time.Time `json:"date"`   // as of which it is so; a day of Vietnam
	Source string    `json:"source"` // who said so: a letter's number, a person
	Note   string    `json:"note,omitempty"`

	Line       string     `json:"line,omitempty"` // one of Lines
	Provider   string     `json:"provider,omitempty"`
	Contract   string     `json:"contract,omitempty"`
	DownMbps   *float64   `json:"down_mbps,omitempty"`   // by contract
	UpMbps     *float64   `json:"up_mbps,omitempty"`     // by contract
	MonthlyVND *int64     `json:"monthly_vnd,omitempty"` // price of the line
	LineSince  *time.Time `json:"line_since,omitempty"`

	Routers  *int64 `json:"routers,omitempty"` // how many there are that work
	Switches *int64 `json:"switches,omitempty"`
	PCs      *int64 `json:"pcs,omitempty"`
	UPSes    *int64 `json:"upses,omitempty"`
	Printers *int64 `json:"printers,omitempty"`
	Models   string `json:"models,omitempty"` // of router, switch, UPS, as written
}

// Lines are the kinds of a line.
const Lines = "fiber cable copper mobile satellite none"

// Import is one sheet that was taken.
type Import struct {
	ID           string        `json:"id"` // stamp and hash
	At           time.Time     `json:"at"`
	By           string        `json:"by"`
	File         string        `json:"file"` // as it was called
	Hash         string        `json:"hash"` // SHA-256 of the file as it came, hex
	Declarations []Declaration `json:"declarations"`
}

// Problem is a mistake in a sheet.
type Problem struct {
	Sheet string // of an XLSX; empty: a CSV
	Cell  string // "C7", in a CSV too, as Excel would call it
	Key   say.Key
	Args  []any // those of type say.Key are said in the reader's language
}

// In says it, "Sheet1!C7: …".
func (p Problem) In(lang say.Lang) string { return string(p.Key) }

// Problems are all mistakes of one sheet.
type Problems []Problem

func (p Problems) Error() string { return "not yet" }

// Read reads a sheet, XLSX or CSV by its content, of sites that the inventory knows. The
// error is a Problems, or that it is neither.
func Read(name string, data io.Reader, inv *inventory.Inventory, now time.Time) ([]Declaration, error) {
	return nil, errors.New("not yet")
}

// WriteXLSX and WriteCSV write a sheet with these declarations, that can be filled in and
// read again; of sites without one, an empty row, in display order.
func WriteXLSX(w io.Writer, inv *inventory.Inventory, have map[string]Declaration, lang say.Lang) error {
	return errors.New("not yet")
}
func WriteCSV(w io.Writer, inv *inventory.Inventory, have map[string]Declaration, lang say.Lang) error {
	return errors.New("not yet")
}
