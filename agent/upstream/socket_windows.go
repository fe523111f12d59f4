package upstream

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// noWay tells whether no way led to the other side: no route, or a link that is down.
func noWay(err error) bool {
	return errors.Is(err, windows.WSAENETUNREACH) || errors.Is(err, windows.WSAEHOSTUNREACH) || errors.Is(err, windows.WSAENETDOWN)
}

// unacknowledged tells whether the kernel gave a connection up because nothing that it
// sent was acknowledged.
func unacknowledged(err error) bool { return errors.Is(err, windows.WSAETIMEDOUT) }

// giveUpAfter leaves it at what Windows does: it gives up after five retransmissions
// (TcpMaxDataRetransmissions), some 20 s.
func giveUpAfter(time.Duration) func(network, address string, c syscall.RawConn) error { return nil }

// closed tells whether the other side is there and nothing listens.
func closed(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }
