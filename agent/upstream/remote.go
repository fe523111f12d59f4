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
	"sync/atomic"
	"time"

	"communewatch/collector/api"
)

// maxAnswer bounds an answer's body: 20,000 rejected lines with their reasons.
const maxAnswer = 4 << 20

// remote is the collector as seen from here: one connection, kept open.
type remote struct {
	base    *url.URL
	client  *http.Client
	trust   *trust
	clock   Clock
	timeout time.Duration
}

func newRemote(cfg Config, clock Clock, wire *atomic.Int64) (*remote, error) {
	base, err := parseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.Token == "" || strings.Trim(cfg.Token, printable) != "" {
		return nil, errors.New("token is empty or has a character that is not printable ASCII")
	}
	t, err := newTrust(base.Hostname(), cfg.Pin, cfg.CAFile)
	if err != nil {
		return nil, err
	}
	t.collector = clock.Collector
	// NAT tables forget idle connections in 30–60 s, and say nothing.
	dialer := &net.Dialer{
		Timeout:         cfg.DialTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 25 * time.Second, Interval: 10 * time.Second, Count: 3},
	}
	var http1 http.Protocols
	http1.SetHTTP1(true) // one request at a time needs no more, and middleboxes know it
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &countedConn{conn, wire}, nil
		},
		TLSClientConfig:        t.config(),
		TLSHandshakeTimeout:    cfg.TLSTimeout,
		ResponseHeaderTimeout:  cfg.AnswerTimeout,
		MaxResponseHeaderBytes: 256 << 10,
		IdleConnTimeout:        150 * time.Second, // more than two rounds
		MaxConnsPerHost:        1,
		DisableCompression:     true,
		Protocols:              &http1,
	}
	client := &http.Client{
		Transport: transport,
		// A redirect is an answer of somebody else: the token must not follow it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &remote{base: base, client: client, trust: t, clock: clock, timeout: cfg.RequestTimeout}, nil
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
	// A point written twice is the same point: the transport may repeat a request whose
	// kept connection had died. A nil value says so to it and is not sent.
	req.Header["Idempotency-Key"] = nil
	resp, err := r.client.Do(req)
	if err != nil {
		return answer{err: err, begun: at.begun()}
	}
	defer resp.Body.Close()
	if err := r.checkDates(resp); err != nil {
		r.close()
		return answer{err: err, begun: at.begun()}
	}
	if came, left, ok := collectorTime(resp.Header); ok {
		sent, answered := at.both()
		r.clock.Observe(sent, answered, came, left)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{err: fmt.Errorf("read answer: %w", err), begun: true}
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body}
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
}

func (s *stamps) traced(ctx context.Context) context.Context {
	set := func(t *time.Time) func() {
		return func() {
			now := s.now()
			s.mu.Lock()
			defer s.mu.Unlock()
			*t = now
		}
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: set(&s.sent), GotFirstResponseByte: set(&s.answered)})
}

func (s *stamps) both() (sent, answered time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent, s.answered
}

func (s *stamps) begun() bool {
	sent, _ := s.both()
	return !sent.IsZero()
}

// countedConn counts the bytes of a connection.
type countedConn struct {
	net.Conn
	wire *atomic.Int64
}

func (c *countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wire.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.wire.Add(int64(n))
	return n, err
}
