package clock

import (
	"os"
	"strings"
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

// readBoot reads the kernel's name of this boot (random(4)) and its clock.
func readBoot() boot {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	var now unix.Timespec
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return boot{}
	}
	return boot{id: strings.TrimSpace(string(id)), clock: time.Duration(now.Nano())}
}
