//go:build !linux && !windows

package upstream

import (
	"errors"
	"syscall"
	"time"
)

func noWay(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETDOWN)
}

func unacknowledged(err error) bool { return errors.Is(err, syscall.ETIMEDOUT) }

func giveUpAfter(time.Duration) func(network, address string, c syscall.RawConn) error { return nil }

// closed tells whether the other side is there and nothing listens.
func closed(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
