//go:build integration

package goal

import (
	"os"
	"testing"

	"communewatch/collector/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Share(m)) }
