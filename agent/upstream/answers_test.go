package upstream

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"communewatch/collector/api"
)

// read makes an answer of what came over a connection, as the transport does.
func read(raw []byte) answer {
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), &http.Request{Method: http.MethodPost})
	if err != nil {
		return answer{err: err, written: true}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{err: err, written: true}
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body, written: true}
}

var (
	rawStored  = fmt.Sprintf("HTTP/1.1 204 No Content\r\n%s: %s\r\n%s: %s\r\n\r\n", api.HeaderStored, sent, api.HeaderTime, aTime)
	rejection  = `{"code":"invalid","message":"m","lines":[{"line":2,"reason":"r"}]}`
	rawInvalid = fmt.Sprintf("HTTP/1.1 400 Bad Request\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s", api.HeaderTime, aTime, len(rejection), rejection)
)

// onlyExactly fails if a verdict lets go of batches on any other word than the
// collector's own: all stored, by name, or these lines never.
func onlyExactly(t interface{ Fatalf(string, ...any) }, a answer, v verdict) {
	exact := a.err == nil && a.status == http.StatusNoContent && slices.Equal(a.header.Values(api.HeaderStored), []string{sent.String()})
	if (v.action == api.Delete) != exact {
		t.Fatalf("action %d, stored exactly as sent: %t: %+v", v.action, exact, a)
	}
	if v.action == api.SetAside && (a.err != nil || a.status != http.StatusBadRequest || !timed(a.header) || len(v.lines) == 0) {
		t.Fatalf("set aside on %+v", a)
	}
}

func TestOnlyA204ThatNamesExactlyWhatWasSentDeletes(t *testing.T) {
	names := []string{
		sent.String(), sent[:1].String(), sent[1:].String(), sent.String() + "," + session + "/99", " " + sent.String(), "",
		api.BatchList{sent[1], sent[0]}.String(), strings.ToUpper(sent.String()), session + "/3-17", "all",
	}
	bodies := []string{
		"", "<html>", `{"code":"stored"}`, `{"code":"invalid","lines":[{"line":1}]}`, `{"code":"invalid","lines":[{"line":99}]}`,
		`{"code":"too_large"}`, `{"code":"unavailable"}`, `{"code":"invalid"`, `{"code":"stored","lines":[{"line":1}]}`,
	}
	rapid.Check(t, func(t *rapid.T) {
		a := answer{
			status:  rapid.OneOf(rapid.SampledFrom([]int{200, 204, 204, 204, 302, 400, 400, 401, 407, 413, 503, 511}), rapid.IntRange(100, 599)).Draw(t, "status"),
			header:  http.Header{},
			body:    []byte(rapid.OneOf(rapid.SampledFrom(bodies), rapid.String()).Draw(t, "body")),
			written: true,
		}
		for _, name := range rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(names), rapid.Just(names[0]), rapid.String()), 0, 2).Draw(t, "stored") {
			a.header.Add(api.HeaderStored, name)
		}
		if rapid.Bool().Draw(t, "timed") {
			a.header.Set(api.HeaderTime, aTime)
		}
		if rapid.IntRange(0, 9).Draw(t, "broken") == 0 {
			a.err = io.ErrUnexpectedEOF
		}
		onlyExactly(t, a, decide(a, sent, 30))
	})
}

func FuzzAnswer(f *testing.F) {
	for _, raw := range []string{rawStored, rawInvalid, rawStored + rawStored, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>login", "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"} {
		f.Add([]byte(raw))
		f.Add([]byte(raw[:len(raw)/2]))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a := read(raw)
		onlyExactly(t, a, decide(a, sent, 30))
	})
}

func TestAnAnswerCutAtAnyByteDeletesNothing(t *testing.T) {
	for _, whole := range []string{rawStored, rawInvalid} {
		if v := decide(read([]byte(whole)), sent, 30); v.action != api.Delete && v.action != api.SetAside {
			t.Errorf("whole: %v", v)
		}
		for n := range len(whole) {
			if v := decide(read([]byte(whole[:n])), sent, 30); v.action != api.Keep {
				t.Errorf("after %d bytes of %d: action %d", n, len(whole), v.action)
			}
		}
	}
}

func TestAnAnswerThatComesTwiceIsNotTheNextOnes(t *testing.T) {
	c := newCollector(t, nil)
	first := ""
	c.answerWith(func(w http.ResponseWriter, got received) {
		switch len(c.requests()) {
		case 1:
			first = w.Header().Get(api.HeaderTime)
			refuse(api.Error{Code: api.CodeInvalid, Message: "m", Lines: []api.RejectedLine{{Line: 1, Reason: "bad"}}})(w, got)
		case 2: // the same once more
			w.Header().Set(api.HeaderTime, first)
			refuse(api.Error{Code: api.CodeInvalid, Message: "m", Lines: []api.RejectedLine{{Line: 1, Reason: "bad"}}})(w, got)
		default:
			stored(w, got)
		}
	})
	q := newMemory(2)
	run(t, sender(t, c, q))
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
	if len(q.aside) != 1 || q.aside[2] == nil {
		t.Errorf("set aside: %v, want what the first answer was about", q.aside)
	}
	if n := len(c.requests()); n != 3 {
		t.Errorf("%d requests", n)
	}
}

// The best answer there is, from a connection that must not be trusted.
func TestWhatAStrangerSaysIsStoredIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		other := newAuthority(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
		foreign, err := x509.ParseCertificate(other.server(t, time.Now(), time.Now().Add(time.Hour), "127.0.0.1").Certificate[0])
		must(t, err)
		elsewhere, err := x509.ParseCertificate(b.ca.server(t, time.Now(), time.Now().Add(time.Hour), "10.0.0.1").Certificate[0])
		must(t, err)
		expired, err := x509.ParseCertificate(b.ca.server(t, time.Now().Add(-time.Hour), time.Now().Add(-time.Minute), "127.0.0.1").Certificate[0])
		must(t, err)
		for name, state := range map[string]*tls.ConnectionState{
			"no TLS":                       nil,
			"no certificate":               {},
			"another's":                    {PeerCertificates: []*x509.Certificate{foreign, other.cert}},
			"another's, with our CA shown": {PeerCertificates: []*x509.Certificate{foreign, b.ca.cert}},
			"for another name":             {PeerCertificates: []*x509.Certificate{elsewhere, b.ca.cert}},
			"expired":                      {PeerCertificates: []*x509.Certificate{expired, b.ca.cert}},
		} {
			q := newMemory(1)
			s := b.sender(q, slog.DiscardHandler, 1)
			s.clock.(*watch).known = true
			s.remote.client.Transport.(*line).state = func() *tls.ConnectionState { return state }
			s.once(t.Context())
			if len(q.Sequences()) != 1 || s.Stats().Trouble != ReasonCertificate {
				t.Errorf("%s: %v left, %+v", name, q.Sequences(), s.Stats())
			}
		}
	})
}
