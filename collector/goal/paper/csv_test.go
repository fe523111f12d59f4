package paper

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// cells reads a CSV as a spreadsheet does: by column of its header, a row a site.
func cells(t *testing.T, data []byte) []map[string]string {
	t.Helper()
	rows := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte(byteOrderMark))))
	rows.Comma = ';'
	all, err := rows.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var sites []map[string]string
	for _, row := range all[1:] {
		site := map[string]string{}
		for i, cell := range row {
			if _, twice := site[all[0][i]]; twice {
				t.Errorf("two columns are called %q", all[0][i])
			}
			site[all[0][i]] = cell
		}
		sites = append(sites, site)
	}
	return sites
}

func TestCSVIsAsExcelWantsIt(t *testing.T) {
	for _, lang := range say.Langs {
		data := print(t, "csv", sample(), lang)
		if !bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) || bytes.Contains(data, []byte("sep=")) {
			t.Errorf("%s: want a byte order mark, and no line that cancels it: % x", lang, data[:8])
		}
		if !norm.NFC.IsNormal(data) {
			t.Errorf("%s: not NFC", lang)
		}
		if bytes.Count(data, []byte("\n")) != bytes.Count(data, []byte("\r\n")) || bytes.Count(data, []byte("\r\n")) != 1+len(sample().Sites) {
			t.Errorf("%s: want a line a site, that ends in CRLF", lang)
		}
		for i, site := range cells(t, data) {
			if got := site[lang.Text("paper.site_id")]; got != sample().Sites[i].ID {
				t.Errorf("%s: row %d is %q", lang, i, got)
			}
		}
	}
}

func TestWhatIsNoNumberIsNoFormula(t *testing.T) {
	for _, lang := range say.Langs {
		data := bytes.TrimPrefix(print(t, "csv", sample(), lang), []byte(byteOrderMark))
		rows := csv.NewReader(bytes.NewReader(data))
		rows.Comma = ';'
		all, err := rows.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range all {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@|%\t\r＝＋－＠", []rune(cell)[0]) {
					t.Errorf("%s: a cell begins as a formula does: %q", lang, cell)
				}
			}
		}
	}
}

func TestTextIsKeptAsText(t *testing.T) {
	cases := []struct{ in, want string }{
		{"=1+1", "'=1+1"}, {"+84 901", "'+84 901"}, {"-0.5", "'-0.5"}, {"@SUM(A1)", "'@SUM(A1)"},
		{"  =1+1", "'=1+1"}, {"\t=1", "'=1"}, {"＝1", "'＝1"}, {"|cmd", "'|cmd"},
		{"Xã Đắk Drô", "Xã Đắk Drô"}, {"Tie\u0302\u0301ng", "Tiếng"}, {"a\nb\x00\u200bc", "a b c"}, {"1=1", "1=1"}, {"", ""},
	}
	for _, c := range cases {
		if got := inert(c.in); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.in, got, c.want)
		}
	}
	for in, want := range map[string]string{"00123": "'00123", "21997": "21997", "=1": "'=1", "": ""} {
		if got := code(in); got != want {
			t.Errorf("code %q becomes %q, want %q", in, got, want)
		}
	}
}

func TestNumbersInCSVAreThoseOfTheLanguage(t *testing.T) {
	for lang, want := range map[say.Lang][]string{
		say.Vietnamese: {"2,7", "18", "1234,5", "48500000", "'00123", "2026-08"},
		say.English:    {"2.7", "18", "1234.5", "48500000", "'00123", "2026-08"},
	} {
		sites := cells(t, print(t, "csv", sample(), lang))
		name := lang.Text("paper.col_measured", newPrinter(sample(), lang).criterion("availability")+" (%)")
		said := lang.Text("paper.col_declared", newPrinter(sample(), lang).criterion("availability")+" (%)")
		got := []string{sites[0][lang.Text("paper.distance")], sites[0][name], sites[0][said], sites[0][lang.Text("paper.cost_vnd")], sites[2][lang.Text("paper.unit_code")], sites[0][lang.Text("paper.first_met")]}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", lang, diff)
		}
	}
}

func TestEachRowOfCSVSaysWhatItIsOf(t *testing.T) {
	r := sample()
	for _, lang := range say.Langs {
		for _, site := range cells(t, print(t, "csv", r, lang)) {
			if got := site[lang.Text("paper.month")]; got != "2026-10" {
				t.Errorf("month %q", got)
			}
			if got := site[lang.Text("paper.known")]; got != "5ca1ab1e0000 1a2b3c4d5e6f 2b3c4d5e6f70 3c4d5e6f7081" {
				t.Errorf("known %q", got)
			}
			if got := site[lang.Text("paper.notes")]; !strings.Contains(got, lang.Text("paper.note_no_data")) {
				t.Errorf("notes %q", got)
			}
		}
	}
}

func TestACriterionThatIsNotAskedIsNoVerdict(t *testing.T) {
	r := sample()
	for _, lang := range say.Langs {
		name := newPrinter(r, lang).criterion("lan_loss") + " (%)"
		for i, site := range cells(t, print(t, "csv", r, lang)) {
			asked := sampleSites[i].marks[2] != '.'
			if got := site[name]; asked == (got == lang.Text("paper.not_asked")) {
				t.Errorf("%s: %s is %q", lang, sampleSites[i].id, got)
			}
			if !asked && site[lang.Text("paper.col_measured", name)] != "" {
				t.Errorf("%s: %s has a value of what was not asked", lang, sampleSites[i].id)
			}
		}
	}
}

// A report that says nothing is printed too.
func TestAnEmptyReportIsPrinted(t *testing.T) {
	for name := range Formats {
		for _, lang := range say.Langs {
			if len(print(t, name, &goal.Report{}, lang)) == 0 {
				t.Errorf("%s in %s is empty", name, lang)
			}
		}
	}
}

func TestWorkWithoutAPriceIsNotFreeInAColumnOfMoney(t *testing.T) {
	for _, c := range []struct {
		cost    int64
		unknown bool
		want    string
	}{{0, true, ""}, {0, false, "0"}, {7_000_000, true, "7000000"}, {7_000_000, false, "7000000"}} {
		r := sample()
		r.Sites = r.Sites[:1]
		r.Sites[0].Cost, r.Sites[0].CostUnknown = c.cost, c.unknown
		rows := rowsOf(t, workbook(t, r, say.English), say.English.Text("paper.sites"))
		inBook := ""
		for _, row := range rows {
			if len(row) >= siteCost && row[0] == r.Sites[0].ID {
				inBook = strings.NewReplacer(",", "", ".", "", " ", "").Replace(row[siteCost-1])
			}
		}
		inCSV := cells(t, print(t, "csv", r, say.English))[0][say.English.Text("paper.cost_vnd")]
		if inCSV != c.want || inBook != c.want {
			t.Errorf("%+v: %q in the CSV, %q in the workbook", c, inCSV, inBook)
		}
	}
}
