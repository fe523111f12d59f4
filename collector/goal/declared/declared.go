// Package declared is what communes say they have: line, contract, devices, each with its
// date and source, before anything is measured and beside it ever after. In come sheets as
// Excel writes them (read.go; xlsx.go and csv.go bring either into cells, columns.go knows
// the columns, number.go, day.go and lines.go what stands in them, offices.go whom a row
// means), with every mistake said by cell (problem.go); out go declarations by site and day,
// from a book of imports that is only ever added to (book.go, folder.go), and sheets to fill
// in (template.go).
//
// It knows nothing of measurements: what is declared is shown as declared, whatever was
// measured. It must never guess: a cell that may be read in two ways is refused, an empty
// one says nothing, and of a sheet with a mistake nothing is taken.
package declared

import "time"

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
