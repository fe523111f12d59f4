package upstream

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func TestACollectorThatCallsEachCertificateEndedIsNotAskedInACircle(t *testing.T) {
	c := newCentre(t)
	path := c.enrolled()
	c.answerWith(refuse(api.Error{Code: api.CodeExpired, Message: "x"}))
	q := newMemory(1)
	s := c.office(q, path, slog.DiscardHandler, nil)
	for range 10 {
		s.once(t.Context())
	}
	if n := len(c.requests()); n != 1 || len(q.Sequences()) != 1 {
		t.Errorf("asked %d times, %d left", n, len(q.Sequences()))
	}
}

func TestWhoIsBarredKeepsItsBatchesAndAsksRarely(t *testing.T) {
	for _, code := range []api.Code{api.CodeRevoked, api.CodeTwin, api.CodeExpired} {
		t.Run(string(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, c := bubbleCentre(t)
				path := c.enrolled()
				c.barred[""] = code
				var log safeBuffer
				q := newMemory(0)
				s := b.sender(q, slog.NewTextHandler(&log, nil), 3, identified(path))
				stop := run(t, s)
				measure(t, q, time.Second)
				time.Sleep(24 * time.Hour)
				writes := len(c.collector.requests())
				if st := s.Stats(); st.Code != code || !st.MustEnrol || st.Trouble != Reason(code) {
					t.Errorf("%+v", st)
				}
				if writes < 30 || writes > 110 {
					t.Errorf("asked %d times in a day", writes)
				}
				if n := len(q.Sequences()); n < 1400 {
					t.Errorf("%d batches are kept of a day", n)
				}
				if n := strings.Count(log.String(), "\n"); n > 3 {
					t.Errorf("%d lines of log:\n%s", n, log.String())
				}
				c.with(func(c *centre) { delete(c.barred, "") })
				time.Sleep(time.Hour)
				stop()
				if st := s.Stats(); len(q.Sequences()) > 1 || st.Code != "" || st.MustEnrol {
					t.Errorf("%d batches wait an hour after it was mended, %+v", len(q.Sequences()), st)
				}
			})
		})
	}
}

func TestARenewalThatFailsForWeeksDelaysNoWriteAndFillsNoLog(t *testing.T) {
	for name, before := range map[string]func(http.ResponseWriter, string) bool{
		"not now":        func(w http.ResponseWriter, _ string) bool { say(w, api.CodeUnavailable); return true },
		"no such path":   func(w http.ResponseWriter, _ string) bool { say(w, api.CodeNotFound); return true },
		"somebody else":  func(w http.ResponseWriter, _ string) bool { fmt.Fprint(w, "<html>"); return true },
		"no certificate": func(w http.ResponseWriter, _ string) bool { fmt.Fprint(w, `{"certificate":"x"}`); return true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, c := bubbleCentre(t)
				path := c.enrolled()
				c.before = before
				q := newMemory(0)
				var log safeBuffer
				s := b.sender(q, slog.NewTextHandler(&log, nil), 3, identified(path))
				s.identity.renewAfter = time.Now()
				stop := run(t, s)
				for hour := range uint64(14 * 24) {
					q.put(hour+1, api.ClockSynced, "x v=1i 1\n")
					time.Sleep(time.Second)
					if n := len(q.Sequences()); n > 0 {
						t.Fatalf("%d batches wait", n)
					}
					time.Sleep(time.Hour)
				}
				stop()
				most := 180 // of 336, since the longest pause is 6 h by chance
				if name == "no such path" {
					most = 15
				}
				if n := len(c.requests()); n < 8 || n > most {
					t.Errorf("asked %d times in two weeks", n)
				}
				if n := strings.Count(log.String(), "\n"); n > 15 {
					t.Errorf("%d lines of log", n)
				}
				if st := s.Stats(); st.Trouble != "" || st.MustEnrol {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}

func TestACollectorThatIsSlowWithARenewalHoldsNoBatchUpForLong(t *testing.T) {
	c := newCentre(t)
	path := c.enrolled()
	leave := make(chan struct{})
	defer close(leave)
	c.routes[api.PathRenew] = func(http.ResponseWriter, *http.Request) { <-leave }
	q := newMemory(1)
	s := c.office(q, path, slog.DiscardHandler, nil)
	s.remote.timeout = 200 * time.Millisecond
	s.identity.renewAfter = time.Now()
	began := time.Now()
	drain(t, s, q, 1)
	q.put(2, api.ClockSynced, "x v=1i 1\n")
	drain(t, s, q, 1)
	if d := time.Since(began); d > 5*time.Second || len(q.Sequences()) > 0 || s.Stats().Trouble != "" {
		t.Errorf("%d wait after %s, %+v", len(q.Sequences()), d, s.Stats())
	}
}

func TestARenewedCertificateThatIsNotTakenIsGivenUpForTheOneBefore(t *testing.T) {
	for _, code := range []api.Code{api.CodeUnauthorized, api.CodeForbidden, api.CodeRevoked} {
		t.Run(string(code), func(t *testing.T) {
			c := newCentre(t)
			path := c.enrolled()
			c.barred["66"] = code // 102, the renewed one
			q := newMemory(1)
			s := c.office(q, path, slog.DiscardHandler, nil)
			s.identity.renewAfter = time.Now()
			drain(t, s, q, 1)
			if len(c.requests()) != 1 {
				t.Fatal("not renewed")
			}
			s = c.office(q, path, slog.DiscardHandler, nil) // a restart in between changes nothing
			q.put(9, api.ClockSynced, "x v=1i 1\n")
			drain(t, s, q, 2)
			if diff := cmp.Diff([]string{"101", "102", "101"}, c.serials()); diff != "" || len(q.Sequences()) > 0 {
				t.Errorf("%d left, writes came under (-want +got):\n%s", len(q.Sequences()), diff)
			}
			if id, err := readIdentity(path); err != nil || id.leaf.SerialNumber.Int64() != 101 {
				t.Errorf("another one is on disk: %v", err)
			}
			if _, err := os.Stat(path + priorSuffix); !errors.Is(err, fs.ErrNotExist) {
				t.Error("it stands there twice")
			}
			if n := len(c.requests()); n != 1 {
				t.Errorf("renewed again at once: %d", n)
			}
		})
	}
}
