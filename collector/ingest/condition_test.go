package ingest_test

// From an agent's side: what it is told in each condition of the database, and that
// nothing is missing afterwards. Here are the conditions that the real InfluxDB cannot be
// brought into; those that it can are in influx_test.go and full_test.go.

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/ingest"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// told is what an agent is told when it is to keep what it sent.
type told struct {
	message  string
	min, max int // Retry-After, in seconds
}

var (
	notNow   = told{"the database does not store now", 10, 20}
	notSetUp = told{"the collector's database is not set up: its operator must look into the collector's log", 10, 20}
)

func (w told) check(t *testing.T, a answer) {
	t.Helper()
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	if a.status != http.StatusServiceUnavailable || a.Code != api.CodeUnavailable || a.Message != w.message || len(a.Lines) != 0 || err != nil || wait < w.min || wait > w.max {
		t.Errorf("answered %d %q %q, Retry-After %q, want 503 unavailable %q, %d to %d", a.status, a.Code, a.Message, a.header.Get("Retry-After"), w.message, w.min, w.max)
	}
	if a.header.Get(api.HeaderStored) != "" {
		t.Error("batches are named as stored")
	}
}

// ailing is a database that answers in its own way while it is ill, and otherwise stores
// and says so.
type ailing struct {
	ledger
	answer http.HandlerFunc
	ill    atomic.Bool
}

func (a *ailing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.ill.Load() {
		a.answer(w, r)
		return
	}
	a.keep(r)
	w.WriteHeader(http.StatusNoContent)
}

func (a *ailing) keep(r *http.Request) {
	lines, err := io.ReadAll(r.Body)
	if err == nil {
		_ = a.write(context.Background(), lines) // never fails
	}
}

// says is an answer of that status.
func says(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// rude says something on the bare connection and ends it.
func rude(said string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, said)
		_ = conn.Close()
	}
}

func TestInEachConditionOfTheDatabaseAnAgentKeepsWhatIsNotStored(t *testing.T) {
	t.Parallel()
	const noAnswer = "no answer"
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   told
	}{
		{"429", says(429, `{"error":"too many requests"}`), notNow},
		{"429 for half a minute", says(429, "", "Retry-After", "30"), told{notNow.message, 30, 60}},
		{"429 for a year", says(429, "", "Retry-After", "31536000"), told{notNow.message, 600, 1200}},
		{"429 for a time before now", says(429, "", "Retry-After", "-5"), notNow},
		{"500 without a word", says(500, ""), notNow},
		{"500 of a write that took too long", says(500, `{"error":"timeout"}`), notNow},
		{"500 of a full cache", says(500, `{"error":"engine: cache-max-memory-size exceeded: (1/0)"}`), notNow},
		{"500 of a full disk", says(500, `{"error":"engine: error writing WAL entry: write /var/lib/wal: no space left on device"}`), notNow},
		{"500 of a cluster with too few copies", says(500, `{"error":"partial write"}`), notNow},
		{"500 of 2.x", says(500, `{"code":"internal error","message":"unexpected error writing points to database: shard is closed"}`), notNow},
		{"500 of a policy that is not there", says(500, `{"error":"retention policy not found: raw"}`), notSetUp},
		{"500 of a proxy", says(500, "<html>oops", "Content-Type", "text/html"), notSetUp},
		{"502 of a proxy", says(502, "<html>bad gateway", "Content-Type", "text/html"), notSetUp},
		{"502 of the database's own", says(502, `{"error":"hinted handoff queue is full"}`), notNow},
		{"503", says(503, `{"error":"starting"}`), notNow},
		{"503 for three quarters of a minute", says(503, "", "Retry-After", "45"), told{notNow.message, 45, 90}},
		{"503 until a date", says(503, "", "Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT"), notNow},
		{"504", says(504, ""), notNow},
		{"507", says(507, `{"error":"insufficient storage"}`), notNow},
		{"401", says(401, `{"error":"authorization failed"}`), notSetUp},
		{"403", says(403, `{"error":"\"writer\" user is not authorized to write to database \"communewatch\""}`), notSetUp},
		{"404", says(404, `{"error":"database not found: \"communewatch\""}`), notSetUp},
		{"405", says(405, ""), notSetUp},
		{"413 of a proxy", says(413, "<html>", "Content-Type", "text/html"), notSetUp},
		{"200 of a login page", says(200, "<!doctype html><html>", "Content-Type", "text/html"), notSetUp},
		{"200 without a word", says(200, ""), notSetUp},
		{"202", says(202, `{"status":"queued"}`), notSetUp},
		{"302", says(302, "", "Location", "/login"), notSetUp},
		{"a connection ended before a word", rude(""), notNow},
		{"a connection ended in mid-answer", rude("HTTP/1.1 204 No Con"), notNow},
		{"a connection ended in the answer's body", rude("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 100\r\n\r\n{\"error\":"), notNow},
		{"an answer that is no HTTP", rude("+OK\r\n"), notNow},
		{"an answer with an endless header", rude("HTTP/1.1 204 No Content\r\nX: " + strings.Repeat("x", 1<<20)), notNow},
		{noAnswer, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, notNow},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := &ailing{answer: c.answer}
			patience := 10 * time.Second
			if c.name == noAnswer {
				patience = time.Second
			}
			in := run(t, ingest.DefaultConfiguration(), asStore(t, db, patience))
			first, second, third := ping(t, nil, "first", 0), ping(t, nil, "second", 0), ping(t, nil, "third", 0)
			if a := send(t, in, post(first)); a.Code != api.CodeStored {
				t.Fatalf("before: %q", a.Code)
			}
			db.ill.Store(true)
			c.want.check(t, send(t, in, post(second)))
			if db.has(t, "bd-1", second) {
				t.Error("it was stored all the same")
			}
			db.ill.Store(false)
			for _, body := range [][]byte{second, third} {
				if a := send(t, in, post(body)); a.Code != api.CodeStored {
					t.Errorf("after: %q", a.Code)
				}
			}
			for _, body := range [][]byte{first, second, third} {
				if !db.has(t, "bd-1", body) {
					t.Errorf("acknowledged and not there: %s", body)
				}
			}
		})
	}
}

// asStore is the real store in front of a handler.
func asStore(t *testing.T, db http.Handler, patience time.Duration) *store.Store {
	t.Helper()
	server := httptest.NewServer(db)
	t.Cleanup(server.Close)
	s, err := store.New(store.Config{URL: server.URL, Token: "t", WriteTime: patience}, store.Deps{Log: storetest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// The acknowledgement is lost after the commit: the agent keeps, sends again, and has
// each point once.
func TestAnAcknowledgementLostBehindTheCommitCostsNothing(t *testing.T) {
	db := &ailing{}
	db.answer = func(w http.ResponseWriter, r *http.Request) {
		db.keep(r)
		panic(http.ErrAbortHandler)
	}
	in := run(t, ingest.DefaultConfiguration(), asStore(t, db, 10*time.Second))
	body := pings(t, 50)
	db.ill.Store(true)
	notNow.check(t, send(t, in, post(body)))
	db.ill.Store(false)
	if a := send(t, in, post(body)); a.Code != api.CodeStored {
		t.Errorf("answered %q", a.Code)
	}
	if points := db.count("ping,"); points != 50 {
		t.Errorf("%d points, want 50", points)
	}
}

// What follows a 204 that must have no body is, by chance, dropped with the connection
// or taken for the next write's answer (net/http puts the connection back before it looks
// at what is left). Then the agent keeps what it has and sends it again.
func TestA204WithABodyIsStoredAndTheNextWriteComesAgainAtWorst(t *testing.T) {
	db := &ailing{}
	db.answer = func(w http.ResponseWriter, r *http.Request) {
		db.keep(r)
		rude("HTTP/1.1 204 No Content\r\nContent-Length: 36\r\n\r\nHTTP/1.1 500 Internal Server Error\r\n\r\n")(w, r)
	}
	db.ill.Store(true)
	in := run(t, ingest.DefaultConfiguration(), asStore(t, db, 10*time.Second))
	for i := range 3 {
		body := ping(t, nil, fmt.Sprint(i), 0)
		a := send(t, in, post(body))
		for again := 0; a.Code == api.CodeUnavailable && again < 5; again++ {
			a = send(t, in, post(body))
		}
		if a.Code != api.CodeStored || !db.has(t, "bd-1", body) {
			t.Errorf("write %d is answered %q %q", i, a.Code, a.Message)
		}
	}
}

// What the database refuses is its sender's, in its own words; of two senders in one
// block only one is told.
func TestALineThatTheDatabaseRefusesIsToldToItsSenderWhateverTheStatus(t *testing.T) {
	for status, complaint := range map[int]string{
		400: `{"error":"partial write: field type conflict: input field \"late\" on measurement \"ping\" is type integer, already exists as type float dropped=1"}`,
		422: `{"code":"unprocessable entity","message":"failure writing points to database: partial write: field type conflict: dropped=1"}`,
		500: `{"error":"partial write: field type conflict: input field"}`,
		413: `{"error":"Request Entity Too Large"}`,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			db := &ailing{}
			db.answer = func(w http.ResponseWriter, r *http.Request) {
				text, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				if bytes.Contains(text, []byte("target=bad")) {
					w.WriteHeader(status)
					_, _ = io.WriteString(w, complaint)
					return
				}
				r.Body = io.NopCloser(bytes.NewReader(text))
				db.keep(r)
				w.WriteHeader(http.StatusNoContent)
			}
			db.ill.Store(true)
			in := run(t, ingest.DefaultConfiguration(), asStore(t, db, 10*time.Second))
			good := ping(t, nil, "good", 0)
			body := bytes.Join([][]byte{good, ping(t, nil, "bad", 0), ping(t, nil, "fine", 0)}, nil)
			a := send(t, in, post(body))
			if a.status != http.StatusBadRequest || a.Code != api.CodeInvalid || a.Message != "1 of 3 lines are rejected, all others are stored" || len(a.Lines) != 1 || a.Lines[0].Line != 2 {
				t.Errorf("answered %d %v %v", a.status, a.Error, a.Lines)
			}
			if !db.has(t, "bd-1", good) || !db.has(t, "bd-1", ping(t, nil, "fine", 0)) || db.has(t, "bd-1", ping(t, nil, "bad", 0)) {
				t.Error("another than the named one is missing")
			}
			if a := send(t, in, post(good, from("bd-2"))); a.Code != api.CodeStored {
				t.Errorf("another one is answered %q", a.Code)
			}
		})
	}
}

// An outage in the middle of the search for a refused line: nobody is told that anything
// is stored or refused.
func TestAnOutageWhileARefusedLineIsLookedForKeepsEverything(t *testing.T) {
	db := &ailing{}
	var requests atomic.Int64
	db.answer = func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) > 2 {
			panic(http.ErrAbortHandler)
		}
		says(400, `{"error":"partial write: field type conflict: dropped=1"}`)(w, r)
	}
	db.ill.Store(true)
	in := run(t, ingest.DefaultConfiguration(), asStore(t, db, 10*time.Second))
	notNow.check(t, send(t, in, post(pings(t, 20))))
	if stored := db.count(""); stored != 0 || requests.Load() < 3 {
		t.Errorf("%d requests, %d lines stored", requests.Load(), stored)
	}
}
