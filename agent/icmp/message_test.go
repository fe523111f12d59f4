package icmp

import (
	"net/netip"
	"testing"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

func TestARequestIsWhatTheStandardSays(t *testing.T) {
	var b [requestSize]byte
	writeRequest(&b, false, 0xabcd, 0xfffe, 0x0102030405060708)
	if sum(b[:]) != 0 {
		t.Error("the checksum is wrong")
	}
	m, err := icmp.ParseMessage(protocolICMP4, b[:])
	if err != nil {
		t.Fatal(err)
	}
	echo, ok := m.Body.(*icmp.Echo)
	if m.Type != ipv4.ICMPTypeEcho || !ok || echo.ID != 0xabcd || echo.Seq != 0xfffe || echo.Data[7] != 8 || len(echo.Data) != 24 {
		t.Errorf("got %v %+v", m.Type, m.Body)
	}
	writeRequest(&b, true, 1, 2, 3)
	if m, err := icmp.ParseMessage(protocolICMP6, b[:]); err != nil || m.Type != ipv6.ICMPTypeEchoRequest {
		t.Errorf("got %v, %v", m, err)
	}
}

// quoting is an ICMP error of that kind, which quotes so much of a request for address.
func quoting(kind byte, address netip.Addr, octets int) []byte {
	var echo [requestSize]byte
	writeRequest(&echo, address.Is6(), 0xabcd, 77, 99)
	head := []byte{0: 0x45, 9: protocolICMP4, 19: 0}
	if address.Is6() {
		head = []byte{0: 0x60, 6: protocolICMP6, 39: 0}
	}
	copy(head[len(head)-len(address.AsSlice()):], address.AsSlice())
	return append(append([]byte{kind, 1, 0, 0, 0, 0, 0, 0}, head...), echo[:octets]...)
}

func TestAnErrorIsReadDownToTheEchoThatItQuotes(t *testing.T) {
	v4, v6 := netip.MustParseAddr("198.18.128.9"), netip.MustParseAddr("fd44::9")
	for name, c := range map[string]struct {
		packet          []byte
		ok, whole, away bool
	}{
		"unreachable":                      {quoting(3, v4, requestSize), true, true, false},
		"of an old router, eight octets":   {quoting(3, v4, 8), true, false, false},
		"time exceeded":                    {quoting(11, v4, 16), true, true, false},
		"redirect":                         {quoting(5, v4, 8), true, false, true},
		"cut within the echo":              {quoting(3, v4, 7), false, false, false},
		"timestamp reply":                  {quoting(14, v4, 8), false, false, false},
		"IPv6 unreachable":                 {quoting(1, v6, requestSize), true, true, false},
		"IPv6 packet too big":              {quoting(2, v6, 8), true, false, false},
		"IPv6 parameter problem":           {quoting(4, v6, 8), true, false, false},
		"IPv6 cut within the header":       {quoting(1, v6, 0)[:40], false, false, false},
		"IPv6 neighbour advertisement":     {quoting(136, v6, 8), false, false, false},
		"an empty packet":                  {nil, false, false, false},
		"an error with nothing behind it":  {[]byte{3, 1, 0, 0, 0, 0, 0, 0}, false, false, false},
		"one that quotes a wrong protocol": {func() []byte { b := quoting(3, v4, 8); b[8+9] = 17; return b }(), false, false, false},
		"one with a header of no length":   {func() []byte { b := quoting(3, v4, 8); b[8] = 0x40; return b }(), false, false, false},
	} {
		is6 := name[:2] == "IP"
		m, ok := parse(c.packet, is6)
		if ok != c.ok || m.whole != c.whole || m.redirect != c.away {
			t.Errorf("%s: got %+v, %v", name, m, ok)
		}
		if want := map[bool]netip.Addr{false: v4, true: v6}[is6]; ok && (!m.quoted || m.asked != want || m.number != 77 || m.id != 0xabcd) {
			t.Errorf("%s: got %+v", name, m)
		}
	}
}

func TestAQuoteIsReadAlsoBehindIPOptions(t *testing.T) {
	plain := quoting(3, netip.MustParseAddr("198.18.128.9"), 8)
	copy(plain[8+12:], []byte{10, 44, 0, 1})
	options := append([]byte{}, plain[:28]...)
	options[8] = 0x46
	options = append(append(options, 1, 1, 1, 0), plain[28:]...)
	for _, packet := range [][]byte{plain, options} {
		m, ok := parse(packet, false)
		if !ok || m.asker != netip.MustParseAddr("10.44.0.1") || m.id != 0xabcd || m.number != 77 {
			t.Errorf("got %+v, %v", m, ok)
		}
	}
}

// Anybody can send an ICMP error: none may bring the agent down.
func FuzzParse(f *testing.F) {
	whole := quoting(3, netip.MustParseAddr("198.18.128.9"), requestSize)
	for size := range whole {
		f.Add(whole[:size], false)
	}
	f.Add(quoting(1, netip.MustParseAddr("fd44::9"), requestSize), true)
	f.Fuzz(func(t *testing.T, b []byte, is6 bool) {
		m, ok := parse(b, is6)
		if ok && (m.quoted != m.asked.IsValid() || m.quoted != m.asker.IsValid() || m.quoted && m.asked.Is6() != is6) {
			t.Errorf("%+v", m)
		}
	})
}
