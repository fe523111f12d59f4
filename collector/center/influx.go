package center

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"communewatch/collector/store"
	"communewatch/collector/store/embedded"
)

// influxdb is where to store, and how it is ended if it is ours.
type influxdb struct {
	url, token string
	stop       func(context.Context) error
}

func (c *Center) influx(ctx context.Context) (influxdb, error) {
	if !c.cfg.stores() {
		return influxdb{stop: func(context.Context) error { return nil }}, nil
	}
	if c.cfg.InfluxDB.URL != "" {
		return configured(c.cfg.InfluxDB)
	}
	server, err := embedded.Start(ctx, embedded.Config{Dir: InfluxDir(c.cfg.Data), Listen: c.cfg.InfluxDB.Listen, Database: c.cfg.InfluxDB.Database, Log: c.log})
	if err != nil {
		return influxdb{}, fmt.Errorf("start the embedded InfluxDB: %w", err)
	}
	return influxdb{server.URL(), server.Token(), server.Stop}, nil
}

// configured is one that somebody else runs.
func configured(c InfluxDB) (influxdb, error) {
	token, err := os.ReadFile(c.TokenFile)
	if err != nil {
		return influxdb{}, fmt.Errorf("read InfluxDB's token: %w", err)
	}
	return influxdb{c.URL, strings.TrimSpace(string(token)), func(context.Context) error { return nil }}, nil
}

// openStore is for a command: it asks whoever runs, and starts InfluxDB only if nobody does.
func openStore(ctx context.Context, cfg Config, log *slog.Logger) (*store.Store, func() error, error) {
	if cfg.InfluxDB.URL != "" {
		influx, err := configured(cfg.InfluxDB)
		if err != nil {
			return nil, nil, err
		}
		return openOn(influx, cfg, log)
	}
	if points, end, running := openRunning(ctx, cfg, log); running {
		return points, end, nil
	}
	return openStarted(ctx, cfg, log)
}

// openOn makes a store on an InfluxDB; nothing is asked of it yet.
func openOn(influx influxdb, cfg Config, log *slog.Logger) (*store.Store, func() error, error) {
	points, err := store.New(store.Config{URL: influx.url, Token: influx.token, Database: cfg.InfluxDB.Database}, store.Deps{Log: log})
	if err != nil {
		return nil, nil, err
	}
	return points, func() error { points.Close(); return nil }, nil
}

// openRunning is on the embedded one of a collector that runs now; false: none does.
func openRunning(ctx context.Context, cfg Config, log *slog.Logger) (*store.Store, func() error, bool) {
	credential, err := embedded.Credential(InfluxDir(cfg.Data))
	if err != nil {
		return nil, nil, false
	}
	points, end, err := openOn(influxdb{url: "http://" + cfg.InfluxDB.Listen, token: credential}, cfg, log)
	if err != nil {
		return nil, nil, false
	}
	if points.Ready(ctx) != nil {
		points.Close()
		return nil, nil, false
	}
	return points, end, true
}

// openStarted starts the embedded one.
func openStarted(ctx context.Context, cfg Config, log *slog.Logger) (*store.Store, func() error, error) {
	if err := ours(InfluxDir(cfg.Data)); err != nil {
		return nil, nil, err
	}
	server, err := embedded.Start(ctx, embedded.Config{Dir: InfluxDir(cfg.Data), Listen: cfg.InfluxDB.Listen, Database: cfg.InfluxDB.Database, Log: log})
	if err != nil {
		return nil, nil, fmt.Errorf("no collector answers at %s, and its InfluxDB cannot be started either: %w", cfg.InfluxDB.Listen, err)
	}
	stop := func() error {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		return server.Stop(limited)
	}
	points, end, err := openOn(influxdb{url: server.URL(), token: server.Token()}, cfg, log)
	if err == nil {
		err = points.Setup(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return points, func() error { return errors.Join(end(), stop()) }, nil
}

// ours refuses a folder of another account, or one that would be made in such a one: what
// a database writes there as root, the service could not read afterwards.
func ours(dir string) error {
	info, err := os.Stat(dir)
	for errors.Is(err, os.ErrNotExist) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		info, err = os.Stat(dir)
	}
	if err != nil {
		return fmt.Errorf("look for InfluxDB's folder: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) == os.Geteuid() {
		return nil
	}
	return fmt.Errorf("no collector runs, and %s belongs to another account (uid %d): start the collector, or run this as that account", dir, owner.Uid)
}
