package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// resolution of time.Now.
const resolution = 0

// suspended is how long the machine has been suspended since it was booted:
// CLOCK_BOOTTIME counts that, CLOCK_MONOTONIC does not (clock_gettime(2)).
func suspended() time.Duration {
	var boot, mono unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &mono) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - mono.Nano())
}
