package paper

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// workbook prints one and opens it again.
func workbook(t *testing.T, r *goal.Report, lang say.Lang) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(print(t, "xlsx", r, lang)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// rowsOf are a sheet's, as they are shown.
func rowsOf(t *testing.T, f *excelize.File, sheet string) [][]string {
	t.Helper()
	rows, err := f.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// counts are the summary's groups: name, verdict and numbers of sites.
func counts(rows [][]string) map[string][]string {
	by := map[string][]string{}
	for _, row := range rows {
		for i := range row {
			row[i] = strings.TrimSpace(row[i]) // room for a closing bracket, in formats of numbers
		}
		if len(row) >= 6 && row[5] != "" {
			if _, err := strconv.Atoi(row[2]); err == nil {
				by[row[0]] = row[1:6]
			}
		}
	}
	return by
}

// wantCounts are what the report says.
func wantCounts(r *goal.Report, lang say.Lang) map[string][]string {
	p := newPrinter(r, lang)
	by := map[string][]string{}
	for i := range r.Groups {
		g := &r.Groups[i]
		by[p.groupMarked(g)] = []string{p.verdict(g.Verdict), strconv.Itoa(len(g.Sites)), strconv.Itoa(g.Met), strconv.Itoa(g.NotMet), strconv.Itoa(g.NoData)}
	}
	return by
}

func TestAWorkbookHoldsTheReport(t *testing.T) {
	for _, lang := range say.Langs {
		r := sample()
		f := workbook(t, r, lang)
		var want []string
		for _, key := range []say.Key{"paper.summary", "paper.sites", "paper.evidence", "paper.todo", "paper.plan", "paper.history", "paper.changes_sheet"} {
			want = append(want, lang.Text(key))
		}
		if diff := cmp.Diff(want, f.GetSheetList()); diff != "" {
			t.Fatalf("sheets (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(wantCounts(r, lang), counts(rowsOf(t, f, want[0]))); diff != "" {
			t.Errorf("%s: counts before anything calculates (-want +got):\n%s", lang, diff)
		}
		findings, tasks := 0, 0
		for _, s := range r.Sites {
			findings, tasks = findings+len(s.Findings), tasks+len(s.Todo)
		}
		for sheet, rows := range map[string]int{want[1]: 5 + len(r.Sites), want[2]: 4 + findings, want[3]: 8 + tasks, want[4]: 6 + 3, want[5]: 4 + len(r.Sites), want[6]: 5 + 3} {
			if got := len(rowsOf(t, f, sheet)); got != rows {
				t.Errorf("%s: %s has %d rows, want %d", lang, sheet, got, rows)
			}
		}
	}
}

func TestAWorkbookWithoutPlanAndChangesHasNoSheetForThem(t *testing.T) {
	r := sample()
	r.Plan, r.Changes, r.Compared, r.Sites, r.Groups = nil, nil, nil, nil, nil
	if got := workbook(t, r, say.English).GetSheetList(); len(got) != 5 {
		t.Errorf("sheets %v", got)
	}
}

func TestASheetIsFitForPaper(t *testing.T) {
	f := workbook(t, sample(), say.Vietnamese)
	for i, name := range f.GetSheetList() {
		layout, err := f.GetPageLayout(name)
		if err != nil {
			t.Fatal(err)
		}
		props, err := f.GetSheetProps(name)
		if err != nil {
			t.Fatal(err)
		}
		if *layout.Size != 9 || *layout.Orientation != "landscape" || *layout.FitToWidth != 1 || layout.FitToHeight != nil && *layout.FitToHeight == 1 || !*props.FitToPage {
			t.Errorf("%s: %+v", name, layout)
		}
		if foot, err := f.GetHeaderFooter(name); err != nil || !strings.HasSuffix(foot.OddFooter, "&R&P / &N") {
			t.Errorf("%s: footer %+v, %v", name, foot, err)
		}
		if i == 0 {
			continue // the summary has no table of its own
		}
		panes, err := f.GetPanes(name)
		if err != nil || !panes.Freeze || panes.YSplit < 4 {
			t.Errorf("%s: panes %+v, %v", name, panes, err)
		}
		var titles, filter bool
		for _, d := range f.GetDefinedName() {
			titles = titles || d.Scope == name && d.Name == "_xlnm.Print_Titles"
			filter = filter || d.Scope == name && d.Name == "_xlnm._FilterDatabase"
		}
		if !titles || !filter {
			t.Errorf("%s: header repeated %v, filter %v", name, titles, filter)
		}
	}
}

func TestTextInAWorkbookIsNoFormula(t *testing.T) {
	f := workbook(t, sample(), say.Vietnamese)
	for _, sheet := range f.GetSheetList() {
		for i, row := range rowsOf(t, f, sheet) {
			for j, shown := range row {
				cell, _ := excelize.CoordinatesToCellName(j+1, i+1)
				formula, err := f.GetCellFormula(sheet, cell)
				if err != nil {
					t.Fatal(err)
				}
				if formula != "" && (strings.Contains(formula, "HYPERLINK") || strings.HasPrefix(shown, "=")) {
					t.Errorf("%s %s calculates %q", sheet, cell, formula)
				}
			}
		}
	}
}

func TestNumbersAndDatesInAWorkbookAreReal(t *testing.T) {
	f := workbook(t, sample(), say.Vietnamese)
	for cell, want := range map[string]string{"G6": "2.7", "J6": "48500000", "E8": "Xã Đắk Drô (00123)"} {
		if got, err := f.GetCellValue("Cơ quan", cell, excelize.Options{RawCellValue: true}); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", cell, got, err, want)
		}
	}
	for cell, want := range map[string]string{"J5": "01/10/2026", "K5": "31/10/2026", "X5": "05/07/2026"} {
		if got, err := f.GetCellValue("Căn cứ", cell); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", cell, got, err, want)
		}
		if kind, err := f.GetCellType("Căn cứ", cell); err != nil || kind == excelize.CellTypeSharedString || kind == excelize.CellTypeInlineString {
			t.Errorf("%s is a text", cell)
		}
	}
}

// recalculated opens a workbook in LibreOffice without any value that a formula had, and
// gives what it shows, by sheet.
func recalculated(t *testing.T, f *excelize.File) map[string][][]string {
	t.Helper()
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Fatalf("LibreOffice is needed to recalculate a workbook (%v): run `make setup`", err)
	}
	dir := t.TempDir()
	if err := f.UpdateLinkedValue(); err != nil {
		t.Fatal(err)
	}
	if err := f.SaveAs(filepath.Join(dir, "report.xlsx")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, office, "--headless", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"),
		"--convert-to", `csv:Text - txt - csv (StarCalc):59,34,76,1,,0,false,true,false,false,false,-1`, "--outdir", dir, filepath.Join(dir, "report.xlsx"))
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("recalculate: %v: %s", err, out)
	}
	sheets := map[string][][]string{}
	for _, name := range f.GetSheetList() {
		data, err := os.ReadFile(filepath.Join(dir, "report-"+name+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows := csv.NewReader(bytes.NewReader(data))
		rows.Comma, rows.FieldsPerRecord = ';', -1
		if sheets[name], err = rows.ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	return sheets
}

// dong reads an amount as LibreOffice shows it.
func dong(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(strings.NewReplacer(",", "", ".", "", " ", "").Replace(s), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLibreOfficeCalculatesWhatTheReportSays(t *testing.T) {
	r := sample()
	sheets := recalculated(t, workbook(t, r, say.Vietnamese))
	if diff := cmp.Diff(wantCounts(r, say.Vietnamese), counts(sheets["Tổng hợp"])); diff != "" {
		t.Errorf("counts (-report +LibreOffice):\n%s", diff)
	}
	var cost int64
	by := map[string]int64{}
	for _, s := range r.Sites {
		cost += s.Cost
		for _, task := range s.Todo {
			by[r.Goal.Works[task.Work].Responsible] += task.Price
		}
	}
	if got := dong(t, sheets["Cơ quan"][3][siteCost-1]); got != cost {
		t.Errorf("cost of all sites %d, want %d", got, cost)
	}
	todo := sheets["Cần làm"]
	for i, want := range []int64{cost, by[goal.Locality], by[goal.Provider], by[goal.Province]} {
		if got := dong(t, todo[3+i][7]); got != want {
			t.Errorf("%s: %d, want %d", todo[3+i][5], got, want)
		}
	}
	plan := sheets["Thứ tự đầu tư"]
	for i, step := range append(r.Plan.Steps, r.Plan.Beyond...) {
		if got := dong(t, plan[6+i][5]); got != step.Total {
			t.Errorf("running total %d: %d, want %d", i+1, got, step.Total)
		}
	}
}

func TestAVerdictCorrectedByHandIsCountedAtOnce(t *testing.T) {
	r := sample()
	f := workbook(t, r, say.English)
	if err := f.SetCellStr("Sites", "F9", "Met"); err != nil { // Tiếng: no data
		t.Fatal(err)
	}
	got := counts(recalculated(t, f)["Summary"])
	if diff := cmp.Diff([]string{"Not met", "12", "5", "5", "2"}, got["Whole province†"]); diff != "" {
		t.Errorf("province (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Met", "1", "1", "0", "0"}, got["Vân Canh district"]); diff != "" {
		t.Errorf("its district (-want +got):\n%s", diff)
	}
}
