package icmp

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// quote is the echo that an ICMP error is about.
type quote struct {
	from, to     netip.Addr
	id, sequence int
}

// quoted reads the packet behind the eight octets of an ICMP error's head (RFC 792, RFC
// 4443). Old routers quote no more than its IP head and eight octets: just the echo's
// type, identifier and sequence number.
func quoted(message []byte, is4 bool) (quote, bool) {
	if len(message) < 8 {
		return quote{}, false
	}
	if is4 {
		return quoted4(message[8:])
	}
	return quoted6(message[8:])
}

func quoted4(packet []byte) (quote, bool) {
	if len(packet) < ipv4.HeaderLen || packet[0]>>4 != 4 || packet[9] != unix.IPPROTO_ICMP {
		return quote{}, false
	}
	head := int(packet[0]&15) * 4
	if head < ipv4.HeaderLen || len(packet) < head+8 || packet[head] != uint8(ipv4.ICMPTypeEcho) {
		return quote{}, false
	}
	q := quoteOf(packet[head:])
	q.from, q.to = netip.AddrFrom4([4]byte(packet[12:16])), netip.AddrFrom4([4]byte(packet[16:20]))
	return q, true
}

func quoted6(packet []byte) (quote, bool) {
	if len(packet) < ipv6.HeaderLen+8 || packet[0]>>4 != 6 || packet[6] != unix.IPPROTO_ICMPV6 ||
		packet[ipv6.HeaderLen] != uint8(ipv6.ICMPTypeEchoRequest) {
		return quote{}, false
	}
	q := quoteOf(packet[ipv6.HeaderLen:])
	q.from, q.to = netip.AddrFrom16([16]byte(packet[8:24])), netip.AddrFrom16([16]byte(packet[24:40]))
	return q, true
}

func quoteOf(echo []byte) quote {
	return quote{id: int(binary.BigEndian.Uint16(echo[4:])), sequence: int(binary.BigEndian.Uint16(echo[6:]))}
}
