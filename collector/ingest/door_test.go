package ingest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"communewatch/collector/api"
	"communewatch/collector/enrol"
	"communewatch/collector/gate"
)

// door is a gate that runs before an ingest: TLS, tokens and connections are real.
type door struct {
	url    string
	tokens *enrol.Tokens
	client *http.Client
}

func openDoor(t *testing.T, h http.Handler, change ...func(*gate.Config)) *door {
	t.Helper()
	dir := t.TempDir()
	authority, err := enrol.OpenAuthority(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.ServerCertificate([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := enrol.OpenTokens(filepath.Join(dir, "tokens"))
	if err != nil {
		t.Fatal(err)
	}
	cfg := gate.DefaultConfiguration()
	cfg.Listen, cfg.PageListen = "127.0.0.1:0", "127.0.0.1:0"
	for _, c := range change {
		c(&cfg)
	}
	g, err := gate.New(cfg, gate.Deps{
		Certificate: certificate, Identify: tokens.Identify, Write: h, Board: http.NotFoundHandler(), Metrics: http.NotFoundHandler(),
		Ready: func(context.Context) error { return nil }, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	// Who is let in is the gate's tests'; here it only has to be the same machine.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 64}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &door{"https://" + g.Addr().String() + api.PathWrite, tokens, &http.Client{Transport: transport}}
}

// sender is an agent with its token.
type sender struct {
	*door
	t     *testing.T
	token string
	sent  int
	large bool // its bodies may be more than a server reads of a request that it refuses: the answer is then lost
}

func (d *door) sender(t *testing.T, site string) *sender {
	t.Helper()
	token, err := d.tokens.Issue(site, "a1")
	if err != nil {
		t.Fatal(err)
	}
	return &sender{door: d, t: t, token: token}
}

// send posts a body, gzip or not, and reads the answer.
func (s *sender) send(body []byte, change ...func(*http.Request)) answer {
	r, err := http.NewRequest(http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return answer{}
	}
	s.sent++
	r.Header.Set("Authorization", "Token "+s.token)
	r.Header.Set(api.HeaderBatches, "0123abcd/"+strconv.Itoa(s.sent))
	for _, c := range change {
		c(r)
	}
	response, err := s.client.Do(r)
	if err != nil {
		if !s.large {
			s.t.Error(err)
		}
		return answer{}
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode, header: response.Header}
	text, err := io.ReadAll(response.Body)
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &a.Error)
	}
	if err != nil {
		s.t.Errorf("answered %d %s: %v", a.status, text, err)
	}
	if a.status == http.StatusNoContent && a.header.Get(api.HeaderStored) == r.Header.Get(api.HeaderBatches) {
		a.Code = api.CodeStored
	}
	return a
}

// ledger is a database that keeps lines, each once.
type ledger struct {
	mu    sync.Mutex
	lines map[string]bool
}

func (l *ledger) write(_ context.Context, lines []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines == nil {
		l.lines = map[string]bool{}
	}
	for line := range bytes.Lines(lines) {
		l.lines[string(bytes.TrimSpace(line))] = true
	}
	return nil
}

// count is how many lines are kept that start so.
func (l *ledger) count(start string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range l.lines {
		if strings.HasPrefix(line, start) {
			n++
		}
	}
	return n
}

// has is whether the first line of a body is kept, as that site's.
func (l *ledger) has(t *testing.T, site string, body []byte) bool {
	t.Helper()
	var p api.Point
	first, _, _ := bytes.Cut(body, []byte("\n"))
	if err := api.ParseLine(string(first), &p); err != nil {
		t.Fatal(err)
	}
	p.SetTag(api.TagSite, site)
	p.SetTag(api.TagAgent, "a1")
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines[string(bytes.TrimSpace(p.AppendParsed(nil)))]
}

func siteNamed(n int) string { return fmt.Sprintf("bd-%d", n) }
