// Package gate is the collector's doors: the one for agents (TLS, client certificates,
// tokens) and the one for the pages (plain HTTP on loopback; beyond it TLS, and only where
// the pages ask who is reading). It alone knows TLS and asks which machine is calling.
//
// In come handlers, a certificate and functions that know tokens and certificates; out
// go requests with a proven api.Identity in their context, and those of strangers who
// want to enrol. A caller who is slow, too many, too large, a stranger or the copy of
// another one is told so in the contract's words, and never takes the place of the
// others. It must never let a write pass without an identity, never believe what a
// sender says of itself, and never end because of what came in.
package gate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"communewatch/collector/api"
)

// Deps are what the doors lead to.
type Deps struct {
	Certificate tls.Certificate
	Renew       func() (tls.Certificate, error)         // optional: the certificate as it should be by now
	Identify    func(token string) (api.Identity, bool) // who holds a token
	// Certify tells whose client certificate it is, of whose key the connection is proof;
	// with a refusal, whose it was. Renewing: an expired one may do. Optional: without it
	// none is looked at.
	Certify func(chain []*x509.Certificate, renewing bool) (api.Identity, *api.Error)
	// Twin, optional, is told that a copy of an agent was noticed, once an hour for each.
	Twin func(of api.Identity, what string)

	Write    http.Handler // takes writes; finds who is calling by api.IdentityFrom
	Document http.Handler // optional: gives agents what they shall do, likewise
	Renewal  http.Handler // optional: gives agents their next certificate, likewise
	Enrol    http.Handler // optional: takes strangers with an invitation
	Board    http.Handler // the pages
	Metrics  http.Handler
	Ready    func(context.Context) error // nil while a write could be stored
	Log      *slog.Logger
	Registry prometheus.Registerer
}

// Gate is both doors.
type Gate struct {
	cfg         Config
	deps        Deps
	log         *slog.Logger
	metrics     *metrics
	ready       *readiness
	certificate atomic.Pointer[tls.Certificate]
	writes      *slots // of all agents
	pages       *slots
	streams     *slots
	readers     *tally[netip.Prefix] // requests at the pages by address
	listeners   *tally[netip.Prefix] // and streams
	paces       *paces
	pageKeys    *pageKeys            // nil: plain HTTP
	agents      *tally[api.Identity] // requests by identity
	twins       *twins
	tries       *tries // of strangers who want to enrol
	enrolling   *slots

	mu           sync.Mutex // guards what Listen opens
	agentsDoor   net.Listener
	pagesDoor    net.Listener
	started      bool
	pagesAreHere bool            // the pages' listener is bound to loopback
	serving      context.Context // ends when the gate stops
}

// New checks and opens nothing.
func New(cfg Config, deps Deps) (*Gate, error) {
	if err := check(cfg, deps); err != nil {
		return nil, err
	}
	twins := newTwins()
	m, err := newMetrics(deps.Registry, twins)
	if err != nil {
		return nil, err
	}
	g := &Gate{
		cfg: cfg, deps: deps, log: deps.Log, metrics: m,
		ready:  &readiness{ask: deps.Ready},
		writes: newSlots(cfg.Requests),
		pages:  newSlots(cfg.Requests), streams: newSlots(cfg.Streams),
		readers: newTally[netip.Prefix](cfg.PageRequests), listeners: newTally[netip.Prefix](cfg.PageRequests),
		paces:  &paces{rate: rate.Limit(cfg.PageRate), burst: cfg.PageBurst, of: map[netip.Prefix]*rate.Limiter{}},
		agents: newTally[api.Identity](cfg.PerAgent),
		twins:  twins, tries: newTries(cfg), enrolling: newSlots(enrolPlaces),
	}
	g.certificate.Store(&deps.Certificate)
	if cfg.PageCert != "" {
		if g.pageKeys, err = openPageKeys(cfg.PageCert, cfg.PageKey, deps.Log); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Listen opens both doors; nobody is answered before Run. Addresses are known then.
func (g *Gate) Listen() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.agentsDoor != nil {
		return nil
	}
	// Agents probe a silent connection themselves and pay for it by the byte: no probes
	// of ours beside theirs. One that is gone costs a connection for IdleTimeout.
	unprobed := net.ListenConfig{KeepAlive: -1}
	agents, err := unprobed.Listen(context.Background(), "tcp", g.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for agents: %w", err)
	}
	pages, err := net.Listen("tcp", g.cfg.PageListen)
	if err != nil {
		agents.Close()
		return fmt.Errorf("listen for pages: %w", err)
	}
	bound, ok := pages.Addr().(*net.TCPAddr)
	g.pagesAreHere = ok && bound.IP.IsLoopback()
	if !g.pagesAreHere && (g.pageKeys == nil || !g.cfg.PageUsers) {
		return errors.Join(fmt.Errorf("pages on %s could be read by anybody: beyond loopback they need users and a certificate", pages.Addr()), agents.Close(), pages.Close())
	}
	g.agentsDoor, g.pagesDoor = agents, pages
	return nil
}

// Addr is where agents connect, PageAddr where the pages are; nil before Listen.
func (g *Gate) Addr() net.Addr     { return g.address(func() net.Listener { return g.agentsDoor }) }
func (g *Gate) PageAddr() net.Addr { return g.address(func() net.Listener { return g.pagesDoor }) }

func (g *Gate) address(door func() net.Listener) net.Addr {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l := door(); l != nil {
		return l.Addr()
	}
	return nil
}

// Run answers until ctx ends, then lets open requests finish, but no longer than
// StopTimeout. It may be called once.
func (g *Gate) Run(ctx context.Context) error {
	if err := g.Listen(); err != nil {
		return err
	}
	g.mu.Lock()
	if g.started {
		g.mu.Unlock()
		return errors.New("a gate runs once")
	}
	g.started = true
	g.mu.Unlock()

	// A request that is open when ctx ends is still finished.
	open, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	agents, pages := g.server(open, g.agentsHandler()), g.server(open, g.pagesHandler())
	strangers := &strangers{patience: g.cfg.HeaderTimeout, of: map[net.Conn]*caller{}}
	agents.ConnContext, agents.ConnState = strangers.context, strangers.state
	agents.TLSConfig = &tls.Config{
		MinVersion: tls.VersionTLS12,
		// Asked for, not required, and judged by us: an expired one may renew, and a
		// refusal is an answer that says what to do and not a broken handshake.
		ClientAuth:       tls.RequestClientCert,
		VerifyConnection: bounded,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return g.certificate.Load(), nil
		},
	}
	group, serving := errgroup.WithContext(ctx)
	g.mu.Lock()
	g.serving = serving
	g.mu.Unlock()
	group.Go(func() error {
		return served("agents", agents.ServeTLS(netutil.LimitListener(g.agentsDoor, g.cfg.Connections), "", ""))
	})
	group.Go(func() error {
		return served("pages", g.servePages(pages))
	})
	group.Go(func() error { g.renew(serving); return nil })
	group.Go(func() error {
		<-serving.Done()
		g.stop(agents, pages)
		return nil
	})
	return group.Wait()
}

func served(what string, err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", what, err)
}

func (g *Gate) server(base context.Context, handler http.Handler) *http.Server {
	// One protocol, so that every limit below means one request of one connection.
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           handler,
		Protocols:         &protocols,
		MaxHeaderBytes:    g.cfg.HeaderBytes,
		ReadHeaderTimeout: g.cfg.HeaderTimeout,
		ReadTimeout:       g.cfg.ReadTimeout,
		WriteTimeout:      g.cfg.WriteTimeout,
		IdleTimeout:       g.cfg.IdleTimeout,
		ErrorLog:          g.errorLog(),
		BaseContext:       func(net.Listener) context.Context { return base },
	}
}

// stop closes both doors at once and waits for open requests up to the deadline.
func (g *Gate) stop(servers ...*http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), g.cfg.StopTimeout)
	defer cancel()
	var group sync.WaitGroup
	for _, s := range servers {
		group.Go(func() {
			if err := s.Shutdown(ctx); err != nil {
				g.log.Warn("requests were cut off at the end", "error", err)
				s.Close()
			}
		})
	}
	group.Wait()
}

// renew asks now and then whether the certificate should be another by now, so that
// a collector which runs for years does not lock all agents out.
func (g *Gate) renew(ctx context.Context) {
	ticker := time.NewTicker(g.cfg.RenewEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if g.pageKeys != nil {
			g.pageKeys.warn(time.Now())
		}
		if g.deps.Renew == nil {
			continue
		}
		fresh, err := g.deps.Renew()
		if err != nil {
			g.log.Error("the server's certificate could not be renewed", "error", err)
			continue
		}
		g.certificate.Store(&fresh)
	}
}
