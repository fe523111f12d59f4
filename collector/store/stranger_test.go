package store_test

// Here stand the answers that the real InfluxDB 1.8.10 cannot be made to give: those
// of its relatives, of broken machines and of strangers in between. All else is
// tested against the real one (write_test.go, select_test.go).

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

func against(t *testing.T, handler http.HandlerFunc) *store.Store {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s, err := store.New(store.Config{URL: server.URL, Token: "t", WriteTime: 10 * time.Second, QueryTime: 10 * time.Second, MaxRows: 1000, MaxAnswer: 64 << 10},
		store.Deps{Log: storetest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func says(status int, header, value, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set(header, value)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// Rule W3.
func TestAWriteThatIsNotAcknowledgedIsNeverForgotten(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers http.HandlerFunc
		want    string // of errors.As below
		after   time.Duration
	}{
		{"an outage", says(503, "Retry-After", "7", `{"error":"starting"}`), "unavailable", 7 * time.Second},
		{"an outage without a word", says(503, "X-A", "", ""), "unavailable", 0},
		{"too many", says(429, "Retry-After", "86400", ""), "unavailable", 10 * time.Minute},
		{"a cluster with too few copies", says(500, "X-A", "", `{"error":"partial write"}`), "unavailable", 0},
		{"a full cache", says(500, "X-A", "", `{"error":"engine: cache-max-memory-size exceeded"}`), "unavailable", 0},
		{"a login page", says(200, "Content-Type", "text/html", "<html>"), "misconfigured", 0},
		{"a page without a type", says(200, "X-A", "", "  <!DOCTYPE html>"), "misconfigured", 0},
		{"an empty 200", says(200, "X-A", "", ""), "misconfigured", 0},
		{"a redirection", says(302, "Location", "/login", ""), "misconfigured", 0},
		{"a proxy's 400", says(400, "Content-Type", "text/html; charset=utf-8", "<html>Bad Request"), "misconfigured", 0},
		{"no policy", says(500, "X-A", "", `{"error":"retention policy not found: raw"}`), "misconfigured", 0},
		{"a bucket of 2.x", says(404, "X-A", "", `{"code":"not found","message":"bucket \"communewatch/raw\" not found"}`), "misconfigured", 0},
		{"an unreadable credential", says(401, "X-A", "", `{"error":"unable to parse authentication credentials"}`), "misconfigured", 0},
		{"a connection that breaks", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "unavailable", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := against(t, c.answers).Write(t.Context(), api.Raw, []byte("ping sent=1i 1\nping sent=1i 2\n"))
			var unavailable *store.Unavailable
			var misconfigured *store.Misconfigured
			got := "other"
			if errors.As(err, &unavailable) {
				got = "unavailable"
				if unavailable.RetryAfter != c.after {
					t.Errorf("retry after %s, want %s", unavailable.RetryAfter, c.after)
				}
			}
			if errors.As(err, &misconfigured) {
				got = "misconfigured"
			}
			if got != c.want {
				t.Errorf("%s (%v), want %s", got, err, c.want)
			}
		})
	}
}

// picky stores all lines but those with "bad", and says no more than a cluster does:
// 500, and no count. With several bad ones it may have stored some of the good.
type picky struct {
	stored   map[string]bool
	requests atomic.Int64
}

func (p *picky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests.Add(1)
	body, _ := io.ReadAll(r.Body)
	bad := false
	for line := range strings.Lines(string(body)) {
		if strings.Contains(line, "bad") {
			bad = true
		} else if !bad {
			p.stored[line] = true
		}
	}
	if bad {
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, `{"error":"partial write: field type conflict: input field"}`)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func TestRefusedLinesAreFoundAndTheOthersStoredWithBoundedRequests(t *testing.T) {
	for _, c := range []struct {
		name         string
		lines, every int // every … th line is bad
		requests     int64
		exact        bool
	}{
		{"one of one", 1, 1, 1, true},
		{"one of 5,000", 5_000, 5_000, 1 + 2*13, true},
		{"all of 1,000", 1_000, 1, 1_999, true},
		{"100 of 20,000", 20_000, 200, 2_048, true},
		{"all of 6,000", 6_000, 1, 2_048, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &picky{stored: map[string]bool{}}
			s := against(t, p.ServeHTTP)
			var block bytes.Buffer
			for i := 1; i <= c.lines; i++ {
				word := "good"
				if i%c.every == 0 {
					word = "bad"
				}
				fmt.Fprintf(&block, "ping,target=%s%d sent=1i 1\n", word, i)
			}
			var r *store.Refused
			if err := s.Write(t.Context(), api.Raw, block.Bytes()); !errors.As(err, &r) {
				t.Fatal(err)
			}
			if n := p.requests.Load(); n > c.requests {
				t.Errorf("%d requests, want at most %d", n, c.requests)
			}
			named := map[int]bool{}
			for _, line := range r.Lines {
				if named[line.Line] {
					t.Fatalf("line %d is named twice", line.Line)
				}
				named[line.Line] = true
			}
			for i := 1; i <= c.lines; i++ {
				bad := i%c.every == 0
				if bad && !named[i] {
					t.Fatalf("bad line %d is not named", i)
				}
				if c.exact && !bad && named[i] {
					t.Fatalf("good line %d is named", i)
				}
				// Promise: a line is stored or named, never neither.
				if !bad && !named[i] && !p.stored[fmt.Sprintf("ping,target=good%d sent=1i 1\n", i)] {
					t.Fatalf("good line %d is neither stored nor named", i)
				}
			}
		})
	}
}

func TestAnOutageInTheMiddleOfASearchKeepsEverything(t *testing.T) {
	p := &picky{stored: map[string]bool{}}
	s := against(t, func(w http.ResponseWriter, r *http.Request) {
		if p.requests.Load() == 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		p.ServeHTTP(w, r)
	})
	err := s.Write(t.Context(), api.Raw, []byte("good 1\nbad 2\ngood 3\nbad 4\n"))
	var unavailable *store.Unavailable
	if !errors.As(err, &unavailable) {
		t.Errorf("%v, want unavailable", err)
	}
}

// Rule R9, and the 200 that goes out before a statement runs.
func TestAnAnswerThatIsNotWholeIsNoAnswer(t *testing.T) {
	series := `{"results":[{"statement_id":0,"series":[{"name":"ping","columns":["time","sent"],"values":[[1,1]]}]}]}`
	for _, c := range []struct {
		name, body, want string
		rows             int
	}{
		{"whole", series, "", 1},
		{"no series", `{"results":[{"statement_id":0}]}`, "", 0},
		{"columns in another order", `{"results":[{"series":[{"columns":["sent","other","time"],"values":[[1,"x",5]]}]}]}`, "", 1},
		{"a series in two chunks", series + "\n" + series, "", 2},
		{"cut off", series[:len(series)-9], "unavailable", 0},
		{"cut off in the second chunk", series + series[:20], "unavailable", 0},
		{"nothing", "", "misconfigured", 0},
		{"empty object", "{}", "misconfigured", 0},
		{"a page", "<html>", "misconfigured", 0},
		{"an error behind a chunk", series + `{"results":[{"error":"query interrupted"}]}`, "unavailable", 0},
		{"an error of the query", `{"error":"too bad"}`, "other", 0},
		{"no policy", `{"results":[{"error":"retention policy not found: raw"}]}`, "misconfigured", 0},
		{"a value of another type", `{"results":[{"series":[{"columns":["time","sent"],"values":[[1,"one"]]}]}]}`, "other", 0},
		{"a float for an integer", `{"results":[{"series":[{"columns":["time","sent"],"values":[[1,3.0]]}]}]}`, "", 1},
		{"half an integer", `{"results":[{"series":[{"columns":["time","sent"],"values":[[1,3.5]]}]}]}`, "other", 0},
		{"nothing but nulls", `{"results":[{"series":[{"columns":["time","sent"],"values":[[1,null]]}]}]}`, "", 0},
		{"too many rows", `{"results":[{"series":[{"columns":["time","sent"],"values":[` + strings.Repeat("[1,1],", 1000) + `[1,1]]}]}]}`, "other", 0},
		{"too many bytes", `{"results":[{"series":[{"columns":["time","sent"],"values":[[1,1]` + strings.Repeat(" ", 64<<10) + `]}]}]}`, "other", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := against(t, says(200, "Content-Type", "application/json", c.body))
			got, err := s.Select(t.Context(), store.Query{Measurement: "ping", Select: []store.Selector{{Field: "sent"}}, From: time.Unix(0, 1), To: time.Unix(9, 0)})
			if kind := kindOf(err); kind != c.want {
				t.Errorf("%s (%v), want %s", kind, err, c.want)
			}
			rows := 0
			for _, one := range got {
				rows += len(one.Rows)
			}
			if rows != c.rows {
				t.Errorf("%d rows, want %d: %v", rows, c.rows, got)
			}
		})
	}
}

// Rule R11.
func TestAliveIsPingAnswering204(t *testing.T) {
	for status, want := range map[int]string{200: "misconfigured", 302: "misconfigured", 404: "misconfigured"} {
		if err := against(t, says(status, "Location", "/x", "")).Ready(t.Context()); kindOf(err) != want {
			t.Errorf("%d: %v, want %s", status, err, want)
		}
	}
}

func TestAStoreIsRefusedWhatItCannotWorkWith(t *testing.T) {
	log := storetest.Log(t)
	for _, cfg := range []store.Config{
		{}, {URL: "127.0.0.1:8486"}, {URL: "ftp://x"}, {URL: "http://u:p@x"}, {URL: "http://x?db=1"},
		{URL: "http://x", Token: "a b"}, {URL: "http://x", Database: "a/b"}, {URL: "http://x", Database: `a"b`}, {URL: "http://x", MaxRows: -1},
	} {
		if _, err := store.New(cfg, store.Deps{Log: log}); err == nil {
			t.Errorf("%+v passes", cfg)
		}
	}
	if _, err := store.New(store.Config{URL: "http://x"}, store.Deps{}); err == nil {
		t.Error("no log passes")
	}
}

func kindOf(err error) string {
	var unavailable *store.Unavailable
	var misconfigured *store.Misconfigured
	switch {
	case err == nil:
		return ""
	case errors.As(err, &unavailable):
		return "unavailable"
	case errors.As(err, &misconfigured):
		return "misconfigured"
	}
	return "other"
}
