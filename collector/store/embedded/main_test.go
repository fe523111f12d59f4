//go:build integration

package embedded_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"go.uber.org/goleak"

	"communewatch/collector/store/embedded"
)

// parentOf makes this test program the parent of an InfluxDB in that folder, to be killed.
const parentOf = "COMMUNEWATCH_TEST_PARENT_OF"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentOf); dir != "" {
		beParent(dir)
	}
	goleak.VerifyTestMain(m)
}

func beParent(dir string) {
	server, err := embedded.Start(context.Background(), embedded.Config{
		Dir: dir, Binary: os.Getenv(parentOf + "_BINARY"), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(server.URL())
	select {}
}
