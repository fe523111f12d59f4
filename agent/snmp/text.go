package snmp

import (
	"bytes"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gosnmp/gosnmp"
	"golang.org/x/text/unicode/norm"
)

// text reads an OCTET STRING that is meant for people, by one rule, so that a tag
// is the same on every poll:
//
//   - NULs at the end are padding, and go.
//   - What then is not valid UTF-8 (Latin-1, a MAC address) is written in hexadecimal
//     as "0x4e6f…", since guessing a code page makes wrong names.
//   - Line breaks and tabs, however many in a row, become one space; other control
//     characters go; and the rest is written in NFC.
//
// It is empty for another type. What a tag cannot hold is left to [api.CleanTag].
func text(v gosnmp.SnmpPDU) string {
	b, ok := v.Value.([]byte)
	if !ok || v.Type != gosnmp.OctetString {
		return ""
	}
	b = bytes.TrimRight(b, "\x00")
	if !utf8.Valid(b) {
		return "0x" + hex.EncodeToString(b)
	}
	s := string(b)
	if strings.ContainsFunc(s, unicode.IsControl) {
		s = oneLine(s)
	}
	return norm.NFC.String(s)
}

func oneLine(s string) string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) && unicode.IsControl(r) })
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.Join(lines, " "))
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
