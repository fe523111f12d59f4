package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

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

// remote is the collector as seen from here: one connection, kept open.
type remote struct {
	base    *url.URL
	client  *http.Client
	make    func(*tls.Certificate) http.RoundTripper
	proxy   func(*http.Request) (*url.URL, error)
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
	t, err := newTrust(base.Hostname(), cfg.Pin, cfg.CAFile)
	if err != nil {
		return nil, err
	}
	t.collector = clock.Collector
	proxy, err := Proxying(cfg.Proxy)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{
		Timeout:         cfg.DialTimeout,
		Control:         giveUpAfter(cfg.keep.unacked),
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: cfg.keep.idle, Interval: cfg.keep.interval, Count: 3},
	}
	r := &remote{base: base, proxy: proxy, trust: t, clock: clock, timeout: cfg.RequestTimeout, keep: cfg.keep, meter: m, dial: dialer.DialContext}
	r.make = func(pair *tls.Certificate) http.RoundTripper { return r.transport(cfg, pair) }
	r.client = &http.Client{
		Transport: r.make(nil),
		// A redirect is an answer of somebody else: the token must not follow it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return r, nil
}

// present has a certificate shown from now on. A connection goes on under the one that
// its handshake had, and so does one that resumes its TLS session: both are given up,
// with the transport that holds them.
func (r *remote) present(pair *tls.Certificate) {
	r.close()
	r.client.Transport = r.make(pair)
}

func (r *remote) transport(cfg Config, pair *tls.Certificate) *http.Transport {
	var http1 http.Protocols
	http1.SetHTTP1(true) // one request at a time needs no more, and middleboxes know it
	secured := r.trust.config()
	if pair != nil {
		// Whatever authorities the collector names as known to it: it says itself what is
		// wrong with a certificate, and better than TLS does.
		secured.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }
	}
	return &http.Transport{
		Proxy:                  r.proxy,
		OnProxyConnectResponse: letThrough,
		DialContext:            r.connect,
		TLSClientConfig:        secured,
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

// letThrough reads a proxy's answer to the wish to be connected.
func letThrough(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Proxy: proxy.Host, Status: answer.StatusCode}
}

// via is the proxy in between, nil if there is none.
func (r *remote) via() *url.URL {
	proxy, err := r.proxy(&http.Request{URL: r.base})
	if err != nil {
		return nil
	}
	return proxy
}

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
