package gate

import (
	"fmt"
	"log"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// slots are the places for requests at once; who finds none is turned away, not queued.
type slots struct{ places chan struct{} }

func newSlots(n int) *slots { return &slots{make(chan struct{}, n)} }

func (s *slots) take() bool {
	select {
	case s.places <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s *slots) give() { <-s.places }

// tally counts what is open by identity or address, and forgets who has nothing open.
type tally[K comparable] struct {
	limit int
	mu    sync.Mutex
	open  map[K]int
}

func newTally[K comparable](limit int) *tally[K] { return &tally[K]{limit: limit, open: map[K]int{}} }

func (t *tally[K]) take(id K) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[id] >= t.limit {
		return false
	}
	t.open[id]++
	return true
}

func (t *tally[K]) give(id K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[id]--; t.open[id] == 0 {
		delete(t.open, id)
	}
}

// metrics are the gate's own.
type metrics struct {
	requests     *prometheus.CounterVec
	panics       prometheus.Counter
	tlsErrors    prometheus.Counter
	hurried      prometheus.Counter
	pagesHurried prometheus.Counter
	twins        prometheus.Counter
}

func newMetrics(registry prometheus.Registerer, copies prometheus.Collector) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "communewatch_gate_requests_total", Help: "Requests answered.",
		}, []string{"path", "code"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "communewatch_gate_panics_total", Help: "Handlers that panicked.",
		}),
		tlsErrors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "communewatch_gate_tls_errors_total", Help: "Connections that did not get through the TLS handshake.",
		}),
		hurried: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "communewatch_gate_enrol_hurried_total", Help: "Tries to enrol that were turned away because they were too many.",
		}),
		pagesHurried: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "communewatch_gate_pages_hurried_total", Help: "Requests for pages that were turned away because their address had too many.",
		}),
		twins: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "communewatch_gate_twins_refused_total", Help: "Requests refused because another machine reports under the same identity.",
		}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.panics, m.tlsErrors, m.hurried, m.pagesHurried, m.twins, copies} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register the gate's metrics: %w", err)
		}
	}
	return m, nil
}

// errorLog takes what net/http has to say. Failed handshakes come by the thousand
// from a scanner, or from agents with another pin: they are counted.
func (g *Gate) errorLog() *log.Logger { return log.New(lines{g}, "", 0) }

type lines struct{ gate *Gate }

func (l lines) Write(p []byte) (int, error) {
	text := strings.TrimSpace(string(p))
	if strings.HasPrefix(text, "http: TLS handshake error") {
		l.gate.metrics.tlsErrors.Inc()
		l.gate.log.Debug("TLS handshake failed", "error", text)
		return len(p), nil
	}
	l.gate.log.Warn("HTTP server", "error", text)
	return len(p), nil
}
