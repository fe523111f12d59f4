package icmp

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// message is what an ICMP packet says about an echo of ours.
type message struct {
	id     uint16 // as on the wire; datagram sockets have the kernel's own
	number uint16 // sequence number
	cookie uint64 // if whole
	whole  bool   // the payload is there

	quoted   bool       // an ICMP error that quotes the echo, else the reply to it
	asker    netip.Addr // where the echo came from; invalid for an error of a datagram socket's
	asked    netip.Addr // where it was sent to
	kind     byte       // of the error, as is its code
	code     byte
	redirect bool // IPv4's error that is none: the echo went on
}

// arrival is a message, who sent it, and when it reached this machine.
type arrival struct {
	message
	from netip.Addr
	at   time.Duration // as monotonic counts
}

// Numbers of RFC 792 and RFC 4443.
const (
	protocolICMP4, protocolICMP6 = 1, 58

	echoReply4, echoRequest4 = 0, 8
	echoReply6, echoRequest6 = 129, 128
)

// requestSize is that of an echo request: header, cookie, and zeros up to the size of
// an office's echoes.
const requestSize = 8 + 24

// writeRequest makes an echo request. For IPv6 the kernel adds the checksum, which
// covers addresses; for datagram sockets also the identifier.
func writeRequest(b *[requestSize]byte, ipv6 bool, id, number uint16, cookie uint64) {
	*b = [requestSize]byte{}
	b[0] = echoRequest4
	if ipv6 {
		b[0] = echoRequest6
	}
	binary.BigEndian.PutUint16(b[4:], id)
	binary.BigEndian.PutUint16(b[6:], number)
	binary.BigEndian.PutUint64(b[8:], cookie)
	if !ipv6 {
		binary.BigEndian.PutUint16(b[2:], sum(b[:]))
	}
}

// sum is the Internet checksum (RFC 1071) of an even number of bytes.
func sum(b []byte) uint16 {
	total := uint32(0)
	for i := 0; i < len(b); i += 2 {
		total += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	total = total>>16 + total&0xffff
	return ^uint16(total + total>>16)
}

// parse reads an ICMP message: an echo reply, or an error that quotes an echo request.
// Any other is not ok.
func parse(b []byte, ipv6 bool) (m message, ok bool) {
	if len(b) < 8 {
		return message{}, false
	}
	if ipv6 && b[0] == echoReply6 || !ipv6 && b[0] == echoReply4 {
		return parseEcho(b), true
	}
	if !isError(b[0], ipv6) {
		return message{}, false
	}
	if ipv6 {
		m, ok = parseQuoted6(b[8:])
	} else {
		m, ok = parseQuoted4(b[8:])
	}
	return m.because(b[0], b[1], ipv6), ok
}

// isError tells which messages quote a packet: destination unreachable, packet too big,
// time exceeded and parameter problem (RFC 4443); for IPv4 also source quench and
// redirect (RFC 792).
func isError(kind byte, ipv6 bool) bool {
	if ipv6 {
		return 1 <= kind && kind <= 4
	}
	return 3 <= kind && kind <= 5 || kind == 11 || kind == 12
}

// because says what an error says.
func (m message) because(kind, code byte, ipv6 bool) message {
	m.kind, m.code, m.redirect = kind, code, kind == 5 && !ipv6
	return m
}

// parseEcho reads an echo's header, at least eight bytes, and its payload if it is there.
func parseEcho(b []byte) message {
	m := message{id: binary.BigEndian.Uint16(b[4:]), number: binary.BigEndian.Uint16(b[6:])}
	if len(b) >= 16 {
		m.cookie, m.whole = binary.BigEndian.Uint64(b[8:]), true
	}
	return m
}

// parseQuoted4 reads the IPv4 packet that an error quotes. Old routers quote no more than
// its header and eight octets (RFC 792): the echo's type, identifier and sequence number.
func parseQuoted4(b []byte) (message, bool) {
	if len(b) < 20 || b[0]>>4 != 4 || b[9] != protocolICMP4 {
		return message{}, false
	}
	header := int(b[0]&15) * 4
	if header < 20 || len(b) < header+8 {
		return message{}, false
	}
	m, ok := parseRequest(b[header:], netip.AddrFrom4([4]byte(b[16:20])), false)
	m.asker = netip.AddrFrom4([4]byte(b[12:16]))
	return m, ok
}

// parseQuoted6 reads the IPv6 packet that an error quotes. Ours have no extension headers.
func parseQuoted6(b []byte) (message, bool) {
	if len(b) < 48 || b[0]>>4 != 6 || b[6] != protocolICMP6 {
		return message{}, false
	}
	m, ok := parseRequest(b[40:], netip.AddrFrom16([16]byte(b[24:40])), true)
	m.asker = netip.AddrFrom16([16]byte(b[8:24]))
	return m, ok
}

// parseRequest reads a quoted echo request to that address.
func parseRequest(b []byte, asked netip.Addr, ipv6 bool) (message, bool) {
	if len(b) < 8 || ipv6 && b[0] != echoRequest6 || !ipv6 && b[0] != echoRequest4 {
		return message{}, false
	}
	m := parseEcho(b)
	m.quoted, m.asked = true, asked
	return m, true
}
