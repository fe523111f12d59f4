package inventory

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"
)

func TestAFileWithoutOrWithTheContactsIsWhole(t *testing.T) {
	files := small()
	files["providers.csv"] = &fstest.MapFile{Data: []byte("provider,name,hotline\nvnpt,VNPT Bình Định,18001166\n")}
	files["sites.csv"].Data = []byte("site,name,kind,area,terrain,basis,terrain_source,latitude,longitude,phone,provider,contract,responsible,address\n" +
		"bd-21997,Canh Liên,commune,551,highland,named,a thesis,13.70000,108.80000,0256 3888 123 / 0905 123 456,vnpt,HĐ 12/2023,Nguyễn Văn Đức,Làng Hà Giao\n")
	inv, err := Read(files)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := inv.Site("bd-21997")
	p, _ := inv.Provider(s.Provider)
	got := []string{s.Phone, s.Provider, s.Contract, s.Responsible, s.Address, p.Name, p.Hotline}
	want := []string{"0256 3888 123 / 0905 123 456", "vnpt", "HĐ 12/2023", "Nguyễn Văn Đức", "Làng Hà Giao", "VNPT Bình Định", "18001166"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, c := range []struct{ old, new, want string }{
		{"0256 3888 123 / 0905 123 456", "8,4E+10", `sites.csv:2:1: 15 columns, want 14, parted by ","; a text that holds it needs quotes around it`},
		{"0256 3888 123 / 0905 123 456", `"8,4E+10"`, `sites.csv:2:75: phone "8,4E+10" was written as a power of ten by Excel; format the column as Text and enter the whole number again`},
		{"0256 3888 123 / 0905 123 456", "2563888123", `sites.csv:2:75: phone "2563888123" lacks its leading zero, which Excel drops: format the column as Text and enter it again`},
		{"0256 3888 123 / 0905 123 456", "hỏi anh Đức", `sites.csv:2:75: phone "hỏi anh Đức" is not a telephone number such as 0256 3822 123`},
		{",vnpt,", ",viettel,", `sites.csv:2:104: provider "viettel" is not in providers.csv`},
	} {
		files := maps.Clone(files)
		files["sites.csv"] = &fstest.MapFile{Data: []byte(strings.Replace(string(files["sites.csv"].Data), c.old, c.new, 1))}
		if _, err := Read(files); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// However a spreadsheet program saves a table, it is the same table.
func TestFilesThatExcelWroteReadAlike(t *testing.T) {
	utf16 := func(order unicode.Endianness, text string) string {
		out, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	semicolons := strings.NewReplacer(",", ";", ".", ",")
	crlf := strings.NewReplacer("\n", "\r\n")
	for how, save := range map[string]func(string) string{
		"as it is":               func(s string) string { return s },
		"byte order mark, CRLF":  func(s string) string { return "\ufeff" + crlf.Replace(s) },
		"semicolons":             semicolons.Replace,
		"mark, semicolons, CRLF": func(s string) string { return "\ufeff" + crlf.Replace(semicolons.Replace(s)) },
		"Unicode text (tabs)": func(s string) string {
			return utf16(unicode.LittleEndian, strings.ReplaceAll(crlf.Replace(s), ",", "\t"))
		},
		"UTF-16, big-endian":       func(s string) string { return utf16(unicode.BigEndian, s) },
		"Macintosh":                func(s string) string { return strings.ReplaceAll(s, "\n", "\r") },
		"sep=;":                    func(s string) string { return "sep=;\n" + semicolons.Replace(s) },
		"empty rows and columns":   func(s string) string { return strings.ReplaceAll(s, "\n", ",,\n") + ",,,,,,,,\n\n" },
		"without the last newline": func(s string) string { return strings.TrimSuffix(s, "\n") },
	} {
		files := small()
		for _, file := range files {
			file.Data = []byte(save(string(file.Data)))
		}
		got, err := Read(files)
		if err != nil {
			t.Errorf("%s: %v", how, err)
			continue
		}
		want, err := Read(small())
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(want, got); d != "" {
			t.Errorf("%s: %s", how, d)
		}
	}
}
