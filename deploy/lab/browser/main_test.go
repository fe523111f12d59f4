//go:build integration

package browser

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"communewatch/collector/store/storetest"
)

// TestMain ends the InfluxDB and the Chromium that the tests share.
func TestMain(m *testing.M) {
	code := Run(m, storetest.Share)
	endCommon()
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}
