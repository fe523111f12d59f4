package declared

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"communewatch/collector/settings"
)

// maxSeparators are those of one row that are read, since a reader of CSV makes room for all;
// as many as a row of Excel may have.
const maxSeparators = 16_384

// table is a CSV file: UTF-8 with or without a byte order mark, or UTF-16 ("Unicode text");
// anything else is refused, since a guess would put wrong letters into names.
func table(data []byte) ([]*sheet, error) {
	text, wrong := settings.Text(data)
	if wrong != nil {
		return nil, whole("declared.not_utf8", wrong.Line)
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, whole("declared.not_text")
	}
	if !bytes.Contains(text, []byte("\n")) {
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n")) // as Excel's "CSV (Macintosh)" ends lines
	}
	comma, skipped := separator(text)
	s := &sheet{}
	if skipped {
		text = append([]byte(string(comma)), text[bytes.IndexByte(text, '\n'):]...) // keep the count of rows
	}
	for row := range bytes.SplitSeq(text, []byte("\n")) {
		if bytes.Count(row, []byte(string(comma))) > maxSeparators {
			return nil, whole("declared.columns", maxColumns)
		}
	}
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma, reader.FieldsPerRecord, reader.ReuseRecord = comma, -1, true
	return []*sheet{s}, s.take(reader)
}

// take reads all rows. Excel counts a cell with line breaks in it as one row, so the rows
// that such cells have before a row are not counted in its number.
func (s *sheet) take(reader *csv.Reader) error {
	for within := 0; len(s.lines) <= maxRows+headRows+1; {
		cells, err := reader.Read()
		if err == io.EOF {
			return nil
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			row := max(parse.StartLine-within, 1)
			return Problems{{Cell: cellName(row, 1), Key: "declared.quotes", row: row}}
		}
		if err != nil {
			return whole("declared.corrupt", err.Error())
		}
		start, _ := reader.FieldPos(0)
		l := line{number: start - within}
		for i, text := range cells {
			within += strings.Count(text, "\n")
			s.put(&l, i+1, cell{text: spaced(text)})
		}
		s.keep(l)
	}
	return nil
}

// separator is what parts the cells: what a first line "sep=;" says, else what occurs most
// in the first rows outside of quotes.
func separator(text []byte) (comma rune, said bool) {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	if sep, found := strings.CutPrefix(strings.TrimSpace(strings.Trim(strings.TrimSpace(string(first)), `"`)), "sep="); found && len(sep) == 1 && strings.Contains(",;\t", sep) {
		return rune(sep[0]), true
	}
	count, quoted, rows := map[byte]int{}, false, 0
	for _, b := range text {
		switch {
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '\n':
			rows++
		default:
			count[b]++
		}
		if rows > headRows {
			break
		}
	}
	// A tab is never typed, and a semicolon seldom: where either is there in numbers, commas
	// are decimals.
	switch {
	case count['\t'] > 0 && count['\t'] >= count[';']:
		return '\t', false
	case count[';'] > 0 && 2*count[';'] >= count[',']:
		return ';', false
	}
	return ',', false
}
