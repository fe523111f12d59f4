package office

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// structure is one of an SMBIOS table: what is fixed, then texts.
func structure(kind byte, fixed []byte, texts ...string) []byte {
	out := append([]byte{kind, byte(4 + len(fixed)), 0, 0}, fixed...)
	for _, t := range texts {
		out = append(append(out, t...), 0)
	}
	if len(texts) == 0 {
		out = append(out, 0)
	}
	return append(out, 0)
}

func TestAnSMBIOSTableHasTheUUIDAndTheBoardsSerial(t *testing.T) {
	system := make([]byte, 20)
	copy(system[4:], "0123456789abcdef")
	table := slices.Concat(
		structure(0, make([]byte, 14), "AMI", "1.0"),
		structure(1, system, "Maker"),
		structure(2, []byte{1, 2, 3, 4}, "Maker", "Board", "v1", "BSN12345"),
		structure(127, nil),
		structure(2, []byte{1, 1, 1, 1}, "behind the end"),
	)
	got := smbiosMarks(table)
	if len(got) != 2 || !strings.HasPrefix(got[0], "uuid:") || got[1] != serialMark(markBoard, "BSN12345")[0] {
		t.Errorf("got %v", got)
	}
}

func FuzzSMBIOS(f *testing.F) {
	f.Add(structure(1, make([]byte, 20), "x"))
	f.Add([]byte{2, 8, 0, 0, 1, 1, 1, 9, 'a', 0, 0})
	f.Fuzz(func(_ *testing.T, table []byte) { smbiosMarks(table); storageSerial(table) })
}

func TestADisksDescriptorHasItsSerial(t *testing.T) {
	d := make([]byte, 40)
	binary.LittleEndian.PutUint32(d[24:], 28)
	copy(d[28:], " WD-123\x00zzz")
	if got := storageSerial(d); got != " WD-123" {
		t.Errorf("got %q", got)
	}
	for _, at := range []uint32{0, 40, 1 << 31} {
		binary.LittleEndian.PutUint32(d[24:], at)
		if got := storageSerial(d); got != "" {
			t.Errorf("at %d: %q", at, got)
		}
	}
}
