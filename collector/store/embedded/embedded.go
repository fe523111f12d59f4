// Package embedded runs the InfluxDB that comes with the collector
// (deploy/influxdb builds it) as a child process on loopback.
//
// In comes a folder; out come an address and a credential. The child has its own
// generated configuration, authentication on, a lock on its folder that lives as
// long as the child does, and it never outlives its parent on Linux: when the
// collector is killed, the kernel kills it too. A child that dies by itself is
// started again, with back-off, until Stop.
//
// It must never listen beyond loopback, never put a password into a log, an argument
// or an environment, and never run two databases on one folder.
//
// On other systems than Linux a collector that is killed, not stopped, leaves its
// InfluxDB running: the next Start finds its address taken and says so.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"time"
)

// BinaryName is the daemon's file name, found beside the collector's own program.
const BinaryName = "communewatch-influxd"

// Config says where the database lives. Zero values of all but Dir and Log stand
// for the defaults.
type Config struct {
	Dir      string // data, configuration, passwords; made with mode 0700 if it is not there
	Binary   string // default BinaryName beside this program, else on PATH
	Listen   string // default 127.0.0.1:8486; port 0 takes a free one; loopback only
	Database string // default "communewatch": made so that the reader may be given it
	Log      *slog.Logger
}

// DefaultListen is beside InfluxDB's own port, so that another one does no harm.
const DefaultListen = "127.0.0.1:8486"

// Limits of starting and stopping.
const (
	startTime = 60 * time.Second // a big index is read before /ping answers
	lockTime  = 5 * time.Second  // a killed predecessor's child may take a moment to end
	stopTime  = 15 * time.Second // then the child is killed; what it has acknowledged is in its log on disk
)

// Server is a running InfluxDB.
type Server struct {
	cfg  Config
	log  *slog.Logger
	lock *os.File
	keys keys
	http *http.Client // talks to the child while it is brought up

	stop     context.CancelFunc
	done     chan struct{}
	kill     chan struct{} // closed when Stop's patience is over
	killOnce sync.Once
}

// Start runs InfluxDB and returns when it answers and its users are there. ctx
// bounds the start only: the server runs until Stop.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := cfg.fill(); err != nil {
		return nil, fmt.Errorf("embedded InfluxDB: %w", err)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make InfluxDB's folder: %w", err)
	}
	lock, err := lockFolder(ctx, filepath.Join(cfg.Dir, "lock"), lockTime)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, log: cfg.Log, lock: lock, done: make(chan struct{}), kill: make(chan struct{})}
	// No proxy, no connection kept.
	s.http = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	if s.keys, err = openKeys(cfg.Dir); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

var databaseName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

func (c *Config) fill() error {
	if c.Dir == "" || c.Log == nil {
		return errors.New("needs a folder and a log")
	}
	var err error
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return fmt.Errorf("find the folder: %w", err)
	}
	if c.Database == "" {
		c.Database = "communewatch"
	}
	if !databaseName.MatchString(c.Database) {
		return fmt.Errorf("database name %q: want letters, digits, underscore, dot and hyphen, a letter first", c.Database)
	}
	if c.Binary == "" {
		if c.Binary, err = findBinary(); err != nil {
			return err
		}
	}
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", c.Listen, err)
	}
	if host == "" {
		c.Listen = "127.0.0.1" + c.Listen
	} else if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("listen on %q: want a loopback address such as 127.0.0.1", c.Listen)
	}
	return nil
}

// findBinary looks beside this program, then on PATH.
func findBinary() (string, error) {
	name := BinaryName
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if self, err := os.Executable(); err == nil {
		if beside := filepath.Join(filepath.Dir(self), name); isFile(beside) {
			return beside, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is neither beside this program nor on PATH: run `make build`, or point at another InfluxDB", name)
	}
	return path, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// URL is where the database answers; it stays the same over the child's restarts.
func (s *Server) URL() string { return "http://" + s.cfg.Listen }

// Token is the administrator's credential for both APIs: "user:password".
func (s *Server) Token() string { return adminUser + ":" + s.keys.admin }

// ReaderToken is the credential of a user who may read the database and no more,
// for Grafana: "user:password".
func (s *Server) ReaderToken() string { return readerUser + ":" + s.keys.reader }

// Done is closed when InfluxDB has ended for good, after Stop. A child that dies
// before is started again.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop asks InfluxDB to end and waits for it; when ctx ends, or after 15 s, it is
// killed. It may be called more than once.
func (s *Server) Stop(ctx context.Context) error {
	s.stop()
	patience := time.NewTimer(stopTime)
	defer patience.Stop()
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
	case <-patience.C:
	}
	s.killOnce.Do(func() { close(s.kill) })
	<-s.done
	return errors.New("InfluxDB did not end in time and was killed")
}
