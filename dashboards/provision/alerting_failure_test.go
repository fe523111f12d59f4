package provision

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"communewatch/dashboards"
)

func TestWhatCannotBeDoneWithAlertsIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*fakeGrafana, *Config)
		want  string
		rules int // that are there after it all the same
	}{
		"a Grafana too old":           {func(f *fakeGrafana, _ *Config) { f.version = "11.6.0" }, "need Grafana 12.0 or newer; --alerts=false", 0},
		"a template group":            {func(f *fakeGrafana, _ *Config) { f.foreignTemplate("communewatch") }, "is not ours", 0},
		"the record":                  {func(f *fakeGrafana, _ *Config) { f.foreignTemplate(recordName) }, "is not ours", 0},
		"a rule":                      {func(f *fakeGrafana, _ *Config) { f.alerting.rules["cw-plain-loss"] = map[string]any{"title": "x"} }, "without the annotation", 19},
		"a rule of ours, from a file": {func(f *fakeGrafana, _ *Config) { f.oldRule("file") }, "from a file", 19},
		"templates of ours, from a file": {func(f *fakeGrafana, _ *Config) {
			f.oldTemplate()
			f.alerting.templates["communewatch"]["provenance"] = "file"
		}, "from a file", 0},
		"another of our name": {func(f *fakeGrafana, _ *Config) { f.foreignContact("hand", "CommuneWatch", "email", "") }, "another contact point called", 0},
		"another of our UID":  {func(f *fakeGrafana, _ *Config) { f.foreignContact("cw-email", "Khác", "email", "") }, "which is not ours", 0},
		"ours, from a file":   {func(f *fakeGrafana, _ *Config) { f.foreignContact("cw-email", "CommuneWatch", "email", "file") }, "from a file", 0},
		"policies from a file": {func(f *fakeGrafana, _ *Config) {
			f.alerting.policies = json.RawMessage(`{"receiver":"grafana-default-email","provenance":"file"}`)
		}, "from a file", 28},
		"two routes of ours": {func(f *fakeGrafana, _ *Config) {
			f.alerting.policies = json.RawMessage(`{"receiver":"grafana-default-email","routes":[` + oldRoute + `,{"routes":[` + oldRoute + `]}]}`)
		}, "there are 2 routes", 28},
		"policies not a tree": {func(f *fakeGrafana, _ *Config) { f.alerting.policies = json.RawMessage(`{"routes":7}`) }, "read the notification policies", 28},
		"a template in between": {func(f *fakeGrafana, _ *Config) {
			f.oldTemplate()
			f.beforeWrite = f.meanwhile
		}, "409", 0},
		"half a Telegram":      {func(_ *fakeGrafana, c *Config) { c.Contacts.TelegramChat = "" }, "both", 0},
		"a wrong address":      {func(_ *fakeGrafana, c *Config) { c.Contacts.Webhook = "relay/webhookSecretPath" }, "the address of the webhook", 0},
		"a wrong mail address": {func(_ *fakeGrafana, c *Config) { c.Contacts.Emails = []string{"noc"} }, "no e-mail address", 0},
		"pages too long":       {func(_ *fakeGrafana, c *Config) { c.Pages = "http://" + strings.Repeat("x", 80) }, "longer than 80", 0},
		"a template in pages":  {func(_ *fakeGrafana, c *Config) { c.Pages = "http://x/{{.}}" }, "braces", 0},
	} {
		t.Run(name, func(t *testing.T) {
			fake, cfg := newGrafana(t)
			c.spoil(fake, &cfg)
			foreign := string(fake.alerting.policies)
			failed(t, t.Context(), cfg, c.want)
			if string(fake.alerting.policies) != foreign || strings.Contains(name, "secret") {
				t.Errorf("policies were written: %s", fake.alerting.policies)
			}
			if n := len(fake.alerting.rules); n < c.rules {
				t.Errorf("%d rules, want %d", n, c.rules)
			}
		})
	}
}

func (f *fakeGrafana) foreignTemplate(name string) {
	f.alerting.templates[name] = map[string]any{"name": name, "template": `{{ define "x" }}{{ end }}`, "version": "1"}
}

func (f *fakeGrafana) oldTemplate() {
	f.alerting.templates["communewatch"] = map[string]any{"name": "communewatch", "template": "{{/* communewatch_version cw-0 */}}", "version": "1"}
}

func (f *fakeGrafana) oldRule(provenance string) {
	f.alerting.rules["cw-plain-loss"] = map[string]any{
		"uid": "cw-plain-loss", "title": "x", "folderUID": "communewatch", "provenance": provenance,
		"annotations": map[string]any{dashboards.VersionLabel: "cw-0"},
	}
}

func (f *fakeGrafana) meanwhile(path string) {
	if strings.HasSuffix(path, "templates/communewatch") {
		f.alerting.templates["communewatch"]["version"] = "later"
	}
}

func (f *fakeGrafana) foreignContact(uid, name, kind, provenance string) {
	f.alerting.contacts = append(f.alerting.contacts, map[string]any{
		"uid": uid, "name": name, "type": kind, "provenance": provenance, "disableResolveMessage": false, "settings": map[string]any{"addresses": "x@x"},
	})
}

func TestAnErrorOfGrafanaRepeatsNoChannelsSecret(t *testing.T) {
	for _, call := range []string{"POST", "PUT"} {
		fake, cfg := newGrafana(t)
		echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != call || !strings.Contains(r.URL.Path, "/contact-points") {
				fake.ServeHTTP(w, r)
				return
			}
			body, _ := io.ReadAll(r.Body)
			fake.refuse(w, http.StatusBadRequest, "cannot use "+string(body), "")
		}))
		t.Cleanup(echo.Close)
		if call == "PUT" {
			run(t, cfg)
			cfg.Contacts.TelegramToken, cfg.Contacts.Webhook, cfg.Contacts.Watchdog = "1:otherSecret", "http://x/otherSecret?k=otherSecret", "http://hostSecret.example"
		}
		for range 3 { // each of the three with a secret comes first once
			cfg.GrafanaURL = echo.URL
			var log bytes.Buffer
			_, err := Provision(t.Context(), cfg, Deps{Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err == nil || !strings.Contains(err.Error(), "cannot use") || strings.Contains(err.Error()+log.String(), "Secret") {
				t.Errorf("%s: %v", call, err)
			}
			cfg.Contacts.Emails, cfg.Contacts.TelegramToken, cfg.Contacts.TelegramChat = nil, "", ""
			if err != nil && strings.Contains(err.Error(), "cw-webhook") {
				cfg.Contacts.Webhook = ""
			}
		}
	}
}
