// Package store is the collector's only door to the database: InfluxDB 1.8, or an
// engine that speaks its two APIs (writes over /api/v2/write, reads as InfluxQL
// over /query).
//
// In come lines that the contract has passed (collector/api) and structured
// queries (query.go); out go three kinds of failure that say what to do next
// (failure.go), and series with the contract's types. A block is either stored, or
// stored but for the lines that never will be, or nothing of it may be forgotten.
//
// It must never drop a line without naming it, never let one line keep others from
// being stored, never put text from outside into a statement unescaped, and never
// use what only one engine can do: no DELETE, no LIMIT on series, no aggregate
// without a time range and an interval.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	influxapi "github.com/influxdata/influxdb-client-go/v2/api"
	"github.com/prometheus/client_golang/prometheus"

	"communewatch/collector/api"
)

// Config says where the database is and what one exchange with it may cost.
// Zero values of all but URL stand for the defaults.
type Config struct {
	URL      string // "http://127.0.0.1:8486"; a path before the APIs' own is kept
	Token    string // one opaque string, sent as "Token …" on both APIs; 1.x: "user:password"
	Database string // default "communewatch"

	Organization string        // InfluxDB 2 only, all others ignore it; default: the database's name
	Replication  int           // of policies that Setup makes; default 1, on a cluster the number of copies
	Writers      int           // connections kept open for writes; default 2, see ingest
	WriteTime    time.Duration // bounds one request of a write; default 30 s: above InfluxDB's own write-timeout of 10 s
	QueryTime    time.Duration // bounds one query, answer included; default 60 s
	MaxRows      int           // bounds an answer's rows over all series; default 1,000,000
	MaxAnswer    int64         // bounds an answer's bytes; default 256 MiB
}

// Deps is what a store is given. Registry may be nil: then nothing is counted.
type Deps struct {
	Log      *slog.Logger
	Registry prometheus.Registerer
}

// Store reads and writes one database. It is safe for concurrent use.
type Store struct {
	cfg    Config
	log    *slog.Logger
	base   *url.URL
	http   *http.Client
	writes map[api.Retention]influxapi.WriteAPIBlocking

	requests *prometheus.CounterVec
	refused  prometheus.Counter
	told     atomic.Int64 // when refused lines were logged last, in seconds since 1970
}

// policies are the retention policies of the database, the default first. The
// shards are long: what a site sends late falls into few of them, and a week of
// minutes packs better than a day. A policy keeps up to one shard more than its duration.
var policies = []struct {
	name            api.Retention
	duration, shard time.Duration
}{
	{api.Raw, api.MaxBehind, 7 * day}, // 90 days: a point that CheckTime lets pass is within it
	{api.Hourly, 1095 * day, 28 * day},
	{api.Events, 3650 * day, 84 * day},
}

const day = 24 * time.Hour

// databaseName is what needs no escape in any of the two APIs' addresses: "db/rp" is one bucket.
var databaseName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// New checks and asks nothing of the database.
func New(cfg Config, deps Deps) (*Store, error) {
	if deps.Log == nil {
		return nil, errors.New("a store needs a log")
	}
	cfg.fill()
	base, err := url.Parse(cfg.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("InfluxDB's address is %q, want http://host:port", cfg.URL)
	}
	if base.User != nil || base.RawQuery != "" {
		return nil, errors.New("InfluxDB's address holds a user or a query: the credential goes into the token")
	}
	if !databaseName.MatchString(cfg.Database) {
		return nil, fmt.Errorf("database name %q: want letters, digits, underscore, dot and hyphen, a letter first", cfg.Database)
	}
	if strings.ContainsAny(cfg.Token, " \r\n\t") {
		return nil, errors.New("InfluxDB's token holds a space or a line break")
	}
	if cfg.Replication < 1 || cfg.Writers < 1 || cfg.WriteTime <= 0 || cfg.QueryTime <= 0 || cfg.MaxRows < 1 || cfg.MaxAnswer < 1 {
		return nil, errors.New("a limit of the store is negative")
	}
	s := &Store{cfg: cfg, log: deps.Log, base: base, http: client(cfg)}
	s.writes = s.writers()
	if err := s.count(deps.Registry); err != nil {
		return nil, err
	}
	return s, nil
}

// count makes the store's metrics, and registers them where there is a registry.
func (s *Store) count(registry prometheus.Registerer) error {
	s.requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "communewatch_store_requests_total",
		Help: "Writes sent to the database, by what its answer meant.",
	}, []string{"meaning"})
	s.refused = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "communewatch_store_refused_lines_total",
		Help: "Lines that hold against the contract and that the database refused.",
	})
	if registry == nil {
		return nil
	}
	for _, c := range []prometheus.Collector{s.requests, s.refused} {
		if err := registry.Register(c); err != nil {
			return fmt.Errorf("register the store's metrics: %w", err)
		}
	}
	return nil
}

func (c *Config) fill() {
	if c.Database == "" {
		c.Database = "communewatch"
	}
	if c.Organization == "" {
		c.Organization = c.Database
	}
	if c.Replication == 0 {
		c.Replication = 1
	}
	if c.Writers == 0 {
		c.Writers = 2
	}
	if c.WriteTime == 0 {
		c.WriteTime = 30 * time.Second
	}
	if c.QueryTime == 0 {
		c.QueryTime = time.Minute
	}
	if c.MaxRows == 0 {
		c.MaxRows = 1_000_000
	}
	if c.MaxAnswer == 0 {
		c.MaxAnswer = 256 << 20
	}
}

// client is ours, not the library's: its own keeps its time-outs for itself. No
// proxy: the database is near, and a proxy is a stranger who answers.
func client(cfg Config) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:    5 * time.Second,
			MaxIdleConns:           cfg.Writers + 8,
			MaxIdleConnsPerHost:    cfg.Writers + 8, // beside the writers the judge's and the pages' queries
			IdleConnTimeout:        time.Minute,
			ForceAttemptHTTP2:      true,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}
}

func (s *Store) writers() map[api.Retention]influxapi.WriteAPIBlocking {
	options := influxdb2.DefaultOptions().SetPrecision(time.Nanosecond).SetUseGZip(false)
	options.HTTPOptions().SetHTTPDoer(onlyStored{s.http})
	influx := influxdb2.NewClientWithOptions(s.base.String(), s.cfg.Token, options)
	writes := make(map[api.Retention]influxapi.WriteAPIBlocking, len(policies))
	for _, p := range policies {
		writes[p.name] = influx.WriteAPIBlocking(s.cfg.Organization, s.cfg.Database+"/"+string(p.name))
	}
	return writes
}

// Close ends idle connections. The store may still be used.
func (s *Store) Close() { s.http.CloseIdleConnections() }

// Ready says why a write would not be stored now: nil, *Unavailable or *Misconfigured.
// It costs two small requests.
func (s *Store) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := s.ping(ctx); err != nil {
		return err
	}
	there, err := s.policies(ctx)
	if err != nil {
		return err
	}
	for _, p := range policies {
		if _, ok := there[p.name]; !ok {
			return &Misconfigured{Reason: fmt.Sprintf("database %s has no retention policy %s: run setup", s.cfg.Database, p.name)}
		}
	}
	return nil
}

// ping: alive is /ping answering 204, and nothing else is.
func (s *Store) ping(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base.JoinPath("ping").String(), nil)
	if err != nil {
		return fmt.Errorf("ask whether InfluxDB lives: %w", err)
	}
	response, err := s.http.Do(request)
	if err != nil {
		return unreachable(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		return &Misconfigured{Reason: "/ping at " + s.base.Redacted() + " answered " + strconv.Itoa(response.StatusCode) + ", InfluxDB answers 204"}
	}
	return nil
}
