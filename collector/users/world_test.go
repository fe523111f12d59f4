package users

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"communewatch/collector/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Passwords of the test's people.
const (
	ansPassword  = "con trâu đi trước"
	lansPassword = "cái cày theo sau"
)

// house is a door before a page that says who reads it.
type house struct {
	*Door
	http.Handler
	t    *testing.T
	file string
	log  *buffer
}

// buffer is a log that may be read while it is written.
type buffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

// cheap is a person whose hash costs little.
func cheap(name string, role api.UserRole, password string) string {
	return Person{name, role, hashOf(password, leastCost)}.line() + "\n"
}

// people2 are an operator and a viewer.
func people2() string {
	return cheap("Nguyễn Văn An", api.RoleOperator, ansPassword) + cheap("lan", api.RoleViewer, lansPassword)
}

func open(t *testing.T, secure bool, people string) *house {
	t.Helper()
	h := &house{t: t, file: filepath.Join(t.TempDir(), "users"), log: &buffer{}}
	h.write(people)
	var err error
	h.Door, err = New(Config{File: h.file, Secure: secure}, Deps{Log: slog.New(slog.NewTextHandler(h.log, nil)), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	h.Handler = h.Before(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, known := api.VisitorFrom(r.Context())
		if !known {
			io.WriteString(w, "nobody")
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		io.WriteString(w, v.Name+" "+string(v.Role)+" "+r.FormValue("text")+string(body))
	}))
	return h
}

// write puts another file in the old one's place.
func (h *house) write(people string) {
	h.t.Helper()
	if err := os.WriteFile(h.file+".new", []byte(people), 0o600); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Rename(h.file+".new", h.file); err != nil {
		h.t.Fatal(err)
	}
}

// browser keeps cookies, as one does that is at one address.
type browser struct {
	*house
	address string
	cookies map[string]string
	set     []*http.Cookie // by the last answer
}

func (h *house) browser(address string) *browser {
	return &browser{house: h, address: address, cookies: map[string]string{}}
}

func (b *browser) ask(method, path string, form url.Values, header ...string) (*http.Response, string) {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, path, body)
	r.RemoteAddr = b.address + ":40000"
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return b.do(r)
}

func (b *browser) do(r *http.Request) (*http.Response, string) {
	b.t.Helper()
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	answer := w.Result()
	b.set = answer.Cookies()
	for _, c := range b.set {
		b.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return answer, w.Body.String()
}

var tokenField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// form is the token of the form at an address.
func (b *browser) form(path string) string {
	b.t.Helper()
	_, body := b.ask(http.MethodGet, path, nil)
	m := tokenField.FindStringSubmatch(body)
	if m == nil {
		b.t.Fatalf("%s has no form: %s", path, body)
	}
	return m[1]
}

// try fills in the form.
func (b *browser) try(name, password, to string) (*http.Response, string) {
	b.t.Helper()
	return b.ask(http.MethodPost, "/sign-in", url.Values{"csrf": {b.form("/sign-in")}, "name": {name}, "password": {password}, "to": {to}})
}

// in is a browser that is signed in.
func (h *house) in(name, password string) *browser {
	h.t.Helper()
	b := h.browser("192.0.2.7")
	if r, body := b.try(name, password, "/"); r.StatusCode != http.StatusSeeOther {
		h.t.Fatalf("%d %s", r.StatusCode, body)
	}
	return b
}

// sees is what a page says to a browser.
func (b *browser) sees(want string) {
	b.t.Helper()
	if r, body := b.ask(http.MethodGet, "/incidents", nil); r.StatusCode != http.StatusOK || strings.TrimSpace(body) != want {
		b.t.Errorf("%d %.200s, want %s", r.StatusCode, body, want)
	}
}

func (b *browser) isOut() {
	b.t.Helper()
	if r, body := b.ask(http.MethodGet, "/incidents", nil); r.StatusCode != http.StatusUnauthorized || !strings.Contains(body, `name="password"`) {
		b.t.Errorf("%d %.200s", r.StatusCode, body)
	}
}
