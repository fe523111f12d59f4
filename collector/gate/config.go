package gate

import (
	"errors"
	"time"
)

// Config is where to listen and how much is borne.
type Config struct {
	Listen     string // host:port for agents
	PageListen string // host:port of the pages; on loopback, only names of loopback are answered
	PageCert   string // PEM files of the pages' certificate and its key, followed as they change; empty: plain HTTP
	PageKey    string
	PageUsers  bool // the pages ask who is reading. Without this and a certificate they are opened on loopback only

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

	// Of one address at the door of the pages, beyond loopback: an office's browsers may
	// share one. What is too much is told 429, connections are closed.
	PageRate        int // requests a second, in the long run
	PageBurst       int // requests at once
	PageRequests    int // answered at once
	PageConnections int // open at once
	Streams         int // answers that last (server-sent events), of all addresses; they take no places of the others

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

		PageRate: 20, PageBurst: 200, PageRequests: 32, PageConnections: 128, Streams: 128,

		EnrolEvery: 3 * time.Second,
		EnrolBurst: 20,
		EnrolRate:  50,
	}
}

func check(cfg Config, deps Deps) error {
	switch {
	case len(deps.Certificate.Certificate) == 0:
		return errors.New("a gate needs a certificate")
	case deps.Identify == nil, deps.Write == nil, deps.Board == nil, deps.Metrics == nil, deps.Ready == nil:
		return errors.New("a gate needs Identify, Write, Board, Metrics and Ready")
	case deps.Log == nil, deps.Registry == nil:
		return errors.New("a gate needs a log and a registry")
	case cfg.Connections < 1, cfg.Requests < 1, cfg.PerAgent < 1, cfg.HeaderBytes < 1:
		return errors.New("each limit of a gate must be at least 1")
	case cfg.PageRate < 1, cfg.PageBurst < 1, cfg.PageRequests < 1, cfg.PageConnections < 1, cfg.Streams < 1:
		return errors.New("each limit of the pages must be at least 1")
	case (cfg.PageCert == "") != (cfg.PageKey == ""):
		return errors.New("the pages' certificate needs its key, and the key its certificate")
	case cfg.EnrolEvery <= 0, cfg.EnrolBurst < 1, cfg.EnrolRate < 1:
		return errors.New("each limit of enrolling must be more than 0")
	case cfg.HeaderTimeout <= 0, cfg.ReadTimeout <= 0, cfg.WriteTimeout <= 0, cfg.IdleTimeout <= 0, cfg.StopTimeout <= 0, cfg.RenewEvery <= 0:
		return errors.New("each time of a gate must be more than 0: without one a slow caller stays for ever")
	}
	return nil
}
