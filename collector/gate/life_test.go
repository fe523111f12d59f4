package gate

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"communewatch/collector/api"
	"communewatch/collector/enrol"
)

func TestAHandlerThatPanicsIsAnsweredAndTheRestLivesOn(t *testing.T) {
	var begun atomic.Bool
	h := start(t, func(_ *Config, d *Deps) {
		d.Write = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(api.HeaderStored, "all")
			if begun.Load() {
				io.WriteString(w, "half of")
				http.NewResponseController(w).Flush()
			}
			panic(fmt.Errorf("nil map"))
		})
	})
	token := "Token " + h.issue("bd-21997")
	got := h.write(token, nil)
	if got.status != http.StatusServiceUnavailable || got.code(t) != api.CodeUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got.header.Get(api.HeaderStored) != "" || strings.Contains(got.body, "nil map") {
		t.Errorf("what the handler meant to say came out: %v %s", got.header, got.body)
	}
	if log := h.log.String(); !strings.Contains(log, "nil map") || !strings.Contains(log, "life_test.go") {
		t.Errorf("not logged with its stack: %s", log)
	}
	begun.Store(true)
	request, _ := http.NewRequest(http.MethodPost, "https://"+h.Addr().String()+api.PathWrite, nil)
	request.Header.Set("Authorization", token)
	response, err := h.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("an answer that was broken off looks whole: %q", body)
	}
	if got := h.agents(api.PathHealth); got.status != http.StatusOK {
		t.Errorf("after it: %d", got.status)
	}
}

func TestEveryAnswerSaysWhenTheRequestCameAndTheAnswerLeft(t *testing.T) {
	h := start(t, nil)
	before := time.Now().UnixNano()
	for what, got := range map[string]reply{
		"stored":    h.write("Token "+h.issue("bd-21997"), strings.NewReader("x")),
		"stranger":  h.write("", nil),
		"no path":   h.agents("/x"),
		"healthy":   h.agents(api.PathHealth),
		"the board": h.page("/"),
	} {
		var came, left int64
		if _, err := fmt.Sscanf(got.header.Get(api.HeaderTime), "%d %d", &came, &left); err != nil || came < before || left < came || left > time.Now().UnixNano() {
			t.Errorf("%s: %q, %v", what, got.header.Get(api.HeaderTime), err)
		}
		if _, err := http.ParseTime(got.header.Get("Date")); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, line := range []string{`code="204",path="/api/v2/write"} 1`, `code="401",path="/api/v2/write"} 1`, `code="404",path="other"} 1`} {
		if !h.counted("communewatch_gate_requests_total{" + line) {
			t.Errorf("not counted: %s", line)
		}
	}
}

func TestAnOpenRequestIsFinishedWhenTheGateStops(t *testing.T) {
	held := newHold()
	h := start(t, func(_ *Config, d *Deps) { d.Write = held })
	replies := make(chan reply, 1)
	h.occupy(1, h.issue("bd-21997"), held, replies)
	stopped := make(chan error, 1)
	go func() { stopped <- h.stop() }()
	eventually(t, "new callers are refused", func() bool {
		conn, err := net.Dial("tcp", h.Addr().String())
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	close(held.out)
	if got := <-replies; got.status != http.StatusNoContent {
		t.Errorf("it got %d", got.status)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestARequestThatNeverEndsDoesNotKeepTheGateFromStopping(t *testing.T) {
	in := make(chan struct{})
	h := start(t, func(c *Config, d *Deps) {
		c.StopTimeout = 100 * time.Millisecond
		d.Write = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(in)
			<-r.Context().Done()
		})
	})
	go func() {
		request, _ := http.NewRequest(http.MethodPost, "https://"+h.Addr().String()+api.PathWrite, nil)
		request.Header.Set("Authorization", "Token "+h.issue("bd-21997"))
		if response, err := h.client.Do(request); err == nil {
			response.Body.Close()
		}
	}()
	<-in
	if err := h.stop(); err != nil {
		t.Error(err)
	}
}

func TestACertificateIsReplacedWhileTheGateRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	authority, err := enrol.OpenAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	var fail atomic.Bool
	fail.Store(true)
	h := start(t, func(c *Config, d *Deps) {
		c.RenewEvery = 10 * time.Millisecond
		d.Renew = func() (tls.Certificate, error) {
			if fail.Load() {
				return tls.Certificate{}, errors.New("no space left on device")
			}
			return authority.ServerCertificate([]string{"127.0.0.1"})
		}
	})
	eventually(t, "the failure is logged", func() bool { return strings.Contains(h.log.String(), "no space left") })
	if got := h.agents(api.PathHealth); got.status != http.StatusOK {
		t.Errorf("after a failure: %d", got.status)
	}
	fail.Store(false)
	eventually(t, "the new certificate is shown", func() bool {
		conn, err := tls.Dial("tcp", h.Addr().String(), pinned(authority.Pin()))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func TestAnAddressThatIsTakenIsSaid(t *testing.T) {
	h := start(t, nil)
	cfg, deps := h.cfg, h.deps
	deps.Registry = prometheus.NewRegistry()
	cfg.PageListen = h.PageAddr().String()
	second, err := New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "listen for pages") {
		t.Errorf("got %v", err)
	}
	if second.Addr() != nil {
		t.Error("one door is open")
	}
}
