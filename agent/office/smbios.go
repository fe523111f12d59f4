package office

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
)

// smbiosMarks reads the system's UUID and the board's serial number from an SMBIOS table
// (DSP0134 §6.1, §7.2, §7.3). Makers write much nonsense: what does not fit ends it.
func smbiosMarks(table []byte) []string {
	const system, board, end = 1, 2, 127
	var marks []string
	for len(table) >= 4 {
		kind, length := table[0], int(table[1])
		if length < 4 || length > len(table) || kind == end {
			break
		}
		fixed, rest := table[:length], table[length:]
		stop := bytes.Index(rest, []byte{0, 0})
		if stop < 0 {
			break
		}
		texts := bytes.Split(rest[:stop], []byte{0})
		switch {
		case kind == system && length >= 24:
			marks = append(marks, serialMark(markUUID, hex.EncodeToString(fixed[8:24]))...)
		case kind == board && length >= 8:
			if n := int(fixed[7]); n > 0 && n <= len(texts) {
				marks = append(marks, serialMark(markBoard, string(texts[n-1]))...)
			}
		}
		table = rest[stop+2:]
	}
	return marks
}

// storageSerial finds the serial number in a STORAGE_DEVICE_DESCRIPTOR (ntddstor.h): its
// place stands at byte 24, and it ends with a zero.
func storageSerial(descriptor []byte) string {
	if len(descriptor) < 28 {
		return ""
	}
	at := binary.LittleEndian.Uint32(descriptor[24:])
	if at == 0 || uint64(at) >= uint64(len(descriptor)) {
		return ""
	}
	serial, _, _ := bytes.Cut(descriptor[at:], []byte{0})
	return string(serial)
}
