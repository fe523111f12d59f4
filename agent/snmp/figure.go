package snmp

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/gosnmp/gosnmp"
)

// leadingNumber is what a text must start with to be a figure: "51.569", "12.3 %",
// "51 C/124 F". Some devices have every figure as text.
var leadingNumber = regexp.MustCompile(`^\s*([-+]?[0-9]{1,18}(?:\.[0-9]{1,18})?)(?:[^0-9A-Za-z.]|\s*[A-Za-z%]|$)`)

// figure reads a variable as a number. Unlike [number] it takes what is negative,
// fractions, and text.
func figure(v gosnmp.SnmpPDU) (float64, bool) {
	var n float64
	switch value := v.Value.(type) {
	case int:
		n = float64(value)
	case uint:
		n = float64(value)
	case uint32:
		n = float64(value)
	case uint64:
		n = float64(value)
	case float32: // Opaque, as net-snmp has floats
		n = float64(value)
	case float64:
		n = value
	case []byte:
		found := leadingNumber.FindSubmatch(value)
		if found == nil {
			return 0, false
		}
		n, _ = strconv.ParseFloat(string(found[1]), 64) // the expression lets nothing else through
	default:
		return 0, false
	}
	return n, !math.IsNaN(n) && !math.IsInf(n, 0)
}

// bitsSet counts which of some bits are set in a value of the SMI's BITS, whose bit
// 0 is the first byte's highest (RFC 2578 §7.1.4).
func bitsSet(v gosnmp.SnmpPDU, of []int) (float64, bool) {
	bytes, ok := v.Value.([]byte)
	if !ok {
		return 0, false
	}
	n := 0.0
	for _, bit := range of {
		if i := bit / 8; i < len(bytes) && bytes[i]&(0x80>>(bit%8)) != 0 {
			n++
		}
	}
	return n, true
}

// label is a variable as conditions see it: text, a number in decimals, or an OID
// without the dot in front.
func label(v gosnmp.SnmpPDU) string {
	switch value := v.Value.(type) {
	case []byte:
		return text(v)
	case string: // an OID, or an address
		return strings.TrimPrefix(value, ".")
	}
	if n, ok := figure(v); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return ""
}
