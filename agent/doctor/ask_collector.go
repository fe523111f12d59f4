package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
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

// stage is how far the way to the collector was gone.
type stage uint8

const (
	stageNothing stage = iota // it was not tried
	stageName
	stageConnect
	stageProxy
	stageTLS
	stageAnswer
	stageDone
)

// collectorFacts is what came of doing what sending does.
type collectorFacts struct {
	host, port string
	proxy      string // host:port of the one in use
	proxyWrong string // a proxy is set that cannot be understood: why

	failed  stage  // where it went wrong; stageDone: nowhere
	failure string // api.Path…
	local   bool   // this machine itself forbade it

	address     netip.Addr
	took        time.Duration // to TLS
	segment     int           // of TCP, largest; 0: not known
	proxyStatus int           // of the proxy's answer, if it has not let us through
	presented   []*x509.Certificate
	refused     error // why the certificate is not the collector's
	portal      portalFacts

	timed         bool // the collector said its time
	offset, doubt time.Duration
	now           time.Time // the collector's
	stranger      int       // the status of an answer without the collector's signs
	status        int       // of the answer to who we are; 0: not asked
	code          api.Code
}

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
	if v.f.proxy == "" && !v.resolve(ctx, resolver) {
		return v.f
	}
	client, closeAll := v.client(resolver)
	defer closeAll()
	answer, err := v.get(ctx, client, api.PathHealth)
	if err != nil {
		v.f.local = v.f.local || forbidden(err)
		if v.f.failed == stageTLS && v.f.proxy == "" && !v.f.local {
			v.f.portal = v.askPlainly(ctx)
		}
		return v.f
	}
	came, left, ok := timeOf(answer.header)
	if !ok {
		v.f.failed, v.f.failure, v.f.stranger = stageAnswer, api.PathOther, answer.status
		return v.f
	}
	v.f.failed = stageDone
	v.f.timed, v.f.now = true, left
	v.f.offset = (answer.sent.Sub(came) + answer.at.Sub(left)) / 2
	v.f.doubt = (answer.at.Sub(answer.sent) - left.Sub(came)) / 2
	if v.cfg.Token != "" || v.certificate != nil {
		v.askWhoWeAre(ctx, client)
	}
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
	v.f.status = answer.status
	var e api.Error
	if answer.status >= 400 && json.Unmarshal(answer.body, &e) == nil {
		v.f.code = e.Code
	}
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
