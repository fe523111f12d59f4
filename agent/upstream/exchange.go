package upstream

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"time"

	"communewatch/collector/api"
)

// maxAnswer bounds an answer's body: 20,000 rejected lines with their reasons.
const maxAnswer int64 = 4 << 20

// maxReplay bounds a body that the transport may send a second time by itself, on a new
// connection, when the kept one turns out to be dead: a round or two of an office.
// More, broken off under way, has to come in smaller pieces (packer.broke).
const maxReplay = 16 << 10

// errRepeated: an answer that was had before is not the answer to this request.
var errRepeated = errors.New("the same answer came again")

// outgoing is one request.
type outgoing struct {
	method, path string
	body         []byte
	header       http.Header
	token        string
	asking       bool          // for the time: whose certificate's dates are not known to hold yet
	most         int64         // bytes of the answer's body; 0: maxAnswer
	timeout      time.Duration // less than the remote's; 0: that
}

// exchange makes one request, learns the time from its answer, and holds the
// certificate's dates against that time: before it, the dates said nothing.
func (r *remote) exchange(ctx context.Context, out outgoing) answer {
	ctx, cancel := context.WithTimeout(ctx, min(cmp.Or(out.timeout, r.timeout), r.timeout))
	defer cancel()
	r.trust.asking.Store(out.asking)
	at := &stamps{now: r.clock.Now}
	req, err := http.NewRequestWithContext(at.traced(ctx), out.method, r.base.JoinPath(out.path).String(), bytes.NewReader(out.body))
	if err != nil {
		return answer{err: err}
	}
	if out.header != nil {
		req.Header = out.header
	}
	req.Header.Set("User-Agent", "communewatch-agent")
	if out.token != "" {
		req.Header.Set("Authorization", "Token "+out.token)
	}
	if len(out.body) <= maxReplay {
		// A point written twice is the same point: the transport may repeat a request whose
		// kept connection had died. A nil value says so to it and is not sent.
		req.Header["Idempotency-Key"] = nil
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return answer{err: err, written: at.wrote()}
	}
	defer resp.Body.Close()
	if err := r.check(resp); err != nil {
		r.close()
		return answer{err: err, written: true}
	}
	if came, left, ok := collectorTime(resp.Header); ok {
		sent, answered := at.both()
		r.clock.Observe(sent, answered, came, left)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, cmp.Or(out.most, maxAnswer)))
	if err != nil {
		return answer{err: fmt.Errorf("read answer: %w", err), written: true}
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body, written: true}
}

// check refuses an answer that was had before (something on the way doubled it, and
// the lines that it names are of another request) and one whose certificate does not
// hold. A 204 says itself what it is about.
func (r *remote) check(resp *http.Response) error {
	stamp := resp.Header.Get(api.HeaderTime)
	if stamp != "" && stamp == r.heard && resp.StatusCode != http.StatusNoContent {
		return errRepeated
	}
	r.heard = stamp
	return r.checkDates(resp)
}

// checkDates holds the certificate against the time that came with the answer.
func (r *remote) checkDates(resp *http.Response) error {
	_, now, ok := collectorTime(resp.Header)
	if !ok {
		var err error
		if now, err = http.ParseTime(resp.Header.Get("Date")); err != nil {
			return &CertificateError{Err: errors.New("the answer has no date to hold the certificate's against")}
		}
	}
	if now.Unix() <= 0 {
		return &CertificateError{Err: fmt.Errorf("the answer is dated %s", now)}
	}
	if resp.TLS == nil {
		return &CertificateError{Err: errors.New("the answer came without TLS")}
	}
	return r.trust.verify(resp.TLS.PeerCertificates, now)
}

// collectorTime reads api.HeaderTime: when the request came and when the answer left.
func collectorTime(h http.Header) (came, left time.Time, ok bool) {
	first, second, _ := strings.Cut(h.Get(api.HeaderTime), " ")
	a, err1 := strconv.ParseInt(first, 10, 64)
	b, err2 := strconv.ParseInt(second, 10, 64)
	if err1 != nil || err2 != nil || a <= 0 || b < a {
		return time.Time{}, time.Time{}, false
	}
	return time.Unix(0, a), time.Unix(0, b), true
}

// stamps are taken by this session's clock as near to the line as can be: when the
// last header is about to leave (the collector stamps when it has them all, while
// the body may still be on its way), and when the answer's first byte is here. Both
// are outside the collector's, so that half the difference bounds the error.
type stamps struct {
	now func() time.Time

	mu             sync.Mutex
	sent, answered time.Time
	written        bool // the whole request
}

func (s *stamps) traced(ctx context.Context) context.Context {
	locked := func(change func()) {
		s.mu.Lock()
		defer s.mu.Unlock()
		change()
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:              func(string) { locked(func() { s.written = false }) },
		WroteHeaders:         func() { locked(func() { s.sent = s.now() }) },
		WroteRequest:         func(i httptrace.WroteRequestInfo) { locked(func() { s.written = i.Err == nil }) },
		GotFirstResponseByte: func() { locked(func() { s.answered = s.now() }) },
	})
}

func (s *stamps) both() (sent, answered time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent, s.answered
}

func (s *stamps) wrote() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written
}
