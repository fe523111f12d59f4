package icmp

import (
	"errors"
	"math"
	"net"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// canShare says that this system has what a [line] needs.
const canShare = true

// line is one socket for echoes to many, of one family. It never blocks and is
// used by one goroutine at a time.
type line struct {
	fd   int
	ipv6 bool
	raw  bool
	id   uint16 // of raw echoes; a datagram socket has the kernel's

	request [requestSize]byte
	batch   *batch
	emptied clocks // when nothing was left in the socket
	dropped uint32 // by the kernel since the socket is open, for want of room
}

// buffer is asked for, in bytes, for what arrives and for what leaves. The kernel gives
// twice net.core.rmem_max and wmem_max at most. By their standard values there is room
// for 500 replies, those of two beats at the fastest pace; and for as many echoes to
// neighbours on the same LAN whose hardware address nobody tells, 3 s each.
const buffer = 1 << 20

// openLine opens the socket in the caller's network namespace.
func openLine(ipv6, raw bool, id uint16) (*line, error) {
	family, protocol, kind := unix.AF_INET, unix.IPPROTO_ICMP, unix.SOCK_DGRAM
	if ipv6 {
		family, protocol = unix.AF_INET6, unix.IPPROTO_ICMPV6
	}
	if raw {
		kind = unix.SOCK_RAW
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, err
	}
	l := &line{fd: fd, ipv6: ipv6, raw: raw, id: id, batch: newBatch(), emptied: readClocks()}
	if err := l.configure(); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *line) configure() error {
	for _, room := range []int{unix.SO_RCVBUF, unix.SO_SNDBUF} {
		unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, room, buffer) // as much as may be
	}
	if err := unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return err
	}
	// To tell by destination and source what this machine writes to itself.
	level, destination, errorQueue := unix.IPPROTO_IP, unix.IP_PKTINFO, unix.IP_RECVERR
	if l.ipv6 {
		level, destination, errorQueue = unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, unix.IPV6_RECVERR
	}
	if err := unix.SetsockoptInt(l.fd, level, destination, 1); err != nil {
		return err
	}
	if !l.raw {
		return unix.SetsockoptInt(l.fd, level, errorQueue, 1)
	}
	return l.filter()
}

// filter lets replies and errors through to a raw socket, which else gets all ICMP.
func (l *line) filter() error {
	if l.ipv6 {
		var pass unix.ICMPv6Filter
		for kind := range 256 {
			if !isError(byte(kind), true) && kind != echoReply6 {
				pass.Data[kind>>5] |= 1 << (kind & 31) // a set bit blocks (RFC 3542 §3.2)
			}
		}
		return unix.SetsockoptICMPv6Filter(l.fd, unix.IPPROTO_ICMPV6, unix.ICMPV6_FILTER, &pass)
	}
	const icmpFilter = 1 // raw(7): ICMP_FILTER; a set bit blocks, types from 32 on pass
	blocked := ^uint32(0)
	for kind := range 32 {
		if isError(byte(kind), false) || kind == echoReply4 {
			blocked &^= 1 << kind
		}
	}
	return unix.SetsockoptInt(l.fd, unix.SOL_RAW, icmpFilter, int(int32(blocked)))
}

func (l *line) close() error { return unix.Close(l.fd) }

// socketAddress is where a line sends to.
type socketAddress struct{ unix.Sockaddr }

func addressFor(address netip.Addr) socketAddress {
	if address.Is4() {
		return socketAddress{&unix.SockaddrInet4{Addr: address.As4()}}
	}
	return socketAddress{&unix.SockaddrInet6{Addr: address.As16(), ZoneId: zoneNumber(address.Zone())}}
}

// zoneNumber is 0 for none. Where there is no interface of that name it is a number that
// none has, so that the kernel refuses to send; 0 would let it choose.
func zoneNumber(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if n, err := strconv.ParseUint(zone, 10, 31); err == nil {
		return uint32(n)
	}
	if link, err := net.InterfaceByName(zone); err == nil {
		return uint32(link.Index)
	}
	return math.MaxInt32
}

// send sends one echo, and gives the time just before.
//
// An ICMP error on the way back to a datagram socket fails the send that comes next,
// whoever it is to, and is thereby taken off: the second try fails for reasons of its
// own, or since another error came right then.
func (l *line) send(to *socketAddress, number uint16, cookie uint64) (at time.Duration, err error) {
	writeRequest(&l.request, l.ipv6, l.id, number, cookie)
	for range 3 {
		at = monotonic()
		err = unix.Sendto(l.fd, l.request[:], 0, to.Sockaddr)
		if err == nil || l.raw || isFull(err) {
			break
		}
	}
	return at, err
}

// isFull tells that a send would have had to wait.
func isFull(err error) bool { return err == unix.EAGAIN }
