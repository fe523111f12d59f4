package declared

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/unicode/norm"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// right is a row in which nothing is wrong, by column.
var right = map[string]string{"site": "bd-21997", "date": "31/10/2026", "source": "CV 12", "pcs": "4"}

// sheetOf writes a CSV of one row: right, with these cells instead.
func sheetOf(cells map[string]string) string {
	row := maps.Clone(right)
	maps.Copy(row, cells)
	names := slices.Sorted(maps.Keys(row))
	var values []string
	for _, name := range names {
		values = append(values, `"`+strings.ReplaceAll(row[name], `"`, `""`)+`"`)
	}
	return strings.Join(names, ";") + "\n" + strings.Join(values, ";") + "\n"
}

func TestACellIsReadAsItIsMeantOrRefusedWithWhatItMayMean(t *testing.T) {
	inv := province(t)
	for _, c := range []struct{ column, cell, want string }{
		// Amounts of đồng: three digits behind a mark are thousands.
		{"monthly_vnd", "1.500.000", "1500000"},
		{"monthly_vnd", "1,500,000", "1500000"},
		{"monthly_vnd", "1 500 000", "1500000"},
		{"monthly_vnd", "1\u00a0500\u202f000 đồng/tháng", "1500000"},
		{"monthly_vnd", "1500000đ", "1500000"},
		{"monthly_vnd", "220.000 VNĐ", "220000"},
		{"monthly_vnd", "1.500.000,00", "1500000"},
		{"monthly_vnd", "1,5 triệu", "1500000"},
		{"monthly_vnd", "500k", "500000"},
		{"monthly_vnd", "0", "0"},
		{"monthly_vnd", "1.500", `"1.500" may be 1,500 or 1,500,000 đồng; write the whole number in đồng, such as 1500000`},
		{"monthly_vnd", "1.500 triệu", `may be 1,500,000,000 or 1,500,000;`},
		{"monthly_vnd", "1.50.000", "is not one number"},
		{"monthly_vnd", "-200000", "is outside 0 to 1,000,000,000"},
		{"monthly_vnd", "2.000.000.000", "is outside 0 to 1,000,000,000"},
		{"monthly_vnd", "200000,5", "is no whole number"},
		{"monthly_vnd", "không rõ", "is not one number"},
		{"monthly_vnd", "1 500", "may be 1,500 or 1,500,000 đồng"},
		// Mbit/s.
		{"down_mbps", "100", "100"},
		{"down_mbps", "100 Mbps", "100"},
		{"down_mbps", "100Mbit/s", "100"},
		{"down_mbps", "1 Gbps", "1000"},
		{"down_mbps", "512 kbps", "0.512"},
		{"down_mbps", "1,5", "1.5"},
		{"down_mbps", "1.5", "1.5"},
		{"down_mbps", "1,50", "1.5"},
		{"down_mbps", "0.512", "0.512"},
		{"down_mbps", "0,512", "0.512"},
		{"down_mbps", "1.500,5", "1500.5"},
		{"down_mbps", "1,500.5", "1500.5"},
		{"down_mbps", "1.500", `"1.500" may be 1,500 or 1.5; write no thousands separator, and not three decimals (1.5)`},
		{"down_mbps", "1,500", `"1,500" may be 1,500 or 1.5;`},
		{"down_mbps", "1.500.000", "is outside 0.1 to 100,000"},
		{"down_mbps", "100 MB/s", "is not one number; want Mbit/s such as 100 or 1.5"},
		{"down_mbps", "100/50", "is not one number; want Mbit/s such as 100 or 1.5"},
		{"down_mbps", "100-200", "is not one number; want Mbit/s such as 100 or 1.5"},
		{"down_mbps", "0", "is outside 0.1"},
		{"down_mbps", "-5", "is outside 0.1"},
		{"down_mbps", "1e3", "is not one number"},
		{"down_mbps", "NaN", "is not one number"},
		{"down_mbps", "١٠٠", "is not one number"},
		{"up_mbps", "200000", "is outside 0.1 to 100,000"},
		// Counts.
		{"routers", "02", "2"},
		{"routers", "2 cái", "2"},
		{"routers", "không có", "0"},
		{"routers", "KHÔNG", "0"},
		{"routers", "1.000", `"1.000" may be 1,000 or 1;`},
		{"routers", "1,5", "is no whole number"},
		{"routers", "-1", "is outside 0 to 1,000"},
		{"routers", "5000", "is outside 0 to 1,000"},
		{"routers", "x", "is not one number"},
		{"routers", "2 cái 1 hỏng", "is not one number"},
		{"routers", "=2", "is not one number"},
		// Lines.
		{"line", "Cáp Quang", "fiber"},
		{"line", "FTTH", "fiber"},
		{"line", "4G", "mobile"},
		{"line", "không có", "none"},
		{"line", "cap dong truc", "cable"},
		{"line", "cáp", `"cáp" is not known; want one of: fiber, coaxial cable, copper, mobile, satellite, none`},
		// Days.
		{"date", "2026-10-31", "2026-10-31"},
		{"date", "2026/10/31", "2026-10-31"},
		{"date", "31-10-2026", "2026-10-31"},
		{"date", "31.10.2026", "2026-10-31"},
		{"date", "05/04/2026", "2026-04-05"},
		{"date", "31/10/2026 00:00:00", "2026-10-31"},
		{"date", "ngày 31 tháng 10 năm 2026", "2026-10-31"},
		{"date", "10/31/2026", `has the month before the day; write day/month/year or 2026-10-31`},
		{"date", "31/10/26", "lacks two digits of the year"},
		{"date", "46326", "is Excel's number for a day; write 2026-10-31"},
		{"date", "31/02/2026", "is no day"},
		{"date", "2026", "is no day"},
		{"date", "tháng 10", "is no day"},
		{"date", "28/11/2026", "2026-11-28"},
		{"date", "29/11/2026", "is in the future, after today, 2026-11-28"},
		{"date", "31/12/2014", "is before 2015-01-01"},
		{"date", "", "“As of” is missing"},
		{"source", " ", "“Source” is missing"},
		{"line_since", "31/10/2026", "2026-10-31"},
		{"line_since", "01/11/2026", "is after the day of the declaration, 2026-10-31"},
		{"line_since", "01/01/1990", "is before 1997-01-01"},
		// Texts.
		{"provider", "  VNPT \u200b Bình\nĐịnh ", "VNPT Bình Định"},
		{"provider", "Ti\u0065\u0302\u0301ng", "Tiếng"},
		{"provider", "VNPT B\u00c3\u00acnh", "has lost letters or was read as another encoding"},
		{"provider", "VNPT \ufffd", "has lost letters"},
		{"provider", "VNPT\u0007", "holds a character that does not print"},
		{"provider", strings.Repeat("a", 201), "is longer than 200 bytes"},
		{"contract", "'00123", "00123"},
		{"contract", "1,23E+15", "was written as a power of ten by Excel"},
		{"note", "=HYPERLINK(1)", "=HYPERLINK(1)"},
		// Sites.
		{"site", "21997", "bd-21997"},
		{"site", "BD-21997", "bd-21997"},
		{"site", "bd-99999", "is not in the inventory"},
		{"site", "2199", "is not in the inventory"},
	} {
		got, err := Read("", strings.NewReader(sheetOf(map[string]string{c.column: c.cell})), inv, testNow)
		if err != nil {
			// Those that are to be refused have a sentence, of at least two words.
			if !strings.Contains(c.want, " ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "%!") {
				t.Errorf("%s %q: %v, want %s", c.column, c.cell, err, c.want)
			}
			continue
		}
		if len(got) != 1 || valueOf(got[0], c.column) != c.want {
			t.Errorf("%s %q: %+v, want %s", c.column, c.cell, got, c.want)
		}
	}
}

// valueOf is what a declaration says in a column, as a machine writes it.
func valueOf(d Declaration, name string) string {
	if name == "site" {
		return d.Site
	}
	switch v := columnNamed(name).declare(&d).(type) {
	case *string:
		return *v
	case *time.Time:
		return v.Format(time.DateOnly)
	case **time.Time:
		return (*v).Format(time.DateOnly)
	case **float64:
		return fmt.Sprint(**v)
	case **int64:
		return fmt.Sprint(**v)
	}
	return "?"
}

func TestASiteIsFoundByWhatPeopleCallItAndNeverGuessed(t *testing.T) {
	inv := province(t)
	for _, c := range []struct{ site, name, area, want string }{
		{"", "Canh Liên", "Vân Canh", "bd-21997"},
		{"", "xã canh lien", "", "bd-21997"},
		{"", "UBND xã Canh Liên", "Huyện Vân Canh", "bd-21997"},
		{"", "Canh Liên commune", "551", "bd-21997"},
		{"", "Ca\u006eh Lie\u0302n", "", "bd-21997"},
		{"21997", "Canh Liên", "", "bd-21997"},
		{"bd-21997", "Xã Canh Liên", "Vân Canh district", "bd-21997"},
		{"", "Ngô Mây", "", `"Ngô Mây" may be: `},
		{"", "Thị trấn Ngô Mây", "", "bd-21853"},
		{"", "Ngô Mây", "Quy Nhơn", "bd-21577"},
		{"", "Canh Liên", "Tây Sơn", "is not in the area that is given; there is: bd-21997 Canh Liên (Vân Canh)"},
		{"", "Canh Liên", "Vân Cảnh Đông", "is not in the inventory"},
		{"", "Nơi Khác", "", "is not in the inventory"},
		{"", "", "", "the row declares something but names no office"},
		{"bd-21997", "Canh Hiệp", "", `"Canh Hiệp" does not fit the id bd-21997, which is Canh Liên commune`},
		{"bd-21997", "Canh Liên", "Tây Sơn", `"Tây Sơn" does not fit the id bd-21997, which is in Vân Canh`},
	} {
		got, err := Read("", strings.NewReader(sheetOf(map[string]string{"site": c.site, "name": c.name, "area": c.area})), inv, testNow)
		if err != nil {
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if got[0].Site != c.want {
			t.Errorf("%+v: %s", c, got[0].Site)
		}
	}
}

func TestAllMistakesAreToldByCellInBothLanguagesAndNothingIsTaken(t *testing.T) {
	inv := province(t)
	const sheet = "site;date;source;price;download (Mbps);màu\n" +
		"bd-21997;31/10/2026;CV 12;1.500;1.500;\n" +
		"\"bd-21994\";x;;500000;10;\n" +
		"bd-21991;31/10/2026;CV 12;500000;10;\n" +
		"bd-21991;31/10/2026;CV 12;500000;10;\n"
	_, err := Read("", strings.NewReader(sheet), inv, testNow)
	if d := cmp.Diff("F1: no column is called “màu”; use the template's headings or take this column out", err.Error()); d != "" {
		t.Error(d)
	}
	got, err := Read("", strings.NewReader(strings.Replace(sheet, ";màu", ";", 1)), inv, testNow)
	if got != nil {
		t.Error("something was taken")
	}
	want := `D2: Giá một tháng (đồng) "1.500" có thể là 1.500 đồng hoặc 1.500.000 đồng; hãy ghi cả số bằng đồng, chẳng hạn 1.500.000
E2: Tải xuống (Mbit/s) "1.500" có thể là 1.500 hoặc 1,5; hãy ghi không có dấu phân cách hàng nghìn, phần thập phân không đủ ba chữ số (1,5)
B3: Tính đến ngày "x" không phải ngày; hãy ghi ngày/tháng/năm, chẳng hạn 31/10/2026
C3: thiếu “Nguồn”
A5: Phước Mỹ đã được kê khai cho ngày 2026-10-31 ở A4`
	if d := cmp.Diff(want, err.(Problems).In(say.Vietnamese)); d != "" {
		t.Error(d)
	}
	var many strings.Builder
	many.WriteString("site;date;source;pcs\n")
	for range 500 {
		many.WriteString("x;y;z;-1\n")
	}
	_, err = Read("", strings.NewReader(many.String()), inv, testNow)
	if problems := err.(Problems); len(problems) != maxProblems+1 || problems[maxProblems].In(say.English) != "there are more: only the first 50 are told" {
		t.Errorf("%d problems, %v", len(problems), problems[len(problems)-1])
	}
}

// One American day makes every other day that may be either a mistake; what else is wrong
// below must be told all the same.
func TestOneKindOfMistakeInEveryRowDoesNotHideTheOthers(t *testing.T) {
	inv := province(t)
	var many strings.Builder
	many.WriteString("site;date;source;pcs;line_since\n")
	for i, s := range inv.Sites() {
		pcs, since := "2", "1/6/2023"
		if i == 3 {
			since = "6/30/2023"
		}
		if i == 140 {
			pcs = "tám"
		}
		many.WriteString(s.ID + ";2026-10-31;x;" + pcs + ";" + since + "\n")
	}
	_, err := Read("", strings.NewReader(many.String()), inv, testNow)
	problems, _ := err.(Problems)
	said := problems.In(say.Vietnamese)
	if len(problems) != maxProblems+1 || !strings.Contains(said, "E5: ") || !strings.Contains(said, "D142: ") || strings.Index(said, "D142: ") < strings.Index(said, "E5: ") {
		t.Errorf("%d problems:\n%s", len(problems), said)
	}
}

// However a spreadsheet program saves a table, it is the same table.
func TestACSVThatExcelSavedReadsAlike(t *testing.T) {
	const sheet = "Mã;Tính đến ngày;Nguồn;Tải xuống (Mbit/s);Ghi chú\nbd-21997;31/10/2026;CV 12;1,5;Xã Đắk Drô\n"
	want := []Declaration{{Site: "bd-21997", Date: day("2026-10-31"), Source: "CV 12", DownMbps: to(1.5), Note: "Xã Đắk Drô"}}
	utf16 := func(order unicode.Endianness, text string) string {
		out, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	tabs := strings.ReplaceAll(sheet, ";", "\t")
	for how, text := range map[string]string{
		"as it is":                  sheet,
		"mark, CRLF":                "\ufeff" + strings.ReplaceAll(sheet, "\n", "\r\n"),
		"commas":                    strings.ReplaceAll(strings.Replace(sheet, "1,5", "1.5", 1), ";", ","),
		"commas, a decimal one too": strings.ReplaceAll(strings.Replace(sheet, "1,5", `"1,5"`, 1), ";", ","),
		"tabs":                      tabs,
		"Unicode text":              utf16(unicode.LittleEndian, strings.ReplaceAll(tabs, "\n", "\r\n")),
		"UTF-16, big-endian":        utf16(unicode.BigEndian, sheet),
		"Macintosh":                 strings.ReplaceAll(sheet, "\n", "\r"),
		"sep=;":                     "sep=;\n" + sheet,
		"no last line break":        strings.TrimSuffix(sheet, "\n"),
		"decomposed":                norm.NFD.String(sheet),
		"capitals":                  strings.Replace(sheet, "Mã;Tính đến ngày", "  MÃ ;TÍNH ĐẾN NGÀY *", 1),
		"titles and empty cells":    "Bảng kê khai, lần 1;;;;;\n;;;;;\n" + strings.ReplaceAll(sheet, "\n", ";;\n"),
		"English":                   "Note;down_mbps;SOURCE;as of;site\nXã Đắk Drô;1.5;CV 12;2026-10-31;21997\n",
	} {
		got, err := Read("", strings.NewReader(text), province(t), testNow)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s: %v %s", how, err, d)
		}
	}
}

func TestACodeThatLostItsZerosIsTakenOnlyWithTheRightName(t *testing.T) {
	inv, err := inventory.Read(fstest.MapFS{
		"areas.csv":   {Data: []byte("area,name,kind,until,lan_2023,latitude,longitude\n001,Ba Đình,district,2025-07-01,,21.03000,105.83000\n")},
		"units.csv":   {Data: []byte("unit,name,kind,from,until,by\n00123,Đắk Drô,commune,2021-02-01,,\n")},
		"members.csv": {Data: []byte("site,unit,from,split\nhn-00123,00123,2021-02-01,\n")},
		"sites.csv":   {Data: []byte("site,name,kind,area,terrain,basis,terrain_source,latitude,longitude\nhn-00123,Đắk Drô,commune,001,plain,named,a source,21.03000,105.83000\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ site, name, want string }{
		{"00123", "", ""},
		{"123", "Xã Đắk Drô", ""},
		{"123", "", `A2: Site "123" lacks zeros before it and is perhaps hn-00123 Đắk Drô`},
		{"123", "Đắk Nông", "does not fit"},
	} {
		got, err := Read("", strings.NewReader("site;name;date;source;pcs\n"+c.site+";"+c.name+";31/10/2026;CV;1\n"), inv, testNow)
		if c.want == "" && (err != nil || got[0].Site != "hn-00123") || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v %v", c, got, err)
		}
	}
}

func TestAPlaceInACSVIsThatOfExcelWhateverIsInTheCellsBefore(t *testing.T) {
	const sheet = "sep=;\r\n\r\nsite;date;source;\"Số\nmáy tính\"\r\nbd-21997;31/10/2026;\"a\nb\";1\r\n;;;\r\nbd-22000;31/10/2026;a;x\r\n"
	_, err := Read("", strings.NewReader(sheet), province(t), testNow)
	if want := `D6: PCs "x" is not one number; want how many, such as 2, or 0 for none`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestADayThatMayBeAmericanIsRefusedWhereAnotherOneIs(t *testing.T) {
	const sheet = "site;date;source;pcs\nbd-21997;05/04/2026;a;1\nbd-21994;%s;a;1\nbd-21991;06/06/2026;a;1\n"
	if _, err := Read("", strings.NewReader(fmt.Sprintf(sheet, "31/10/2026")), province(t), testNow); err != nil {
		t.Error(err)
	}
	_, err := Read("", strings.NewReader(fmt.Sprintf(sheet, "10/31/2026")), province(t), testNow)
	want := `B2: As of "05/04/2026" may be 2026-04-05 or 2026-05-04, since this file has days written month/day/year; write year-month-day
B3: As of "10/31/2026" has the month before the day; write day/month/year or 2026-10-31`
	if d := cmp.Diff(want, fmt.Sprint(err)); d != "" {
		t.Error(d)
	}
}

func TestARowOfAnOfficeWithoutALineSaysSoOnlyOnce(t *testing.T) {
	inv := province(t)
	for _, c := range []struct {
		cells map[string]string
		want  string
	}{
		{map[string]string{"line": "không có", "provider": "không", "down_mbps": "không có", "monthly_vnd": "0"}, ""},
		{map[string]string{"line": "không có", "down_mbps": "0"}, ""},
		{map[string]string{"line": "không có", "down_mbps": "100"}, `"100", though the row says that there is no line`},
		{map[string]string{"line": "không có", "monthly_vnd": "200000"}, `"200000", though the row says that there is no line`},
		{map[string]string{"line": "cáp quang", "down_mbps": "không có"}, "is not one number"},
	} {
		got, err := Read("", strings.NewReader(sheetOf(c.cells)), inv, testNow)
		if c.want == "" && (err != nil || got[0].DownMbps != nil || got[0].Provider != "") || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %+v %v", c.cells, got, err)
		}
	}
}
