package inventory

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

// ask asks as a site; "" is a caller whom the gate does not know.
func (f *folder) ask(method, site, ifNoneMatch string) (*http.Response, string) {
	f.t.Helper()
	r := httptest.NewRequest(method, api.PathDocument, nil)
	if site != "" {
		r = r.WithContext(api.WithIdentity(r.Context(), api.Identity{Site: site, Agent: "a1"}))
	}
	if ifNoneMatch != "" {
		r.Header.Set("If-None-Match", ifNoneMatch)
	}
	w := httptest.NewRecorder()
	f.live.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return w.Result(), string(body)
}

func TestAnAgentIsGivenItsDocumentAndToldWhenItHasIt(t *testing.T) {
	f := newFolder(t)
	r, body := f.ask(http.MethodGet, "bd-21997", "")
	etag := r.Header.Get("ETag")
	var got api.Document
	if err := json.Unmarshal([]byte(body), &got); err != nil || r.StatusCode != http.StatusOK || r.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %v", r.StatusCode, r.Header, err)
	}
	want, _ := f.live.Current().Document("bd-21997")
	if d := cmp.Diff(want, got); d != "" || got.Check() != nil {
		t.Error(d, got.Check())
	}
	for _, header := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
		if r, body := f.ask(http.MethodGet, "bd-21997", header); r.StatusCode != http.StatusNotModified || body != "" || r.Header.Get("ETag") != etag {
			t.Errorf("%s: %d %s", header, r.StatusCode, body)
		}
	}
	if r, _ := f.ask(http.MethodGet, "bd-21997", `"other"`); r.StatusCode != http.StatusOK {
		t.Errorf("an old one: %d", r.StatusCode)
	}
	// What is not the site's own business leaves its document as it is.
	f.edit("sites.csv", "Canh Liên", "Canh Tân")
	f.live.Look()
	f.live.Look()
	if r, _ := f.ask(http.MethodGet, "bd-21997", etag); r.StatusCode != http.StatusNotModified || f.name() != "Canh Tân" {
		t.Errorf("a rename: %d", r.StatusCode)
	}
	f.edit("targets.yaml", "10.0.0.9", "10.0.0.8")
	f.live.Look()
	f.live.Look()
	if r, body := f.ask(http.MethodGet, "bd-21997", etag); r.StatusCode != http.StatusOK || !strings.Contains(body, "10.0.0.8") || r.Header.Get("ETag") == etag {
		t.Errorf("a change: %d", r.StatusCode)
	}
}

func TestWhoAsksOtherwiseIsRefused(t *testing.T) {
	f := newFolder(t)
	for _, c := range []struct {
		method, site string
		want         api.Code
	}{
		{http.MethodGet, "", api.CodeUnauthorized},
		{http.MethodHead, "", api.CodeUnauthorized},
		{http.MethodGet, "bd-00000", api.CodeNotFound},
		{http.MethodPost, "bd-21997", api.CodeMethod},
		{http.MethodPut, "", api.CodeMethod},
		{http.MethodDelete, "bd-21997", api.CodeMethod},
	} {
		r, body := f.ask(c.method, c.site, "*")
		if r.StatusCode != api.Answers[c.want].Status || !strings.Contains(body, string(c.want)) || r.Header.Get("ETag") != "" || strings.Contains(body, "only-here") {
			t.Errorf("%s as %q: %d %s", c.method, c.site, r.StatusCode, body)
		}
	}
}
