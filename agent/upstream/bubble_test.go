package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"communewatch/collector/api"
)

// bubble is a collector and the lines to it without a network, for tests in which hours
// pass. Make it within synctest.Test, and not in parallel tests: several bubbles at once
// have broken the race detector itself (go1.26.8).
type bubble struct {
	*collector
	t     *testing.T
	chain []*x509.Certificate
	docs  *Documents // of its senders

	mu     sync.Mutex
	gone   bool
	reason error // what an attempt gets at once while it is gone; nil: no answer
	seen   func(h http.Header, first bool)
}

func newBubble(t *testing.T) *bubble {
	t.Helper()
	from, to := time.Now().Add(-time.Hour), time.Now().Add(365*24*time.Hour)
	ca := newAuthority(t, from, to)
	leaf, err := x509.ParseCertificate(ca.server(t, from, to, "127.0.0.1").Certificate[0])
	must(t, err)
	return &bubble{
		t: t, collector: &collector{ca: ca, answer: stored}, chain: []*x509.Certificate{leaf, ca.cert},
		seen: func(http.Header, bool) {},
	}
}

// go away, for a reason; nil is silence.
func (b *bubble) leave(reason error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gone, b.reason = true, reason
}

func (b *bubble) comeBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gone = false
}

// see has each request shown, and whether it is the first over its line.
func (b *bubble) see(seen func(h http.Header, first bool)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = seen
}

// connect waits as a kernel does that repeats its SYNs, until DialTimeout.
func (b *bubble) connect(ctx context.Context) error {
	for _, pause := range []time.Duration{0, 1, 2, 4, 3} {
		select {
		case <-time.After(pause * time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
		b.mu.Lock()
		gone, reason := b.gone, b.reason
		b.mu.Unlock()
		if !gone {
			return nil
		}
		if reason != nil {
			return &net.OpError{Op: "dial", Err: reason}
		}
	}
	return &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
}

// line is one sender's transport.
type line struct {
	*bubble
	open   bool
	charge func(body int)              // called with each request's size
	state  func() *tls.ConnectionState // of the connection; nil: a good one
	pair   *tls.Certificate            // shown to the collector
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	if l.gone {
		l.open = false
	}
	first := !l.open
	l.mu.Unlock()
	if first {
		if err := l.connect(r.Context()); err != nil {
			return nil, err
		}
		l.open = true
	}
	trace := httptrace.ContextClientTrace(r.Context())
	trace.WroteHeaders()
	l.mu.Lock()
	l.seen(r.Header, first)
	l.mu.Unlock()
	if l.charge != nil {
		l.charge(int(r.ContentLength))
	}
	if l.pair != nil {
		time.Sleep(time.Millisecond) // two answers of one moment would be one that came twice
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{l.pair.Leaf}}
	}
	w := httptest.NewRecorder()
	l.collector.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	trace.WroteRequest(httptrace.WroteRequestInfo{})
	trace.GotFirstResponseByte()
	answer := w.Result()
	answer.TLS = &tls.ConnectionState{PeerCertificates: l.chain}
	if l.state != nil {
		answer.TLS = l.state()
	}
	return answer, nil
}

// sender talks to the bubble, as in a real office but for what chance is.
func (b *bubble) sender(q Queue, log slog.Handler, seed uint64, change ...func(*Config)) *Sender {
	b.t.Helper()
	cfg := Config{URL: "https://127.0.0.1", Token: "secret", Pin: b.ca.pin()}
	for _, f := range change {
		f(&cfg)
	}
	s, err := New(cfg, Deps{Queue: q, Clock: &watch{}, Log: slog.New(log), Documents: b.docs})
	must(b.t, err)
	random := rand.New(rand.NewPCG(seed, 1))
	s.schedule.random, s.refused.random, s.silence.random = random.Float64, random.Float64, random.Float64
	s.renewal.pause.random, s.fetching.pause.random = random.Float64, random.Float64
	s.remote.make = func(pair *tls.Certificate) http.RoundTripper { return &line{bubble: b, pair: pair} }
	s.remote.client.Transport = s.remote.make(nil)
	if s.identity != nil {
		s.use(s.identity)
	}
	s.packer.zip, _ = gzip.NewWriterLevel(&s.packer.buf, gzip.NoCompression) // the best has tables of a megabyte to clear
	return s
}

// measure puts a batch each minute until the test ends, the first after phase.
func measure(t *testing.T, q *memory, phase time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		for seq := uint64(1_000_001); ; seq++ {
			select {
			case <-time.After(phase):
			case <-ctx.Done():
				return
			}
			q.put(seq, api.ClockSynced, fmt.Sprintf("x v=%di %d\n", seq, seq))
			phase = time.Minute
		}
	})
	t.Cleanup(func() { cancel(); group.Wait() })
}
