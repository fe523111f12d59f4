package declared

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"

	"communewatch/collector/say"
)

// Limits of a file. A country has about 11,000 communes.
const (
	maxFileBytes     = 8 << 20
	maxUnzippedBytes = 96 << 20 // of an XLSX
	maxRows          = 20_000
	maxColumns       = 64
	maxCellBytes     = 8 << 10 // what is read of one cell
	maxSheets        = 50
)

// kind is what a cell holds.
type kind uint8

const (
	textCell kind = iota
	numberCell
	boolCell
	errorCell   // #N/A and the like
	formulaCell // without the value that it had when it was saved
)

// cell is one of a sheet. A number's text is as XML has it, "1500000" or "0.5".
type cell struct {
	text string
	kind kind
	date bool // a number that is shown as a day
}

func (c cell) empty() bool { return c.kind == textCell && c.text == "" }

// line is a row that holds something.
type line struct {
	number int // from 1
	cells  []cell
}

func (l line) at(column int) cell {
	if column < 1 || column > len(l.cells) {
		return cell{}
	}
	return l.cells[column-1]
}

// sheet is one of a file.
type sheet struct {
	name     string // empty: of a CSV
	hidden   bool
	base1904 bool
	lines    []line
	merged   []area
	wide     *place // the first cell beyond maxColumns that holds something
	long     *place // the first whose text is longer than maxCellBytes
}

type place struct{ row, column int }

// area is cells that were made one.
type area struct{ from, to place }

var (
	oleMagic = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}
	zipMagic = []byte("PK\x03\x04")
)

// sheets brings a file into cells, by its content: people rename files.
func sheets(data []byte) ([]*sheet, error) {
	switch start := bytes.ToLower(bytes.TrimSpace(data[:min(len(data), 512)])); {
	case len(data) > maxFileBytes:
		return nil, whole("declared.too_large", maxFileBytes>>20)
	case len(bytes.TrimSpace(data)) == 0:
		return nil, whole("declared.empty")
	case bytes.HasPrefix(data, oleMagic) && bytes.Contains(data, wide("EncryptedPackage")):
		return nil, whole("declared.password")
	case bytes.HasPrefix(data, oleMagic):
		return nil, whole("declared.old_xls")
	case bytes.HasPrefix(data, zipMagic):
		return workbook(data)
	case bytes.HasPrefix(start, []byte("%pdf")):
		return nil, whole("declared.other_kind", "PDF")
	case bytes.HasPrefix(start, []byte("<")):
		return nil, whole("declared.other_kind", "HTML, XML")
	case bytes.HasPrefix(start, []byte(`{\rtf`)):
		return nil, whole("declared.other_kind", "RTF")
	}
	return table(data)
}

// wide is a text as names in an OLE file are written.
func wide(s string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

// tooMuch complains of a sheet that holds more than is read.
func (s *sheet) tooMuch(c *complaints, head int) {
	if len(s.lines) > head+1+maxRows {
		c.add(s.lines[head+1+maxRows].number, 1, "declared.rows", maxRows)
	}
	for _, at := range []struct {
		*place
		key   say.Key
		limit int
	}{{s.wide, "declared.columns", maxColumns}, {s.long, "declared.long_cell", maxCellBytes}} {
		if at.place != nil {
			c.add(at.row, at.column, at.key, at.limit)
		}
	}
}

// put sets a cell of a line.
func (s *sheet) put(l *line, column int, c cell) {
	if c.kind == textCell && len(c.text) > maxCellBytes {
		c.text = "…"
		if s.long == nil {
			s.long = &place{l.number, column}
		}
	}
	if c.kind == textCell {
		c.text = unguarded(c.text)
	}
	switch {
	case c.empty():
	case column > maxColumns:
		if s.wide == nil {
			s.wide = &place{l.number, column}
		}
	default:
		for len(l.cells) < column {
			l.cells = append(l.cells, cell{})
		}
		l.cells[column-1] = c
	}
}

// keep keeps a line that holds something.
func (s *sheet) keep(l line) {
	if len(l.cells) > 0 {
		s.lines = append(s.lines, l)
	}
}
