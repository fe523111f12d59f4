package inventory

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"communewatch/collector/settings"
)

// Limits of a file: a country has about 11,000 communes.
const (
	maxFileBytes = 4 << 20
	maxRows      = 20_000
	maxTextBytes = 200
)

// schema is a CSV file's name and columns, which may stand in any order.
type schema struct {
	name     string
	needed   []string
	more     []string // a file without these is whole
	optional bool     // so is a folder without the file
}

func (s *schema) columns() []string { return slices.Concat(s.needed, s.more) }

// table is a CSV file on its way through a reading.
type table struct {
	schema
	*report
	lines  [][]byte
	comma  rune
	column map[string]int // where each stands; -1: not in this file
	width  int
}

// table hands each row of a file to a function, and tells whether all of it is known:
// if not, what refers to it is not held against it.
func (r *reading) table(s schema, each func(*row)) (whole bool) {
	data, found := r.read(s.name, maxFileBytes, s.optional)
	if !found {
		return s.optional && !r.failed(s.name) // a file that need not be there holds nothing
	}
	text, wrong := settings.Text(data)
	if wrong != nil {
		r.add(spot{s.name, wrong.Line, wrong.Column}, "inventory.not_utf8", wrong.Args...)
		return false
	}
	if !bytes.Contains(text, []byte("\n")) {
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n")) // as Excel's "CSV (Macintosh)" ends lines
	}
	t := &table{schema: s, report: &r.report, comma: ','}
	text = t.separator(text)
	t.lines = bytes.Split(text, []byte("\n"))
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma, reader.FieldsPerRecord = t.comma, -1
	return t.read(reader, each)
}

func (t *table) read(reader *csv.Reader, each func(*row)) (whole bool) {
	whole = true
	for n := 0; ; {
		cells, err := reader.Read()
		switch parse, isParse := errors.AsType[*csv.ParseError](err); {
		case err == io.EOF && n == 0:
			t.add(spot{t.name, 1, 1}, "config.empty")
			return false
		case err == io.EOF:
			return whole
		case isParse:
			t.add(t.at(parse.Line, parse.Column), "inventory.csv", parse.Err.Error())
			whole = false
			if n == 0 {
				return false // the header
			}
			continue
		case n == 0:
			if n++; !t.header(t.rowOf(reader, cells)) {
				return false
			}
			continue
		case n > maxRows:
			t.add(t.rowOf(reader, cells).spots[0], "inventory.rows", maxRows)
			return false
		}
		n++
		whole = t.row(t.rowOf(reader, cells), each) && whole
	}
}

// row hands on one that is as wide as the header; what lies beyond is no more than
// the empty cells that Excel writes.
func (t *table) row(r *row, each func(*row)) bool {
	if !slices.ContainsFunc(r.cells, func(cell string) bool { return cell != "" }) {
		return true
	}
	if n := t.width; len(r.cells) > n && strings.Join(r.cells[n:], "") == "" {
		r.cells = r.cells[:n]
	}
	if len(r.cells) != t.width {
		t.add(r.spots[0], "inventory.columns", len(r.cells), t.width, string(t.comma))
		return false
	}
	r.clean()
	each(r)
	return !r.lost
}

func (t *table) rowOf(reader *csv.Reader, cells []string) *row {
	r := &row{table: t, cells: cells, spots: make([]spot, len(cells)), wrong: make([]bool, len(cells))}
	for i := range cells {
		r.spots[i] = t.at(reader.FieldPos(i))
	}
	return r
}

// at is a place with its column in characters, as editors count.
func (t *table) at(line, column int) spot {
	if line >= 1 && line <= len(t.lines) {
		text := t.lines[line-1]
		column = 1 + utf8.RuneCount(text[:min(max(column-1, 0), len(text))])
	}
	return spot{t.name, max(line, 1), max(column, 1)}
}

// separator finds what stands between cells: the comma, or what Excel writes where the
// comma is for decimals, or between the cells of "Unicode text". A line that says it
// to Excel ("sep=;") is no row.
func (t *table) separator(text []byte) []byte {
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	if sep, found := strings.CutPrefix(strings.TrimSpace(strings.Trim(string(first), `"`)), "sep="); found && len(sep) == 1 && strings.Contains(",;\t", sep) {
		t.comma = rune(sep[0])
		return append([]byte("\n"), rest...)
	}
	header := string(first)
	for _, other := range ";\t" {
		if strings.ContainsRune(header, other) && !strings.ContainsRune(header, ',') {
			t.comma = other
		}
	}
	return text
}

// header finds the columns by their names.
func (t *table) header(r *row) bool {
	t.column = make(map[string]int, len(t.needed)+len(t.more))
	for _, name := range t.columns() {
		t.column[name] = -1
	}
	right := true
	for len(r.cells) > 1 && r.cells[len(r.cells)-1] == "" {
		r.cells = r.cells[:len(r.cells)-1]
	}
	t.width = len(r.cells)
	for i, name := range r.cells {
		switch at, known := t.column[name]; {
		case !known:
			t.add(r.spots[i], "inventory.column", short(name), strings.Join(t.columns(), ", "))
			right = false
		case at >= 0:
			t.add(r.spots[i], "inventory.column_twice", name)
			right = false
		default:
			t.column[name] = i
		}
	}
	for _, name := range t.needed {
		if t.column[name] < 0 {
			t.add(r.spots[0], "inventory.no_column", name)
			right = false
		}
	}
	return right
}

// short is what a message shows of a text.
func short(s string) string {
	if len(s) <= maxTextBytes {
		return s
	}
	return strings.ToValidUTF8(s[:40], "") + "…"
}
