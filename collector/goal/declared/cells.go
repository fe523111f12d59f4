package declared

import (
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// maxTexts are the different texts of a workbook: a few of each row.
const maxTexts = 200_000

// strings are the texts that cells share, by number. A book may have none.
func (p *parts) strings(name string) ([]string, error) {
	if p.files[name] == nil {
		return nil, nil
	}
	r, err := p.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var all []string
	for d := elements(r); len(all) <= maxTexts; {
		token, err := d.Token()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "si" {
			text, err := runs(d)
			if err != nil {
				return nil, err
			}
			all = append(all, text)
		}
	}
	return nil, errTooLarge
}

// runs is the text of an element that was begun, its formatted runs joined, without the
// readings that Japanese has above its signs.
func runs(d *xml.Decoder) (string, error) {
	var text strings.Builder
	for depth, reading, within := 1, 0, false; depth > 0; {
		token, err := d.Token()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			if t.Name.Local == "rPh" {
				reading++
			}
			within = t.Name.Local == "t"
		case xml.EndElement:
			depth--
			if t.Name.Local == "rPh" {
				reading--
			}
			within = false
		case xml.CharData:
			if within && reading == 0 {
				bit(&text, t)
			}
		}
	}
	return spaced(escaped(text.String())), nil
}

// bit adds to a text, as long as that is not longer than is read by more than a byte.
func bit(text *strings.Builder, more []byte) {
	text.Write(more[:min(len(more), maxCellBytes+1-text.Len())])
}

// escape is how XLSX writes characters that XML cannot hold.
var escape = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

func escaped(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escape.ReplaceAllStringFunc(s, func(m string) string {
		n, err := strconv.ParseUint(m[2:6], 16, 16)
		if r := rune(n); err == nil && utf8.ValidRune(r) {
			return string(r)
		}
		return m
	})
}

// dayFormats tells which styles show a number as a day.
func (p *parts) dayFormats(name string) ([]bool, error) {
	if p.files[name] == nil {
		return nil, nil
	}
	var sheet struct {
		Own []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Styles []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := p.decode(name, &sheet); err != nil {
		return nil, err
	}
	own := map[int]string{}
	for _, f := range sheet.Own {
		own[f.ID] = f.Code
	}
	days := make([]bool, len(sheet.Styles))
	for i, s := range sheet.Styles {
		code, known := own[s.Format]
		days[i] = known && showsDay(code) || !known && builtInDay(s.Format)
	}
	return days, nil
}

// builtInDay are the formats without a code that show days (ECMA-376 part 1, §18.8.30),
// those of East Asian versions too.
func builtInDay(id int) bool {
	return id >= 14 && id <= 17 || id == 22 || id >= 27 && id <= 36 || id >= 50 && id <= 58
}

// noDay is what a format's code may hold that is neither day nor month nor year: texts,
// colours and conditions, single signs.
var noDay = regexp.MustCompile(`"[^"]*"|\[[^\]]*\]|\\.|_.|\*.`)

func showsDay(code string) bool {
	code, _, _ = strings.Cut(code, ";")
	code = strings.ToLower(noDay.ReplaceAllString(code, ""))
	return strings.ContainsAny(code, "yd") && !strings.Contains(code, "general")
}

// cells reads a sheet's part. Of cells without a value nothing is kept.
func (p *parts) cells(name string, s *sheet, shared []string, days []bool) error {
	r, err := p.open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	d := elements(r)
	var l line
	column, filled := 0, 0
	for last := 0; ; {
		token, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		start, isStart := token.(xml.StartElement)
		switch end, isEnd := token.(xml.EndElement); {
		case isStart && start.Name.Local == "row":
			number, err := rowNumber(start, last)
			if err != nil {
				return err
			}
			l, column, last = line{number: number}, 0, number
		case isStart && start.Name.Local == "c":
			if column, err = s.cell(d, start, &l, column, shared, days); err != nil {
				return err
			}
		case isStart && start.Name.Local == "mergeCell":
			s.merge(start)
		case isEnd && end.Name.Local == "row" && filled <= headRows+1+maxRows:
			s.keep(l)
			filled = len(s.lines)
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func rowNumber(e xml.StartElement, last int) (int, error) {
	s := attr(e, "r")
	if s == "" {
		return last + 1, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n <= last || n > excelize.TotalRows {
		return 0, fmt.Errorf("row %q after row %d", short(s), last)
	}
	return n, nil
}

// cell reads one, and gives its column.
func (s *sheet) cell(d *xml.Decoder, e xml.StartElement, l *line, before int, shared []string, days []bool) (int, error) {
	column := before + 1
	if at := attr(e, "r"); at != "" {
		var err error
		if column, _, err = excelize.CellNameToCoordinates(at); err != nil {
			return 0, err
		}
	}
	value, formula, err := content(d)
	if err != nil {
		return 0, err
	}
	c := cell{text: value, kind: numberCell}
	switch attr(e, "t") {
	case "s":
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || n < 0 || n >= len(shared) {
			return 0, fmt.Errorf("%s has no text %q", attr(e, "r"), short(value))
		}
		c = cell{text: shared[n]}
	case "inlineStr", "str":
		c = cell{text: spaced(escaped(value))}
	case "d":
		c = cell{text: strings.TrimSuffix(strings.TrimSuffix(value, "Z"), "T00:00:00")}
	case "b":
		c.kind = boolCell
	case "e":
		c.kind = errorCell
	default:
		n, err := strconv.Atoi(attr(e, "s"))
		c.date = err == nil && n >= 0 && n < len(days) && days[n]
	}
	switch {
	case value == "" && formula && attr(e, "t") != "str": // an empty text is a value
		c = cell{kind: formulaCell}
	case value == "":
		c = cell{}
	}
	s.put(l, column, c)
	return column, nil
}

// content is what a cell that was begun holds.
func content(d *xml.Decoder) (value string, formula bool, err error) {
	var text strings.Builder
	for within := ""; ; {
		token, err := d.Token()
		if err != nil {
			return "", false, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch within = t.Name.Local; within {
			case "f":
				formula = true
			case "is":
				value, err := runs(d)
				return value, formula, errOr(err, d)
			}
		case xml.EndElement:
			if t.Name.Local == "c" {
				return text.String(), formula, nil
			}
			within = ""
		case xml.CharData:
			if within == "v" {
				bit(&text, t)
			}
		}
	}
}

// errOr goes on to the end of the cell.
func errOr(err error, d *xml.Decoder) error {
	for err == nil {
		var token xml.Token
		token, err = d.Token()
		if end, ok := token.(xml.EndElement); ok && end.Name.Local == "c" {
			return nil
		}
	}
	return err
}

const maxMerged = 10_000

func (s *sheet) merge(e xml.StartElement) {
	from, to, _ := strings.Cut(attr(e, "ref"), ":")
	column, row, err := excelize.CellNameToCoordinates(from)
	column2, row2, err2 := excelize.CellNameToCoordinates(to)
	if err == nil && err2 == nil && len(s.merged) < maxMerged {
		s.merged = append(s.merged, area{place{row, column}, place{row2, column2}})
	}
}
