// Package storetest starts a real InfluxDB for tests: nothing of it is a part of the
// collector. In comes a test, out go a server and stores on databases of their own;
// both end with the test. It never skips: without the daemon a test fails and says
// how to build it.
package storetest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"communewatch/collector/store"
	"communewatch/collector/store/embedded"
)

// Binary finds the daemon in the repository's bin folder.
func Binary(tb testing.TB) string {
	tb.Helper()
	binary := filepath.Join(Repository(tb), "bin", embedded.BinaryName)
	if _, err := os.Stat(binary); err != nil {
		tb.Fatalf("no InfluxDB to test with: run `make build` (%v)", err)
	}
	return binary
}

// Repository is the folder of the module's go.mod, looked for upwards.
func Repository(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module communewatch\n") {
			return dir
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		tb.Fatal("go.mod of communewatch is not above this test")
	}
}

// Start runs an InfluxDB in a temporary folder until the test ends.
func Start(tb testing.TB) *embedded.Server {
	tb.Helper()
	return StartIn(tb, tb.TempDir())
}

// StartIn is Start with a folder of its own, so that its process can be found by it.
func StartIn(tb testing.TB, dir string) *embedded.Server {
	tb.Helper()
	server, err := embedded.Start(tb.Context(), embedded.Config{
		Dir: dir, Binary: Binary(tb), Listen: "127.0.0.1:0", Log: Log(tb),
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			tb.Error(err)
		}
	})
	return server
}

var databases atomic.Int64

// Open makes a store on a new database of the server.
func Open(tb testing.TB, server *embedded.Server) *store.Store {
	tb.Helper()
	return OpenNamed(tb, server, fmt.Sprintf("test%d", databases.Add(1)))
}

// OpenNamed is Open with the name of the database.
func OpenNamed(tb testing.TB, server *embedded.Server, database string) *store.Store {
	tb.Helper()
	s, err := store.New(store.Config{URL: server.URL(), Token: server.Token(), Database: database}, store.Deps{Log: Log(tb)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	if err := s.Setup(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}

// Log shows warnings and errors with the test.
func Log(tb testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}
