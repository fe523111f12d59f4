package board

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/store"
)

// away is a database that does not answer.
type away struct{}

func (away) Select(context.Context, store.Query) ([]store.Series, error) {
	return nil, errors.New("connection refused")
}
func (away) Write(context.Context, api.Retention, []byte) error {
	return errors.New("connection refused")
}

// empty is a database that holds nothing yet.
type empty struct{}

func (empty) Select(context.Context, store.Query) ([]store.Series, error) { return nil, nil }
func (empty) Write(context.Context, api.Retention, []byte) error          { return nil }

func pagesOf(t *testing.T, s Store) http.Handler {
	t.Helper()
	return asOperator(bare(t, s))
}

// bare is the pages without what stands before them.
func bare(t *testing.T, s Store) http.Handler {
	t.Helper()
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(Deps{Store: s, Inventory: func() *inventory.Inventory { return inv }, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(t *testing.T, h http.Handler, method, path string) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(body)
}

func TestADatabaseThatIsAwayIsSaidInWords(t *testing.T) {
	h := pagesOf(t, away{})
	for _, path := range []string{"/", "/site/bd-21997", "/?part=live", "/incidents", "/incident/x"} {
		if r, body := get(t, h, http.MethodGet, path); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "InfluxDB") {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
}

func TestAProvinceWithoutDataStillShowsEverySite(t *testing.T) {
	h := pagesOf(t, empty{})
	r, body := get(t, h, http.MethodGet, "/")
	if n := strings.Count(body, `<tr id="bd-`); r.StatusCode != http.StatusOK || n != 159 {
		t.Errorf("%d, %d sites", r.StatusCode, n)
	}
	if r, body := get(t, h, http.MethodGet, "/site/bd-21997"); r.StatusCode != http.StatusOK || !strings.Contains(body, "bd-21997") {
		t.Errorf("%d", r.StatusCode)
	}
}

func TestWhatIsNotThereIsAPageWithAWayBack(t *testing.T) {
	h := pagesOf(t, empty{})
	for _, path := range []string{"/site/bd-1", "/nowhere", "/site/%3Cscript%3E"} {
		r, body := get(t, h, http.MethodGet, path)
		if r.StatusCode != http.StatusNotFound || !strings.Contains(body, `href="/"`) || strings.Contains(body, "<script>") {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
}

func TestPagesButTheNotesOnlyRead(t *testing.T) {
	h := pagesOf(t, empty{})
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		if r, _ := get(t, h, method, "/"); r.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, r.StatusCode)
		}
	}
	if r, _ := get(t, h, http.MethodHead, "/"); r.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %d", r.StatusCode)
	}
}

func TestNothingComesFromOutsideAndNothingIsInline(t *testing.T) {
	h := pagesOf(t, empty{})
	for _, path := range []string{"/", "/site/bd-21997", "/?lang=en", "/nowhere", "/incidents", "/incident/x"} {
		r, body := get(t, h, http.MethodGet, path)
		if csp := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
		for _, bad := range []string{"http://", "https://", "//cdn", "<style", " style=", "onclick"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %q", path, bad)
			}
		}
	}
}

func TestBothLanguagesSayThePageAndLeadToEachOther(t *testing.T) {
	h := pagesOf(t, empty{})
	_, vi := get(t, h, http.MethodGet, "/")
	_, en := get(t, h, http.MethodGet, "/?lang=en")
	for body, want := range map[string][]string{
		vi: {`<html lang="vi">`, "Tình trạng mạng các xã", `href="/?lang=en"`, "Xã Canh Liên"},
		en: {`<html lang="en">`, "Commune networks", `lang="vi"`, "Canh Liên commune", `href="/site/bd-21997?lang=en"`},
	} {
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("no %q", w)
			}
		}
		if strings.Contains(body, ">board.") || strings.Contains(body, ">state.") {
			t.Error("a sentence is missing from the catalogue")
		}
	}
}

func TestTimesInAnEvidenceAreWrittenAsPeopleReadThem(t *testing.T) {
	now := time.Date(2026, 11, 29, 5, 0, 0, 0, zone)
	for evidence, want := range map[string][2]string{
		"":                    {"", ""},
		"router 0/10":         {"router 0/10", "router 0/10"},
		"2026-11-29 04:30:45": {"04:30", "04:30"},
		"2026-11-29 04:42:23 – 2026-11-29 04:46:11, 2026-11-28 23:45:40": {"04:42 – 04:46, 28/11 23:45", "04:42 – 04:46, 28 Nov 23:45"},
		"ups 2025-12-31 23:59:59": {"ups 31/12/2025 23:59", "ups 31 Dec 2025 23:59"},
		"2026-13-99 99:99:99":     {"2026-13-99 99:99:99", "2026-13-99 99:99:99"},
	} {
		if got := [2]string{format{say.Vietnamese, now}.evidence(evidence), format{say.English, now}.evidence(evidence)}; got != want {
			t.Errorf("%q: %q, want %q", evidence, got, want)
		}
	}
}

func TestNoPacketTakesNoTime(t *testing.T) {
	for v, want := range map[float64]string{0: "0 ms", 0.02: "< 0,1 ms", 0.06: "0,1 ms", 29.44: "29,4 ms", 132.4: "132 ms"} {
		if got := (format{lang: say.Vietnamese}).milliseconds(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}
