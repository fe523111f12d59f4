//go:build integration

package browser

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/center"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// world is a collector that shows pages, on a database of the shared InfluxDB.
type world struct {
	t     *testing.T
	cfg   center.Config
	home  string
	store *store.Store
	log   *slog.Logger
	end   func()
}

var worlds atomic.Int64

// newWorld has an hour of some offices in it; change is what its collector.yaml says otherwise.
func newWorld(t *testing.T, change func(*center.Config)) *world {
	t.Helper()
	w := makeWorld(t, t.TempDir(), storetest.Log(t), change)
	w.start()
	t.Cleanup(w.close)
	return w
}

// common is a world, with a month of history, of all tests that leave it as it is, but for
// what they add under a name of their own.
var common struct {
	sync.Mutex
	*world
	dir string
}

func commonWorld(t *testing.T) *world {
	t.Helper()
	common.Lock()
	defer common.Unlock()
	if common.world == nil {
		dir, err := os.MkdirTemp("", "communewatch-browser")
		if err != nil {
			t.Fatal(err)
		}
		w := makeWorld(t, dir, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})), nil)
		w.history()
		w.start()
		common.world, common.dir = w, dir
	}
	of := *common.world
	of.t = t
	return &of
}

// endCommon is for TestMain.
func endCommon() {
	common.Lock()
	defer common.Unlock()
	if common.world != nil {
		common.close()
	}
	_ = os.RemoveAll(common.dir)
}

func makeWorld(t *testing.T, dir string, log *slog.Logger, change func(*center.Config)) *world {
	t.Helper()
	server := storetest.Shared(t)
	cfg := center.DefaultConfig()
	cfg.Data, cfg.Listen, cfg.Page, cfg.Roles = dir, "127.0.0.1:0", freePort(t), []string{center.RoleBoard, center.RoleEnrol}
	cfg.Calendar = center.CalendarAlways
	cfg.InfluxDB.URL, cfg.InfluxDB.TokenFile = server.URL(), filepath.Join(dir, "influxdb.token")
	cfg.InfluxDB.Database = fmt.Sprintf("browser%d", worlds.Add(1))
	if err := os.WriteFile(cfg.InfluxDB.TokenFile, []byte(server.Token()), 0o600); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&cfg)
	}
	points, err := store.New(store.Config{URL: server.URL(), Token: server.Token(), Database: cfg.InfluxDB.Database}, store.Deps{Log: log})
	if err == nil {
		err = points.Setup(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, cfg: cfg, home: "http://" + cfg.Page, store: points, log: log}
	w.seed()
	return w
}

// freePort is one that a collector may be started on again.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs the collector until stop, or the test ends.
func (w *world) start() {
	w.t.Helper()
	c, err := center.New(w.cfg, center.Deps{Log: w.log})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	select {
	case <-c.Up():
	case err := <-ended:
		cancel()
		w.t.Fatal(err)
	}
	w.end = func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	}
	w.ready()
}

func (w *world) ready() {
	w.t.Helper()
	client := http.Client{Timeout: 2 * time.Second}
	defer client.CloseIdleConnections()
	for range 100 {
		if r, err := client.Get(w.home + api.PathReady); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatal("the collector does not become ready")
}

// stop ends it, once.
func (w *world) stop() {
	if w.end != nil {
		w.end()
	}
	w.end = nil
}

// close is stop, for good.
func (w *world) close() {
	w.stop()
	w.store.Close()
}

// write stores points.
func (w *world) write(retention api.Retention, points ...*api.Point) {
	w.t.Helper()
	var lines []byte
	var err error
	for _, p := range points {
		if lines, err = p.AppendLine(lines); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := w.store.Write(w.t.Context(), retention, lines); err != nil {
		w.t.Fatal(err)
	}
}

// judged lets the judge look once.
func (w *world) judged() {
	w.t.Helper()
	inv, err := inventory.Embedded()
	if err != nil {
		w.t.Fatal(err)
	}
	inv = inv.WithCalendar(inventory.CalendarAlways)
	j, err := judge.New(judge.Config{}, judge.Deps{Store: w.store, Inventory: func() *inventory.Inventory { return inv }, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := j.Once(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}
