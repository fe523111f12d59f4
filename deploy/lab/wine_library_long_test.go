//go:build integration && long

package lab

import (
	"bytes"
	"encoding/binary"
)

// forwarder is a library for 64-bit Windows that has no code: one function of its own,
// which is another library's under another name. Go's runtime needs ProcessPrng of
// bcryptprimitives.dll, which Wine has from 8.8 on and Debian 12's does not;
// SystemFunction036 of advapi32.dll takes and does the same. The format is Microsoft's
// "PE Format", "The .edata Section".
func forwarder(library, function, target string) []byte {
	const (
		headers = 0x200  // of the file, and where the section is in it
		section = 0x1000 // where it is in memory
		table   = 40     // bytes of the export directory
	)
	// The directory's three tables of one entry each, then its strings.
	names := uint32(section + table + 4 + 4 + 2)
	strings := library + "\x00" + function + "\x00" + target + "\x00"
	functionName := names + uint32(len(library)) + 1
	targetName := functionName + uint32(len(function)) + 1
	var exports bytes.Buffer
	put(&exports, uint32(0), uint32(0), uint32(0), names, uint32(1), uint32(1), uint32(1),
		uint32(section+table), uint32(section+table+4), uint32(section+table+8),
		targetName, functionName, uint16(0))
	exports.WriteString(strings)

	var file bytes.Buffer
	put(&file, [60]byte{'M', 'Z'}, uint32(64), [4]byte{'P', 'E'},
		// COFF: x86-64, one section; an executable, with large addresses, a DLL.
		uint16(0x8664), uint16(1), [12]byte{}, uint16(240), uint16(0x2022),
		// Optional header: PE32+, no code and no entry.
		uint16(0x20b), [2]byte{}, [20]byte{}, uint64(0x180000000), uint32(section), uint32(headers),
		uint16(6), uint16(0), uint32(0), uint16(6), uint16(0), uint32(0),
		uint32(2*section), uint32(headers), uint32(0), uint16(3), uint16(0x140),
		[4]uint64{1 << 20, 1 << 12, 1 << 20, 1 << 12}, uint32(0), uint32(16),
		uint32(section), uint32(exports.Len()), [15]uint64{},
		// The section: initialised data, readable.
		[8]byte{'.', 'e', 'd', 'a', 't', 'a'}, uint32(exports.Len()), uint32(section), uint32(headers), uint32(headers),
		[12]byte{}, uint32(0x40000040))
	file.Write(make([]byte, headers-file.Len()))
	file.Write(exports.Bytes())
	file.Write(make([]byte, 2*headers-file.Len()))
	return file.Bytes()
}

// put writes values of fixed size, little-endian, which cannot fail on a buffer.
func put(to *bytes.Buffer, values ...any) {
	for _, v := range values {
		binary.Write(to, binary.LittleEndian, v)
	}
}
