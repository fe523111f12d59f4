package gate

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
)

// hold is a handler that says when it is entered and stays until it is let go.
type hold struct {
	in  chan string
	out chan struct{}
}

func newHold() *hold { return &hold{make(chan string, 64), make(chan struct{})} }

func (h *hold) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, _ := api.IdentityFrom(r.Context())
	h.in <- id.Site
	<-h.out
	w.WriteHeader(http.StatusNoContent)
}

// occupy makes n writes that stay inside, and waits until they are.
func (h *house) occupy(n int, token string, held *hold, replies chan<- reply) {
	h.t.Helper()
	for range n {
		go func() { replies <- h.write("Token "+token, nil) }()
	}
	for range n {
		<-held.in
	}
}

func TestAnAgentThatSendsTooMuchAtOnceIsTurnedAwayAndOthersAreNot(t *testing.T) {
	held := newHold()
	h := start(t, func(c *Config, d *Deps) { c.PerAgent, d.Write = 2, held })
	greedy, other := h.issue("bd-21997"), h.issue("bd-21550")
	replies := make(chan reply, 8)
	h.occupy(2, greedy, held, replies)
	got := h.write("Token "+greedy, nil)
	if got.status != http.StatusTooManyRequests || got.code(t) != api.CodeTooMany || got.header.Get("Retry-After") != "2" {
		t.Errorf("%d %s, Retry-After %q", got.status, got.body, got.header.Get("Retry-After"))
	}
	h.occupy(1, other, held, replies)
	close(held.out)
	for range 3 {
		if got := <-replies; got.status != http.StatusNoContent {
			t.Errorf("a write that was let in got %d", got.status)
		}
	}
	if got := h.write("Token "+greedy, nil); got.status != http.StatusNoContent {
		t.Errorf("its places were not given back: %d", got.status)
	}
	if len(h.Gate.agents.open) != 0 {
		t.Errorf("the tally remembers %v", h.Gate.agents.open)
	}
}

func TestWhenAllPlacesAreTakenTheNextIsToldWhenToComeAgain(t *testing.T) {
	held := newHold()
	h := start(t, func(c *Config, d *Deps) { c.Requests, d.Write = 3, held })
	replies := make(chan reply, 8)
	for _, site := range []string{"bd-1", "bd-2", "bd-3"} {
		h.occupy(1, h.issue(site), held, replies)
	}
	got := h.write("Token "+h.issue("bd-4"), nil)
	wait, err := strconv.Atoi(got.header.Get("Retry-After"))
	if got.status != http.StatusServiceUnavailable || got.code(t) != api.CodeUnavailable || err != nil || wait < 5 || wait > 15 {
		t.Errorf("%d %s, Retry-After %q", got.status, got.body, got.header.Get("Retry-After"))
	}
	if got := h.agents(api.PathHealth); got.status != http.StatusOK {
		t.Errorf("alive is %d", got.status)
	}
	if got := h.page("/"); got.status != http.StatusOK {
		t.Errorf("the page is %d", got.status)
	}
	close(held.out)
	for range 3 {
		<-replies
	}
	if got := h.write("Token "+h.issue("bd-4"), nil); got.status != http.StatusNoContent {
		t.Errorf("no place was given back: %d", got.status)
	}
}

func TestABodyTooLargeIsRefusedWhetherItSaysItsSizeOrNot(t *testing.T) {
	h := start(t, nil)
	token := "Token " + h.issue("bd-21997")
	large := make([]byte, api.MaxBodyBytes+1)
	for what, body := range map[string]io.Reader{"said": bytes.NewReader(large), "not said": io.MultiReader(bytes.NewReader(large))} {
		if got := h.write(token, body); got.status != http.StatusRequestEntityTooLarge || got.code(t) != api.CodeTooLarge {
			t.Errorf("%s: %d %s", what, got.status, got.body)
		}
	}
	if got := h.write(token, bytes.NewReader(large[1:])); got.status != http.StatusNoContent && got.status != 0 {
		t.Errorf("the largest: %d %s", got.status, got.body)
	}
}

func TestAHeaderTooLargeIsRefused(t *testing.T) {
	h := start(t, nil)
	request, _ := http.NewRequest(http.MethodGet, "https://"+h.Addr().String()+api.PathHealth, nil)
	request.Header.Set("X", strings.Repeat("x", 64<<10))
	if got := h.do(h.client, request); got.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d", got.status)
	}
}

// dial opens a TLS connection and says something on it.
func (h *house) dial(said string) net.Conn {
	h.t.Helper()
	conn, err := tls.Dial("tcp", h.Addr().String(), pinned(h.authority.Pin()))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, said); err != nil {
		h.t.Fatal(err)
	}
	return conn
}

// trickle says one byte after another until the other side has had enough.
func trickle(t *testing.T, conn net.Conn, bytes string) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		io.Copy(io.Discard, conn)
	}()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	for {
		select {
		case <-ended:
			return
		case <-time.After(20 * time.Millisecond):
		}
		if _, err := io.WriteString(conn, bytes); errors.Is(err, context.DeadlineExceeded) {
			t.Error("it was never ended")
			return
		} else if err != nil {
			<-ended
			return
		}
	}
}

func TestACallerWhoTricklesIsEndedWhileOthersAreServed(t *testing.T) {
	h := start(t, func(c *Config, _ *Deps) {
		c.HeaderTimeout, c.ReadTimeout = 300*time.Millisecond, 600*time.Millisecond
	})
	token := h.issue("bd-21997")
	head := "POST " + api.PathWrite + " HTTP/1.1\r\nHost: x\r\nAuthorization: Token " + token + "\r\nContent-Length: 100000\r\n\r\n"
	for what, said := range map[string]string{
		"headers":                 "GET /healthz HTTP/1.1\r\nX: ",
		"the body of a write":     head,
		"the body of a stranger":  strings.Replace(head, token, "x", 1),
		"nothing but a handshake": "",
	} {
		t.Run(what, func(t *testing.T) {
			trickle(t, h.dial(said), "x")
			if got := h.write("Token "+token, strings.NewReader("ping")); got.status != http.StatusNoContent {
				t.Errorf("others get %d", got.status)
			}
		})
	}
	t.Run("not even a handshake", func(t *testing.T) {
		conn, err := net.Dial("tcp", h.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("never ended: %v", err)
		}
	})
}

func TestMoreConnectionsThanAllowedWaitUntilOneEnds(t *testing.T) {
	h := start(t, func(c *Config, _ *Deps) { c.Connections = 2 })
	first, second := h.dial(""), h.dial("")
	third, err := net.Dial("tcp", h.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	done := make(chan error, 1)
	go func() { done <- tls.Client(third, pinned(h.authority.Pin())).Handshake() }()
	select {
	case err := <-done:
		t.Fatalf("a third one was let in: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	first.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	second.Close()
}

func TestOnlyAnAgentsConnectionIsKeptBetweenRequests(t *testing.T) {
	h := start(t, func(c *Config, _ *Deps) { c.HeaderTimeout = 300 * time.Millisecond })
	ask := func(conn net.Conn, r *bufio.Reader, path, token string) error {
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Token %s\r\nContent-Length: 1\r\n\r\nx", path, token)
		response, err := http.ReadResponse(r, nil)
		if err == nil {
			_, err = io.Copy(io.Discard, response.Body)
		}
		return err
	}
	token := h.issue("bd-21997")
	agent := h.dial("")
	agents := bufio.NewReader(agent)
	for _, path := range []string{api.PathHealth, api.PathWrite, api.PathHealth} {
		if err := ask(agent, agents, path, token); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{api.PathHealth, api.PathReady, api.PathWrite, "/"} {
		stranger := h.dial("")
		r := bufio.NewReader(stranger)
		for range 2 { // one who goes on at once is served
			if err := ask(stranger, r, path, "cw_x"); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
		if _, err := r.ReadByte(); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: a stranger's connection is not ended: %v", path, err)
		}
	}
	if err := ask(agent, agents, api.PathWrite, token); err != nil {
		t.Errorf("an agent's connection is ended: %v", err)
	}
}

func TestOnLoopbackThePagesAnswerToLoopbackNamesOnly(t *testing.T) {
	h := start(t, nil)
	_, port, _ := net.SplitHostPort(h.PageAddr().String())
	for host, want := range map[string]int{
		"localhost": 200, "localhost:" + port: 200, "LOCALHOST:1": 200, "127.0.0.1:" + port: 200, "[::1]:" + port: 200, "[::1]": 200,
		"evil.example": 403, "evil.example:" + port: 403, "localhost.evil.example": 403, "127.0.0.1.evil.example": 403, "10.0.0.1": 403, "192.168.1.1:" + port: 403,
	} {
		for _, path := range []string{"/", api.PathMetrics, api.PathHealth} {
			request, _ := http.NewRequest(http.MethodGet, "http://"+h.PageAddr().String()+path, nil)
			request.Host = host
			if got := h.do(h.client, request); got.status != want {
				t.Errorf("%s%s: %d, want %d", host, path, got.status, want)
			}
		}
	}
}

func TestAPageIsHeldToItsOwnOrigin(t *testing.T) {
	header := start(t, nil).page("/").header
	for name, part := range map[string]string{
		"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		if !strings.Contains(header.Get(name), part) {
			t.Errorf("%s: %q", name, header.Get(name))
		}
	}
	if !strings.Contains(header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Error("it can be framed")
	}
}

func TestAGateWithoutALimitOrARoomIsRefused(t *testing.T) {
	h := start(t, nil)
	for what, change := range map[string]func(*Config, *Deps){
		"no certificate": func(_ *Config, d *Deps) { d.Certificate = tls.Certificate{} },
		"no write":       func(_ *Config, d *Deps) { d.Write = nil },
		"no log":         func(_ *Config, d *Deps) { d.Log = nil },
		"no time":        func(c *Config, _ *Deps) { c.ReadTimeout = 0 },
		"no place":       func(c *Config, _ *Deps) { c.PerAgent = 0 },
		"same metrics":   func(*Config, *Deps) {},
	} {
		cfg, deps := h.cfg, h.deps
		change(&cfg, &deps)
		if _, err := New(cfg, deps); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	h.agents("/healthz") // whoever answers runs already
	if err := h.Run(t.Context()); err == nil {
		t.Error("it ran twice")
	}
}
