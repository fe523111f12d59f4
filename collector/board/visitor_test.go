package board

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"communewatch/collector/api"
)

// readBy is the pages as a visitor is let in to them.
func readBy(v api.Visitor, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(api.WithVisitor(r.Context(), v)))
	})
}

// asOperator is the pages for who may all.
func asOperator(h http.Handler) http.Handler { return readBy(api.Visitor{Role: api.RoleOperator}, h) }

func TestWithoutAProvenVisitorNothingIsShownButTheStyle(t *testing.T) {
	h := bare(t, &keeps{})
	for _, path := range []string{"/", "/incidents", "/site/bd-21997", "/no-such", "/static/../incidents", "/static/%2e%2e/incidents"} {
		r, body := get(t, h, http.MethodGet, path)
		if strings.HasPrefix(path, "/static/.") && r.StatusCode/100 == 3 {
			continue // to the address as it should be written
		}
		if r.StatusCode != http.StatusUnauthorized || strings.Contains(body, "Canh Liên") {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	for _, file := range []string{"board.css", "board.js", "icon.svg"} {
		if r, _ := get(t, h, http.MethodGet, "/static/"+file); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", file, r.StatusCode)
		}
	}
}

func TestWhoMayNotIsToldSoInBothLanguagesAndNothingIsStored(t *testing.T) {
	k := &keeps{}
	for lang, want := range map[string]string{"": "Vai trò hiện có: người xem", "?lang=en": "Your role is viewer"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/incidents/note"+lang, strings.NewReader("act=hand_over&by=An&text=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		readBy(api.Visitor{Role: api.RoleViewer}, bare(t, k)).ServeHTTP(w, r)
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), want) || len(k.lines) > 0 {
			t.Errorf("%d %s, stored %q", w.Code, w.Body, k.lines)
		}
	}
	if r, _ := get(t, readBy(api.Visitor{Role: "root"}, bare(t, k)), http.MethodGet, "/"); r.StatusCode != http.StatusForbidden {
		t.Errorf("a role that is none of ours: %d", r.StatusCode)
	}
}

func TestAFormFromAnotherSiteIsRefusedInBothLanguages(t *testing.T) {
	h := pagesOf(t, &keeps{})
	for lang, want := range map[string]string{"": "do một trang web khác gửi", "?lang=en": "the page of another site"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/incidents/note"+lang, nil)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		h.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}

func TestEveryRouteSaysWhatRoleItNeeds(t *testing.T) {
	for _, r := range Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		if !strings.HasPrefix(path, "/") || method != http.MethodGet && method != http.MethodPost {
			t.Errorf("%q has no method", r.Pattern)
		}
		if open := strings.HasPrefix(path, "/static/"); r.Need == "" != open {
			t.Errorf("%s is open to everybody: %t", r.Pattern, r.Need == "")
		}
		if method != http.MethodGet && !r.Need.May(api.RolePlanner) {
			t.Errorf("%s writes, and %q may", r.Pattern, r.Need)
		}
	}
}
