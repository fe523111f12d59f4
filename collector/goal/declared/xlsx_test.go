package declared

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"communewatch/collector/say"
)

// bookOf writes an XLSX as other programs might, from the XML of each sheet's rows; a sheet
// whose name begins with "!" is hidden.
func bookOf(t testing.TB, properties, shared string, sheets ...[2]string) []byte {
	t.Helper()
	const main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	var list, relations strings.Builder
	files := map[string]string{
		"[Content_Types].xml":  `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"_rels/.rels":          `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="t" Target="xl/workbook.xml"/></Relationships>`,
		"xl/sharedStrings.xml": `<sst ` + main + `>` + shared + `</sst>`,
		"xl/styles.xml": `<styleSheet ` + main + `><numFmts><numFmt numFmtId="170" formatCode="[$-42A]dd/mm/yyyy;@"/><numFmt numFmtId="171" formatCode="#,##0\ &quot;đồng dy&quot;"/></numFmts>` +
			`<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs></styleSheet>`,
	}
	for i, s := range sheets {
		state := ""
		if name, hidden := strings.CutPrefix(s[0], "!"); hidden {
			s[0], state = name, `state="veryHidden"`
		}
		fmt.Fprintf(&list, `<sheet name="%s" sheetId="%d" %s r:id="rId%d"/>`, s[0], i+1, state, i+1)
		fmt.Fprintf(&relations, `<Relationship Id="rId%d" Type="t" Target="/xl/worksheets/Sheet%d.xml"/>`, i+1, i+1)
		files[fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1)] = `<worksheet ` + main + `><sheetData>` + s[1] + `</worksheet>`
	}
	files["xl/workbook.xml"] = `<workbook ` + main + `>` + properties + `<sheets>` + list.String() + `</sheets></workbook>`
	files["xl/_rels/workbook.xml.rels"] = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` + relations.String() + `</Relationships>`
	return zipOf(t, files)
}

func zipOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// bomb says of its workbook that it is longer than is read.
func bomb(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	_, err := w.CreateRaw(&zip.FileHeader{Name: "_rels/.rels", Method: zip.Deflate, UncompressedSize64: maxUnzippedBytes + 1})
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAPartIsReadUpToItsLimitWhateverItsHeaderSays(t *testing.T) {
	part := &bounded{io.NopCloser(strings.NewReader("longer than ten")), &parts{left: 10}}
	if _, err := io.ReadAll(part); err != errTooLarge {
		t.Error(err)
	}
}

// texts is a row of cells with texts; "" leaves one out.
func texts(number int, cells ...string) string {
	var out strings.Builder
	fmt.Fprintf(&out, `<row r="%d">`, number)
	for i, c := range cells {
		if c != "" {
			fmt.Fprintf(&out, `<c r="%s" t="inlineStr"><is><t>%s</t></is></c>`, cellName(number, i+1), c)
		}
	}
	return out.String() + "</row>"
}

const heading = `<row r="1"><c t="inlineStr"><is><t>Mã</t></is></c><c t="inlineStr"><is><t>Tính đến ngày</t></is></c><c t="inlineStr"><is><t>Nguồn</t></is></c><c t="inlineStr"><is><t>Giá một
 tháng  (ĐỒNG)</t></is></c><c t="inlineStr"><is><t>Tải xuống (Mbit/s)</t></is></c><c t="inlineStr"><is><t>Ghi chú</t></is></c></row>`

func TestACellOfAnXLSXIsReadByItsKind(t *testing.T) {
	inv := province(t)
	const shared = `<si><t>CV 12</t></si><si><r><t>VN</t></r><r><rPr/><t xml:space="preserve">PT _x000D_</t></r><rPh sb="0" eb="1"><t>reading</t></rPh></si><si><t/></si>`
	base := Declaration{Site: "bd-21997", Date: day("2026-10-31"), Source: "CV 12", MonthlyVND: to(int64(1500000))}
	with := func(change func(*Declaration)) Declaration {
		d := base
		change(&d)
		return d
	}
	for _, c := range []struct {
		name, cells string
		want        any
	}{
		{"shared texts, numbers, a day by its format", `<c t="s"><v>0</v></c>` + `<c><v>1500000</v></c><c><v>0.30000000000000004</v></c><c t="s"><v>1</v></c>`,
			with(func(d *Declaration) { d.DownMbps, d.Note = to(.3), "VNPT" })},
		{"a formula's value", `<c t="str"><f>CONCAT(1)</f><v>CV 12</v></c><c><f>A1*2</f><v>1.5E6</v></c>`, base},
		{"a formula that gives an empty text", `<c t="s"><v>0</v></c><c><v>1500000</v></c><c t="str"><f>""</f><v></v></c>`, base},
		{"a number as a text", `<c t="s"><v>0</v></c><c r="D2" t="inlineStr"><is><t>1.500.000</t></is></c>`, base},
		{"a format that shows no day", `<c t="s"><v>0</v></c><c s="3"><v>1500000</v></c>`, base},
		{"a number as a note", `<c t="s"><v>0</v></c><c><v>1500000</v></c><c r="F2"><v>00123</v></c>`, with(func(d *Declaration) { d.Note = "123" })},
		{"empty cells with a style", `<c t="s"><v>0</v></c><c><v>1500000</v></c><c s="1"/><c s="2"></c><c r="XFD2" s="1"/>`, base},
		{"an error", `<c t="s"><v>0</v></c><c t="e"><v>#N/A</v></c>`, `Kê khai!D2: Price a month (đồng): the cell holds Excel's error #N/A`},
		{"a formula that was never computed", `<c t="s"><v>0</v></c><c><f>NOW()</f></c>`, `Kê khai!D2: Price a month (đồng): the formula was not computed; open the file in Excel and save it again`},
		{"true", `<c t="s"><v>0</v></c><c t="b"><v>1</v></c>`, `Kê khai!D2: Price a month (đồng): the cell holds true or false; write a text or a number`},
		{"a speed that became a day", `<c t="s"><v>0</v></c><c><v>1500000</v></c><c s="1"><v>46000</v></c>`, `Kê khai!E2: Down (Mbit/s): Excel made a day of this cell; format it as Text and enter it again`},
		{"a note that became a day", `<c t="s"><v>0</v></c><c><v>1500000</v></c><c r="F2" s="2"><v>46000</v></c>`, `Kê khai!F2: Note: Excel made a day of this cell; format it as Text and enter it again`},
		{"a text that may be two numbers", `<c t="s"><v>0</v></c><c r="E2" t="inlineStr"><is><t>1.500</t></is></c>`, `Kê khai!E2: Down (Mbit/s) "1.500" may be 1,500 or 1.5; write no thousands separator, and not three decimals (1.5)`},
		{"the same as a number is one", `<c t="s"><v>0</v></c><c><v>1500000</v></c><c><v>1.500</v></c>`, with(func(d *Declaration) { d.DownMbps = to(1.5) })},
		{"a note that lost digits", `<c t="s"><v>0</v></c><c><v>1500000</v></c><c r="F2"><v>8.4E+19</v></c>`, `Kê khai!F2: Note "8.4E+19" was written as a power of ten by Excel; format the cell as Text and enter the whole number again`},
		{"something far to the right", `<c t="s"><v>0</v></c><c><v>1500000</v></c><c r="BM2"><v>1</v></c>`, `Kê khai!BM2: more than 64 columns`},
		{"something without a heading", `<c t="s"><v>0</v></c><c><v>1500000</v></c><c r="H2"><v>1</v></c>`, `Kê khai!H2: "1" is in a column without a heading (H1 is empty)`},
		{"a shared text that is not there", `<c t="s"><v>3</v></c>`, `damaged`},
	} {
		rows := heading + `<row><c t="inlineStr"><is><t>21997</t></is></c><c s="2"><v>46326.75</v></c>` + c.cells + `</row></sheetData>`
		got, err := Read("", bytes.NewReader(bookOf(t, "", shared, [2]string{"Kê khai", rows})), inv, testNow)
		if want, ok := c.want.(string); ok {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if d := cmp.Diff(any([]Declaration{c.want.(Declaration)}), any(got)); d != "" || err != nil {
			t.Errorf("%s: %v %s", c.name, err, d)
		}
	}
}

func TestADayIsCountedAsTheBookCounts(t *testing.T) {
	inv := province(t)
	for _, c := range []struct{ properties, cell, want string }{
		{"", `<c s="1"><v>46326</v></c>`, "2026-10-31"},
		{"", `<c><v>46326</v></c>`, "2026-10-31"}, // without a format there is no other way to read it
		{`<workbookPr date1904="1"/>`, `<c s="1"><v>44864</v></c>`, "2026-10-31"},
		{`<workbookPr date1904="false"/>`, `<c s="1"><v>46326</v></c>`, "2026-10-31"},
		{"", `<c t="d"><v>2026-10-31T00:00:00Z</v></c>`, "2026-10-31"},
		{"", `<c t="inlineStr"><is><t>31/10/2026</t></is></c>`, "2026-10-31"},
		{"", `<c t="inlineStr"><is><t>&apos;2026-10-31</t></is></c>`, "2026-10-31"},
		{"", `<c><v>2026</v></c>`, "is no day"},
		{"", `<c><v>20261031</v></c>`, "is no day"},
		{"", `<c><v>-1</v></c>`, "is no day"},
		{"", `<c s="1"><v>1E400</v></c>`, "is no day"},
	} {
		rows := heading + `<row><c><v>21997</v></c>` + c.cell + `<c t="inlineStr"><is><t>CV</t></is></c><c><v>500000</v></c></row></sheetData>`
		got, err := Read("", bytes.NewReader(bookOf(t, c.properties, "", [2]string{"S", rows})), inv, testNow)
		switch {
		case err != nil && !strings.Contains(err.Error(), c.want):
			t.Errorf("%+v: %v", c, err)
		case err == nil && got[0].Date.Format(time.DateOnly) != c.want:
			t.Errorf("%+v: %v", c, got[0].Date)
		}
	}
}

// A form as offices make it: titles, numbers of the columns, sums, remarks, signatures.
func TestWhatIsAroundTheTableIsNoDeclaration(t *testing.T) {
	rows := texts(1, "BẢNG KÊ KHAI HẠ TẦNG SỐ") + texts(3, "(Kèm theo CV 12)") +
		texts(5, "STT", "Mã xã", "Tên đơn vị", "Huyện", "Thời điểm", "Căn cứ", "Đường truyền", "Cước tháng", "Máy tính") +
		texts(6, "(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)", "(8)", "(9)") +
		strings.Replace(texts(7, "1", "21997", "Xã Canh Liên", "Vân Canh", "31/10/2026", "CV 12", "cáp quang", "500.000", "3"), "<row", `<row hidden="1"`, 1) +
		texts(8, "2", "22000", "Canh Hiệp", "", "", "", "FTTH", "", "2") +
		texts(9, "3", "21994", "Vân Canh") +
		texts(10, "", "", "", "", "31/10/2026", "CV 12") +
		texts(11, "Tổng cộng", "", "", "", "", "", "", "500.000", "5") +
		texts(13, "", "Ghi chú: số liệu do xã báo") +
		texts(14, "", "", "Người lập biểu", "", "", "", "TM. ỦY BAN NHÂN DÂN") +
		`</sheetData><mergeCells><mergeCell ref="A1:I1"/><mergeCell ref="D7:D9"/><mergeCell ref="E7:E8"/><mergeCell ref="F7:F9"/></mergeCells>`
	got, err := Read("", bytes.NewReader(bookOf(t, "", "", [2]string{"Hướng dẫn", texts(1, "Mã", "nghĩa") + "</sheetData>"}, [2]string{"Biểu 1", rows})), province(t), testNow)
	if err != nil {
		t.Fatal(err)
	}
	want := []Declaration{
		{Site: "bd-21997", Date: day("2026-10-31"), Source: "CV 12", Line: "fiber", MonthlyVND: to(int64(500_000)), PCs: to(int64(3))},
		{Site: "bd-22000", Date: day("2026-10-31"), Source: "CV 12", Line: "fiber", PCs: to(int64(2))},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	_, err = Read("", bytes.NewReader(bookOf(t, "", "", [2]string{"Biểu 1", strings.Replace(rows, "E7:E8", "I7:I8", 1)})), province(t), testNow)
	if err == nil || !strings.Contains(err.Error(), "Biểu 1!I7: PCs: this cell is merged down to I8") {
		t.Error(err)
	}
	// One in the table that has neither a day nor a number is no remark.
	inside := strings.Replace(rows, texts(9, "3", "21994", "Vân Canh"), texts(9, "3", "Canh X", "", "", "", "", "FTTH"), 1)
	inside = strings.Replace(inside, "E7:E8", "E7:E7", 1)
	inside = strings.Replace(strings.Replace(inside, "D7:D9", "D7:D7", 1), "F7:F9", "F7:F7", 1)
	_, err = Read("", bytes.NewReader(bookOf(t, "", "", [2]string{"Biểu 1", inside})), province(t), testNow)
	if err == nil || !strings.Contains(err.Error(), `Biểu 1!B9: Site "Canh X" is not in the inventory`) {
		t.Error(err)
	}
	// A row that was torn off the table by an empty one is still a row, if it has a day or a number.
	torn := strings.Replace(rows, "Người lập biểu", "Canh Lien 2", 1)
	torn = strings.Replace(torn, "TM. ỦY BAN NHÂN DÂN</t></is></c>", `TM</t></is></c><c r="I14"><v>4</v></c>`, 1)
	_, err = Read("", bytes.NewReader(bookOf(t, "", "", [2]string{"Biểu 1", torn})), province(t), testNow)
	if err == nil || !strings.Contains(err.Error(), `Biểu 1!C14: Commune "Canh Lien 2" is not in the inventory`) {
		t.Error(err)
	}
}

func TestAFileThatIsNoSheetOfOursIsSaidToBeWhatItIs(t *testing.T) {
	inv := province(t)
	table := [2]string{"Một", heading + `<row><c><v>21997</v></c></row></sheetData>`}
	hidden := [2]string{"!Ẩn", table[1]}
	two := table
	two[0] = "Hai"
	locked := func() []byte {
		f := excelize.NewFile()
		defer f.Close()
		var out bytes.Buffer
		if err := f.Write(&out, excelize.Options{Password: "x"}); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}()
	whole := bookOf(t, "", "", table)
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "tệp trống"},
		{"blanks", []byte(" \r\n"), "tệp trống"},
		{"password", locked, "tệp có mật khẩu mở"},
		{"xls", slices.Concat(oleMagic, make([]byte, 2000)), "tệp là Excel đời cũ (.xls)"},
		{"pdf", []byte("%PDF-1.7"), "tệp là PDF"},
		{"html", []byte("\n<html><table>"), "tệp là HTML, XML"},
		{"ods", zipOf(t, map[string]string{"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "tệp là ODS"},
		{"docx", zipOf(t, map[string]string{"word/document.xml": ""}), "tệp là DOCX"},
		{"any zip", zipOf(t, map[string]string{"a.txt": "a"}), "tệp hỏng, không đọc được"},
		{"torn", whole[:len(whole)/2], "tệp hỏng, không đọc được"},
		{"half", bookOf(t, "", "", [2]string{"S", heading + "<row><c>"}), "tệp hỏng, không đọc được"},
		{"rows backwards", bookOf(t, "", "", [2]string{"S", texts(5, "a") + texts(4, "b") + "</sheetData>"}), "tệp hỏng, không đọc được"},
		{"ansi", []byte("M\xe3;Ngu\xf4n\n"), "dòng 1 không phải UTF-8; tệp có lẽ được lưu ở ANSI (Windows-1258)"},
		{"binary", []byte("a\x00b;c"), "tệp không phải XLSX, cũng không phải CSV"},
		{"quotes", []byte("site;date;source;pcs\n\"bd\"x;1;2;3\n"), "A2: dấu ngoặc kép trong dòng này không khép đúng"},
		{"no heading", []byte("a;b\nc;d\n"), "không thấy dòng tiêu đề trong 20 dòng đầu: cần “Mã” hoặc “Xã, phường, thị trấn”"},
		{"no heading near the top", []byte(strings.Repeat("a;b\n", 20) + "site;date;source;pcs\n"), "không thấy dòng tiêu đề"},
		{"no rows", []byte("site;date;source;pcs\n"), "không có dòng nào kê khai gì"},
		{"no days", []byte("site;line;source;pcs\n"), "A1: thiếu cột “Tính đến ngày”"},
		{"twice", []byte("site;date;source;Nguồn\n"), "D1: cột “Nguồn” đã có ở C1"},
		{"two tables", bookOf(t, "", "", table, two), "hai trang tính đều có dòng tiêu đề: “Một” và “Hai”"},
		{"hidden", bookOf(t, "", "", hidden), "trang tính có dòng tiêu đề, “Ẩn”, đang bị ẩn"},
		{"one is hidden", bookOf(t, "", "", table, hidden), "không có dòng nào kê khai gì"},
		{"too large", make([]byte, maxFileBytes+1), "tệp lớn hơn 8 MB"},
		{"unzips to much", bomb(t), "tệp giải nén ra lớn hơn 96 MB"},
		{"deep", bookOf(t, "", strings.Repeat("<a>", 1<<20), table), "tệp giải nén ra lớn hơn 96 MB"},
		{"deep in the book", bookOf(t, strings.Repeat("<a>", 1<<20), "", table), "tệp giải nén ra lớn hơn 96 MB"},
		{"many shared texts", bookOf(t, "", strings.Repeat("<si/>", maxTexts+1), table), "tệp giải nén ra lớn hơn 96 MB"},
		{"wide", []byte("site;date;source;pcs" + strings.Repeat(";", maxSeparators) + "\n"), "có hơn 64 cột"},
		{"long text", bookOf(t, "", "", [2]string{"S", heading + texts(2, strings.Repeat("a", maxCellBytes+2)) + "</sheetData>"}), "S!A2: ô dài quá 8192 byte"},
	} {
		_, err := Read("", bytes.NewReader(c.data), inv, testNow)
		problems, ok := err.(Problems)
		if !ok || !strings.HasPrefix(problems.In(say.Vietnamese), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if strings.Contains(problems.In(say.Vietnamese)+problems.In(say.English), "%!") {
			t.Errorf("%s: %v", c.name, problems)
		}
	}
}

func FuzzRead(f *testing.F) {
	inv := province(f)
	whole := bookOf(f, "", `<si><t>a</t></si>`, [2]string{"S", heading + `<row><c><v>21997</v></c><c s="2"><v>46326</v></c><c t="s"><v>0</v></c><c><v>1</v></c></row></sheetData><mergeCells><mergeCell ref="B2:B9"/></mergeCells>`})
	for _, seed := range [][]byte{
		whole, whole[:len(whole)-30], []byte("site;date;source;pcs\nbd-21997;31/10/2026;a;1\n"), []byte("sep=;\nsite;date;source;pcs\n"),
		[]byte("\xff\xfes\x00i\x00"), []byte("site,date,source,note\n\"bd-21997\",\"ngày 1 tháng 2 năm 2026\",\"a\nb\",'=1\n"),
		[]byte(sheetOf(map[string]string{"down_mbps": "1.500,5 Mbps", "monthly_vnd": "1 500 000đ"})), oleMagic, zipMagic, {0xff}, []byte("name;date;line\n;;\n'';'';''"),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := Read("", bytes.NewReader(data), inv, testNow)
		if (err == nil) != (len(all) > 0) {
			t.Errorf("%d declarations, %v", len(all), err)
		}
		if err != nil && err.Error() == "" {
			t.Error("a mistake without a word")
		}
		for _, d := range all {
			if _, known := inv.Site(d.Site); !known || d.Date.IsZero() || d.Date.After(testNow) || d.Source == "" {
				t.Errorf("%+v", d)
			}
		}
	})
}
