//go:build integration

package center

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"communewatch/collector/goal"
	"communewatch/collector/store/embedded"
	"communewatch/collector/store/storetest"
)

// ownInflux is a configuration whose InfluxDB is the embedded one, on a port that is free.
func ownInflux(t *testing.T) Config {
	t.Helper()
	t.Setenv("PATH", filepath.Dir(storetest.Binary(t))+string(os.PathListSeparator)+os.Getenv("PATH"))
	cfg := DefaultConfig()
	cfg.Data, cfg.Listen, cfg.Page = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
	cfg.InfluxDB.Listen = freeAddress(t)
	return cfg
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// reportsOf opens a desk, makes a report and ends what was begun.
func reportsOf(t *testing.T, cfg Config) *goal.Report {
	t.Helper()
	desk, end, err := OpenDesk(t.Context(), cfg, "v1", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r, err := desk.Report(t.Context(), goal.Request{Months: 1})
	if err != nil {
		t.Error(err)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	return r
}

// From the day before the first start, to a collector that runs, to one that is down.
func TestACommandReportsBesideACollectorAndWithoutOne(t *testing.T) {
	cfg := ownInflux(t)
	for _, when := range []string{"before anything ran", "while a collector runs", "after it ended"} {
		stop := func() {}
		if strings.HasPrefix(when, "while") {
			var c *Center
			c, stop = running(t, cfg)
			_ = c
		}
		if r := reportsOf(t, cfg); r == nil || len(r.Sites) != 159 || r.Version != "v1" {
			t.Errorf("%s: %+v", when, r)
		}
		stop()
		if _, err := net.DialTimeout("tcp", cfg.InfluxDB.Listen, time.Second); err == nil {
			t.Errorf("%s: its InfluxDB still runs", when)
		}
	}
	if _, err := os.Stat(filepath.Join(GoalDir(cfg.Data), "published")); err != nil {
		t.Error(err)
	}
}

func TestACommandSaysWhoHoldsTheDataOrTheAddress(t *testing.T) {
	cfg := ownInflux(t)
	server, err := embedded.Start(t.Context(), embedded.Config{Dir: InfluxDir(cfg.Data), Listen: freeAddress(t), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	fails := func(want string) {
		t.Helper()
		_, _, err := OpenDesk(t.Context(), cfg, "v1", slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), cfg.InfluxDB.Listen) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	fails("is in use by another process")
	if err := server.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	stranger, err := net.Listen("tcp", cfg.InfluxDB.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	go func() {
		for {
			c, err := stranger.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "220 mail\r\n")
			c.Close()
		}
	}()
	fails("its address is not free")
}

func TestATargetWithMistakesKeepsACollectorFromStarting(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Data, cfg.Goals = t.TempDir(), []string{filepath.Join(t.TempDir(), "wrong.yaml")}
	if err := os.WriteFile(cfg.Goals[0], []byte("id: other\nthreshold: 5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(cfg, Deps{Log: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), "wrong.yaml:2:1: ") {
		t.Errorf("%v", err)
	}
}

// A database that root started would leave files that the service cannot read.
func TestACommandDoesNotStartTheDatabaseOfAnotherAccount(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("another account's folders are tested as root only")
		return
	}
	cfg := ownInflux(t)
	if err := os.Chown(cfg.Data, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	_, _, err := OpenDesk(t.Context(), cfg, "v1", slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "belongs to another account (uid 65534)") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(InfluxDir(cfg.Data)); err == nil {
		t.Error("a folder was made")
	}
}
