package upstream

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

// has puts a document into the centre.
func (c *centre) has(o Offer) {
	body, err := json.Marshal(o.Document)
	must(c.t, err)
	c.with(func(c *centre) { c.etag, c.document = o.ETag, body })
}

func TestADocumentIsFetchedAtTheStartOfferedAndNotSentTwice(t *testing.T) {
	c := newCentre(t)
	c.has(documented(`"v1"`, "router"))
	path := c.enrolled()
	docs := openDocuments(t, t.TempDir())
	q := newMemory(0) // nothing is measured yet
	s := c.office(q, path, slog.DiscardHandler, docs)
	s.once(t.Context())
	o := <-docs.Offers()
	if diff := cmp.Diff(documented(`"v1"`, "router"), o); diff != "" {
		t.Errorf("offered (-want +got):\n%s", diff)
	}
	must(t, docs.Commit(o))
	s.fetching.due = time.Time{}
	s.once(t.Context())
	c.has(documented(`"v2"`, "router 2"))
	s.fetching.due = time.Time{}
	q.put(1, api.ClockSynced, "x v=1i 1\n") // beside sending
	s.once(t.Context())
	if got := docs.next(); got != `"v2"` || len(q.Sequences()) > 0 {
		t.Errorf("offered %s, %d wait", got, len(q.Sequences()))
	}
	if diff := cmp.Diff([]string{"", `"v1"`, `"v1"`}, c.fetched()); diff != "" {
		t.Errorf("asked for with (-want +got):\n%s", diff)
	}
}

func TestADocumentIsAskedForEveryTenMinutesAndWithTheSendsOfAMeteredLine(t *testing.T) {
	for name, c := range map[string]struct {
		every    time.Duration
		interval time.Duration // between two batches; 0: none
		from, to int           // in a day
	}{
		"a round a minute":  {0, time.Minute, 144, 161},
		"a round an hour":   {0, time.Hour, 144, 161},
		"nothing measured":  {0, 0, 144, 145},
		"a metered line":    {10 * time.Minute, time.Minute, 140, 146},
		"a seldom used one": {time.Hour, time.Minute, 23, 26},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, k := bubbleCentre(t)
				k.has(documented(`"v1"`, "router"))
				b.docs = openDocuments(t, t.TempDir())
				lines := 0
				b.see(func(_ http.Header, first bool) {
					if first {
						lines++
					}
				})
				q := newMemory(0)
				s := b.sender(q, slog.DiscardHandler, 3, identified(k.enrolled()), func(cfg *Config) { cfg.Every = c.every })
				stop := run(t, s)
				if c.interval > 0 {
					stopPutting := every(c.interval, func(i int) { q.put(uint64(i), api.ClockSynced, fmt.Sprintf("x v=%di 1\n", i)) })
					defer stopPutting()
				}
				time.Sleep(24 * time.Hour)
				stop()
				got := k.fetched()
				if n := len(got); n < c.from || n > c.to {
					t.Errorf("asked %d times in a day, want %d to %d", n, c.from, c.to)
				}
				if slices.Contains(got[1:], "") {
					t.Error("the same was sent again")
				}
			})
		})
	}
}

// every does something in a goroutine of its own until it is stopped.
func every(interval time.Duration, do func(i int)) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 1; ; i++ {
			select {
			case <-time.After(interval):
				do(i)
			case <-ended:
				return
			}
		}
	}()
	return func() { close(ended); <-done }
}

func TestACollectorWithoutADocumentIsAskedOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := bubbleCentre(t)
		b.docs = openDocuments(t, t.TempDir())
		q := newMemory(0)
		var log safeBuffer
		s := b.sender(q, slog.NewTextHandler(&log, nil), 3, identified(c.enrolled()))
		stop := run(t, s)
		stopPutting := every(10*time.Minute, func(i int) { q.put(uint64(i), api.ClockSynced, fmt.Sprintf("x v=%di 1\n", i)) })
		time.Sleep(7 * 24 * time.Hour)
		stopPutting()
		stop()
		if n := len(c.fetched()); n < 7*12 || n > 7*24+1 {
			t.Errorf("asked %d times in a week", n)
		}
		if n := strings.Count(log.String(), "\n"); n > 8 {
			t.Errorf("%d lines of log:\n%s", n, log.String())
		}
		if st := s.Stats(); st.Trouble != "" {
			t.Errorf("%+v", st)
		}
	})
}

func TestADocumentThatIsNotTheCollectorsIsNeitherOfferedNorRefused(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a page": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"without time": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Del(api.HeaderTime)
			w.Header().Set("ETag", `"x"`)
			fmt.Fprint(w, "<html>")
		},
		"a name that cannot be": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"`+strings.Repeat("x", 200)+`"`)
			fmt.Fprint(w, "{}")
		},
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"x"`)
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "{")
		},
		"refused for now": func(w http.ResponseWriter, _ *http.Request) { say(w, api.CodeUnavailable) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCentre(t)
			c.routes[api.PathDocument] = answer
			docs := openDocuments(t, t.TempDir())
			q := newMemory(1)
			s := c.office(q, c.enrolled(), slog.DiscardHandler, docs)
			s.once(t.Context())
			if got := docs.next(); got != "" || docs.Problem() != "" || docs.newest() != "" {
				t.Errorf("offered %q, problem %q, newest %q", got, docs.Problem(), docs.newest())
			}
			if st := s.Stats(); len(q.Sequences()) > 0 || st.Trouble != "" {
				t.Errorf("sending suffers: %+v", st)
			}
		})
	}
}

func TestAnEndlessDocumentIsRefusedAndNotReadToTheEnd(t *testing.T) {
	c := newCentre(t)
	sent := make(chan int, 1)
	c.routes[api.PathDocument] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"endless"`)
		n := 0
		for {
			m, err := w.Write(make([]byte, 64<<10))
			if n += m; err != nil || n > 1<<30 {
				sent <- n
				return
			}
		}
	}
	docs := openDocuments(t, t.TempDir())
	s := c.office(newMemory(0), c.enrolled(), slog.DiscardHandler, docs)
	s.once(t.Context())
	if n := <-sent; n > 64<<20 || !strings.Contains(docs.Problem(), "more than") {
		t.Errorf("%d bytes were sent, problem %q", n, docs.Problem())
	}
}

func TestWithATokenADocumentIsFetchedToo(t *testing.T) {
	c := newCentre(t)
	c.has(documented(`"v1"`, "router"))
	docs := openDocuments(t, t.TempDir())
	s, err := New(Config{URL: c.URL, Pin: c.ca.pin(), Token: "secret"}, Deps{Queue: newMemory(0), Clock: &watch{}, Log: slog.New(slog.DiscardHandler), Documents: docs})
	must(t, err)
	defer s.remote.close()
	s.once(t.Context())
	if got := docs.next(); got != `"v1"` {
		t.Errorf("offered %q", got)
	}
}
