package storetest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"communewatch/collector/store/embedded"
)

// shared is the InfluxDB of all tests of a package that ask for it.
var shared struct {
	sync.Mutex
	running bool // a TestMain ends it
	dir     string
	server  *embedded.Server
}

// Share runs the tests of a package and ends what Shared began; TestMain exits with what
// it gives.
func Share(m *testing.M) int {
	shared.running = true
	code := m.Run()
	if err := endShared(); err != nil {
		fmt.Fprintln(os.Stderr, "the tests' InfluxDB:", err)
		code = max(code, 1)
	}
	return code
}

// Shared is an InfluxDB that all tests of the package use, each with a database of its
// own: one costs half a second to start. A test that stops its server, or looks into its
// folder, has Start.
func Shared(tb testing.TB) *embedded.Server {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.running {
		tb.Fatal("this package has no TestMain that calls storetest.Share")
	}
	if shared.server != nil {
		return shared.server
	}
	dir, err := os.MkdirTemp("", "communewatch-test")
	if err != nil {
		tb.Fatal(err)
	}
	shared.dir = dir
	shared.server, err = embedded.Start(tb.Context(), embedded.Config{
		Dir: dir, Binary: Binary(tb), Listen: "127.0.0.1:0",
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return shared.server
}

func endShared() error {
	shared.Lock()
	defer shared.Unlock()
	defer os.RemoveAll(shared.dir)
	if shared.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return shared.server.Stop(ctx)
}
