package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain runs the tests, or is the agent that one of them put on this machine.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		if err := agent(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// agent does nothing but live, and notes why it ended.
func agent(args []string) error {
	folder := filepath.Dir(args[slices.Index(args, "--config")+1])
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, Config{Folder: folder, Background: slices.Contains(args, "--background"), Err: os.Stderr}, func(ctx context.Context, host Host) error {
		if exists(filepath.Join(folder, "broken")) {
			return errors.New("this agent is broken")
		}
		host.Log.Info("agent lives")
		<-ctx.Done()
		return os.WriteFile(filepath.Join(folder, "ended"), []byte(context.Cause(ctx).Error()), 0o600)
	})
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return string(data)
}

// soon fails the test unless it is so before long.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	if waitUntil(t.Context(), 10*time.Second, so) != nil {
		t.Fatalf("not in time: %s", what)
	}
}
