package gate

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
)

// stream says something now and then until its reader is gone, past every time limit.
func stream(in chan<- struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != api.PathEvents {
			io.WriteString(w, "page")
			return
		}
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Time{})
		w.Header().Set("Content-Type", "text/event-stream")
		in <- struct{}{}
		for i := 0; ; i++ {
			_ = control.SetWriteDeadline(time.Now().Add(time.Second))
			fmt.Fprintf(w, "data: %d\n\n", i)
			if control.Flush() != nil {
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
}

func TestStreamsOutliveTheTimeOfARequestAndTakeNoPlaceOfOthers(t *testing.T) {
	in := make(chan struct{}, 8)
	h := abroad(t, func(c *Config, d *Deps) {
		c.Requests, c.PageRequests, c.Streams, d.Board = 1, 2, 3, stream(in)
		c.WriteTimeout, c.ReadTimeout = 300*time.Millisecond, 300*time.Millisecond
	})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	client := h.reader()
	client.Timeout = 0
	listen := func() *http.Response {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.pageURL(api.PathEvents), nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return response
	}
	first, second := listen(), listen()
	<-in
	<-in
	if got := listen(); got.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a third stream of one address: %d", got.StatusCode)
	}
	if got := h.asks(h.reader(), "/", "x"); got.status != http.StatusOK || got.body != "page" {
		t.Errorf("a page beside streams: %d %s", got.status, got.body)
	}
	for _, r := range []*http.Response{first, second} {
		text, err := io.ReadAll(io.LimitReader(r.Body, 30*12)) // 30 events of at least 11 bytes: 1.5 s
		if err != nil || !strings.Contains(string(text), "data: 20\n") {
			t.Errorf("%q, %v", text, err)
		}
	}
}

func TestAStreamDoesNotKeepTheGateFromStopping(t *testing.T) {
	in := make(chan struct{}, 8)
	h := abroad(t, func(_ *Config, d *Deps) { d.Board = stream(in) })
	client := h.reader()
	client.Timeout = 0
	response, err := client.Get(h.pageURL(api.PathEvents))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	<-in
	if err := h.stop(); err != nil {
		t.Error(err)
	}
	if strings.Contains(h.log.String(), "cut off") {
		t.Errorf("it was cut off: %s", h.log.String())
	}
}

func TestAllStreamsTogetherAreBounded(t *testing.T) {
	in := make(chan struct{}, 8)
	h := abroad(t, func(c *Config, d *Deps) { c.Streams, d.Board = 1, stream(in) })
	client := h.reader()
	client.Timeout = 0
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.pageURL(api.PathEvents), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	<-in
	if got := h.asks(h.reader(), api.PathEvents, "x"); got.status != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", got.status)
	}
}
