package icmp

import (
	"net/netip"
	"testing"
)

// echoTo is an IPv4 packet with an echo request, up to the octets that any router quotes.
func echoTo(target netip.Addr, id, sequence byte) []byte {
	to := target.As4()
	return []byte{
		0x45, 0, 0, 52, 0, 0, 0x40, 0, 1, 1, 0, 0, 10, 44, 0, 1, to[0], to[1], to[2], to[3],
		8, 0, 0xab, 0xcd, 0, id, 0, sequence,
	}
}

func TestAQuoteIsReadAlsoBehindIPOptions(t *testing.T) {
	target := netip.MustParseAddr("10.45.0.2")
	plain := echoTo(target, 7, 9)
	options := append([]byte{0x46}, plain[1:20]...)
	options = append(append(options, 1, 1, 1, 0), plain[20:]...)
	for _, packet := range [][]byte{plain, options} {
		q, ok := quoted(append(make([]byte, 8), packet...), true)
		if want := (quote{from: netip.MustParseAddr("10.44.0.1"), to: target, id: 7, sequence: 9}); !ok || q != want {
			t.Errorf("got %+v, %v, want %+v", q, ok, want)
		}
	}
}

// Anybody can send an ICMP error: none may bring the agent down.
func FuzzQuote(f *testing.F) {
	whole := append(make([]byte, 8), echoTo(netip.MustParseAddr("10.45.0.2"), 7, 9)...)
	for i := range whole {
		f.Add(whole[:i], true)
	}
	f.Add(append(append(make([]byte, 8), 0x60, 0, 0, 0, 0, 8, 58, 64), make([]byte, 40)...), false)
	f.Fuzz(func(t *testing.T, message []byte, is4 bool) {
		q, ok := quoted(message, is4)
		if ok && (q.to.Is4() != is4 || q.id > 0xffff || q.sequence > 0xffff || len(message) < 36) {
			t.Errorf("%x: %+v", message, q)
		}
	})
}
