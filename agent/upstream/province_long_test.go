//go:build integration && long

package upstream

import (
	"testing"
	"testing/synctest"
	"time"
)

// When not so much as a refusal comes, agents try often, since it may be their line and
// back for seconds only, and kernels repeat SYNs; even so they come one by one.
func TestAProvinceWhoseCollectorWasSilentComesBackWithinSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		agents := returning(t, nil, 2*time.Minute, 30*time.Second, func(since time.Duration, first bool) int {
			if !first {
				return -1
			}
			return int(since / time.Second)
		})
		t.Logf("agents that are back, by second: %v", agents)
		for second, n := range agents {
			if n > province*2/5 {
				t.Errorf("%d of %d agents in second %d", n, province, second)
			}
		}
	})
}
