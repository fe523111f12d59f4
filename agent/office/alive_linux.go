package office

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// uptime counts sleep too (clock_gettime(2)).
func uptime() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano())
}

// processRuns asks the kernel; a process of somebody else's is there as well, and one
// that nobody has buried yet (Z in proc_pid_stat(5)) is not.
func processRuns(pid int) bool {
	if err := unix.Kill(pid, 0); pid <= 0 || err != nil && !errors.Is(err, unix.EPERM) {
		return false
	}
	stat := read("/proc", strconv.Itoa(pid)+"/stat")
	end := strings.LastIndexByte(stat, ')') // of the name, which may hold anything
	return end < 0 || !strings.HasPrefix(stat[end:], ") Z")
}
