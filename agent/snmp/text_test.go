package snmp

import (
	"testing"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

func TestTextIsReadByOneRule(t *testing.T) {
	for _, c := range []struct{ name, bytes, want string }{
		{"UTF-8", "Xã Đắk Drô", "Xã Đắk Drô"},
		{"decomposed", "Tie\u0302\u0301ng", "Ti\u1ebfng"},
		{"Latin-1", "Not\xe9l\xe9", "0x4e6f74e96ce9"},
		{"three bytes of another code page", "\xfd\xbe\xd6", "0xfdbed6"},
		{"a MAC address", "\x02\xfc\x00\x10\x00\x01", "0x02fc00100001"},
		{"NULs at the end", "ag\x00\x00\x00", "ag"},
		{"NULs at the end of Latin-1", "\xe9\x00", "0xe9"},
		{"control characters", "a\x07\x1b[1mb\x00c\x7f", "a[1mbc"},
		{"line breaks and tabs", "Router OS\r\n\tversion 7\n", "Router OS version 7"},
		{"a line break of its own", "\r\n", ""},
		{"a next line of C1", "a\u0085b", "a b"},
		{"spaces that somebody chose", "port  1", "port  1"},
		{"a tag's backslash", `C:\port\`, "C:/port/"},
		{"nothing", "", ""},
		{"only NULs", "\x00\x00", ""},
	} {
		got := api.CleanTag(text(gosnmp.SnmpPDU{Type: gosnmp.OctetString, Value: []byte(c.bytes)}))
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if got := text(gosnmp.SnmpPDU{Type: gosnmp.Integer, Value: 7}); got != "" {
		t.Errorf("a number reads as %q", got)
	}
}

func TestANumberIsReadOfAnyUnsignedType(t *testing.T) {
	for _, v := range []any{7, uint(7), uint32(7), uint64(7)} {
		if n, ok := number(gosnmp.SnmpPDU{Value: v}); !ok || n != 7 {
			t.Errorf("%T reads as %d, %v", v, n, ok)
		}
	}
	for _, v := range []any{-1, "7", []byte("7"), nil, float32(7)} {
		if n, ok := number(gosnmp.SnmpPDU{Value: v}); ok {
			t.Errorf("%T %v reads as %d", v, v, n)
		}
	}
}
