//go:build !linux

package doctor

import (
	"context"
	"errors"
	"slices"
	"syscall"
)

// sendPacket: without more rights than a service has, Windows shows the answers of
// routers only through IcmpSendEcho, which is not used yet. So hops and the largest
// packet are said to be not probed; name, connection and TLS are looked at as elsewhere.
func sendPacket(context.Context, packet) (reply, error) { return reply{}, errNotProbed }

// Windows has its own numbers (WSAENETUNREACH and so on), which syscall does not map.
func noRoute(err error) bool {
	return among(err, syscall.ENETUNREACH, 10051, syscall.EHOSTUNREACH, 10065)
}
func saidNo(err error) bool   { return among(err, syscall.ECONNREFUSED, 10061) }
func brokeOff(err error) bool { return among(err, syscall.ECONNRESET, 10054) }

func among(err error, numbers ...syscall.Errno) bool {
	var number syscall.Errno
	return errors.As(err, &number) && slices.Contains(numbers, number)
}
