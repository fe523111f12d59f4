package upstream

import (
	"bytes"
	"crypto/ecdsa"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

// serials names the certificates under which the writes came.
func (c *centre) serials() []string {
	var out []string
	for _, r := range c.collector.requests() {
		if r.peer == nil {
			out = append(out, "none")
			continue
		}
		out = append(out, r.peer.SerialNumber.Text(10))
	}
	return out
}

// drain sends what waits, in at most so many exchanges.
func drain(t *testing.T, s *Sender, q *memory, most int) {
	t.Helper()
	for range most {
		s.once(t.Context())
		if len(q.Sequences()) == 0 {
			return
		}
	}
}

func TestACertificateIsRenewedInTimeAndShownFromTheNextWriteOn(t *testing.T) {
	c := newCentre(t)
	c.renew = -time.Second
	path := c.enrolled()
	c.renew = 30 * 24 * time.Hour
	was := contents(t, path)
	q := newMemory(1)
	s := c.office(q, path, slog.DiscardHandler, nil)
	s.identity.renewAfter = time.Now().Add(-time.Second)
	drain(t, s, q, 1)
	got := c.requests()
	if len(got) != 1 || got[0].path != api.PathRenew || got[0].req.Token != "" || got[0].req.Machine != "marks" || got[0].peer.SerialNumber.Int64() != 101 {
		t.Fatalf("asked %+v", got)
	}
	if !bytes.Equal(contents(t, path+priorSuffix), was) {
		t.Error("the one before is not kept")
	}
	for i := range 3 {
		q.put(uint64(10+i), api.ClockSynced, "x v=1i 1\n")
		drain(t, s, q, 1)
	}
	if diff := cmp.Diff([]string{"101", "102", "102", "102"}, c.serials()); diff != "" {
		t.Errorf("writes came under (-want +got):\n%s", diff)
	}
	if dialed, resumed := c.connections(); dialed != 2 || resumed != 0 {
		t.Errorf("%d connections, %d of them resumed a session: the certificate of a session is that of its handshake", dialed, resumed)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("files are left: %v", files)
	}
	if st := s.Stats(); st.Renewed.IsZero() || !st.CertificateUntil.Equal(c.issued[1].NotAfter) {
		t.Errorf("%+v", st)
	}
	old, err := parseIdentity(was)
	must(t, err)
	if got[0].key.Equal(&old.key.PublicKey) {
		t.Error("the key is the same as before")
	}
	if len(c.requests()) != 1 {
		t.Errorf("asked %d times", len(c.requests()))
	}
}

func TestAfterMonthsSwitchedOffACertificateThatHasEndedIsRenewedBeforeAnythingIsSent(t *testing.T) {
	c := newCentre(t)
	c.life, c.renew = -time.Second, -2*time.Second
	path := c.enrolled()
	c.life, c.renew = time.Hour, time.Minute
	q := newMemory(2)
	s := c.office(q, path, slog.DiscardHandler, nil)
	drain(t, s, q, 3)
	if diff := cmp.Diff([]string{"102", "102"}, c.serials()); diff != "" || len(q.Sequences()) > 0 {
		t.Errorf("%d left, writes came under (-want +got):\n%s", len(q.Sequences()), diff)
	}
	if got := c.requests(); len(got) != 1 || got[0].peer.SerialNumber.Int64() != 101 {
		t.Errorf("asked %+v", got)
	}
}

func TestWhereTheCollectorSaysThatACertificateHasEndedItIsRenewedAndTheSameIsSentAgain(t *testing.T) {
	c := newCentre(t)
	path := c.enrolled()
	q := newMemory(1)
	c.barred["65"] = api.CodeExpired // 101
	c.answerWith(c.write)
	c.routes[api.PathRenew] = func(w http.ResponseWriter, r *http.Request) {
		c.with(func(c *centre) { delete(c.barred, "65") })
		c.certify(w, r)
	}
	s := c.office(q, path, slog.DiscardHandler, nil)
	if next := s.once(t.Context()); next.wait != 0 {
		t.Errorf("waits %s", next.wait)
	}
	drain(t, s, q, 1)
	if diff := cmp.Diff([]string{"101", "102"}, c.serials()); diff != "" {
		t.Errorf("writes came under (-want +got):\n%s", diff)
	}
}

func TestARenewalWhoseAnswerWasLostAsksWithTheSameKeyOverRestartsToo(t *testing.T) {
	c := newCentre(t)
	c.life, c.renew = -time.Second, -2*time.Second
	path := c.enrolled()
	c.life, c.renew = time.Hour, time.Minute
	lost := 0
	c.after = func(w http.ResponseWriter, _ string) bool {
		if lost++; lost > 3 {
			return false
		}
		hijacked(w).Close()
		return true
	}
	q := newMemory(1)
	for range 6 {
		s := c.office(q, path, slog.DiscardHandler, nil)
		drain(t, s, q, 2)
	}
	got := c.requests()
	for _, r := range got {
		if !r.key.Equal(got[0].key) {
			t.Error("asked with another key")
		}
	}
	if len(got) < 3 || len(q.Sequences()) != 0 {
		t.Errorf("asked %d times, %d left", len(got), len(q.Sequences()))
	}
}

func identified(path string) func(*Config) {
	return func(cfg *Config) { cfg.Token, cfg.Identity, cfg.Who, cfg.Session = "", path, machine, session }
}

// bubbleCentre is a centre without a network.
func bubbleCentre(t *testing.T) (*bubble, *centre) {
	b, c := newBubble(t), emptyCentre(t)
	c.collector = b.collector
	b.collector.answer, b.collector.routes = c.write, c.paths()
	return b, c
}

func TestForAYearACertificateIsRenewedInTimeAndNothingIsHeldUpByIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := bubbleCentre(t)
		path := c.enrolled()
		q := newMemory(0)
		var log safeBuffer
		s := b.sender(q, slog.NewTextHandler(&log, nil), 3, identified(path))
		stop := run(t, s)
		for day := range 360 {
			q.put(uint64(day+1), api.ClockSynced, fmt.Sprintf("x v=%di 1\n", day))
			time.Sleep(24 * time.Hour)
			if len(q.Sequences()) > 0 {
				t.Fatalf("day %d: %d wait, %+v", day, len(q.Sequences()), s.Stats())
			}
		}
		stop()
		if n := len(c.requests()); n != 11 {
			t.Errorf("renewed %d times in a year, want every month", n)
		}
		keys := map[string]bool{}
		for _, r := range c.requests() {
			keys[keyText(r.key)] = true
		}
		if len(keys) != len(c.requests()) {
			t.Errorf("%d keys for %d renewals", len(keys), len(c.requests()))
		}
	})
}

func TestAnIdentityThatCannotBeWrittenIsNotUsed(t *testing.T) {
	c := newCentre(t)
	path := c.enrolled()
	was := contents(t, path)
	must(t, os.Mkdir(path+priorSuffix, 0o700)) // in the way
	must(t, os.WriteFile(filepath.Join(path+priorSuffix, "x"), nil, 0o600))
	q := newMemory(1)
	s := c.office(q, path, slog.DiscardHandler, nil)
	s.unproven = false
	s.identity.renewAfter = time.Now()
	drain(t, s, q, 1)
	q.put(9, api.ClockSynced, "x v=1i 1\n")
	drain(t, s, q, 1)
	if diff := cmp.Diff([]string{"101", "101"}, c.serials()); diff != "" {
		t.Errorf("writes came under (-want +got):\n%s", diff)
	}
	if len(c.requests()) != 1 || !bytes.Equal(contents(t, path), was) {
		t.Error("the identity was replaced")
	}
}

func TestAnIdentityThatIsReplacedOnDiskIsTakenByTheRunningAgent(t *testing.T) {
	for name, when := range map[string]func(*centre, *Sender){
		"after it was revoked":      func(c *centre, _ *Sender) { c.barred["65"] = api.CodeRevoked },
		"just before it is renewed": func(_ *centre, s *Sender) { s.identity.renewAfter = time.Now() },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCentre(t)
			path, other := c.enrolled(), c.enrolled()
			q := newMemory(1)
			s := c.office(q, path, slog.DiscardHandler, nil)
			when(c, s)
			if c.barred["65"] != "" {
				s.once(t.Context())
			}
			must(t, os.Rename(other, path))
			drain(t, s, q, 2)
			q.put(9, api.ClockSynced, "x v=1i 1\n")
			drain(t, s, q, 2)
			if got := c.serials(); !slices.Contains(got, "102") || got[len(got)-1] != "102" || len(c.requests()) > 0 {
				t.Errorf("writes came under %v, asked %d times", got, len(c.requests()))
			}
		})
	}
}

func TestWhoIsEnrolledAnewDoesNotWaitForWhatTheRefusedOneWasToldTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := bubbleCentre(t)
		path, other := c.enrolled(), c.enrolled()
		c.barred["65"] = api.CodeRevoked
		q := newMemory(1)
		s := b.sender(q, slog.DiscardHandler, 3, identified(path))
		stop := run(t, s)
		defer stop()
		time.Sleep(time.Minute)
		if st := s.Stats(); st.Code != api.CodeRevoked || len(q.Sequences()) != 1 {
			t.Fatalf("%+v", st)
		}
		must(t, os.Rename(other, path))
		time.Sleep(lookEvery + 5*time.Second)
		if st := s.Stats(); st.Code != "" || len(q.Sequences()) != 0 {
			t.Errorf("it still waits: %+v", st)
		}
	})
}

func TestGoodbyeIsSaidUnderACertificateThatHasEndedToo(t *testing.T) {
	c := newCentre(t)
	c.life, c.renew = -time.Second, -2*time.Second
	path := c.enrolled()
	c.life, c.renew = time.Hour, time.Minute
	q := newMemory(1)
	s := c.office(q, path, slog.DiscardHandler, nil)
	must(t, s.Goodbye(soon(t), api.GoodbyeShutdown))
	got := c.collector.requests()
	if last := got[len(got)-1].header; last.Get(api.HeaderGoodbye) != "shutdown" || len(q.Sequences()) > 0 {
		t.Errorf("%d left, last request %v", len(q.Sequences()), last)
	}
}

func TestAnAgentHasATokenOrAnIdentity(t *testing.T) {
	c := newCentre(t)
	for name, cfg := range map[string]Config{
		"both":               {URL: c.URL, Pin: c.ca.pin(), Token: "t", Identity: c.enrolled()},
		"neither":            {URL: c.URL, Pin: c.ca.pin()},
		"one that is not":    {URL: c.URL, Pin: c.ca.pin(), Identity: filepath.Join(t.TempDir(), "none")},
		"a proxy of no form": {URL: c.URL, Pin: c.ca.pin(), Token: "t", Proxy: "https://u:hidden@proxy:1"},
	} {
		_, err := New(cfg, Deps{Queue: newMemory(0), Clock: &watch{}, Log: slog.New(slog.DiscardHandler)})
		if err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func keyText(key *ecdsa.PublicKey) string {
	data, _ := key.Bytes() // of P-256: it has them
	return string(data)
}
