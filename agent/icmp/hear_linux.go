package icmp

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxAtOnce bounds the messages that are read in one beat; a flood's rest stays in the
// socket, or outside.
const maxAtOnce = 4096

// receive hands over everything that has arrived. Errors come first: one that waits
// fails the reading of a reply.
func (l *line) receive(take func(arrival)) {
	now := readClocks()
	if !l.raw {
		l.read(unix.MSG_ERRQUEUE, now, take)
	}
	if l.read(0, now, take) {
		l.emptied = now
	}
}

// read is true when nothing is left.
func (l *line) read(flags int, now clocks, take func(arrival)) bool {
	for range maxAtOnce / batchSize {
		n, err := l.batch.read(l.fd, flags)
		if err == unix.EAGAIN {
			return true
		}
		// Any other is that of an ICMP error, which waited for the next call.
		for i := range n {
			if a, ok := l.understand(l.batch.packet(i), readBeside(l.batch.beside(i)), l.batch.from(i), now); ok {
				take(a)
			}
		}
		if err == nil && n < batchSize {
			return true
		}
	}
	return false
}

// understand is false for what is not about an echo of this line's. What this machine
// writes to itself is left out: that a neighbour's hardware address was not found is
// silence like any other.
func (l *line) understand(b []byte, beside beside, from netip.Addr, now clocks) (a arrival, ok bool) {
	switch {
	case beside.fault:
		a.message, ok = parseFault(b, beside, from, l.ipv6)
		from = beside.by
	case l.raw && !l.ipv6:
		a.message, ok = parseRaw4(b)
	default:
		a.message, ok = parse(b, l.ipv6)
	}
	if !ok || a.quoted && from == beside.to || l.raw && a.id != l.id {
		return arrival{}, false
	}
	a.from, a.at = from, now.moment(beside.stamp, l.emptied)
	return a, true
}

// overflowed tells whether the kernel dropped anything since it was asked last, for want
// of room in the socket. Datagram sockets do not say so beside a message (SO_RXQ_OVFL).
func (l *line) overflowed() bool {
	var memory [9]uint32 // linux/sock_diag.h: SK_MEMINFO_DROPS is the last
	size := uint32(unsafe.Sizeof(memory))
	unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(l.fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&memory)), uintptr(unsafe.Pointer(&size)), 0) // before 4.12 it gives none
	before := l.dropped
	l.dropped = memory[8]
	return l.dropped != before
}

// parseRaw4 reads an IPv4 packet with its header.
func parseRaw4(b []byte) (message, bool) {
	if len(b) < 20 || len(b) < int(b[0]&15)*4 {
		return message{}, false
	}
	return parse(b[int(b[0]&15)*4:], false)
}

// parseFault reads what a datagram socket's error queue holds (ip(7), IP_RECVERR): our
// echo, as it was quoted from its ICMP header on, beside the address that was asked.
func parseFault(b []byte, beside beside, asked netip.Addr, ipv6 bool) (message, bool) {
	if beside.origin != unix.SO_EE_ORIGIN_ICMP && beside.origin != unix.SO_EE_ORIGIN_ICMP6 || !isError(beside.kind, ipv6) {
		return message{}, false
	}
	m, ok := parseRequest(b, asked, ipv6)
	return m.because(beside.kind, beside.code, ipv6), ok
}

// beside is what the kernel says beside a message.
type beside struct {
	stamp int64      // of the arrival by the wall clock, ns since 1970
	to    netip.Addr // destination of the packet

	fault              bool // the message is from the error queue:
	origin, kind, code byte // SO_EE_ORIGIN_…, and the ICMP error's
	by                 netip.Addr
}

func readBeside(b []byte) (all beside) {
	for len(b) >= unix.SizeofCmsghdr {
		header, data, rest, err := unix.ParseOneSocketControlMessage(b)
		if err != nil {
			break
		}
		all.read(header.Level, header.Type, data)
		b = rest
	}
	return all
}

func (a *beside) read(level, kind int32, data []byte) {
	switch {
	case level == unix.SOL_SOCKET && kind == unix.SCM_TIMESTAMPNS:
		a.stamp = nanoseconds(data)
	case level == unix.IPPROTO_IP && kind == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
		a.to = netip.AddrFrom4([4]byte(data[8:12])) // ipi_addr, after index and ipi_spec_dst
	case level == unix.IPPROTO_IPV6 && kind == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
		a.to = netip.AddrFrom16([16]byte(data[:16]))
	case level == unix.IPPROTO_IP && kind == unix.IP_RECVERR && len(data) >= 16+unix.SizeofSockaddrInet4:
		a.fault, a.origin, a.kind, a.code = true, data[4], data[5], data[6] // struct sock_extended_err, 16 bytes
		a.by = netip.AddrFrom4([4]byte(data[16+4 : 16+8]))
	case level == unix.IPPROTO_IPV6 && kind == unix.IPV6_RECVERR && len(data) >= 16+unix.SizeofSockaddrInet6:
		a.fault, a.origin, a.kind, a.code = true, data[4], data[5], data[6]
		a.by = netip.AddrFrom16([16]byte(data[16+8 : 16+24]))
	}
}

// nanoseconds reads a struct timespec, whose two numbers are as wide as the machine's words.
func nanoseconds(b []byte) int64 {
	switch len(b) {
	case 16:
		return int64(binary.NativeEndian.Uint64(b))*1e9 + int64(binary.NativeEndian.Uint64(b[8:]))
	case 8:
		return int64(binary.NativeEndian.Uint32(b))*1e9 + int64(binary.NativeEndian.Uint32(b[4:]))
	}
	return 0
}
