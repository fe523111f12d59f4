package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"communewatch/collector/api"
)

const mostRead = 64 << 10 // bytes of an answer

// visitor makes the requests of one check.
type visitor struct {
	cfg         CheckConfig
	base        *url.URL
	certificate *tls.Certificate // who we are; nil: a token says it, or nothing
	now         func() time.Time

	mu sync.Mutex // the transport's goroutines tell
	f  collectorFacts
}

func newVisitor(cfg CheckConfig, certificate *tls.Certificate, now func() time.Time) (*visitor, error) {
	base, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, err
	}
	v := &visitor{cfg: cfg, base: base, certificate: certificate, now: now}
	v.f.host, v.f.port = base.Hostname(), base.Port()
	if v.f.port == "" {
		v.f.port = "443"
	}
	return v, nil
}

// visit goes the whole way: name, connection, proxy, TLS, the collector's time, and who we are.
func (v *visitor) visit(ctx context.Context, resolver *net.Resolver) collectorFacts {
	v.findProxy(ctx)
	if v.f.proxyWrong != "" || v.f.proxy == "" && !v.resolve(ctx, resolver) {
		return v.f
	}
	client, closeAll := v.client(resolver)
	defer closeAll()
	answer, err := v.get(ctx, client, api.PathHealth)
	if err != nil {
		f := v.found() // a dial that was given up may still be ending
		f.local = f.local || forbidden(err)
		if f.failed == stageTLS && f.proxy == "" && !f.local {
			f.portal = askPlainly(ctx, f)
		}
		return f
	}
	came, left, ok := timeOf(answer.header)
	if !ok {
		v.locked(func() { v.f.failed, v.f.failure, v.f.stranger = stageAnswer, api.PathOther, answer.status })
		return v.found()
	}
	v.locked(func() {
		v.f.failed, v.f.timed, v.f.now = stageDone, true, left
		v.f.offset = (answer.sent.Sub(came) + answer.at.Sub(left)) / 2
		v.f.doubt = (answer.at.Sub(answer.sent) - left.Sub(came)) / 2
	})
	if v.cfg.Token != "" || v.certificate != nil {
		v.askWhoWeAre(ctx, client)
	}
	return v.found()
}

func (v *visitor) found() collectorFacts {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.f
}

func (v *visitor) findProxy(ctx context.Context) {
	if v.cfg.Proxy == nil {
		return
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base.String(), nil)
	if err != nil {
		return
	}
	switch proxy, err := v.cfg.Proxy(request); {
	case err != nil, proxy != nil && (proxy.Hostname() == "" || strings.Trim(proxy.Path, "/") != ""):
		v.f.proxyWrong = "HTTPS_PROXY" // the text may hold a password
	case proxy != nil:
		v.f.proxy = proxy.Host
	}
}

func (v *visitor) resolve(ctx context.Context, resolver *net.Resolver) bool {
	d := &Doctor{deps: Deps{Resolver: resolver}}
	step := timed(ctx, dnsFailure, func(ctx context.Context) (err error) {
		v.f.address, err = d.resolve(ctx, v.f.host)
		return err
	})
	if step.failure != "" {
		v.f.failed, v.f.failure = stageName, step.failure
	}
	return step.done
}

// client is set up as the sender's, but for its patience, and for what it notes.
func (v *visitor) client(resolver *net.Resolver) (*http.Client, func()) {
	dialer := &net.Dialer{Timeout: stepLimit, Resolver: resolver}
	var http1 http.Protocols
	http1.SetHTTP1(true)
	t := &http.Transport{
		Proxy: v.cfg.Proxy,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			v.dialed(conn, err)
			return conn, err
		},
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, r *http.Response) error {
			v.mu.Lock()
			defer v.mu.Unlock()
			if v.f.failed = stageTLS; r.StatusCode != http.StatusOK {
				v.f.failed, v.f.failure, v.f.proxyStatus = stageProxy, api.PathRefused, r.StatusCode
			}
			return nil
		},
		TLSClientConfig: v.tls(), TLSHandshakeTimeout: stepLimit, ResponseHeaderTimeout: stepLimit,
		MaxConnsPerHost: 1, MaxResponseHeaderBytes: mostRead, DisableCompression: true, Protocols: &http1,
	}
	return &http.Client{Transport: t, CheckRedirect: stayHere}, t.CloseIdleConnections
}

func (v *visitor) dialed(conn net.Conn, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err != nil {
		v.f.failed, v.f.failure, v.f.local = stageConnect, connectFailure(err), forbidden(err)
		var name *net.DNSError
		if errors.As(err, &name) { // only the proxy's is looked up here
			v.f.failure = api.PathNoName
		}
		return
	}
	v.f.failed = stageTLS
	if v.f.proxy != "" {
		v.f.failed = stageProxy
		return
	}
	v.f.segment = segment(conn)
	if a, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		v.f.address = a.Addr().Unmap()
	}
}

// tls has the connection judged as sending does, and keeps what was presented.
func (v *visitor) tls() *tls.Config {
	cfg := v.cfg.TLS.Clone()
	judge := cfg.VerifyConnection
	cfg.ClientSessionCache = nil // each check sees the whole handshake
	cfg.VerifyConnection = func(state tls.ConnectionState) error {
		err := judge(state)
		v.mu.Lock()
		defer v.mu.Unlock()
		v.f.presented, v.f.refused = state.PeerCertificates, err
		return err
	}
	if v.certificate != nil {
		cfg.Certificates = []tls.Certificate{*v.certificate}
		cfg.GetClientCertificate = nil
	}
	return cfg
}

// response is an answer that was read.
type response struct {
	status   int
	header   http.Header
	body     []byte
	sent, at time.Time // the question's last header, the answer's first byte
}

// get asks once.
func (v *visitor) get(ctx context.Context, client *http.Client, path string) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*stepLimit)
	defer cancel()
	began, sent, at := time.Now(), time.Time{}, time.Time{}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeDone:     func(_ tls.ConnectionState, err error) { v.locked(func() { v.shook(began, err) }) },
		WroteHeaders:         func() { v.locked(func() { sent = v.now() }) },
		GotFirstResponseByte: func() { v.locked(func() { at = v.now() }) },
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base.JoinPath(path).String(), nil)
	if err != nil {
		return response{}, err
	}
	request.Header.Set("User-Agent", "communewatch-agent")
	if path != api.PathHealth && v.cfg.Token != "" {
		request.Header.Set("Authorization", "Token "+v.cfg.Token)
	}
	answer, err := client.Do(request)
	if err != nil {
		v.locked(func() {
			if v.f.failure == "" {
				v.f.failure = tlsFailure(err)
			}
		})
		return response{}, err
	}
	defer answer.Body.Close()
	r := response{status: answer.StatusCode, header: answer.Header}
	r.body, err = io.ReadAll(io.LimitReader(answer.Body, mostRead))
	v.locked(func() { r.sent, r.at = sent, at })
	return r, err
}

func (v *visitor) locked(do func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	do()
}

func (v *visitor) shook(began time.Time, err error) {
	if err == nil {
		v.f.failed, v.f.took = stageAnswer, time.Since(began)
		return
	}
	v.f.failed, v.f.failure = stageTLS, tlsFailure(err)
	if v.f.refused != nil {
		v.f.failure = api.PathCertificate
	}
}

// askWhoWeAre asks for this office's document, which changes nothing at the centre: a
// write, even an empty one, would be on record there. It is asked only after the collector
// has shown who it is.
func (v *visitor) askWhoWeAre(ctx context.Context, client *http.Client) {
	answer, err := v.get(ctx, client, api.PathDocument)
	if err != nil {
		return
	}
	if _, _, ours := timeOf(answer.header); !ours {
		return
	}
	var e api.Error
	if answer.status >= 400 && json.Unmarshal(answer.body, &e) != nil {
		e.Code = "" // not the contract's
	}
	v.locked(func() { v.f.status, v.f.code = answer.status, e.Code })
}

// timeOf reads api.HeaderTime: when the question came and when the answer left.
func timeOf(h http.Header) (came, left time.Time, ok bool) {
	first, second, _ := strings.Cut(h.Get(api.HeaderTime), " ")
	a, err1 := strconv.ParseInt(first, 10, 64)
	b, err2 := strconv.ParseInt(second, 10, 64)
	if err1 != nil || err2 != nil || a <= 0 || b < a {
		return came, left, false
	}
	return time.Unix(0, a), time.Unix(0, b), true
}
