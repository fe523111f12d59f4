//go:build integration

package lab

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/center"
	"communewatch/collector/enrol"
)

// middlebox stands between an office's line and the collector and does to whole
// requests what networks do to packets, and worse. It has a certificate of the
// collector's own authority, so the agent trusts it: nothing of what it does may cost
// or double a point all the same.
type middlebox struct {
	collector string
	client    *http.Client
	server    *http.Server
	address   string

	mu      sync.Mutex
	random  *rand.Rand
	planned []mischief
	copies  []copied // requests that went by, to come again later
	stale   http.Header
	played  map[string]int

	late sync.WaitGroup // copies under way
}

// mischief answers one request in its own way.
type mischief func(*middlebox, http.ResponseWriter, copied)

// copied is a request that can be sent again.
type copied struct {
	method, path string
	header       http.Header
	body         []byte
}

// mischiefs by name.
var mischiefs = map[string]mischief{
	"answer cut after the commit": func(m *middlebox, w http.ResponseWriter, r copied) {
		m.forward(r)
		panic(http.ErrAbortHandler)
	},
	"answer cut in its middle": func(m *middlebox, w http.ResponseWriter, r copied) {
		m.forward(r)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(conn, "HTTP/1.1 204 No Content\r\nCommunewatch-Sto")
		conn.Close()
	},
	"request lost": func(m *middlebox, w http.ResponseWriter, r copied) { panic(http.ErrAbortHandler) },
	"request doubled": func(m *middlebox, w http.ResponseWriter, r copied) {
		m.forward(r)
		m.answer(w, r)
	},
	"request doubled at the same time": func(m *middlebox, w http.ResponseWriter, r copied) {
		m.again(r)
		m.answer(w, r)
	},
	"request comes again later, out of order": func(m *middlebox, w http.ResponseWriter, r copied) {
		m.answer(w, r)
		m.mu.Lock()
		m.copies = append(m.copies, r)
		var due []copied
		if len(m.copies) == 4 {
			due, m.copies = m.copies, nil
			m.random.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
		}
		m.mu.Unlock()
		for _, old := range due {
			m.again(old)
		}
	},
	"request delayed": func(m *middlebox, w http.ResponseWriter, r copied) {
		m.mu.Lock()
		wait := time.Duration(50+m.random.IntN(400)) * time.Millisecond
		m.mu.Unlock()
		time.Sleep(wait)
		m.answer(w, r)
	},
	"login page": func(_ *middlebox, w http.ResponseWriter, _ copied) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<html>please log in</html>")
	},
	"bare 204": func(_ *middlebox, w http.ResponseWriter, _ copied) { w.WriteHeader(http.StatusNoContent) },
	"answer of another request": func(m *middlebox, w http.ResponseWriter, r copied) {
		m.mu.Lock()
		stale := m.stale.Clone()
		m.mu.Unlock()
		// TLS keeps an answer of another time away; one that is mixed up comes now.
		stale.Del(api.HeaderTime)
		stale.Del("Date")
		maps.Copy(w.Header(), stale)
		w.WriteHeader(http.StatusNoContent)
	},
	"bad gateway": func(_ *middlebox, w http.ResponseWriter, _ copied) {
		http.Error(w, "bad gateway", http.StatusBadGateway)
	},
	"too large for a box on the way": func(_ *middlebox, w http.ResponseWriter, _ copied) {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	},
	"redirection": func(_ *middlebox, w http.ResponseWriter, _ copied) {
		w.Header().Set("Location", "https://127.0.0.1:1/portal")
		w.WriteHeader(http.StatusFound)
	},
}

func newMiddlebox(t *testing.T, c *Collector, seed uint64) *middlebox {
	t.Helper()
	authority, err := enrol.OpenAuthority(center.KeysDir(c.Data))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.ServerCertificate([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	m := &middlebox{
		collector: "https://" + c.Agents,
		// It is on the same machine and holds the keys itself: nothing to verify.
		client:  &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 20 * time.Second},
		address: listener.Addr().String(),
		random:  rand.New(rand.NewPCG(seed, 2)),
		played:  map[string]int{},
	}
	m.server = &http.Server{Handler: m, ErrorLog: log.New(io.Discard, "", 0)}
	served := make(chan struct{})
	go func() { defer close(served); m.server.Serve(listener) }()
	t.Cleanup(func() {
		m.server.Close()
		<-served
		m.late.Wait()
		m.client.CloseIdleConnections()
	})
	return m
}

// plan lets the next write meet a mischief.
func (m *middlebox) plan(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.played[name]++
	m.planned = append(m.planned, mischiefs[name])
}

// calm forgets what is planned and has not happened.
func (m *middlebox) calm() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.planned = nil
}

func (m *middlebox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, api.MaxBodyBytes))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	request := copied{r.Method, r.URL.Path, r.Header.Clone(), body}
	if r.URL.Path != api.PathWrite {
		m.answer(w, request)
		return
	}
	m.mu.Lock()
	next := (*middlebox).answer
	if len(m.planned) > 0 {
		next, m.planned = m.planned[0], m.planned[1:]
	}
	m.mu.Unlock()
	next(m, w, request)
}

// answer is what an honest relay does.
func (m *middlebox) answer(w http.ResponseWriter, r copied) {
	status, header, body := m.forward(r)
	if status == 0 {
		panic(http.ErrAbortHandler) // the collector is not there: neither is its answer
	}
	maps.Copy(w.Header(), header)
	w.WriteHeader(status)
	w.Write(body)
	if status == http.StatusNoContent {
		m.mu.Lock()
		m.stale = header
		m.mu.Unlock()
	}
}

// again sends a copy whose answer nobody hears.
func (m *middlebox) again(r copied) { m.late.Go(func() { m.forward(r) }) }

func (m *middlebox) forward(r copied) (status int, header http.Header, body []byte) {
	request, err := http.NewRequestWithContext(context.Background(), r.method, m.collector+r.path, bytes.NewReader(r.body))
	if err != nil {
		return 0, nil, nil
	}
	request.Header = r.header.Clone()
	response, err := m.client.Do(request)
	if err != nil {
		return 0, nil, nil
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	if err != nil {
		return 0, nil, nil
	}
	return response.StatusCode, response.Header, body
}
