package upstream

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"communewatch/collector/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const session = "5f2c9a0188e1b3d4"

// collector is a server that keeps what it was sent and answers as told.
type collector struct {
	*httptest.Server
	ca *authority

	mu              sync.Mutex
	got             []received
	asked           int // questions for the time
	lines           map[net.Conn]bool
	dialed, resumed int           // connections, and those of them that resumed a TLS session
	ahead           time.Duration // of this machine's clock
	answer          func(w http.ResponseWriter, got received)
	routes          map[string]http.HandlerFunc // other paths than those of writing and asking for the time
}

type received struct {
	header http.Header
	list   api.BatchList
	lines  string
	wire   int // bytes of the body
	peer   *x509.Certificate
}

func newCollector(t *testing.T, answer func(http.ResponseWriter, received)) *collector {
	t.Helper()
	ca := newAuthority(t, past, future)
	return startCollector(t, ca, ca.server(t, past, future, "127.0.0.1"), answer)
}

func startCollector(t *testing.T, ca *authority, cert tls.Certificate, answer func(http.ResponseWriter, received)) *collector {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	return serveCollector(t, l, ca, cert, answer)
}

func serveCollector(t *testing.T, l net.Listener, ca *authority, cert tls.Certificate, answer func(http.ResponseWriter, received), change ...func(*collector)) *collector {
	t.Helper()
	c := &collector{ca: ca, answer: answer}
	c.Server = httptest.NewUnstartedServer(c)
	c.Listener.Close()
	c.Listener = l
	c.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	c.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	c.lines = map[net.Conn]bool{}
	c.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch state {
		case http.StateActive:
			if tls, ok := conn.(*tls.Conn); ok && !c.lines[conn] {
				c.dialed++
				c.lines[conn] = true
				if tls.ConnectionState().DidResume {
					c.resumed++
				}
			}
		case http.StateClosed, http.StateHijacked:
			delete(c.lines, conn)
		}
	}
	for _, f := range change {
		f(c)
	}
	c.StartTLS()
	t.Cleanup(c.Close)
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now().Add(c.ahead)
	w.Header().Set(api.HeaderTime, fmt.Sprintf("%d %d", now.UnixNano(), now.UnixNano()))
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	if r.URL.Path == api.PathHealth {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asked++
		if r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusTeapot) // a question for the time must carry no token
		}
		return
	}
	if route := c.routes[r.URL.Path]; route != nil {
		route(w, r)
		return
	}
	wire, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	got := received{header: r.Header, wire: len(wire), peer: shown(r)}
	if r.Header.Get("Content-Encoding") == "gzip" {
		if got.lines, err = inflate(wire); err != nil {
			(&api.Error{Code: api.CodeUnreadable, Message: err.Error()}).WriteTo(w)
			return
		}
		if got.list, err = api.ParseBatchList(r.Header.Get(api.HeaderBatches)); err != nil {
			(&api.Error{Code: api.CodeUnreadable, Message: err.Error()}).WriteTo(w)
			return
		}
	}
	c.mu.Lock()
	c.got = append(c.got, got)
	answer := c.answer
	c.mu.Unlock()
	answer(w, got)
}

// shown is the certificate under which a request came.
func shown(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}

// open counts the connections over which a request has come.
func (c *collector) open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.lines)
}

func (c *collector) connections() (dialed, resumed int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dialed, c.resumed
}

func (c *collector) requests() []received {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

// lists names the requests by their batches.
func (c *collector) lists() []string {
	var out []string
	for _, r := range c.requests() {
		out = append(out, r.list.String())
	}
	return out
}

var inflaters = sync.Pool{New: func() any { return new(gzip.Reader) }} // 40 KB each

func inflate(b []byte) (string, error) {
	zip := inflaters.Get().(*gzip.Reader)
	defer inflaters.Put(zip)
	if err := zip.Reset(bytes.NewReader(b)); err != nil {
		return "", err
	}
	lines, err := io.ReadAll(zip)
	return string(lines), err
}

func (c *collector) answerWith(answer func(http.ResponseWriter, received)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

func stored(w http.ResponseWriter, got received) {
	if len(got.list) > 0 {
		w.Header().Set(api.HeaderStored, got.list.String())
	}
	w.WriteHeader(http.StatusNoContent)
}

func refuse(e api.Error) func(http.ResponseWriter, received) {
	return func(w http.ResponseWriter, _ received) { e.WriteTo(w) }
}

// watch is the clock of a test.
type watch struct {
	mu     sync.Mutex
	ahead  time.Duration
	known  bool
	spread time.Duration // between the local stamps of the last exchange
}

func (w *watch) Now() time.Time { return time.Now() }

func (w *watch) Observe(sent, answered, came, _ time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead, w.known, w.spread = came.Sub(sent), true, answered.Sub(sent)
}

func (w *watch) Collector() (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead), w.known
}

// sender talks to c and waits next to nothing between attempts.
func sender(t *testing.T, c *collector, q Queue, change ...func(*Config)) *Sender {
	t.Helper()
	return senderWith(t, c, q, &watch{}, slog.DiscardHandler, change...)
}

func senderWith(t *testing.T, c *collector, q Queue, w Clock, log slog.Handler, change ...func(*Config)) *Sender {
	t.Helper()
	cfg := Config{URL: c.URL, Token: "secret", Pin: c.ca.pin(), FirstWait: time.Millisecond, MaxWait: 5 * time.Millisecond}
	for _, f := range change {
		f(&cfg)
	}
	s, err := New(cfg, Deps{Queue: q, Clock: w, Log: slog.New(log)})
	must(t, err)
	return s
}

// run starts a sender; it ends with the test or when stop is called.
func run(t *testing.T, s *Sender) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
