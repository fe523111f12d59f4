package board

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal"
)

const (
	goodSheet = "site;date;source;line;provider;down_mbps;upses\nbd-21997;01/10/2026;CV 12/UBND;fiber;VNPT Bình Định;100;1\nbd-21634;02/10/2026;CV 13;fiber;Viettel;50;\n"
	badSheet  = "site;date;source;down_mbps\nbd-21997;32/10/2026;CV 12;100\nbd-99999;01/10/2026;CV 13;<b>fast</b>\n"
)

var confirm = regexp.MustCompile(`name="hash" value="([0-9a-f]{64})"`)

// bring sends a sheet as a browser does.
func bring(t testing.TB, h http.Handler, path, name, data string, fields map[string]string) (*http.Response, string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for field, value := range fields {
		if err := form.WriteField(field, value); err != nil {
			t.Fatal(err)
		}
	}
	if name != "" {
		part, err := form.CreateFormFile("sheet", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

func TestASheetIsShownBeforeItIsTakenAndThenSaysWhatItChanged(t *testing.T) {
	d := built(t)
	h := over(t, d, planner)
	r, page := bring(t, h, "/import?lang=en", `C:\kê khai\quý 4.csv`, goodSheet, nil)
	m := confirm.FindStringSubmatch(page)
	if r.StatusCode != http.StatusOK || m == nil || !strings.Contains(page, "2 sites declared for the first time") || !strings.Contains(page, "VNPT Bình Định") || !strings.Contains(page, ">quý 4.csv: what will be taken") {
		t.Fatalf("%d %s", r.StatusCode, page)
	}
	if all, err := d.kept.Imports(); err != nil || len(all) > 0 {
		t.Fatalf("looking at a sheet took it: %v, %v", all, err)
	}
	r = send(t, h, "/import?lang=en", url.Values{"hash": {m[1]}})
	to := r.Header.Get("Location")
	if r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/import?id=") || !strings.HasSuffix(to, "lang=en") {
		t.Fatalf("%d to %s", r.StatusCode, to)
	}
	if again := send(t, h, "/import?lang=en", url.Values{"hash": {m[1]}, "by": {"someone else"}}); again.Header.Get("Location") != to {
		t.Errorf("sent twice it leads to %s", again.Header.Get("Location"))
	}
	all, err := d.kept.Imports()
	if err != nil || len(all) != 1 || all[0].By != "hạnh" || all[0].File != "quý 4.csv" || len(all[0].Declarations) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	if _, page = get(t, h, http.MethodGet, to); !strings.Contains(page, "by hạnh") || !strings.Contains(page, "what was taken") || !strings.Contains(page, ">Canh Liên commune</a>") {
		t.Error(page)
	}
	later := strings.ReplaceAll(strings.ReplaceAll(goodSheet, "100;1", "200;"), "01/10", "15/10")
	if _, page = bring(t, h, "/import", "b.csv", later, nil); !strings.Contains(page, "0 cơ quan kê khai lần đầu, 1 thay đổi, 1 như cũ") || !strings.Contains(page, "100 → <b>200</b>") || !strings.Contains(page, "1 → <b>–</b>") {
		t.Error(page)
	}
	if _, page = bring(t, h, "/import?lang=en", "a.csv", goodSheet, nil); confirm.MatchString(page) || strings.Contains(page, "→") || !strings.Contains(page, "by hạnh") || !strings.Contains(page, "To declare the same again") {
		t.Errorf("a sheet that was taken is to be taken again, which would change nothing: %s", page)
	}
	older := strings.ReplaceAll(goodSheet, "/10/2026", "/09/2026")
	if _, page = bring(t, h, "/import", "c.csv", older, nil); !strings.Contains(page, "2 cũ hơn") || strings.Contains(page, "→") {
		t.Error(page)
	}
	if _, page = get(t, h, http.MethodGet, "/site/bd-21997"); !strings.Contains(page, "VNPT Bình Định") {
		t.Error("a site's page does not show what was declared")
	}
}

func TestOfASheetWithMistakesAllAreShownByCellAndNothingIsTaken(t *testing.T) {
	d := built(t)
	h := over(t, d, planner)
	for lang, want := range map[string]string{"": "chỗ cần sửa", "?lang=en": "mistakes in bad.csv"} {
		r, page := bring(t, h, "/import"+lang, "bad.csv", badSheet, nil)
		if r.StatusCode != http.StatusUnprocessableEntity || confirm.MatchString(page) || strings.Contains(page, "<b>fast") {
			t.Errorf("%d %s", r.StatusCode, page)
		}
		for _, want := range []string{want, "<li>B2: ", "<li>A3: ", "<li>D3: "} {
			if !strings.Contains(page, want) {
				t.Errorf("no %q in %s", want, page)
			}
		}
	}
	for name, data := range map[string]string{"empty": "", "noise": "\x00\x01\x02", "a zip that is none": "PK\x03\x04xxxx", "a page": "<html></html>"} {
		if r, page := bring(t, h, "/import", "x.xlsx", data, nil); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, `class="problems"`) {
			t.Errorf("%s: %d", name, r.StatusCode)
		}
	}
	if all, err := d.kept.Imports(); err != nil || len(all) > 0 {
		t.Errorf("taken: %v, %v", all, err)
	}
}

func TestASheetIsTakenOnlyByWhoLookedAtIt(t *testing.T) {
	d := built(t)
	h := over(t, d, planner)
	_, page := bring(t, h, "/import", "a.csv", goodSheet, nil)
	if !confirm.MatchString(page) {
		t.Fatal(page)
	}
	for name, form := range map[string]url.Values{"another hash": {"hash": {strings.Repeat("0", 64)}}, "none": {}} {
		if r := send(t, h, "/import", form); r.StatusCode/100 != 4 {
			t.Errorf("%s: %d", name, r.StatusCode)
		}
	}
	p := &pending{}
	hash := p.put(sheet{name: "a", by: "hạnh", data: []byte("x"), at: targetNow})
	if _, ok := p.take(hash, "lan", targetNow); ok {
		t.Error("another person took it")
	}
	if _, ok := p.take(hash, "hạnh", targetNow.Add(pendingFor+1)); ok {
		t.Error("it was taken too late")
	}
	for range 3 * maxPending {
		p.put(sheet{by: "x", data: []byte{byte(len(p.sheets))}, at: targetNow.Add(1)})
	}
	if _, ok := p.take(hash, "hạnh", targetNow); ok || len(p.sheets) > maxPending {
		t.Errorf("%d sheets wait, the oldest among them: %t", len(p.sheets), ok)
	}
}

func TestFormsAreOnlyForWhoMaySendThem(t *testing.T) {
	d := built(t)
	for _, who := range []api.Visitor{viewer, planner} {
		h := over(t, d, who)
		may := who.Role.May(api.RolePlanner)
		for path, form := range map[string]string{"/import": `type="file"`, "/target": `action="/target/publish"`} {
			_, page := get(t, h, http.MethodGet, path)
			if strings.Contains(page, form) != may {
				t.Errorf("%s for a %s: the form is shown: %t", path, who.Role, !may)
			}
			if strings.Contains(page, `name="csrf" value="`+who.CSRF+`"`) != true { // signing out has it too
				t.Errorf("%s for a %s: a form without the session's token", path, who.Role)
			}
		}
		if r, _ := bring(t, h, "/import", "a.csv", goodSheet, nil); (r.StatusCode == http.StatusOK) != may {
			t.Errorf("a %s brings a sheet: %d", who.Role, r.StatusCode)
		}
		if r := send(t, h, "/target/publish", url.Values{"goal": {"may-2023"}, "month": {"2026-10"}}); (r.StatusCode == http.StatusSeeOther) != may {
			t.Errorf("a %s publishes: %d", who.Role, r.StatusCode)
		}
	}
}

func TestWhereNobodySignsInTheFormAsksWhoItIs(t *testing.T) {
	d := built(t)
	h := over(t, d, api.Visitor{Role: api.RoleOperator})
	for _, path := range []string{"/import", "/target"} {
		if _, page := get(t, h, http.MethodGet, path); !strings.Contains(page, `name="by"`) {
			t.Errorf("%s asks no name", path)
		}
	}
	if r, _ := bring(t, h, "/import", "a.csv", goodSheet, nil); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a sheet of nobody: %d", r.StatusCode)
	}
	if r := send(t, h, "/target/publish", url.Values{}); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a report published by nobody: %d", r.StatusCode)
	}
	_, page := bring(t, h, "/import", "a.csv", goodSheet, map[string]string{"by": " Đức\u202e "})
	if m := confirm.FindStringSubmatch(page); m == nil || !strings.Contains(page, `name="by" value="Đức"`) {
		t.Fatal(page)
	} else if r := send(t, h, "/import", url.Values{"hash": {m[1]}, "by": {"Đức"}}); r.StatusCode != http.StatusSeeOther {
		t.Error(r.StatusCode)
	}
	if all, _ := d.kept.Imports(); len(all) != 1 || all[0].By != "Đức" {
		t.Errorf("%+v", all)
	}
}

func TestASheetThatIsTooLargeOrNoFormIsToldSo(t *testing.T) {
	h := over(t, built(t), planner)
	if r, page := bring(t, h, "/import", "a.csv", goodSheet+strings.Repeat(";", api.MaxSheetBytes), nil); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "8 MB") {
		t.Errorf("%d", r.StatusCode)
	}
	limited := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1000) // as the gate does
		h.ServeHTTP(w, r)
	})
	if r, page := bring(t, limited, "/import", "a.csv", strings.Repeat("x", 2000), nil); r.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(page, "8 MB") {
		t.Errorf("%d", r.StatusCode)
	}
	if r, _ := bring(t, h, "/import", "", "", nil); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("no sheet: %d", r.StatusCode)
	}
	r := httptest.NewRequest(http.MethodPost, "/import", strings.NewReader("--x\r\nbroken"))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest {
		t.Errorf("half a form: %d", w.Code)
	}
}

func TestATemplateIsASheetThatIsReadAgain(t *testing.T) {
	h := over(t, built(t), planner)
	for path, begin := range map[string]string{"/import.csv": "\ufeff", "/import.xlsx": "PK", "/import.csv?lang=en": "\ufeff"} {
		r, data := get(t, h, http.MethodGet, path)
		if r.StatusCode != http.StatusOK || !strings.HasPrefix(data, begin) || !plainName.MatchString(r.Header.Get("Content-Disposition")) {
			t.Errorf("%s: %d %s", path, r.StatusCode, r.Header.Get("Content-Disposition"))
		}
	}
}

func TestAPublishedReportIsShownAsItWasAndSaysWhatIsOtherwiseNow(t *testing.T) {
	d := built(t)
	h := over(t, d, planner)
	r := send(t, h, "/target/publish?lang=en", url.Values{"month": {"2026-09"}})
	to := r.Header.Get("Location")
	if r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/published/may-2023_2026-09_") {
		t.Fatalf("%d to %s", r.StatusCode, to)
	}
	changed := *d.report
	changed.Sites = append([]goal.SiteLine(nil), d.report.Sites...)
	was := changed.Sites[0]
	changed.Sites[0].Verdict = goal.Met
	changed.Known.Days = "others"
	d.report = &changed
	h = over(t, d, planner)
	_, page := get(t, h, http.MethodGet, to)
	for _, want := range []string{"A published report", "published by hạnh", "such as some that came late", "What differs from what was published"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(page, "/target/area/") || !strings.Contains(page, "/site/bd-21997?goal=may-2023&amp;lang=en&amp;month=2026-09") {
		t.Error("it leads to papers of today, or to another month of a site")
	}
	if was.Verdict != goal.NotMet || strings.Count(page, `<td class="state">Met</td>`) != 53 {
		t.Error("the published verdicts have moved")
	}
	if _, filtered := get(t, h, http.MethodGet, to+"&verdict=met&sort=-site"); len(list(filtered)) != 53 {
		t.Errorf("%d sites by a filter", len(list(filtered)))
	}
	file := strings.TrimSuffix(to, "?lang=en") + ".json"
	if r, data := get(t, h, http.MethodGet, file); r.StatusCode != http.StatusOK || !plainName.MatchString(r.Header.Get("Content-Disposition")) || !strings.Contains(data, `"month": "2026-09"`) && !strings.Contains(data, `"month":"2026-09"`) {
		t.Errorf("%d %s", r.StatusCode, r.Header.Get("Content-Disposition"))
	}
	if _, page := get(t, h, http.MethodGet, "/published"); !strings.Contains(page, "09/2026") || !strings.Contains(page, "hạnh") {
		t.Error(page)
	}
	if r, _ := get(t, h, http.MethodGet, "/published/may-2023_2026-09_20260101T000000Z_000000000000"); r.StatusCode != http.StatusNotFound {
		t.Errorf("one that was never published: %d", r.StatusCode)
	}
	if _, page := get(t, h, http.MethodGet, "/published/may-2023_2026-09_20260101T000000Z_000000000000.pdf"); !strings.Contains(page, "Không có báo cáo") {
		t.Error(page)
	}
}

// Whoever clicks twice publishes once, though the desk made its report anew meanwhile.
func TestAFormForPublishingThatIsSentTwiceIsOnePublication(t *testing.T) {
	d := built(t)
	h := over(t, d, planner)
	publish := func() string {
		again := *d.report
		again.Made = again.Made.Add(time.Second)
		d.report = &again
		r := send(t, h, "/target/publish", url.Values{"month": {"2026-09"}})
		if r.StatusCode != http.StatusSeeOther {
			t.Fatal(r.StatusCode)
		}
		return r.Header.Get("Location")
	}
	first := publish()
	if second := publish(); second != first {
		t.Errorf("%s, and again %s", first, second)
	}
	d.report.Known.Days = "others"
	if other := publish(); other == first {
		t.Error("another report is the same publication")
	}
	last := publish()
	d.report.Made = d.report.Made.Add(sentTwice)
	if later := publish(); later == last {
		t.Error("what is published later is the same publication")
	}
}

func TestWhatRestsOnDamagedDeclarationsSaysSoAndIsNotPublished(t *testing.T) {
	d := built(t)
	d.report.Known.Unread = 2
	h := over(t, d, planner)
	if _, page := get(t, h, http.MethodGet, "/target?lang=en"); !strings.Contains(page, "2 sheets of declarations that were kept cannot be read") {
		t.Error("the page does not say so")
	}
	if r := send(t, h, "/target/publish?lang=en", url.Values{"month": {"2026-09"}}); r.StatusCode != http.StatusConflict {
		t.Errorf("published: %d", r.StatusCode)
	}
}

func TestADamagedPublicationIsNamedAndNotShown(t *testing.T) {
	d := built(t)
	dir := t.TempDir()
	var err error
	if d.sealed, err = goal.OpenArchive(dir); err != nil {
		t.Fatal(err)
	}
	published, err := d.sealed.Publish(d.report, "hạnh")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*2026-10*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], bytes.Replace(data, []byte("not_met"), []byte("met"), 1), 0o444); err != nil {
		t.Fatal(err)
	}
	h := over(t, d, viewer)
	if _, page := get(t, h, http.MethodGet, "/published"); !strings.Contains(page, filepath.Base(files[0])) || strings.Contains(page, `href="/published/may`) {
		t.Error(page)
	}
	if r, page := get(t, h, http.MethodGet, "/published/"+published.ID); r.StatusCode != http.StatusInternalServerError || strings.Contains(page, "Canh Liên") {
		t.Errorf("%d", r.StatusCode)
	}
}

func TestWhatWasImportedOrPublishedIsInTheNextReport(t *testing.T) {
	d := built(t)
	h := over(t, d, planner)
	reports := func() int {
		get(t, h, http.MethodGet, "/target")
		get(t, h, http.MethodGet, "/target")
		return len(d.asked)
	}
	if n := reports(); n != 1 {
		t.Fatalf("made %d times", n)
	}
	_, page := bring(t, h, "/import", "a.csv", goodSheet, nil)
	send(t, h, "/import", url.Values{"hash": {confirm.FindStringSubmatch(page)[1]}})
	if n := reports(); n != 2 {
		t.Errorf("after an import: made %d times", n)
	}
	send(t, h, "/target/publish", url.Values{}) // makes its own: what is kept for good is of this moment
	if n := reports(); n != 4 {
		t.Errorf("after a publication: made %d times", n)
	}
}
