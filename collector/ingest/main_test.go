package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"communewatch/collector/api"
	"communewatch/collector/ingest"
	"communewatch/collector/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// now is the collector's clock in all tests here.
var now = time.Now().Truncate(time.Millisecond)

// running is an ingest that runs until the test ends, or stop is called.
type running struct {
	*ingest.Ingest
	registry *prometheus.Registry
	stop     func()
}

func run(t *testing.T, cfg ingest.Config, store ingest.Writer) running {
	t.Helper()
	return runAt(t, cfg, store, func() time.Time { return now })
}

// runAt is run with a clock.
func runAt(t *testing.T, cfg ingest.Config, store ingest.Writer, clock func() time.Time) running {
	t.Helper()
	registry := prometheus.NewRegistry()
	in, err := ingest.New(cfg, ingest.Deps{Store: store, Log: storetest.Log(t), Registry: registry, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := in.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run ends with %v", err)
		}
	}()
	stop := func() { cancel(); <-ended }
	t.Cleanup(stop)
	return running{in, registry, stop}
}

// writer is a store made of a function.
type writer func(ctx context.Context, lines []byte) error

func (w writer) Write(ctx context.Context, retention api.Retention, lines []byte) error {
	if retention != api.Raw {
		return fmt.Errorf("written to %s", retention)
	}
	return w(ctx, lines)
}

// post is a write of site bd-1, changed by the given functions.
func post(body []byte, change ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, api.PathWrite, bytes.NewReader(body))
	r.Header.Set(api.HeaderBatches, "0123abcd/1")
	r = r.WithContext(api.WithIdentity(r.Context(), api.Identity{Site: "bd-1", Agent: "a1", Via: "token"}))
	for _, c := range change {
		c(r)
	}
	return r
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		if r.Header.Del(name); value != "" {
			r.Header.Set(name, value)
		}
	}
}

func from(site string) func(*http.Request) {
	return func(r *http.Request) {
		*r = *r.WithContext(api.WithIdentity(r.Context(), api.Identity{Site: site, Agent: "a1"}))
	}
}

func zipped(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }

// zip packs fast: the race detector makes packing dear.
func zip(t testing.TB, text []byte) []byte { return zipAt(t, gzip.BestSpeed, text) }

// zips is a text that many times, each a gzip member of its own: packed once only.
func zips(t testing.TB, text []byte, times int) []byte { return bytes.Repeat(zip(t, text), times) }

func zipAt(t testing.TB, level int, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	api.Error
}

func send(t *testing.T, h http.Handler, r *http.Request) answer {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header()}
	body, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &a.Error); err != nil {
			t.Fatalf("answered %d %s: %v", w.Code, body, err)
		}
	} else if w.Code == http.StatusNoContent {
		a.Code = api.CodeStored
	}
	if want := api.Answers[a.Code].Status; a.status != want {
		t.Errorf("code %q with status %d, want %d", a.Code, a.status, want)
	}
	return a
}

// ping is a good line, a round of a target, that long ago.
func ping(t testing.TB, block []byte, target string, ago time.Duration) []byte {
	t.Helper()
	block, err := api.NewPoint("ping", now.Add(-ago)).Tag("target", target).Tag("role", "lan").
		Int("sent", 10).Int("received", 10).Float("rtt_min_ms", 0.25).AppendLine(block)
	if err != nil {
		t.Fatal(err)
	}
	return block
}

// pings is that many good lines of different times.
func pings(t testing.TB, n int) []byte {
	t.Helper()
	var block []byte
	for i := range n {
		block = ping(t, block, "router", time.Duration(i)*time.Second)
	}
	return block
}

// metric is the value of a counter or gauge, with a code where it has one.
func metric(t *testing.T, registry *prometheus.Registry, name, code string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			if code == "" || m.GetLabel()[0].GetValue() == code {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
