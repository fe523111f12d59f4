package upstream

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// noWay tells whether no way led to the other side: no route, or a link that is down.
func noWay(err error) bool {
	return errors.Is(err, unix.ENETUNREACH) || errors.Is(err, unix.EHOSTUNREACH) || errors.Is(err, unix.ENETDOWN)
}

// unacknowledged tells whether the kernel gave a connection up because nothing that it
// sent was acknowledged.
func unacknowledged(err error) bool { return errors.Is(err, unix.ETIMEDOUT) }

// giveUpAfter makes the kernel end a connection that is being opened when what was
// sent on it, probes included, is not acknowledged for so long: TCP_USER_TIMEOUT
// (tcp(7), RFC 5482). Without, Linux goes on for a quarter of an hour.
func giveUpAfter(unacked time.Duration) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var err error
		set := func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unacked.Milliseconds()))
		}
		return errors.Join(c.Control(set), err)
	}
}

// closed tells whether the other side is there and nothing listens.
func closed(err error) bool { return errors.Is(err, unix.ECONNREFUSED) }
