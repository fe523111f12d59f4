//go:build integration && long

package lab

import "testing"

func TestTenThousandFaultsLoseNothingAndDoubleNothing(t *testing.T) { endure(t, 10_000) }

func TestAConnectionResetAtEveryByteOfARequestLosesAndDoublesNothing(t *testing.T) {
	resetAtBytes(t, 1)
}
