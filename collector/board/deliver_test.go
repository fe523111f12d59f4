package board

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"communewatch/collector/api"
)

func unzip(t *testing.T, data []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r) // checks length and sum too
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fetched is an answer as a browser that takes gzip gets it.
func fetched(h http.Handler, path, encodings string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Encoding", encodings)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPagesAndStyleAreCompressedForWhoTakesThatAndAreTheSame(t *testing.T) {
	h := pagesOf(t, empty{})
	for _, path := range []string{"/", "/incidents", "/static/board.css", "/static/board.js"} {
		plain, zipped := fetched(h, path, "identity"), fetched(h, path, "deflate, gzip;q=0.8")
		if plain.Header().Get("Content-Encoding") != "" || zipped.Header().Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: %q, %q", path, plain.Header().Get("Content-Encoding"), zipped.Header().Get("Content-Encoding"))
		}
		if zipped.Body.Len()*2 > plain.Body.Len() || zipped.Header().Get("Vary") != "Accept-Encoding" || zipped.Header().Get("Etag") != "" && zipped.Header().Get("Etag") == plain.Header().Get("Etag") {
			t.Errorf("%s: %d of %d bytes, %v", path, zipped.Body.Len(), plain.Body.Len(), zipped.Header())
		}
		// Two pages of two moments differ by their times only.
		if text := unzip(t, zipped.Body.Bytes()); len(text) != plain.Body.Len() {
			t.Errorf("%s: %d bytes are %d when unpacked", path, plain.Body.Len(), len(text))
		}
	}
	for _, none := range []string{"", "br", "gzip;q=0", "gzip; q=0.0", "x-gzip"} {
		if w := fetched(h, "/", none); w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%q is taken as gzip", none)
		}
	}
}

func TestASecretIsNotCompressedWithWhatAPageRepeats(t *testing.T) {
	const secret = "q8Zk3vN1xT7bW5yR2mC9"
	page := func(repeated string) []byte {
		return []byte(strings.Repeat("<td>Xã Canh Liên</td>", 200) + `<input name="csrf" value="` + secret + `">` + strings.Repeat("<td>Xã An Nghĩa</td>", 50) +
			`<a href="/?q=` + repeated + `">` + `<input name="csrf" value="` + secret + `"></html>`)
	}
	right, wrong := page(secret), page("w4Jd6hP0sL8gF3aV7nE1")
	for _, body := range [][]byte{right, wrong} {
		zipped := zip(body, secret)
		if unzip(t, zipped) != string(body) {
			t.Fatal("it is not the same when unpacked")
		}
		if n := bytes.Count(zipped, []byte(secret)); n != bytes.Count(body, []byte(secret)) {
			t.Errorf("the secret stands there %d times", n)
		}
	}
	// What is guessed right is a stored block as well: longer, never shorter. A part of it
	// tells nothing.
	if len(zip(page(secret[:10]+"w4Jd6hP0sL"), secret)) != len(zip(page("w4Jd6hP0sL"+secret[10:]), secret)) {
		t.Error("the length tells how much of a guess is right")
	}
	for _, body := range []string{secret, secret + secret, "", "x" + secret} {
		if unzip(t, zip([]byte(body), secret)) != body {
			t.Errorf("%q", body)
		}
	}
}

func TestWhoMayNotWriteIsShownNoForm(t *testing.T) {
	for role, forms := range map[api.UserRole]int{api.RoleViewer: 0, api.RolePlanner: 0, api.RoleOperator: 1} {
		_, body := get(t, readBy(api.Visitor{Role: role}, bare(t, empty{})), http.MethodGet, "/incidents")
		if n := strings.Count(body, "<textarea"); n != forms {
			t.Errorf("%s: %d forms", role, n)
		}
	}
}

func TestEveryPageKeepsItsVisitorsSecretApart(t *testing.T) {
	v := api.Visitor{Name: "đức", Role: api.RoleOperator, CSRF: "q8Zk3vN1xT7bW5yR2mC9"}
	h := readBy(v, bare(t, empty{}))
	w := fetched(h, "/incidents", "gzip")
	text := unzip(t, w.Body.Bytes())
	if n := strings.Count(text, `name="csrf" value="`+v.CSRF+`"`); n != 2 || bytes.Count(w.Body.Bytes(), []byte(v.CSRF)) != n {
		t.Errorf("%d forms with a secret, %d times outside of what is compressed", n, bytes.Count(w.Body.Bytes(), []byte(v.CSRF)))
	}
	if !strings.Contains(text, `action="/sign-out"`) || !strings.Contains(text, "đức") {
		t.Error("who has signed in cannot sign out")
	}
	if _, body := get(t, asOperator(bare(t, empty{})), http.MethodGet, "/"); strings.Contains(body, "/sign-out") {
		t.Error("where nobody signs in somebody may sign out")
	}
}
