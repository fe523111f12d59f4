package declared

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strings"
)

// An XLSX is read here and not by excelize, which writes ours: while it streams, excelize
// tells a cell's text but not whether that was typed as text or is a number ("1.500"), and
// where it tells, it first makes every cell up to the outermost one, of which a small file
// can have 17 thousand million.

// parts are the files in an XLSX, by name in small letters, and how much of them may still
// be read: a part may be asked for more than once.
type parts struct {
	files map[string]*zip.File
	left  int
}

// errTooLarge is of parts that unzip to more than is read.
var errTooLarge = errors.New("too large")

// workbook reads all sheets of an XLSX.
func workbook(data []byte) ([]*sheet, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, whole("declared.corrupt", err.Error())
	}
	all := &parts{map[string]*zip.File{}, maxUnzippedBytes}
	for _, file := range archive.File {
		all.files[strings.ToLower(strings.ReplaceAll(file.Name, `\`, "/"))] = file
	}
	switch {
	case all.files["mimetype"] != nil:
		return nil, whole("declared.other_kind", "ODS")
	case all.files["xl/workbook.bin"] != nil:
		return nil, whole("declared.other_kind", "XLSB")
	case all.files["word/document.xml"] != nil:
		return nil, whole("declared.other_kind", "DOCX")
	}
	sheets, err := all.sheets()
	switch {
	case errors.Is(err, errTooLarge):
		return nil, whole("declared.unzips", maxUnzippedBytes>>20)
	case err != nil:
		return nil, whole("declared.corrupt", err.Error())
	}
	return sheets, nil
}

func (p *parts) sheets() ([]*sheet, error) {
	var book struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string     `xml:"name,attr"`
			State string     `xml:"state,attr"`
			Attrs []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	main, files, err := p.main()
	if err != nil {
		return nil, err
	}
	if err := p.decode(main, &book); err != nil {
		return nil, err
	}
	if len(book.Sheets) > maxSheets {
		return nil, errTooLarge
	}
	shared, err := p.strings(path.Dir(main) + "/sharedstrings.xml")
	if err != nil {
		return nil, err
	}
	days, err := p.dayFormats(path.Dir(main) + "/styles.xml")
	if err != nil {
		return nil, err
	}
	var sheets []*sheet
	for _, listed := range book.Sheets {
		s := &sheet{name: short(spaced(listed.Name)), hidden: listed.State == "hidden" || listed.State == "veryHidden", base1904: isTrue(book.Properties.Date1904)}
		file := files[relation(listed.Attrs)]
		if !strings.Contains(file, "worksheet") {
			continue // a chart, which has no cells
		}
		if err := p.cells(file, s, shared, days); err != nil {
			return nil, err
		}
		sheets = append(sheets, s)
	}
	return sheets, nil
}

// main is the workbook's own part and the files to which it refers, by id.
func (p *parts) main() (string, map[string]string, error) {
	top, err := p.relations("", "_rels/.rels")
	if err != nil {
		return "", nil, err
	}
	main := "xl/workbook.xml"
	for _, file := range top {
		if strings.HasSuffix(file, "workbook.xml") {
			main = file
		}
	}
	files, err := p.relations(path.Dir(main), path.Dir(main)+"/_rels/"+path.Base(main)+".rels")
	return main, files, err
}

// relations are the files of a part, by id.
func (p *parts) relations(dir, file string) (map[string]string, error) {
	var list struct {
		All []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := p.decode(file, &list); err != nil {
		return nil, err
	}
	files := make(map[string]string, len(list.All))
	for _, r := range list.All {
		target := strings.ToLower(strings.ReplaceAll(r.Target, `\`, "/"))
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target)
		}
		files[r.ID] = strings.TrimPrefix(target, "/")
	}
	return files, nil
}

// relation is the id of a sheet's relation: r:id, in whichever namespace.
func relation(attrs []xml.Attr) string {
	for _, a := range attrs {
		if a.Name.Local == "id" {
			return a.Value
		}
	}
	return ""
}

// open gives a part, which ends with errTooLarge where more was read than may be.
func (p *parts) open(name string) (io.ReadCloser, error) {
	file := p.files[strings.ToLower(name)]
	if file == nil {
		return nil, errors.New("no " + name)
	}
	if file.UncompressedSize64 > uint64(max(p.left, 0)) {
		return nil, errTooLarge
	}
	r, err := file.Open()
	if err != nil {
		return nil, err
	}
	return &bounded{r, p}, nil
}

// bounded is a part on its way; what its header says of its length may be a lie.
type bounded struct {
	io.ReadCloser
	*parts
}

func (b *bounded) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	if b.left -= n; b.left < 0 {
		return n, errTooLarge
	}
	return n, err
}

func (p *parts) decode(name string, into any) error {
	r, err := p.open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	return elements(io.LimitReader(r, maxFormBytes)).Decode(into)
}

// maxFormBytes are read of a part that holds no cells, maxDepth how many elements may be one
// within the other, for each of which a decoder makes room.
const (
	maxFormBytes = 16 << 20
	maxDepth     = 100
)

// elements decodes XML that is not nested deeper than any sheet is.
func elements(r io.Reader) *xml.Decoder {
	return xml.NewTokenDecoder(&shallow{Decoder: xml.NewDecoder(r)})
}

type shallow struct {
	*xml.Decoder
	depth int
}

func (s *shallow) Token() (xml.Token, error) {
	token, err := s.RawToken()
	switch token.(type) {
	case xml.StartElement:
		s.depth++
	case xml.EndElement:
		s.depth--
	}
	if s.depth > maxDepth {
		return nil, errTooLarge
	}
	return token, err
}

func isTrue(s string) bool { return s == "1" || s == "true" || s == "on" }
