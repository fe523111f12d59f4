package snmp

import (
	"bytes"
	"encoding/hex"
	"unicode/utf8"

	"github.com/gosnmp/gosnmp"
	"golang.org/x/text/unicode/norm"
)

// text reads an OCTET STRING that is meant for people, by one rule, so that a tag
// is the same on every poll: NULs at the end are padding and go; what then is valid
// UTF-8 is kept, in NFC; anything else (Latin-1, a MAC address) is written in
// hexadecimal as "0x4e6f…", since guessing a code page makes wrong names. Control
// characters are left to api.CleanTag and api.CleanText. Empty for another type.
func text(v gosnmp.SnmpPDU) string {
	b, ok := v.Value.([]byte)
	if !ok || v.Type != gosnmp.OctetString {
		return ""
	}
	b = bytes.TrimRight(b, "\x00")
	if !utf8.Valid(b) {
		return "0x" + hex.EncodeToString(b)
	}
	return norm.NFC.String(string(b))
}

// number reads any unsigned value of a variable. A negative one, and one that the
// decoder could not read, is none.
func number(v gosnmp.SnmpPDU) (uint64, bool) {
	switch n := v.Value.(type) {
	case int:
		return uint64(n), n >= 0
	case uint:
		return uint64(n), true
	case uint32:
		return uint64(n), true
	case uint64:
		return n, true
	}
	return 0, false
}
