//go:build integration

package ingest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"

	"communewatch/collector/api"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// BenchmarkCommit is what ingest adds to the database: a request from its arrival to its
// answer, and beside it the same lines written to the same InfluxDB by store.Write.
// "lone" is latency: nobody else sends. "busy" is throughput: 64 senders, each with its
// next request as soon as the last is answered, against two writers of full blocks.
func BenchmarkCommit(b *testing.B) {
	db := storetest.Open(b, storetest.Start(b))
	in, stop := benchIngest(b, db)
	defer stop()
	for _, lines := range []int{20, 5_000} {
		text := body(lines, time.Now())
		zipped := squeeze(b, text)
		b.Run(fmt.Sprintf("lone request of %d lines", lines), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ask(b, in, zipped, 0)
			}
		})
		b.Run(fmt.Sprintf("lone block of %d lines", lines), func(b *testing.B) {
			b.ReportAllocs()
			block := stamped(b, text, 0)
			for b.Loop() {
				if err := db.Write(b.Context(), api.Raw, block); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	const senders, each = 64, 1_000
	text := body(each, time.Now())
	zipped := squeeze(b, text)
	b.Run("busy requests of 1,000 lines", func(b *testing.B) {
		b.ReportAllocs()
		together(b, senders, func(n int) { ask(b, in, zipped, n) })
		b.ReportMetric(each*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	})
	b.Run("busy blocks of 20,000 lines", func(b *testing.B) {
		b.ReportAllocs()
		const requests = 20
		var blocks [3][]byte // of the same senders
		for n := range requests * len(blocks) {
			blocks[n/requests] = append(blocks[n/requests], stamped(b, text, n)...)
		}
		var next atomic.Int64
		together(b, 2, func(int) {
			if err := db.Write(b.Context(), api.Raw, blocks[next.Add(1)%int64(len(blocks))]); err != nil {
				b.Error(err)
			}
		})
		b.ReportMetric(requests*each*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	})
}

func benchIngest(b *testing.B, db *store.Store) (*Ingest, func()) {
	b.Helper()
	cfg := DefaultConfiguration()
	cfg.AgentRate, cfg.AgentBurst = 1<<40, 1<<40 // the senders here never rest
	in, err := New(cfg, Deps{Store: db, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = in.Run(ctx) // ctx's error
	}()
	return in, func() { cancel(); <-ended }
}

// together does it b.N times from that many goroutines.
func together(b *testing.B, many int, do func(n int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for n := range many {
		all.Go(func() {
			for next.Add(1) <= int64(b.N) {
				do(n)
			}
		})
	}
	all.Wait()
	b.StopTimer()
}

func ask(b *testing.B, in *Ingest, zipped []byte, n int) {
	r := httptest.NewRequest(http.MethodPost, api.PathWrite, bytes.NewReader(zipped))
	r.Header.Set("Content-Encoding", "gzip")
	r.Header.Set(api.HeaderBatches, "0123abcd/1")
	w := httptest.NewRecorder()
	in.ServeHTTP(w, r.WithContext(api.WithIdentity(r.Context(), agent(n))))
	if w.Code != http.StatusNoContent {
		b.Errorf("answered %d %s", w.Code, w.Body)
	}
}

func stamped(b *testing.B, text string, n int) []byte {
	b.Helper()
	l, failure := checkLines(text, agent(n), time.Now().UnixNano())
	if failure != nil || l.rejected.count > 0 {
		b.Fatal(failure, l.rejected)
	}
	return l.block
}

func squeeze(b *testing.B, text string) []byte {
	b.Helper()
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write([]byte(text)); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return z.Bytes()
}
