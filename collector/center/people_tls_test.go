package center

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/users"
)

func TestAPersonSignsInOverTLSWorksAndIsShutOutOnceRemoved(t *testing.T) {
	o := guarded(t, "0.0.0.0:0") // beyond loopback
	b := o.browser()
	a := b.ask(http.MethodGet, "/incident/i1?lang=en", nil, named("giamsat.example.vn"))
	if a.status != http.StatusUnauthorized || !strings.Contains(a.body, `name="to" value="/incident/i1?lang=en"`) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if strings.Contains(a.body, "?v=\"") || !strings.Contains(a.body, "/static/board.css?v=") {
		t.Errorf("the style has no version: %s", a.body)
	}
	if !strings.HasPrefix(a.Get("Strict-Transport-Security"), "max-age=") || !strings.Contains(a.Get("Content-Security-Policy"), "default-src 'self'") {
		t.Errorf("%v", a.Header)
	}
	b.signIn("operator")
	if a := b.ask(http.MethodGet, "/site/bd-21997", nil); a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
		t.Errorf("%d %s", a.status, a.body)
	}
	other := o.browser().signIn("viewer")
	if err := users.Remove(o.cfg.Users, "operator"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // what `user remove` promises
	if a := b.ask(http.MethodPost, "/incidents/note", url.Values{"csrf": {b.token}}); a.status != http.StatusUnauthorized {
		t.Errorf("after their removal: %d", a.status)
	}
	if a := other.ask(http.MethodGet, "/sign-in", nil); a.status != http.StatusSeeOther {
		t.Errorf("another person: %d", a.status)
	}
}

func named(host string) func(*http.Request) { return func(r *http.Request) { r.Host = host } }

func TestAStrangerGetsNothingOutOfTheDoor(t *testing.T) {
	o := guarded(t, "0.0.0.0:0")
	b := o.browser()
	secret := []string{"Canh Liên", "communewatch_gate_requests_total", "operator"}
	for _, c := range []struct {
		method, path string
		change       func(*http.Request)
	}{
		{"GET", "/", nil},
		{"GET", "/static/../", nil},
		{"GET", "/static/..%2fsite/bd-21997", nil},
		{"GET", "/static/%2e%2e/site/bd-21997", nil},
		{"GET", "//site/bd-21997", nil},
		{"GET", "/site/bd-21997/", nil},
		{"GET", "/static/", nil},
		{"GET", "/metrics", named("giamsat.example.vn")},
		{"GET", "/metrics/", nil},
		{"GET", "/debug/pprof/", nil},
		{"GET", "/?part=live", nil},
		{"HEAD", "/incidents", nil},
		{"OPTIONS", "/incidents", nil},
		{"POST", "/sign-out", nil},
		{"POST", "/static/board.css", nil},
		{"GET", "/events", func(r *http.Request) { r.Header.Set("Accept", "text/event-stream") }},
		{"GET", "/", func(r *http.Request) { r.Header.Set("X-Forwarded-For", "127.0.0.1"); r.Host = "localhost" }},
		{"GET", "/metrics", func(r *http.Request) { r.Header.Set("X-Forwarded-For", "127.0.0.1"); r.Host = "giamsat.example.vn" }},
		{"GET", "/", func(r *http.Request) { r.Header.Set("Authorization", "Bearer operator") }},
		{"GET", "/", func(r *http.Request) { r.Header.Set("X-HTTP-Method-Override", "POST") }},
		{"GET", "/", func(r *http.Request) { r.Header.Set("Cookie", "__Host-communewatch-session="+strings.Repeat("A", 43)) }},
		{"GET", "/", func(r *http.Request) { r.Header.Set("Cookie", "communewatch-session="+strings.Repeat("A", 43)) }},
	} {
		var change []func(*http.Request)
		if c.change != nil {
			change = append(change, c.change)
		}
		a := b.ask(c.method, c.path, nil, change...)
		if a.status/100 == 2 {
			t.Errorf("%s %s: %d", c.method, c.path, a.status)
		}
		for _, s := range secret {
			if strings.Contains(a.body, s) {
				t.Errorf("%s %s tells %q", c.method, c.path, s)
			}
		}
	}
}

func TestABodyTooLargeForAFormIsRefusedByTheRealDoor(t *testing.T) {
	o := guarded(t, "127.0.0.1:0")
	b := o.browser().signIn("operator")
	a := b.ask(http.MethodPost, "/incidents/note", url.Values{"text": {strings.Repeat("a", 200<<10)}, "csrf": {b.token}})
	if a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestOnLoopbackWithoutUsersOnlyLoopbacksNamesAreAnswered(t *testing.T) {
	c, _ := running(t, on(t, t.TempDir()))
	ask := func(method, host, origin string) int {
		t.Helper()
		r, err := http.NewRequest(method, "http://"+c.PageAddr().String()+"/incidents", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		response, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	if status := ask(http.MethodGet, "rebound.example", ""); status != http.StatusForbidden {
		t.Errorf("under another name: %d", status)
	}
	if status := ask(http.MethodGet, "localhost", ""); status == http.StatusForbidden || status == http.StatusUnauthorized {
		t.Errorf("under its own: %d", status)
	}
	if status := ask(http.MethodPost, "localhost", "https://evil.example"); status != http.StatusForbidden && status != http.StatusMethodNotAllowed {
		t.Errorf("a form of another site: %d", status)
	}
}

func TestACollectorWhosePagesWouldBeOpenToAllDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	certify(t, dir, 1)
	cert, key, people := filepath.Join(dir, "pages.pem"), filepath.Join(dir, "pages.key"), filepath.Join(dir, "users")
	if err := os.WriteFile(people, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*Config){
		"nothing":             func(*Config) {},
		"no users":            func(c *Config) { c.PageCert, c.PageKey = cert, key },
		"no TLS":              func(c *Config) { c.Users = people },
		"no such users":       func(c *Config) { c.PageCert, c.PageKey, c.Users = cert, key, people+"x" },
		"a key for another":   func(c *Config) { c.PageCert, c.PageKey, c.Users = cert, people, people },
		"a certificate alone": func(c *Config) { c.PageCert, c.Users = cert, people },
	} {
		cfg := on(t, filepath.Join(dir, "data"), RoleBoard, RoleEnrol)
		cfg.Page = "0.0.0.0:0"
		change(&cfg)
		c, err := New(cfg, Deps{Log: slog.New(slog.DiscardHandler)})
		if err == nil {
			err = c.Run(t.Context())
		}
		if err == nil {
			t.Errorf("%s: it ran", what)
		}
	}
}

func TestAPageBeyondThisMachineIsComplainedOfWithItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		"page: :8480\n":                                      ":1:7: :8480 is open beyond this machine: there the pages need users and TLS; set users, page_cert, page_key too",
		"page: 192.168.1.5:8480\nusers: u\n":                 ":1:7: 192.168.1.5:8480 is open beyond this machine: there the pages need users and TLS; set page_cert, page_key too",
		"users: u\npage: noc.example:8480\n":                 ":2:7: noc.example:8480",
		"page_key: k\n":                                      ":1:11: page_cert is missing",
		"page: ':8480'\npage_cert: c\npage_key: k\n":         ":1:7: :8480 is open beyond this machine: there the pages need users and TLS; set users too",
		"page: :8480\nusers: u\npage_cert: c\npage_key: k\n": "",
		"page: 127.0.0.1:8480\n":                             "",
		"page: '[::1]:8480'\nusers: u\n":                     "",
		"page: localhost:8480\n":                             "",
	} {
		file := filepath.Join(t.TempDir(), "collector.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadConfig(file)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestSigningInIsHeldOffByTheRealDoorToo(t *testing.T) {
	o := guarded(t, "127.0.0.1:0")
	b := o.browser()
	statuses := map[int]int{}
	for range 12 {
		a := b.ask(http.MethodPost, "/sign-in", url.Values{"csrf": {b.form("/sign-in")}, "name": {"operator"}, "password": {"x"}})
		statuses[a.status]++
	}
	if statuses[http.StatusTooManyRequests] < 1 || statuses[http.StatusUnauthorized] < 10 {
		t.Errorf("%v", statuses)
	}
	request, err := http.NewRequest(http.MethodGet, "https://"+o.PageAddr().String()+api.PathMetrics, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := b.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || !bytes.Contains(data, []byte(`communewatch_users_sign_ins_total{result="wrong"} 1`)) {
		t.Errorf("not counted: %v", err)
	}
}
