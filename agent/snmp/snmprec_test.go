package snmp

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/gosnmp/gosnmp"
)

// recording reads a file of snmpsim's format, one variable a line as "OID|tag|value",
// the tag being BER's, with an x behind it where the value is hexadecimal.
func recording(t testing.TB, path string) []gosnmp.SnmpPDU {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []gosnmp.SnmpPDU
	seen := map[string]bool{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		parts := strings.SplitN(strings.TrimRight(lines.Text(), "\r"), "|", 3)
		if len(parts) != 3 || seen[parts[0]] {
			continue
		}
		seen[parts[0]] = true
		v, err := variable("."+parts[0], parts[1], parts[2])
		if err != nil {
			t.Fatalf("%s:%d: %v", path, n, err)
		}
		out = append(out, v)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// variable has the type that the wire library gives it.
func variable(oid, tag, value string) (gosnmp.SnmpPDU, error) {
	bare, isHex := strings.CutSuffix(tag, "x")
	if isHex {
		b, err := hex.DecodeString(value)
		if err != nil {
			return gosnmp.SnmpPDU{}, err
		}
		value = string(b)
	}
	number, err := strconv.Atoi(bare)
	if err != nil {
		return gosnmp.SnmpPDU{}, fmt.Errorf("tag %q", tag)
	}
	v := gosnmp.SnmpPDU{Name: oid, Type: gosnmp.Asn1BER(number)}
	switch v.Type {
	case gosnmp.OctetString, gosnmp.Opaque:
		v.Value = []byte(value)
	case gosnmp.ObjectIdentifier:
		v.Value = "." + strings.TrimPrefix(value, ".")
	case gosnmp.IPAddress:
		v.Value = value
	case gosnmp.Null:
		v.Value = nil
	case gosnmp.Integer:
		v.Value, err = strconv.Atoi(value)
	case gosnmp.Counter64:
		v.Value, err = strconv.ParseUint(value, 10, 64)
	default:
		var n uint64
		n, err = strconv.ParseUint(value, 10, 32)
		v.Value = uint32(n)
		if v.Type == gosnmp.Counter32 || v.Type == gosnmp.Gauge32 {
			v.Value = uint(n)
		}
	}
	return v, err
}

func byName(variables []gosnmp.SnmpPDU) map[string]gosnmp.SnmpPDU {
	out := make(map[string]gosnmp.SnmpPDU, len(variables))
	for _, v := range variables {
		out[v.Name] = v
	}
	return out
}
