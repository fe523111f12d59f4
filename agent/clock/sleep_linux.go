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
// CLOCK_BOOTTIME counts that, CLOCK_MONOTONIC does not (clock_gettime(2)), and the
// latter is Go's (1.26: nanotime1 in runtime/sys_linux_*.s). They are read in this order,
// so that a delay between them makes it less, never a sleep that was none.
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
	name := strings.TrimSpace(string(id))
	if !validBoot(name) {
		return boot{}
	}
	return boot{id: name, clock: time.Duration(now.Nano())}
}
