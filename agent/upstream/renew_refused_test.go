package upstream

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
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

func TestACollectorThatIsSlowWithARenewalOrADocumentHoldsABatchUpForAMinuteAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := bubbleCentre(t)
		hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		b.routes[api.PathRenew], b.routes[api.PathDocument] = hang, hang
		b.docs = openDocuments(t, t.TempDir())
		q := newMemory(1)
		s := b.sender(q, slog.DiscardHandler, 3, identified(c.enrolled()))
		s.identity.renewAfter = time.Now()
		began := time.Now()
		drain(t, s, q, 1)
		if d := time.Since(began); d < errandTime || d > 2*errandTime+time.Second {
			t.Errorf("both took %s", d)
		}
		began = time.Now()
		for i := range uint64(30) {
			q.put(i+2, api.ClockSynced, "x v=1i 1\n")
			drain(t, s, q, 1)
			time.Sleep(10 * time.Second)
		}
		if d := time.Since(began); d > 5*time.Minute+errandTime || len(q.Sequences()) > 0 || s.Stats().Trouble != "" {
			t.Errorf("%d wait after %s, %+v", len(q.Sequences()), d, s.Stats())
		}
	})
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

// The registry was lost for a while: the new certificate was not known there, and the old
// one had been replaced by it. Whichever is taken first is the one that stays.
func TestWhereNeitherOfTwoCertificatesIsTakenNoneIsThrownAway(t *testing.T) {
	for name, k := range map[string]struct {
		mended  string
		restart bool
	}{
		"the renewed one is taken again":         {"66", false},
		"the one before is":                      {"65", false},
		"the renewed one is, after a restart":    {"66", true},
		"the one before is, and after a restart": {"65", true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCentre(t)
			path := c.enrolled()
			c.barred["66"], c.barred["65"] = api.CodeUnauthorized, api.CodeTwin
			q := newMemory(1)
			s := c.office(q, path, slog.DiscardHandler, nil)
			s.identity.renewAfter = time.Now()
			c.with(func(c *centre) { delete(c.barred, "65") })
			drain(t, s, q, 1) // under the old one, and renewed
			c.with(func(c *centre) { c.barred["65"] = api.CodeTwin })
			q.put(9, api.ClockSynced, "x v=1i 1\n")
			waits := 0
			for range 7 {
				if s.once(t.Context()).wait > 0 {
					waits++
				}
			}
			if waits != 6 {
				t.Errorf("waited %d times in 7 attempts: only the first change is at once", waits)
			}
			if k.restart {
				s = c.office(q, path, slog.DiscardHandler, nil)
			}
			c.with(func(c *centre) { delete(c.barred, k.mended) })
			drain(t, s, q, 4)
			if len(q.Sequences()) > 0 {
				t.Fatalf("not sent: %+v", s.Stats())
			}
			id, err := readIdentity(path)
			must(t, err)
			if got := id.leaf.SerialNumber.Text(16); got != k.mended {
				t.Errorf("%s is in its place, want %s", got, k.mended)
			}
			if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 || len(c.requests()) != 1 {
				t.Errorf("%d files are left, asked %d times", len(files), len(c.requests()))
			}
		})
	}
}

func TestACertificateBeforeThatHasEndedIsNotGoneBackTo(t *testing.T) {
	c := newCentre(t)
	c.life = -time.Second
	ended := c.enrolled()
	c.life = time.Hour
	path := c.enrolled()
	must(t, os.Rename(ended, path+priorSuffix))
	c.barred["66"] = api.CodeUnauthorized
	q := newMemory(1)
	s := c.office(q, path, slog.DiscardHandler, nil)
	for range 3 {
		s.once(t.Context())
	}
	if diff := cmp.Diff([]string{"102", "102", "102"}, c.serials()); diff != "" || len(c.requests()) > 0 {
		t.Errorf("asked %d times, writes came under (-want +got):\n%s", len(c.requests()), diff)
	}
}
