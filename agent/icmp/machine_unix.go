//go:build !windows

package icmp

import (
	"errors"
	"syscall"
	"time"
)

// noWay tells whether a send failed since no way leads to the target: no route, a
// route that refuses, or a link that is down.
func noWay(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETDOWN)
}

var started = time.Now()

// monotonic reads a clock that is never set: nanoseconds since any fixed moment.
func monotonic() time.Duration { return time.Since(started) }
