package snmp

import (
	"math"
	"testing"

	"github.com/gosnmp/gosnmp"
)

func TestFiguresAreReadFromNumbersAndFromTextThatStartsWithOne(t *testing.T) {
	for _, c := range []struct {
		value any
		want  float64
		ok    bool
	}{
		{-58, -58, true}, {uint(7), 7, true}, {uint32(4_294_967_295), 4_294_967_295, true}, {uint64(1) << 40, 1 << 40, true},
		{float32(2.5), 2.5, true}, {-0.25, -0.25, true}, {math.NaN(), 0, false}, {math.Inf(1), 0, false},
		{[]byte("51.569"), 51.569, true}, {[]byte("12.3 %"), 12.3, true}, {[]byte("51 C/124 F"), 51, true}, {[]byte("229.8V"), 229.8, true},
		{[]byte(" -7\x00"), -7, true}, {[]byte("5."), 0, false}, {[]byte("10.1.2.3"), 0, false}, {[]byte("-- C/-- F"), 0, false},
		{[]byte(""), 0, false}, {[]byte("n/a 5"), 0, false}, {[]byte{0xff, '1'}, 0, false}, {nil, 0, false}, {".1.3.6", 0, false},
	} {
		if got, ok := figure(gosnmp.SnmpPDU{Value: c.value}); ok != c.ok || ok && got != c.want {
			t.Errorf("%v (%T): %v, %v, want %v, %v", c.value, c.value, got, ok, c.want, c.ok)
		}
	}
}

func TestBitsAreCountedFromTheHighestOfTheFirstByte(t *testing.T) {
	for _, c := range []struct {
		bytes []byte
		want  float64
	}{
		{nil, 0}, {[]byte{}, 0}, {[]byte{0x40}, 1}, {[]byte{0x02}, 0}, {[]byte{0x80}, 0}, {[]byte{0x40, 0x80}, 2}, {[]byte{0xff, 0xff}, 3},
	} {
		if got, ok := bitsSet(gosnmp.SnmpPDU{Value: c.bytes}, []int{1, 3, 8}); !ok || got != c.want {
			t.Errorf("%x: %v, %v, want %v", c.bytes, got, ok, c.want)
		}
	}
	if _, ok := bitsSet(integer(".1", 3), []int{1}); ok {
		t.Error("an INTEGER has bits")
	}
}

func TestConditionsSeeTextNumbersAndOIDs(t *testing.T) {
	for want, v := range map[string]gosnmp.SnmpPDU{
		"Cached memory": octetString(".1", "Cached memory\x00"), "-3": integer(".1", -3), "1.3.6.1": {Type: gosnmp.ObjectIdentifier, Value: ".1.3.6.1"}, "": {},
	} {
		if got := label(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}
