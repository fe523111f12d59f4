//go:build !linux

package icmp

import (
	"errors"
	"net/netip"
	"time"
)

// canShare: elsewhere pro-bing asks many targets too, [Narrow] at a time. Windows has raw
// sockets only and no time stamps of the kernel's.
const canShare = false

type line struct{}

type socketAddress struct{}

func openLine(bool, bool, uint16) (*line, error) { return nil, errors.ErrUnsupported }

func (*line) close() error { return nil }

func (*line) send(*socketAddress, uint16, uint64) (time.Duration, error) {
	return 0, errors.ErrUnsupported
}

func (*line) receive(func(arrival)) {}

func (*line) overflowed() bool { return false }

func addressFor(netip.Addr) socketAddress { return socketAddress{} }

func isFull(error) bool { return false }
