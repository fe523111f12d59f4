package icmp

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// noWay tells whether a send failed since no way leads to the target: no route, a
// route that refuses, or a link that is down.
func noWay(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETDOWN)
}

var started = time.Now()

// monotonic reads a clock that is never set: nanoseconds since any fixed moment. It
// stands still while the machine is suspended.
func monotonic() time.Duration { return time.Since(started) }

// sinceBoot reads a clock that is never set and goes on while the machine is suspended.
func sinceBoot() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return monotonic() // a kernel before 2.6.39
	}
	return time.Duration(now.Nano())
}
