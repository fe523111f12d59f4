package watch

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"communewatch/collector/say"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPeopleAreToldOnceThenEveryHourAndWhenItIsOver(t *testing.T) {
	start := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	broken := errors.New("refused")
	var s state
	var told []string
	for minute := range 200 {
		problem := broken
		switch {
		case minute < 5, minute == 20, minute >= 150: // one good answer is over; one minute's failure later is nothing
			problem = nil
		}
		if minute == 170 {
			problem = broken
		}
		var n news
		s, n = decide(s, problem, start.Add(time.Duration(minute)*time.Minute), 3, time.Hour)
		if n != nothing {
			told = append(told, map[news]string{down: "down", up: "up"}[n]+" "+time.Duration(minute*int(time.Minute)).String())
			s.told(n, start.Add(time.Duration(minute)*time.Minute))
		}
	}
	want := []string{"down 7m0s", "up 20m0s", "down 23m0s", "down 1h23m0s", "down 2h23m0s", "up 2h30m0s"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCouldNotBeToldIsToldTheNextTime(t *testing.T) {
	now := time.Now()
	s, n := decide(state{Failed: 2, Since: now}, errors.New("x"), now, 3, time.Hour)
	if n != down {
		t.Fatal("not told")
	}
	if s, n = decide(s, errors.New("x"), now.Add(time.Minute), 3, time.Hour); n != down {
		t.Error("not told again after telling failed")
	}
	s.told(down, now)
	s, n = decide(s, nil, now.Add(2*time.Minute), 3, time.Hour)
	if n != up {
		t.Error("not told that it is over")
	}
	if _, n = decide(s, nil, now.Add(3*time.Minute), 3, time.Hour); n != up {
		t.Error("not told again that it is over")
	}
}

func TestAClockThatWentBackSilencesNobody(t *testing.T) {
	now := time.Now()
	if _, n := decide(state{Failed: 9, Since: now, Told: now.Add(1000 * time.Hour)}, errors.New("x"), now, 3, time.Hour); n != down {
		t.Error("nobody is told until the clock has come so far again")
	}
}

// world is a collector, a webhook, and how each answers.
type world struct {
	cfg    Config
	answer atomic.Pointer[func(http.ResponseWriter)]
	refuse atomic.Bool
	posts  chan message
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{posts: make(chan message, 9)}
	collector := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("asked for %s", r.URL)
		}
		(*w.answer.Load())(rw)
	}))
	t.Cleanup(collector.Close)
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.refuse.Load() {
			rw.WriteHeader(http.StatusBadGateway)
			return
		}
		var m message
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("posted: %v", err)
		}
		w.posts <- m
	}))
	t.Cleanup(hook.Close)
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: collector.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	w.cfg = DefaultConfiguration()
	w.cfg.Ready, w.cfg.CA, w.cfg.State, w.cfg.After, w.cfg.Webhook = collector.URL+"/readyz", ca, filepath.Join(dir, "state"), 2, hook.URL+"/secretPath"
	w.says(http.StatusOK, "ok\n")
	return w
}

func (w *world) says(status int, body string) {
	f := func(rw http.ResponseWriter) {
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, body)
	}
	w.answer.Store(&f)
}

// posted is what came by the webhook, or nothing.
func (w *world) posted() *message {
	select {
	case m := <-w.posts:
		return &m
	default:
		return nil
	}
}

func TestACollectorThatFailsIsToldByWebhookAndThatItWorksAgain(t *testing.T) {
	w := newWorld(t)
	once := func(problem string) {
		t.Helper()
		r, err := Once(t.Context(), w.cfg)
		if err != nil || (r.Problem == nil) != (problem == "") || r.Problem != nil && !strings.Contains(r.Problem.Error(), problem) {
			t.Fatalf("%+v %v, want problem %q", r, err, problem)
		}
	}
	once("")
	w.says(http.StatusServiceUnavailable, `{"code":"unavailable","message":"InfluxDB: disk full"}`)
	once("503")
	if w.posted() != nil {
		t.Error("told after one failure")
	}
	once("disk full")
	m := w.posted()
	if m == nil || m.Status != "firing" || m.Title != "Trung tâm CommuneWatch không chạy" || !strings.Contains(m.Text, "2 lần liên tiếp") || !strings.Contains(m.Text, "disk full") {
		t.Errorf("posted %+v", m)
	}
	w.says(http.StatusOK, "<html>please log in</html>")
	once("something else answers")
	w.says(http.StatusOK, "ok\n")
	once("")
	if m := w.posted(); m == nil || m.Status != "resolved" || m.Title != "Trung tâm CommuneWatch chạy lại" {
		t.Errorf("posted %+v", m)
	}
	once("")
	if w.posted() != nil {
		t.Error("told twice that it works")
	}
}

func TestNobodyIsForgottenWhenTheWebhookFails(t *testing.T) {
	w := newWorld(t)
	w.cfg.After = 1
	w.says(http.StatusInternalServerError, "")
	w.refuse.Store(true)
	_, err := Once(t.Context(), w.cfg)
	if err == nil || !strings.Contains(err.Error(), "502") || strings.Contains(err.Error(), "secretPath") {
		t.Errorf("error is %v", err)
	}
	w.cfg.Webhook = "http://127.0.0.1:1/secretPath"
	if _, err := Once(t.Context(), w.cfg); err == nil || strings.Contains(err.Error(), "secretPath") {
		t.Errorf("error is %v", err)
	}
	out := filepath.Join(t.TempDir(), "told")
	w.cfg.Command = []string{"sh", "-c", `{ echo "$COMMUNEWATCH_STATUS: $COMMUNEWATCH_TITLE"; cat; } > "$0"`, out}
	w.cfg.Lang = say.English
	r, err := Once(t.Context(), w.cfg)
	if err != nil || !r.Told || r.Missed == nil {
		t.Errorf("%+v %v", r, err)
	}
	got, _ := os.ReadFile(out)
	if !strings.HasPrefix(string(got), "firing: The CommuneWatch collector does not work\nThe CommuneWatch collector does not work\n\n") || !strings.Contains(string(got), "3 times in a row): 500") {
		t.Errorf("the command got\n%s", got)
	}
}

func TestAnotherCertificateIsNotTheCollector(t *testing.T) {
	w := newWorld(t)
	w.cfg.CA = ""
	if r, err := Once(t.Context(), w.cfg); err != nil || r.Problem == nil || !strings.Contains(r.Problem.Error(), "certificate") {
		t.Errorf("%+v %v", r, err)
	}
}

func TestBeingStoppedSaysNothingOfTheCollector(t *testing.T) {
	w := newWorld(t)
	w.cfg.After = 1
	ctx, cancel := context.WithCancel(t.Context())
	stop := func(http.ResponseWriter) { cancel() }
	w.answer.Store(&stop)
	if _, err := Once(ctx, w.cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if _, err := os.Stat(w.cfg.State); err == nil || w.posted() != nil {
		t.Error("it is remembered or told")
	}
}

func TestADamagedMemoryIsNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	for _, content := range []string{"", "{", `{"failed":-5}`, `"x"`} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := readState(path); got != (state{}) {
			t.Errorf("%q is read as %+v", content, got)
		}
	}
}

func TestAConfigurationThatCannotTellIsRefused(t *testing.T) {
	good := Config{Ready: "https://c:1/readyz", State: "s", After: 1, Repeat: time.Hour, Webhook: "http://h"}
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Config){
		"no address":     func(c *Config) { c.Ready = "" },
		"no memory":      func(c *Config) { c.State = "" },
		"nobody":         func(c *Config) { c.Webhook = "" },
		"never":          func(c *Config) { c.After = 0 },
		"too often":      func(c *Config) { c.Repeat = time.Second },
		"a wrong secret": func(c *Config) { c.Webhook = "secretPath" },
		"a wrong one":    func(c *Config) { c.Ready = "readyz\x00" },
	} {
		c := good
		spoil(&c)
		if err := c.check(); err == nil || strings.Contains(err.Error(), "secretPath") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatAStrangerAnswersMovesNoTerminal(t *testing.T) {
	w := newWorld(t)
	for name, one := range map[string]struct {
		answer func(http.ResponseWriter)
		want   string
	}{
		"escapes": {func(rw http.ResponseWriter) {
			rw.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(rw, "bad\x1b[2J\x07 \u202eđĩa\r\nđầy\u200b")
		}, "500 bad [2J đĩa đầy"},
		"redirect": {func(rw http.ResponseWriter) {
			rw.Header().Set("Location", "https://portal.example/login")
			rw.WriteHeader(http.StatusFound)
		}, "302, which leads to https://portal.example/login; the collector answers itself"},
	} {
		w.answer.Store(&one.answer)
		r, err := Once(t.Context(), w.cfg)
		if err != nil || r.Problem == nil {
			t.Fatalf("%s: %+v %v", name, r, err)
		}
		if diff := cmp.Diff(one.want, r.Problem.Error()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
