//go:build integration

package judge

import (
	"os"
	"testing"

	"communewatch/collector/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Share(m)) }
