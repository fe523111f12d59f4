package upstream

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
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

// authority is a CA of the test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

var (
	past   = time.Now().Add(-time.Hour)
	future = time.Now().Add(time.Hour)
)

func newAuthority(t *testing.T, from, to time.Time) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	return &authority{sign(t, template, template, key, key), key}
}

func (a *authority) pin() string {
	sum := sha256.Sum256(a.cert.RawSubjectPublicKeyInfo)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// server makes a certificate for names and addresses; the chain has the CA in it.
func (a *authority) server(t *testing.T, from, to time.Time, hosts ...string) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "collector"}, NotBefore: from, NotAfter: to,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	key := newKey(t)
	leaf := sign(t, template, a.cert, key, a.key)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, a.cert.Raw}, PrivateKey: key}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func sign(t *testing.T, template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	must(t, err)
	c, err := x509.ParseCertificate(der)
	must(t, err)
	return c
}

// collector is a server that keeps what it was sent and answers as told.
type collector struct {
	*httptest.Server
	ca *authority

	mu     sync.Mutex
	got    []received
	asked  int           // questions for the time
	ahead  time.Duration // of this machine's clock
	answer func(w http.ResponseWriter, got received)
}

type received struct {
	header http.Header
	list   api.BatchList
	lines  string
	wire   int // bytes of the body
}

func newCollector(t *testing.T, answer func(http.ResponseWriter, received)) *collector {
	t.Helper()
	ca := newAuthority(t, past, future)
	return startCollector(t, ca, ca.server(t, past, future, "127.0.0.1"), answer)
}

func startCollector(t *testing.T, ca *authority, cert tls.Certificate, answer func(http.ResponseWriter, received)) *collector {
	t.Helper()
	c := &collector{ca: ca, answer: answer}
	c.Server = httptest.NewUnstartedServer(c)
	c.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	c.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
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
	wire, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	got := received{header: r.Header, wire: len(wire)}
	if r.Header.Get("Content-Encoding") == "gzip" {
		zip, err := gzip.NewReader(bytes.NewReader(wire))
		if err == nil {
			var lines []byte
			lines, err = io.ReadAll(zip)
			got.lines = string(lines)
		}
		if err != nil {
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

// memory is a queue without a disk.
type memory struct {
	mu      sync.Mutex
	batches map[uint64]Batch
	bad     map[uint64]error
	aside   map[uint64][]api.RejectedLine
	wake    chan struct{}
	broken  error // of Delete and SetAside
}

func newMemory(n int) *memory {
	q := &memory{batches: map[uint64]Batch{}, bad: map[uint64]error{}, aside: map[uint64][]api.RejectedLine{}, wake: make(chan struct{}, 1)}
	for seq := range uint64(n) {
		q.put(seq+1, api.ClockSynced, fmt.Sprintf("x v=%di %d\n", seq+1, seq+1))
	}
	return q
}

func (q *memory) put(seq uint64, clock api.ClockState, lines string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.batches[seq] = Batch{Sequence: seq, Session: session, Clock: clock, Lines: []byte(lines)}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *memory) Sequences() []uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	seqs := []uint64{}
	for seq := range q.batches {
		seqs = append(seqs, seq)
	}
	slices.Sort(seqs)
	return seqs
}

func (q *memory) Load(seq uint64) (Batch, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.bad[seq]; err != nil {
		return Batch{}, err
	}
	b, ok := q.batches[seq]
	if !ok {
		return Batch{}, errors.New("gone")
	}
	return b, nil
}

func (q *memory) Delete(seqs ...uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken != nil {
		return q.broken
	}
	for _, seq := range seqs {
		delete(q.batches, seq)
	}
	return nil
}

func (q *memory) SetAside(seq uint64, rejected []api.RejectedLine) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken != nil {
		return q.broken
	}
	q.aside[seq] = rejected
	delete(q.batches, seq)
	return nil
}

func (q *memory) Wake() <-chan struct{} { return q.wake }

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
