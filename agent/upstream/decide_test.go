package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"communewatch/collector/api"
)

const aTime = "1700000000000000000 1700000000000000001"

var sent = api.BatchList{{Session: session, First: 17, Last: 17}, {Session: session, First: 3, Last: 16}}

func TestEveryCodeOfTheContractLeadsToItsAction(t *testing.T) {
	for code, row := range api.Answers {
		e := &api.Error{Code: code, Message: "because", Lines: []api.RejectedLine{{Line: 2, Reason: "r"}}}
		a := answer{status: row.Status, header: http.Header{}, body: marshal(t, e)}
		a.header.Set(api.HeaderTime, aTime)
		if code == api.CodeStored {
			a.body = nil
			a.header.Set(api.HeaderStored, sent.String())
		}
		if v := decide(a, sent, 30); v.action != row.Action || v.reason != Reason(code) {
			t.Errorf("%s: action %d, reason %s; want %d", code, v.action, v.reason, row.Action)
		}
	}
}

func TestWhatIsDoneAfterEachAnswer(t *testing.T) {
	const when = "Wed, 25 Nov 2026 08:00:00 GMT"
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	said := func(e api.Error) []byte { return marshal(t, &e) }
	invalid := func(lines ...api.RejectedLine) []byte {
		return said(api.Error{Code: api.CodeInvalid, Message: "m", Lines: lines})
	}
	for name, c := range map[string]struct {
		a    answer
		want verdict
	}{
		"our batches are named":           {answer{status: 204, header: header(api.HeaderStored, sent.String())}, verdict{action: api.Delete, reason: ReasonStored}},
		"204 of somebody else":            {answer{status: 204, header: header()}, verdict{action: api.Keep, reason: ReasonStranger}},
		"204 for other batches":           {answer{status: 204, header: header(api.HeaderStored, session+"/3-17")}, verdict{action: api.Keep, reason: ReasonStranger}},
		"204 for some of ours":            {answer{status: 204, header: header(api.HeaderStored, session+"/17")}, verdict{action: api.Keep, reason: ReasonStranger}},
		"a login page":                    {answer{status: 200, header: header("Content-Type", "text/html"), body: []byte("<html>login")}, verdict{action: api.Keep, reason: ReasonStranger}},
		"200 with our header":             {answer{status: 200, header: header(api.HeaderStored, sent.String())}, verdict{action: api.Keep, reason: ReasonStranger}},
		"a redirect":                      {answer{status: 302, header: header("Location", "https://login.example/")}, verdict{action: api.Keep, reason: ReasonStranger}},
		"a proxy wants a password":        {answer{status: 407, header: header()}, verdict{action: api.Keep, reason: ReasonStranger}},
		"haproxy without a backend":       {answer{status: 503, header: header("Retry-After", "7"), body: []byte("<html>503")}, verdict{action: api.Keep, reason: ReasonStranger, wait: 7 * time.Second}},
		"nginx finds it too large":        {answer{status: 413, header: header(), body: []byte("<html>413")}, verdict{action: api.Split, reason: ReasonStranger}},
		"401 of somebody else":            {answer{status: 401, header: header(), body: []byte(`{"error":"x"}`)}, verdict{action: api.Keep, reason: ReasonStranger}},
		"a code under another status":     {answer{status: 500, header: header(api.HeaderTime, aTime), body: invalid(api.RejectedLine{Line: 1})}, verdict{action: api.Keep, reason: ReasonStranger}},
		"an unknown code":                 {answer{status: 400, header: header(), body: []byte(`{"code":"later","message":"x"}`)}, verdict{action: api.Keep, reason: ReasonStranger}},
		"stored, said as an error":        {answer{status: 200, header: header(), body: said(api.Error{Code: api.CodeStored})}, verdict{action: api.Keep, reason: ReasonStranger}},
		"two lines rejected":              {answer{status: 400, header: header(api.HeaderTime, aTime), body: invalid(api.RejectedLine{Line: 30, Reason: "b"}, api.RejectedLine{Line: 1, Reason: "a\n"}, api.RejectedLine{Line: 30, Reason: "c"})}, verdict{action: api.SetAside, reason: "invalid", lines: []api.RejectedLine{{Line: 1, Reason: "a"}, {Line: 30, Reason: "b"}}}},
		"InfluxDB's own 400":              {answer{status: 400, header: header(), body: []byte(`{"code":"invalid","message":"partial write: dropped=1"}`)}, verdict{action: api.Keep, reason: ReasonStranger}},
		"rejected at no time":             {answer{status: 400, header: header(), body: invalid(api.RejectedLine{Line: 2})}, verdict{action: api.Keep, reason: ReasonStranger}},
		"too large at no time":            {answer{status: 413, header: header(), body: said(api.Error{Code: api.CodeTooLarge})}, verdict{action: api.Split, reason: ReasonStranger}},
		"too large":                       {answer{status: 413, header: header(api.HeaderTime, aTime), body: said(api.Error{Code: api.CodeTooLarge})}, verdict{action: api.Split, reason: "too_large"}},
		"a line that was not sent":        {answer{status: 400, header: header(api.HeaderTime, aTime), body: invalid(api.RejectedLine{Line: 31})}, verdict{action: api.Keep, reason: ReasonStranger}},
		"line zero":                       {answer{status: 400, header: header(api.HeaderTime, aTime), body: invalid(api.RejectedLine{Line: 0})}, verdict{action: api.Keep, reason: ReasonStranger}},
		"a torn body":                     {answer{status: 400, header: header(api.HeaderTime, aTime), body: []byte(`{"code":"invalid","lines":[{"line":1`)}, verdict{action: api.Keep, reason: ReasonStranger}},
		"busy, come back":                 {answer{status: 429, header: header("Retry-After", "120"), body: said(api.Error{Code: api.CodeTooMany})}, verdict{action: api.Keep, reason: "too_many", wait: 2 * time.Minute}},
		"down until a date, by its clock": {answer{status: 503, header: header("Date", when, "Retry-After", "Wed, 25 Nov 2026 08:01:30 GMT"), body: said(api.Error{Code: api.CodeUnavailable})}, verdict{action: api.Keep, reason: "unavailable", wait: 90 * time.Second}},
		"a date that has passed":          {answer{status: 503, header: header("Date", when, "Retry-After", "Wed, 25 Nov 2020 08:01:30 GMT"), body: said(api.Error{Code: api.CodeUnavailable})}, verdict{action: api.Keep, reason: "unavailable"}},
		"come back in a year":             {answer{status: 503, header: header("Retry-After", "31536000"), body: said(api.Error{Code: api.CodeUnavailable})}, verdict{action: api.Keep, reason: "unavailable", wait: maxRetryAfter}},
		"come back in nonsense":           {answer{status: 503, header: header("Retry-After", "-5"), body: said(api.Error{Code: api.CodeUnavailable})}, verdict{action: api.Keep, reason: "unavailable"}},
		"token not known":                 {answer{status: 401, header: header(), body: said(api.Error{Code: api.CodeUnauthorized})}, verdict{action: api.KeepAsk, reason: "unauthorized"}},
		"named twice":                     {answer{status: 204, header: http.Header{api.HeaderStored: {sent.String(), sent.String()}}}, verdict{action: api.Keep, reason: ReasonStranger}},
		"named, and another too":          {answer{status: 204, header: http.Header{api.HeaderStored: {sent.String(), session + "/99"}}}, verdict{action: api.Keep, reason: ReasonStranger}},
		"named with more":                 {answer{status: 204, header: header(api.HeaderStored, sent.String()+","+session+"/18")}, verdict{action: api.Keep, reason: ReasonStranger}},
		"the network wants a login":       {answer{status: 511, header: header("Content-Type", "text/html"), body: []byte("<html>511")}, verdict{action: api.Keep, reason: ReasonStranger}},
		"a gateway without a way":         {answer{status: 502, header: header(), body: []byte("<html>502")}, verdict{action: api.Keep, reason: ReasonStranger}},
		"another's disk is full":          {answer{status: 507, header: header()}, verdict{action: api.Keep, reason: ReasonStranger}},
		"the line is forbidden":           {answer{status: 403, header: header(), body: said(api.Error{Code: api.CodeForbidden})}, verdict{action: api.KeepAsk, reason: "forbidden"}},
		"refused":                         {answer{err: wrapped(syscall.ECONNREFUSED)}, verdict{action: api.Keep, reason: ReasonUnreachable, broken: true}},
		"reset under way":                 {answer{err: wrapped(syscall.ECONNRESET)}, verdict{action: api.Keep, reason: ReasonUnreachable, broken: true}},
		"cut in mid-answer":               {answer{err: fmt.Errorf("read answer: %w", syscall.ECONNRESET), written: true}, verdict{action: api.Keep, reason: ReasonUnreachable, broken: true}},
		"an answer that ends too soon":    {answer{err: fmt.Errorf("read answer: %w", io.ErrUnexpectedEOF), written: true}, verdict{action: api.Keep, reason: ReasonUnreachable, broken: true}},
		"no answer":                       {answer{err: wrapped(context.DeadlineExceeded), written: true}, verdict{action: api.Keep, reason: ReasonTimeout, broken: true}},
		"nobody there":                    {answer{err: wrapped(context.DeadlineExceeded)}, verdict{action: api.Keep, reason: ReasonTimeout, broken: true, silent: true}},
		"no way there":                    {answer{err: wrapped(unreachable)}, verdict{action: api.Keep, reason: ReasonUnreachable, broken: true, silent: true}},
		"nothing acknowledged":            {answer{err: wrapped(unanswered), written: true}, verdict{action: api.Keep, reason: ReasonTimeout, broken: true, silent: true}},
		"a resolver that is ill":          {answer{err: wrapped(&net.DNSError{Err: "server misbehaving", IsTemporary: true})}, verdict{action: api.Keep, reason: ReasonUnreachable, broken: true, silent: true}},
		"no such name":                    {answer{err: wrapped(&net.DNSError{Err: "no such host", IsNotFound: true})}, verdict{action: api.Keep, reason: ReasonUnreachable, broken: true}},
		"a proxy that wants a password":   {answer{err: wrapped(errors.New("Proxy Authentication Required"))}, verdict{action: api.Keep, reason: ReasonUnreachable, broken: true}},
		"an answer that was had before":   {answer{err: errRepeated, written: true}, verdict{action: api.Keep, reason: ReasonStranger, broken: true}},
		"another certificate":             {answer{err: wrapped(&CertificateError{Err: errors.New("x")})}, verdict{action: api.KeepAsk, reason: ReasonCertificate}},
	} {
		t.Run(name, func(t *testing.T) {
			got := decide(c.a, sent, 30)
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(verdict{}), cmpopts.IgnoreFields(verdict{}, "message"), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAGoodbyeWithoutBatchesIsHeardOnlyByTheCollector(t *testing.T) {
	h := http.Header{}
	if v := decide(answer{status: 204, header: h}, nil, 0); v.action != api.Keep {
		t.Errorf("a bare 204 was taken for the collector's: %v", v)
	}
	h.Set(api.HeaderTime, "1700000000000000000 1700000000000000001")
	if v := decide(answer{status: 204, header: h}, nil, 0); v.action != api.Delete {
		t.Errorf("the collector's 204 was not: %v", v)
	}
	h.Set(api.HeaderStored, "")
	if v := decide(answer{status: 204, header: h}, nil, 0); v.action != api.Delete {
		t.Errorf("the collector's 204 that names none was not: %v", v)
	}
	h.Set(api.HeaderStored, sent.String())
	if v := decide(answer{status: 204, header: h}, nil, 0); v.action != api.Keep {
		t.Errorf("a 204 for batches that were not sent was taken: %v", v)
	}
}

func TestTheCollectorsTimeIsReadWithinBounds(t *testing.T) {
	for text, want := range map[string]bool{
		"1700000000000000000 1700000000000000000": true,
		"1700000000000000000 1699999999999999999": false,
		"0 5": false, "-5 5": false, "": false, "5": false, "5 ": false, "a b": false, "1 2 3": false,
		"9223372036854775808 9223372036854775808": false,
	} {
		h := http.Header{}
		h.Set(api.HeaderTime, text)
		if _, _, ok := collectorTime(h); ok != want {
			t.Errorf("%q: %t, want %t", text, ok, want)
		}
	}
}

func TestMessagesOfTheOtherSideAreCleanedAndBounded(t *testing.T) {
	e := api.Error{Code: api.CodeForbidden, Message: "a\x1b[31m\n" + strings.Repeat("x", 5000)}
	v := decide(answer{status: 403, header: http.Header{}, body: marshal(t, &e)}, sent, 1)
	if len(v.message) > api.MaxStringBytes || strings.ContainsAny(v.message, "\x1b\n") {
		t.Errorf("message of %d bytes: %.20q", len(v.message), v.message)
	}
}

// What this system's kernel says.
const (
	unreachable = syscall.EHOSTUNREACH
	unanswered  = syscall.ETIMEDOUT
)

func wrapped(err error) error { return &url.Error{Op: "Post", URL: "https://x", Err: err} }

func marshal(t *testing.T, e *api.Error) []byte {
	t.Helper()
	b, err := json.Marshal(e)
	must(t, err)
	return b
}

func TestOnlyWhatComesOfTheLineIsBlamedOnIt(t *testing.T) {
	for reason, want := range map[Reason]bool{
		"": false, ReasonStored: false, ReasonUnreachable: true, ReasonTimeout: true, ReasonCertificate: true, ReasonStranger: true,
		ReasonNoTime: false, ReasonQueue: false, ReasonBudget: false, Reason(api.CodeUnauthorized): false,
	} {
		if reason.Line() != want {
			t.Errorf("%s: %v", reason, !want)
		}
	}
}
