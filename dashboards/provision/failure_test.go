package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// failures are the ways in which it can go wrong, and what must be said.
var failures = map[string]struct {
	handler func(*fakeGrafana) http.Handler
	want    string
}{
	"token not known": {func(f *fakeGrafana) http.Handler { f.authorization = "Bearer other"; return f }, "service account with the role Admin"},
	"token too weak":  {func(f *fakeGrafana) http.Handler { f.forbidden = true; return f }, "needs the role Admin"},
	"too old":         {func(f *fakeGrafana) http.Handler { f.version = "9.5.1"; return f }, "9.5.1 is too old, these dashboards need Grafana 10.2"},
	"a login page": {func(*fakeGrafana) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html><form>" + r.Header.Get("Authorization")))
		})
	}, "answers 200 with text/html and not with JSON"},
	"a page that claims to be JSON": {func(*fakeGrafana) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("<html>"))
		})
	}, "not a Grafana's API"},
	"another JSON service": {func(*fakeGrafana) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"status":"UP"}`))
		})
	}, "not as a Grafana does"},
	"a redirect": {func(*fakeGrafana) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://sso.example/login?token="+r.Header.Get("Authorization"), http.StatusFound)
		})
	}, "redirect to https://sso.example/login;"},
	"an answer without end": {func(*fakeGrafana) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(bytes.Repeat([]byte(" "), maxAnswerBytes+1))
		})
	}, "longer than 4194304 bytes"},
	"an error that repeats what it was sent": {func(f *fakeGrafana) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				f.ServeHTTP(w, r)
				return
			}
			var body struct{ SecureJSONData map[string]string }
			_ = json.NewDecoder(r.Body).Decode(&body)
			f.refuse(w, http.StatusInternalServerError, "cannot use "+body.SecureJSONData["httpHeaderValue1"]+" with "+r.Header.Get("Authorization"), "")
		})
	}, "Grafana answers 500: cannot use Token … with Bearer …"},
}

func TestEveryFailureSaysWhatToDoAndNoSecret(t *testing.T) {
	for name, c := range failures {
		t.Run(name, func(t *testing.T) {
			fake, _ := newFake(t, "Bearer "+grafanaToken)
			server := httptest.NewServer(c.handler(fake))
			defer server.Close()
			failed(t, t.Context(), config(server.URL), c.want)
			if writes := fake.takeWrites(); writes != nil {
				t.Errorf("it wrote %q", writes)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		failed(t, t.Context(), config(server.URL), "cannot reach Grafana")
	})
	t.Run("no answer", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }))
		defer server.Close()
		failed(t, ctx, config(server.URL), context.Canceled.Error())
	})
}

// failed runs and wants an error with these words, and no secret in it nor in the log.
func failed(t *testing.T, ctx context.Context, cfg Config, want string) {
	t.Helper()
	var log bytes.Buffer
	_, err := Provision(ctx, cfg, Deps{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("error is %v, want %q", err, want)
	}
	for _, secret := range []string{grafanaToken, "s3cretOfInflux"} {
		if said := err.Error() + log.String(); strings.Contains(said, secret) {
			t.Errorf("the secret is said: %s", said)
		}
	}
}

func TestAPasswordIsNotSaidEither(t *testing.T) {
	fake, _ := newFake(t, "Basic other")
	server := httptest.NewServer(failures["an error that repeats what it was sent"].handler(fake))
	defer server.Close()
	cfg := config(server.URL)
	cfg.Token = "admin:" + grafanaToken
	fake.authorization = authorization(cfg.Token)
	failed(t, t.Context(), cfg, "500")
	cfg.Token = "admin:wrong" + grafanaToken
	failed(t, t.Context(), cfg, "(401)")
}

func TestAConfigurationThatCannotWorkIsRefusedBeforeAnyCall(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Config)
		want  string
	}{
		"no token":             {func(c *Config) { c.Token = " " }, "no token for Grafana"},
		"two lines":            {func(c *Config) { c.Token = "a\nb" }, "more than one line"},
		"no address":           {func(c *Config) { c.GrafanaURL = "" }, "Grafana's address"},
		"no scheme":            {func(c *Config) { c.InfluxURL = "127.0.0.1:8086" }, "InfluxDB's address"},
		"password in address":  {func(c *Config) { c.GrafanaURL = "http://admin:s3cretOfInflux@h" }, "holds a user or password"},
		"unreadable address":   {func(c *Config) { c.GrafanaURL = "http://admin:s3cretOfInflux@h:x y" }, "cannot be read"},
		"language not at hand": {func(c *Config) { c.Lang = "fr" }, `language "fr"`},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config("http://127.0.0.1:1")
			c.spoil(&cfg)
			failed(t, t.Context(), cfg, c.want)
		})
	}
}
