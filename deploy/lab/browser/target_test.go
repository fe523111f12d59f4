//go:build integration

package browser

import (
	"bytes"
	"encoding/csv"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/xuri/excelize/v2"

	"communewatch/collector/goal"
	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

func TestTheTargetIsFilteredAndSortedByKeyboardAlone(t *testing.T) {
	w := commonWorld(t)
	tab := Open(t, w.home, Look{Width: 1280, Height: 700})
	tab.Go("/target?lang=en")
	all := Eval[int](tab, `document.querySelectorAll(".goal tbody tr:not(.group)").length`)
	if all != 159 {
		t.Fatalf("%d rows", all)
	}
	at(t, tab, `select[name=verdict]`)
	tab.Press("N") // the first that begins like that: "Not met"
	at(t, tab, `form.filters button`)
	tab.Press(kb.Enter)
	tab.Until("the filter", `location.search.includes("verdict=") && document.querySelectorAll(".goal tbody tr:not(.group)").length < 159 && document.querySelectorAll(".goal tbody tr:not(.group)").length > 10`, soon)
	if mixed := Eval[bool](tab, `[...document.querySelectorAll(".goal td.state")].some(e => e.textContent !== document.querySelector(".goal td.state").textContent)`); mixed {
		t.Error("other verdicts are shown too")
	}
	at(t, tab, `.goal thead a`)
	before := Eval[string](tab, `location.search`)
	tab.Press(kb.Enter)
	tab.Until("another order", `location.search !== `+quote(before)+` && document.querySelector(".goal th[aria-sort]")`, soon)
	if kept := Eval[bool](tab, `location.search.includes("verdict=") && location.search.includes("lang=en")`); !kept {
		t.Error("sorting loses the filter or the language")
	}
	at(t, tab, `.goal tbody th a`)
	tab.Press(kb.Enter)
	tab.Until("the site", `location.pathname.startsWith("/site/") && document.getElementById("target")`, soon)
}

func TestWhatIsFoundByNameNeedsNoMarks(t *testing.T) {
	w := commonWorld(t)
	tab := Open(t, w.home, Look{})
	tab.Go("/target?q=canh+lien")
	if text := Eval[string](tab, `[...document.querySelectorAll(".goal tbody th[scope=row]")].map(e => e.innerText).join("|")`); !strings.Contains(text, "Xã Canh Liên") || strings.Contains(text, "|") {
		t.Errorf("found %q", text)
	}
}

// saved presses a link and gives the file that the browser saves.
func saved(t *testing.T, tab *Tab, selector string) (name string, data []byte) {
	t.Helper()
	dir := t.TempDir()
	call(tab, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, BrowserContextID: chromedp.FromContext(tab.ctx).BrowserContextID,
	})
	tab.Do(chromedp.Click(chromedp.CSS(selector)))
	tab.Wait("the file of "+selector, soon, func() bool {
		files, err := os.ReadDir(dir)
		return err == nil && len(files) == 1 && !strings.HasSuffix(files[0].Name(), ".crdownload")
	})
	files, err := os.ReadDir(dir)
	if err == nil {
		name = files[0].Name()
		data, err = os.ReadFile(filepath.Join(dir, name))
	}
	if err != nil {
		t.Fatal(err)
	}
	return name, data
}

func TestExportsAreSavedAndOpen(t *testing.T) {
	w := commonWorld(t)
	tab := Open(t, w.home, Look{})
	tab.Go("/target")
	for _, selector := range []string{`a[href^="/target.xlsx"]`, `a[href^="/target.csv"]`} {
		name, data := saved(t, tab, selector)
		switch filepath.Ext(name) {
		case ".xlsx":
			book, err := excelize.OpenReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if n := len(book.GetSheetList()); n < 2 {
				t.Errorf("%d sheets", n)
			}
			if err := book.Close(); err != nil {
				t.Error(err)
			}
		case ".csv":
			if !bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
				t.Error("the CSV has no BOM: Excel spoils its diacritics")
			}
			r := csv.NewReader(bytes.NewReader(data[3:]))
			r.Comma, r.FieldsPerRecord = ';', -1
			rows, err := r.ReadAll()
			if err != nil || len(rows) < 160 || !strings.Contains(string(data), "Xã Canh Liên") {
				t.Errorf("%d rows: %v", len(rows), err)
			}
		default:
			t.Errorf("saved as %q", name)
		}
	}
	tab.Go("/import")
	if name, data := saved(t, tab, `a[href^="/import.xlsx"]`); filepath.Ext(name) != ".xlsx" || len(data) < 1000 {
		t.Errorf("%s of %d bytes", name, len(data))
	}
}

func TestTheExportsHaveTheirTypes(t *testing.T) {
	w := commonWorld(t)
	client := http.Client{Timeout: time.Minute}
	defer client.CloseIdleConnections()
	for path, kind := range map[string]string{
		"/target.json": "application/json", "/target.csv": "text/csv", "/target.html": "text/html", "/rollout.csv": "text/csv",
		"/target.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	} {
		r, err := client.Get(w.home + path)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, r.Body)
		r.Body.Close()
		if r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Content-Type"), kind) || err != nil || n < 500 {
			t.Errorf("%s: %s, %s, %d bytes, %v", path, r.Status, r.Header.Get("Content-Type"), n, err)
		}
	}
}

// sheet writes a file of declarations for the browser to send.
func sheetOf(t *testing.T, change func(string) string) string {
	t.Helper()
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	down, up := 100.0, 50.0
	var out bytes.Buffer
	one := declared.Declaration{Site: wellSite, Date: goal.MonthOf(time.Now()).From().AddDate(0, 0, -1), Source: "Công văn 12", Line: "fiber", Provider: "VNPT", DownMbps: &down, UpMbps: &up}
	if err := declared.WriteCSV(&out, inv, map[string]declared.Declaration{wellSite: one}, say.Vietnamese); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kê khai tháng 11.csv")
	if err := os.WriteFile(path, []byte(change(out.String())), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestABadSheetIsShownByCellAndAGoodOneIsTaken(t *testing.T) {
	w := commonWorld(t)
	tab := Open(t, w.home, Look{Width: 360, Height: 740})
	send := func(path string) {
		tab.Go("/import")
		tab.Do(chromedp.SendKeys(chromedp.CSS("input[name=by]"), "Hạnh"), chromedp.SetUploadFiles(chromedp.CSS("input[type=file]"), []string{path}))
		tab.Do(chromedp.Click(chromedp.CSS("form[enctype] button")))
	}
	send(sheetOf(t, func(s string) string { return strings.Replace(s, "100", "nhanh", 1) }))
	tab.Until("what is wrong", `document.querySelector("#problems li")`, soon)
	tab.Forget("the server responded with a status of 422")
	if text := Eval[string](tab, `document.querySelector("#problems").innerText`); !strings.Contains(text, "nhanh") {
		t.Errorf("it says %q", text)
	}
	for _, v := range append(tab.Violations(), tab.Overflow()...) {
		t.Error(v)
	}
	tab.Picture("bad-sheet")
	if n := Eval[int](tab, `document.querySelectorAll('form input[name=hash]').length`); n != 0 {
		t.Error("a bad sheet can be taken")
	}

	send(sheetOf(t, func(s string) string { return s }))
	tab.Until("what would change", `document.querySelector("#preview form input[name=hash]")`, soon)
	for _, v := range append(tab.Violations(), tab.Overflow()...) {
		t.Error(v)
	}
	tab.Picture("good-sheet")
	tab.Do(chromedp.Click(chromedp.CSS("#preview form button")))
	tab.Until("it to be taken", `document.querySelector(".done")`, soon)
	tab.Go("/site/" + wellSite)
	if text := Eval[string](tab, `document.getElementById("live").innerText`); !strings.Contains(text, "Công văn 12") {
		t.Error("the office's page does not show what was declared")
	}
}

func TestAReportIsPublishedAndStaysAsItWas(t *testing.T) {
	w := commonWorld(t)
	tab := Open(t, w.home, Look{Dark: true})
	tab.Go("/target?month=" + goal.MonthOf(time.Now()).Add(-1).String())
	tab.Do(chromedp.SendKeys(chromedp.CSS(".after input[name=by]"), "Hạnh"), chromedp.Click(chromedp.CSS(".after button")))
	tab.Until("the published report", `location.pathname.startsWith("/published/") && document.querySelector(".sealed")`, soon)
	met := Eval[string](tab, `document.querySelector(".tile.s-ok b").textContent`)
	tab.Go("/published")
	if row := Eval[string](tab, `document.querySelector("tbody tr").innerText`); !strings.Contains(row, met) || !strings.Contains(row, "Hạnh") {
		t.Errorf("listed as %q, %s met", row, met)
	}
	pdf := func() []byte {
		tab.Go("/target/site/" + wellSite)
		return tab.PDF()
	}()
	if text := textOf(t, pdf); !strings.Contains(text, "Xã An Quang") {
		t.Errorf("the office's sheet says %.300s", text)
	}
}
