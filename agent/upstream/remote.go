package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"communewatch/collector/api"
)

// maxAnswer bounds an answer's body: 20,000 rejected lines with their reasons.
const maxAnswer = 4 << 20

// maxReplay bounds a body that the transport may send a second time by itself, on a new
// connection, when the kept one turns out to be dead: a round or two of an office.
// More, broken off under way, has to come in smaller pieces (packer.broke).
const maxReplay = 16 << 10

// keepAlive is how a connection in silence is kept, and how a dead one is noticed.
type keepAlive struct {
	idle     time.Duration // of silence until the first probe; whole seconds, as the kernel counts
	interval time.Duration // to the next, while none is answered
	unacked  time.Duration // of no acknowledgement of anything, until the connection is given up
}

// NAT tables forget idle connections in 30–60 s, and say nothing. A probe after 20 s
// keeps the entry: at a round a minute two a minute, 300 KB a day, where connecting anew
// each time costs 2.3 MB. One that was forgotten all the same is given up after 25 s:
// before AnswerTimeout, and not before the second probe is lost too.
var officeKeepAlive = keepAlive{idle: 20 * time.Second, interval: 3 * time.Second, unacked: 25 * time.Second}

// errRepeated: an answer that was had before is not the answer to this request.
var errRepeated = errors.New("the same answer came again")

// remote is the collector as seen from here: one connection, kept open.
type remote struct {
	base    *url.URL
	client  *http.Client
	trust   *trust
	clock   Clock
	timeout time.Duration
	keep    keepAlive
	meter   *meter
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	heard   string // api.HeaderTime of the last answer: to the nanosecond
}

func newRemote(cfg Config, clock Clock, m *meter) (*remote, error) {
	base, err := parseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.Identity == "" && cfg.Token == "" || strings.Trim(cfg.Token, printable) != "" {
		return nil, errors.New("token is empty or has a character that is not printable ASCII")
	}
	t, err := newTrust(base.Hostname(), cfg.Pin, cfg.CAFile)
	if err != nil {
		return nil, err
	}
	t.collector = clock.Collector
	dialer := &net.Dialer{
		Timeout:         cfg.DialTimeout,
		Control:         giveUpAfter(cfg.keep.unacked),
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: cfg.keep.idle, Interval: cfg.keep.interval, Count: 3},
	}
	r := &remote{base: base, trust: t, clock: clock, timeout: cfg.RequestTimeout, keep: cfg.keep, meter: m, dial: dialer.DialContext}
	r.client = &http.Client{
		Transport: r.transport(cfg),
		// A redirect is an answer of somebody else: the token must not follow it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return r, nil
}

func (r *remote) transport(cfg Config) *http.Transport {
	var http1 http.Protocols
	http1.SetHTTP1(true) // one request at a time needs no more, and middleboxes know it
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            r.connect,
		TLSClientConfig:        r.trust.config(),
		TLSHandshakeTimeout:    cfg.TLSTimeout,
		ResponseHeaderTimeout:  cfg.AnswerTimeout,
		MaxResponseHeaderBytes: 256 << 10,
		IdleConnTimeout:        150 * time.Second, // more than two rounds
		MaxConnsPerHost:        1,
		DisableCompression:     true,
		Protocols:              &http1,
	}
}

// connect dials, and counts what that and the connection cost.
func (r *remote) connect(ctx context.Context, network, address string) (net.Conn, error) {
	began := time.Now()
	conn, err := r.dial(ctx, network, address)
	r.meter.dialed(address, time.Since(began), err)
	if err != nil {
		return nil, err
	}
	return &meteredConn{Conn: conn, meter: r.meter, probe: r.keep.idle, last: time.Now()}, nil
}

const printable = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'()*+,-./:;<=>?@[]^_`{|}~"

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("address: %w", err)
	}
	if u.Scheme != "https" || u.Hostname() == "" {
		return nil, errors.New("address must be https://host[:port]")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("address must have no user, query or fragment")
	}
	return u, nil
}

func (r *remote) close() { r.client.CloseIdleConnections() }

// outgoing is one request.
type outgoing struct {
	method, path string
	body         []byte
	header       http.Header
	token        string
}

// exchange makes one request, learns the time from its answer, and holds the
// certificate's dates against that time: before it, the dates said nothing.
func (r *remote) exchange(ctx context.Context, out outgoing) answer {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	r.trust.asking.Store(out.token == "")
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
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
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
			return &CertificateError{errors.New("the answer has no date to hold the certificate's against")}
		}
	}
	if now.Unix() <= 0 {
		return &CertificateError{fmt.Errorf("the answer is dated %s", now)}
	}
	if resp.TLS == nil {
		return &CertificateError{errors.New("the answer came without TLS")}
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
