package doctor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// sendPacket sends from a socket of the packet's own, so that what comes back to it can
// only be about this packet. It is an echo, where this process may open such sockets
// (net.ipv4.ping_group_range; echoes get through most firewalls), else UDP to a port that
// nobody listens on, which needs no right at all. What routers say comes by the socket's
// error queue (IP_RECVERR, ip(7)). It blocks a thread, and notices within glance that ctx ended.
func sendPacket(ctx context.Context, p packet) (reply, error) {
	if p.to.Zone() != "" {
		return reply{}, errNotProbed
	}
	s, err := open(p)
	if err != nil {
		return reply{}, err
	}
	defer unix.Close(s.fd)
	began := time.Now()
	if err := unix.Send(s.fd, s.payload(p), 0); errors.Is(err, unix.EMSGSIZE) {
		r, _, err := s.complaint(p)
		r.fate = tooBig
		return r, err
	} else if err != nil {
		return reply{}, sendError(err)
	}
	for {
		left := p.wait - time.Since(began)
		if left <= 0 {
			return reply{}, nil
		}
		if err := ctx.Err(); err != nil {
			return reply{}, err
		}
		r, told, err := s.await(p, min(left, glance))
		if told || err != nil {
			r.rtt, r.rationed = time.Since(began), !s.echo
			return r, err
		}
	}
}

const (
	glance     = 100 * time.Millisecond
	unusedPort = 33434 // traceroute's; what listens there may answer as well
)

type socket struct {
	fd   int
	echo bool
}

func open(p packet) (socket, error) {
	family, protocol := unix.AF_INET, unix.IPPROTO_ICMP
	if p.to.Is6() {
		family, protocol = unix.AF_INET6, unix.IPPROTO_ICMPV6
	}
	const kind = unix.SOCK_DGRAM | unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	s := socket{echo: true}
	var err error
	if s.fd, err = unix.Socket(family, kind, protocol); err != nil {
		s.echo = false
		if s.fd, err = unix.Socket(family, kind, unix.IPPROTO_UDP); err != nil {
			return s, fmt.Errorf("open a socket for the path: %w", err)
		}
	}
	if err := s.prepare(p); err != nil {
		unix.Close(s.fd)
		return s, err
	}
	return s, nil
}

// prepare sets hops and errors, forbids dividing, whatever this machine believes of the
// path, and connects.
func (s socket) prepare(p packet) error {
	level, options := unix.IPPROTO_IP, map[int]int{unix.IP_TTL: p.hops, unix.IP_RECVERR: 1, unix.IP_MTU_DISCOVER: unix.IP_PMTUDISC_PROBE}
	if p.to.Is6() {
		level, options = unix.IPPROTO_IPV6, map[int]int{unix.IPV6_UNICAST_HOPS: p.hops, unix.IPV6_RECVERR: 1, unix.IPV6_MTU_DISCOVER: unix.IPV6_PMTUDISC_PROBE}
	}
	for option, value := range options {
		if err := unix.SetsockoptInt(s.fd, level, option, value); err != nil {
			return fmt.Errorf("prepare a socket for the path: %w", err)
		}
	}
	port := unusedPort
	if s.echo {
		port = 0
	}
	var to unix.Sockaddr
	if p.to.Is6() {
		to = &unix.SockaddrInet6{Port: port, Addr: p.to.As16()}
	} else {
		to = &unix.SockaddrInet4{Port: port, Addr: p.to.As4()}
	}
	if err := unix.Connect(s.fd, to); err != nil {
		return sendError(err)
	}
	return nil
}

func sendError(err error) error {
	if noRoute(err) {
		return errNoRoute
	}
	return fmt.Errorf("send to the path: %w", err)
}

// payload fills the packet to its size. The kernel writes an echo's identifier and checksum.
func (s socket) payload(p packet) []byte {
	header, request := 20+8, byte(8)
	if p.to.Is6() {
		header, request = 40+8, 128
	}
	data := make([]byte, 8+max(0, p.size-header))
	if !s.echo {
		return data[8:]
	}
	data[0], data[7] = request, 1 // sequence number
	return data
}

// await waits for an answer or a complaint; told is false when there was none.
func (s socket) await(p packet, wait time.Duration) (r reply, told bool, err error) {
	ready := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}
	if _, err := unix.Poll(ready, int(wait.Milliseconds())+1); err != nil && !errors.Is(err, unix.EINTR) {
		return reply{}, false, fmt.Errorf("wait for the path: %w", err)
	}
	if r, told, err = s.complaint(p); told || err != nil {
		return r, told, err
	}
	if ready[0].Revents&unix.POLLIN == 0 {
		return reply{}, false, nil
	}
	var answer [64]byte
	if _, _, err := unix.Recvfrom(s.fd, answer[:], unix.MSG_TRUNC); err != nil {
		return reply{}, false, nil // it was a complaint that says nothing
	}
	return reply{fate: arrived, from: p.to}, true, nil
}

// complaint reads the error queue.
func (s socket) complaint(p packet) (r reply, told bool, err error) {
	var data [64]byte
	var control [512]byte
	_, n, _, _, err := unix.Recvmsg(s.fd, data[:], control[:], unix.MSG_ERRQUEUE)
	if err != nil {
		return reply{}, false, nil // it is empty
	}
	messages, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil {
		return reply{}, false, fmt.Errorf("read what the path says: %w", err)
	}
	for _, m := range messages {
		v4 := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR
		v6 := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_RECVERR
		if v4 || v6 {
			r, told = s.understand(p, m.Data)
			return r, told, nil
		}
	}
	return reply{}, false, nil
}

// understand reads a struct sock_extended_err and the address behind it.
func (s socket) understand(p packet, data []byte) (reply, bool) {
	const fixed = 16
	if len(data) < fixed {
		return reply{}, false
	}
	origin, kind, code, info := data[4], data[5], data[6], int(binary.NativeEndian.Uint32(data[8:]))
	r := reply{from: offender(data[fixed:])}
	switch {
	case origin == unix.SO_EE_ORIGIN_LOCAL && binary.NativeEndian.Uint32(data) == uint32(unix.EMSGSIZE):
		r.fate, r.mtu = tooBig, info
		return r, true
	case origin == unix.SO_EE_ORIGIN_ICMP:
		r.fate = fate4(kind, code)
	case origin == unix.SO_EE_ORIGIN_ICMP6:
		r.fate = fate6(kind)
	}
	switch {
	case r.fate == silent, !r.from.IsValid(), r.from == s.local() && r.from != p.to:
		return reply{}, false // of our own kernel: nobody answers to ARP
	case r.fate == tooBig:
		r.mtu = info
	case r.fate == refused && r.from == p.to:
		r.fate = arrived // it has no such port, or does not want us: it is there
	}
	return r, true
}

// fate4 is of RFC 792's types and codes.
func fate4(kind, code byte) fate {
	switch {
	case kind == 11 && code == 0:
		return expired
	case kind == 3 && code == 4:
		return tooBig
	case kind == 3:
		return refused
	}
	return silent
}

// fate6 is of RFC 4443's types.
func fate6(kind byte) fate {
	switch kind {
	case 1:
		return refused
	case 2:
		return tooBig
	case 3:
		return expired
	}
	return silent
}

// offender reads a sockaddr: who complains.
func offender(data []byte) netip.Addr {
	if len(data) < 16 {
		return netip.Addr{}
	}
	switch binary.NativeEndian.Uint16(data) {
	case unix.AF_INET:
		return netip.AddrFrom4([4]byte(data[4:8]))
	case unix.AF_INET6:
		if len(data) >= 24 {
			return netip.AddrFrom16([16]byte(data[8:24])).Unmap()
		}
	}
	return netip.Addr{}
}

func (s socket) local() netip.Addr {
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return netip.Addr{}
	}
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(a.Addr)
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(a.Addr)
	}
	return netip.Addr{}
}

func noRoute(err error) bool {
	return errors.Is(err, unix.ENETUNREACH) || errors.Is(err, unix.EHOSTUNREACH)
}

func saidNo(err error) bool   { return errors.Is(err, unix.ECONNREFUSED) }
func brokeOff(err error) bool { return errors.Is(err, unix.ECONNRESET) }
