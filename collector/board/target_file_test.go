package board

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"communewatch/collector/goal"
	"communewatch/collector/goal/paper"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

func dayAt(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, zone) }

var plainName = regexp.MustCompile(`^attachment; filename="[A-Za-z0-9_.-]+"$`)

func TestEachExportIsAWholeFileOfItsKind(t *testing.T) {
	d := built(t)
	d.report.Sites = d.report.Sites[:12] // a workbook of all takes seconds
	h := over(t, d, viewer)
	for name, begin := range map[string]string{"xlsx": "PK", "csv": "\ufeff", "json": "{", "html": "<!"} {
		r, body := get(t, h, http.MethodGet, "/target."+name+"?month=2026-09&verdict=met")
		if r.StatusCode != http.StatusOK || !strings.HasPrefix(strings.ToUpper(body), strings.ToUpper(begin)) {
			t.Errorf("%s: %d, begins with %.20q", name, r.StatusCode, body)
		}
		if got, want := r.Header.Get("Content-Type"), paper.Formats[name].MediaType; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		disposition := r.Header.Get("Content-Disposition")
		if name == "html" {
			if csp := r.Header.Get("Content-Security-Policy"); disposition != "" || !strings.Contains(csp, "style-src "+paper.StyleHash()) || strings.Contains(csp, "unsafe") || strings.Contains(csp, "script") {
				t.Errorf("%s: %q, %s", name, disposition, csp)
			}
			continue
		}
		if !plainName.MatchString(disposition) || !strings.Contains(disposition, "may-2023_2026-09."+name) {
			t.Errorf("%s: %s", name, disposition)
		}
		if name == "json" {
			var report goal.Report
			if err := json.Unmarshal([]byte(body), &report); err != nil || len(report.Sites) != 12 {
				t.Errorf("%v, %d sites: filters do not hold in an export", err, len(report.Sites))
			}
		}
	}
}

func TestAPageOfA4IsOfOneSiteOrArea(t *testing.T) {
	h := over(t, built(t), viewer)
	for path, want := range map[string]string{"/target/site/bd-21997": "Canh Liên", "/target/area/551?lang=en": "Vân Canh"} {
		r, body := get(t, h, http.MethodGet, path)
		if r.StatusCode != http.StatusOK || !strings.Contains(body, want) || !strings.Contains(r.Header.Get("Content-Security-Policy"), paper.StyleHash()) {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.Header.Get("Content-Security-Policy"))
		}
	}
	for _, path := range []string{"/target/site/bd-1", "/target/area/999"} {
		if r, _ := get(t, h, http.MethodGet, path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
}

func TestASiteShowsDeclaredBesideMeasuredAndWhatIsToDo(t *testing.T) {
	d := built(t)
	h := over(t, d, viewer)
	_, body := get(t, h, http.MethodGet, "/site/"+d.report.Sites[0].ID)
	for _, want := range []string{"100 Mbit/s", "18 Mbit/s", "CV 12/UBND", "125.000 lần đo", "/target/site/" + d.report.Sites[0].ID, "Cần làm", "Từng tháng", "11/2025", "Chưa có kê khai nào"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q", want)
		}
	}
	d.err = http.ErrHandlerTimeout
	d.report.Made = d.report.Made.Add(time.Hour)
	h = over(t, d, viewer)
	if r, body := get(t, h, http.MethodGet, "/site/bd-21997"); r.StatusCode != http.StatusOK || !strings.Contains(body, "Hiện không lập được báo cáo") {
		t.Errorf("a site's page needs a report: %d", r.StatusCode)
	}
}

func TestAreasThatAreEquallyFarAreInTheOrderOfTheirNames(t *testing.T) {
	d := built(t)
	for id, of := range d.stages {
		of.Stage = goal.Reporting
		d.stages[id] = of
	}
	_, body := get(t, over(t, d, viewer), http.MethodGet, "/rollout")
	at := 0
	for _, name := range []string{"Huyện An Lão", "Thị xã An Nhơn", "Huyện Hoài Ân", "Thị xã Hoài Nhơn", "Thành phố Quy Nhơn", "Huyện Vĩnh Thạnh"} {
		next := strings.Index(body[at:], name)
		if next < 0 {
			t.Fatalf("%s is not after those before it", name)
		}
		at += next
	}
}

func TestRolloutSaysWhomToCallMountainFirstAndGivesTheListToKeep(t *testing.T) {
	d := built(t)
	stage := d.stages["bd-21634"].Stage
	delete(d.stages, "bd-21634") // of whom nothing is known
	h := over(t, d, viewer)
	_, body := get(t, h, http.MethodGet, "/rollout")
	for _, want := range []string{"<b>54</b>", "Chưa cài", "120 trên 159", "/rollout.csv"} {
		if !strings.Contains(strings.ReplaceAll(body, "chưa cài", "Chưa cài"), want) {
			t.Errorf("no %q", want)
		}
	}
	waiting := body[strings.Index(body, `id="not_installed"`):]
	mountain, plain := strings.Index(waiting, "Vùng cao, miền núi"), strings.Index(waiting, "Đồng bằng")
	if stage == goal.NotInstalled || !strings.Contains(waiting[:plain], "/site/bd-21634") {
		t.Errorf("a mountain site that was never heard (%s) is not among those that wait", stage)
	}
	if mountain < 0 || plain < mountain {
		t.Errorf("mountain at %d, plain at %d", mountain, plain)
	}
	r, text := get(t, h, http.MethodGet, "/rollout.csv?lang=en")
	if !plainName.MatchString(r.Header.Get("Content-Disposition")) || !strings.HasPrefix(text, "\ufeff") {
		t.Errorf("%s, %.10q", r.Header.Get("Content-Disposition"), text)
	}
	table := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	table.Comma = ';'
	rows, err := table.ReadAll()
	if err != nil || len(rows) != 160 || rows[1][0] != "not installed" {
		t.Errorf("%v, %d rows, first %q", err, len(rows), rows[1])
	}
}

func TestACellOfTheRolloutIsNoFormulaAndKeepsItsZeros(t *testing.T) {
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+84 901": "'+84 901", "-x": "'-x", "@a": "'@a", "0256 3123": "'0256 3123", "00123": "'00123", "–": "–", "Xã Đắk": "Xã Đắk", "": "", "12": "12", "\tx": "'\tx",
	} {
		if got := inert(cell); got != want {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
	}
}

func TestTheListToCallKeepsTheZerosOfATelephone(t *testing.T) {
	inv := folder(t, "Canh Liên")
	b := &board{}
	b.deps.Inventory, b.deps.Now = func() *inventory.Inventory { return inv }, func() time.Time { return targetNow }
	var out strings.Builder
	if err := b.rolloutCSV(&out, say.Vietnamese, nil); err != nil || !strings.Contains(out.String(), ";'0256 3888 123;VNPT <b> 1800 1166;") {
		t.Errorf("%v, %q", err, out.String())
	}
}
