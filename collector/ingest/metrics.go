package ingest

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"communewatch/collector/api"
)

type metrics struct {
	requests        *prometheus.CounterVec
	lines, rejected prometheus.Counter
	commits         prometheus.Histogram
}

func newMetrics(registry prometheus.Registerer, q *queue) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "communewatch_ingest_requests_total", Help: `Requests answered, by the answer's code; "gone" is a sender who did not wait.`,
		}, []string{"code"}),
		lines: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "communewatch_ingest_lines_total", Help: "Lines received.",
		}),
		rejected: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "communewatch_ingest_rejected_lines_total", Help: "Lines received that never will be stored.",
		}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "communewatch_ingest_commit_seconds", Help: "Time to write one block to the database.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}),
	}
	for code := range api.Answers {
		m.requests.WithLabelValues(string(code))
	}
	held := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "communewatch_ingest_queue_bytes", Help: "Bytes held of requests that are read or wait to be stored.",
	}, q.size)
	for _, c := range []prometheus.Collector{m.requests, m.lines, m.rejected, m.commits, held} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register ingest's metrics: %w", err)
		}
	}
	return m, nil
}
