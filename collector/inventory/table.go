package inventory

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits of a file: a country has about 11,000 communes.
const (
	maxFileBytes = 4 << 20
	maxRows      = 20_000
	maxTextBytes = 200
)

// Where Vietnam lies, with its islands, in degrees.
const minLat, maxLat, minLon, maxLon = 6, 24, 102, 118

var (
	siteID   = regexp.MustCompile(`^[a-z]{2}-[0-9]{5}$`)
	unitCode = regexp.MustCompile(`^[0-9]{5}$`)
	areaCode = regexp.MustCompile(`^[0-9]{3}$`)
	decimal  = regexp.MustCompile(`^[0-9]{1,3}\.[0-9]{1,6}$`)
)

// table reads one file and hands each row to a function. It is as strict as it
// can be: exactly this header, every row complete, every text UTF-8, NFC, trimmed,
// without control characters.
func table(files fs.FS, name string, header []string, each func(*row)) error {
	file, err := files.Open(name)
	if err != nil {
		return fmt.Errorf("read inventory: %w", err)
	}
	defer file.Close()
	limited := &io.LimitedReader{R: file, N: maxFileBytes + 1}
	reader := csv.NewReader(limited)
	reader.FieldsPerRecord = -1 // said better below
	for n := 0; ; n++ {
		cells, err := reader.Read()
		if limited.N <= 0 {
			return fmt.Errorf("%s: larger than %d bytes", name, maxFileBytes)
		}
		if err == io.EOF && n > 0 {
			return nil
		}
		if err != nil {
			return unreadable(name, err)
		}
		line, _ := reader.FieldPos(0)
		switch {
		case n == 0 && !slices.Equal(cells, header):
			return fmt.Errorf("%s:%d: the header is not %s", name, line, strings.Join(header, ","))
		case n == 0:
			continue
		case n > maxRows:
			return fmt.Errorf("%s:%d: more than %d rows", name, line, maxRows)
		case len(cells) != len(header):
			return fmt.Errorf("%s:%d: %d columns, want %d", name, line, len(cells), len(header))
		}
		r := row{file: name, line: line, header: header, cells: cells}
		r.clean()
		if r.err == nil {
			each(&r)
		}
		if r.err != nil {
			return r.err
		}
	}
}

// unreadable puts a csv error into our form.
func unreadable(name string, err error) error {
	if err == io.EOF {
		return fmt.Errorf("%s:1: the file is empty", name)
	}
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("%s:%d: %w", name, parse.Line, parse.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// row is a line of a table. Its first complaint stays in err; what is read after
// it is of no use.
type row struct {
	file   string
	line   int
	header []string
	cells  []string
	err    error
}

func (r *row) complain(column, what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s:%d: %s %q %s", r.file, r.line, column, r.text(column), what)
	}
}

// clean holds every cell against what a text may be.
func (r *row) clean() {
	for i, cell := range r.cells {
		switch {
		case len(cell) > maxTextBytes:
			r.cells[i] = strings.ToValidUTF8(cell[:20], "") + "…"
			r.complain(r.header[i], fmt.Sprintf("is longer than %d bytes", maxTextBytes))
		case !utf8.ValidString(cell):
			r.complain(r.header[i], "is not UTF-8")
		case !norm.NFC.IsNormalString(cell):
			r.complain(r.header[i], "is not NFC: one letter is written as several characters")
		case cell != strings.TrimSpace(cell) || strings.ContainsFunc(cell, unprintable):
			r.complain(r.header[i], "has a space around it or a character that does not print")
		}
	}
}

func unprintable(c rune) bool { return c != ' ' && !unicode.IsGraphic(c) }

func (r *row) text(column string) string { return r.cells[slices.Index(r.header, column)] }

func (r *row) needed(column string) string {
	if r.text(column) == "" {
		r.complain(column, "is missing")
	}
	return r.text(column)
}

func (r *row) oneOf(column string, allowed ...string) string {
	if !slices.Contains(allowed, r.text(column)) {
		list := strings.Join(allowed, ", ")
		if allowed[0] == "" {
			list = "empty" + list
		}
		r.complain(column, "is not one of "+list)
	}
	return r.text(column)
}

func (r *row) matching(column string, pattern *regexp.Regexp, want string) string {
	if !pattern.MatchString(r.text(column)) {
		r.complain(column, "is not "+want)
	}
	return r.text(column)
}

func (r *row) day(column string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, r.text(column), vietnam)
	if err != nil {
		r.complain(column, "is not a date such as 2025-07-01")
	}
	return t
}

func (r *row) degrees(column string, low, high float64) float64 {
	f, err := strconv.ParseFloat(r.text(column), 64)
	if err != nil || !decimal.MatchString(r.text(column)) || f < low || f > high {
		r.complain(column, fmt.Sprintf("is not between %g and %g degrees", low, high))
	}
	return f
}
