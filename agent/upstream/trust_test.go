package upstream

import (
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWhichCollectorsAreTrusted(t *testing.T) {
	ca, other := newAuthority(t, past, future), newAuthority(t, past, future)
	file := func(a *authority) string {
		path := filepath.Join(t.TempDir(), "ca.pem")
		must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), 0o600))
		return path
	}
	// A chain that shows the pinned CA without being signed by it.
	forged := other.server(t, past, future, "127.0.0.1")
	forged.Certificate[1] = ca.cert.Raw

	trusted := ca.server(t, past, future, "127.0.0.1")
	for name, c := range map[string]struct {
		change func(*Config)
		server *collector
		want   string // in the refusal; empty is trusted
	}{
		"the pinned CA":             {nil, startCollector(t, ca, trusted, stored), ""},
		"the CA from a file":        {func(c *Config) { c.Pin, c.CAFile = "", file(ca) }, startCollector(t, ca, trusted, stored), ""},
		"another pin":               {func(c *Config) { c.Pin = other.pin() }, startCollector(t, ca, trusted, stored), "pinned CA is not in the chain"},
		"another CA in the file":    {func(c *Config) { c.Pin, c.CAFile = "", file(other) }, startCollector(t, ca, trusted, stored), "unknown authority"},
		"another name":              {nil, startCollector(t, ca, ca.server(t, past, future, "collector.example"), stored), "127.0.0.1"},
		"only shown, not signed by": {nil, startCollector(t, ca, forged, stored), "unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			q := newMemory(1)
			var change []func(*Config)
			if c.change != nil {
				change = append(change, c.change)
			}
			s := sender(t, c.server, q, change...)
			defer s.remote.close()
			s.once(t.Context())
			if c.want == "" {
				if len(q.batches) != 0 {
					t.Errorf("not sent: %+v", s.Stats())
				}
				return
			}
			if got := s.Stats().Trouble; got != ReasonCertificate {
				t.Errorf("trouble is %q, want %q", got, ReasonCertificate)
			}
			if v := s.learnTime(t.Context()); !strings.Contains(v.message, c.want) {
				t.Errorf("refused with %q, want %q in it", v.message, c.want)
			}
			if got := c.server.requests(); len(got) > 0 || len(q.batches) != 1 {
				t.Errorf("%d requests reached a server that is not trusted, %d batches left", len(got), len(q.batches))
			}
		})
	}
}

// The PC's clock is what the certificate's dates and the collector's clock differ
// from: here they are years apart from this machine's.
func TestAPCWithAClockInAnyYearConnectsAndLearnsTheTime(t *testing.T) {
	for name, ahead := range map[string]time.Duration{
		"the PC is in 1970":          56 * 365 * 24 * time.Hour,
		"the PC is years ahead":      -20 * 365 * 24 * time.Hour,
		"the PC is right, after all": 0,
	} {
		t.Run(name, func(t *testing.T) {
			ca := newAuthority(t, past.Add(ahead-time.Minute), future.Add(ahead))
			c := startCollector(t, ca, ca.server(t, past.Add(ahead), future.Add(ahead), "127.0.0.1"), stored)
			c.ahead = ahead
			q, w := newMemory(1), &watch{}
			s := senderWith(t, c, q, w, slog.DiscardHandler)
			defer s.remote.close()
			s.once(t.Context())
			if len(q.batches) != 0 || c.asked != 1 {
				t.Errorf("%d batches left, asked %d times: %+v", len(q.batches), c.asked, s.Stats())
			}
			now, known := w.Collector()
			if !known || now.Sub(time.Now().Add(ahead)).Abs() > 10*time.Second {
				t.Errorf("the collector's time was learnt as %s (%t)", now, known)
			}
		})
	}
}

func TestAnExpiredCertificateIsRefusedOnceTheTimeIsKnownAndNeverSeesTheToken(t *testing.T) {
	for name, validity := range map[string][2]time.Time{
		"expired":       {past, past.Add(time.Minute)},
		"not yet valid": {future.Add(-time.Minute), future},
	} {
		t.Run(name, func(t *testing.T) {
			ca := newAuthority(t, past, future)
			c := startCollector(t, ca, ca.server(t, validity[0], validity[1], "127.0.0.1"), stored)
			q := newMemory(1)
			s := sender(t, c, q)
			defer s.remote.close()
			for range 3 {
				s.once(t.Context())
			}
			if s.Stats().Trouble != ReasonCertificate || len(q.batches) != 1 {
				t.Errorf("%+v, %d batches left", s.Stats(), len(q.batches))
			}
			if got := c.requests(); len(got) > 0 {
				t.Errorf("the token was sent to a server with a certificate that is %s", name)
			}
		})
	}
}

func TestAWrongTimeThatTheCollectorOnceSaidDoesNotLockTheAgentOut(t *testing.T) {
	c := newCollector(t, stored)
	q := newMemory(1)
	w := &watch{ahead: 10 * 365 * 24 * time.Hour, known: true} // its clock was ten years ahead then
	s := senderWith(t, c, q, w, slog.DiscardHandler)
	defer s.remote.close()
	s.once(t.Context()) // refused: by that time the certificate has expired
	if got := s.Stats().Trouble; got != ReasonCertificate || len(c.requests()) != 0 {
		t.Fatalf("trouble %q after the first attempt, %d requests", got, len(c.requests()))
	}
	s.once(t.Context()) // asks again, and sends
	if len(q.batches) != 0 || s.Stats().Trouble != "" {
		t.Errorf("%d batches left, %+v", len(q.batches), s.Stats())
	}
}

func TestSettingsThatCannotWorkAreRefusedWhenTheSenderIsMade(t *testing.T) {
	pin := "sha256:" + strings.Repeat("0f", 32)
	for name, cfg := range map[string]Config{
		"http":                 {URL: "http://127.0.0.1:8443", Token: "t", Pin: pin},
		"no address":           {Token: "t", Pin: pin},
		"no host":              {URL: "https://", Token: "t", Pin: pin},
		"a password in it":     {URL: "https://u:p@host", Token: "t", Pin: pin},
		"a query":              {URL: "https://host/?a=b", Token: "t", Pin: pin},
		"no token":             {URL: "https://host", Pin: pin},
		"a token with newline": {URL: "https://host", Token: "t\n", Pin: pin},
		"no pin":               {URL: "https://host", Token: "t"},
		"a short pin":          {URL: "https://host", Token: "t", Pin: "sha256:0f"},
		"a bare pin":           {URL: "https://host", Token: "t", Pin: strings.Repeat("0f", 32)},
		"pin and file":         {URL: "https://host", Token: "t", Pin: pin, CAFile: "x"},
		"a file that is not":   {URL: "https://host", Token: "t", CAFile: filepath.Join(t.TempDir(), "none")},
	} {
		if _, err := New(cfg, Deps{Queue: newMemory(0), Clock: &watch{}, Log: slog.New(slog.DiscardHandler)}); err == nil {
			t.Errorf("%s: taken", name)
		} else if cfg.Token == "t\n" && strings.Contains(err.Error(), "t\n") {
			t.Errorf("%s: the error tells the token: %v", name, err)
		}
	}
	if _, err := New(Config{URL: "https://host:8443/watch/", Token: "t", Pin: pin}, Deps{}); err == nil {
		t.Error("a sender without a queue was made")
	}
}
