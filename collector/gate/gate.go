// Package gate is the collector's doors: the one for agents (TLS, client certificates,
// tokens) and the one for the pages of this machine (plain HTTP, loopback). It alone
// knows TLS and asks who is calling.
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
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"

	"communewatch/collector/api"
)

// Config is where to listen and how much is borne.
type Config struct {
	Listen     string // host:port for agents
	PageListen string // host:port of the pages; on loopback, only names of loopback are answered

	Connections   int           // open at once on each door; more wait in the kernel
	Requests      int           // answered at once on each door; more are told 503
	PerAgent      int           // writes at once of one identity; more are told 429
	HeaderBytes   int           // a request's header; more is 431
	HeaderTimeout time.Duration // until the header is there, TLS included
	ReadTimeout   time.Duration // until the body is there
	WriteTimeout  time.Duration // from the header to the end of the answer
	IdleTimeout   time.Duration // between two requests of a connection; a stranger's ends after HeaderTimeout
	StopTimeout   time.Duration // for open requests at the end
	RenewEvery    time.Duration // how often Deps.Renew is asked

	EnrolEvery time.Duration // one try to enrol of one address, in the long run; more are told 429
	EnrolBurst int           // tries of one address at once: many offices may stand behind one
	EnrolRate  int           // tries of all addresses, a second
}

// DefaultConfiguration suits a province of a few hundred offices on slow lines.
func DefaultConfiguration() Config {
	return Config{
		Listen:        ":8443",
		PageListen:    "127.0.0.1:8480",
		Connections:   4096,
		Requests:      256,
		PerAgent:      4,
		HeaderBytes:   16 << 10,
		HeaderTimeout: 10 * time.Second,
		ReadTimeout:   3 * time.Minute, // api.MaxBodyBytes take 131 s at 64 kbit/s
		WriteTimeout:  5 * time.Minute,
		IdleTimeout:   5 * time.Minute, // agents send every minute and keep the connection
		StopTimeout:   10 * time.Second,
		RenewEvery:    time.Hour,
		EnrolEvery:    3 * time.Second,
		EnrolBurst:    20,
		EnrolRate:     50,
	}
}

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
	agents      *tally // requests by identity
	twins       *twins
	tries       *tries // of strangers who want to enrol
	enrolling   *slots

	mu           sync.Mutex // guards what Listen opens
	agentsDoor   net.Listener
	pagesDoor    net.Listener
	started      bool
	pagesAreHere bool // the pages' listener is bound to loopback
}

// New checks and opens nothing.
func New(cfg Config, deps Deps) (*Gate, error) {
	switch {
	case len(deps.Certificate.Certificate) == 0:
		return nil, errors.New("a gate needs a certificate")
	case deps.Identify == nil, deps.Write == nil, deps.Board == nil, deps.Metrics == nil, deps.Ready == nil:
		return nil, errors.New("a gate needs Identify, Write, Board, Metrics and Ready")
	case deps.Log == nil, deps.Registry == nil:
		return nil, errors.New("a gate needs a log and a registry")
	case cfg.Connections < 1, cfg.Requests < 1, cfg.PerAgent < 1, cfg.HeaderBytes < 1:
		return nil, errors.New("each limit of a gate must be at least 1")
	case cfg.EnrolEvery <= 0, cfg.EnrolBurst < 1, cfg.EnrolRate < 1:
		return nil, errors.New("each limit of enrolling must be more than 0")
	case cfg.HeaderTimeout <= 0, cfg.ReadTimeout <= 0, cfg.WriteTimeout <= 0, cfg.IdleTimeout <= 0, cfg.StopTimeout <= 0, cfg.RenewEvery <= 0:
		return nil, errors.New("each time of a gate must be more than 0: without one a slow caller stays for ever")
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
		pages:  newSlots(cfg.Requests),
		agents: &tally{limit: cfg.PerAgent, open: map[api.Identity]int{}},
		twins:  twins, tries: newTries(cfg), enrolling: newSlots(enrolPlaces),
	}
	g.certificate.Store(&deps.Certificate)
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
	g.agentsDoor, g.pagesDoor = agents, pages
	bound, ok := pages.Addr().(*net.TCPAddr)
	g.pagesAreHere = ok && bound.IP.IsLoopback()
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
	group.Go(func() error {
		return served("agents", agents.ServeTLS(netutil.LimitListener(g.agentsDoor, g.cfg.Connections), "", ""))
	})
	group.Go(func() error {
		return served("pages", pages.Serve(netutil.LimitListener(g.pagesDoor, g.cfg.Connections)))
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
	if g.deps.Renew == nil {
		return
	}
	ticker := time.NewTicker(g.cfg.RenewEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		fresh, err := g.deps.Renew()
		if err != nil {
			g.log.Error("the server's certificate could not be renewed", "error", err)
			continue
		}
		g.certificate.Store(&fresh)
	}
}
