package spool

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// A file is: magic, payload length, CRC-32C of the payload (both big-endian, four
// bytes), payload; nothing behind it. Every truncation and every flipped bit is
// found: in the magic by itself, in the length by the file's size, else by the sum.
const magic = "CWspool1"

const headSize = len(magic) + 4 + 4

// Castagnoli: what iSCSI and ext4 use, in hardware on every CPU of the last decade.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func frameSize(payload int) int64 { return int64(headSize + payload) }

func frame(payload []byte) []byte {
	b := make([]byte, 0, headSize+len(payload))
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(payload, castagnoli))
	return append(b, payload...)
}

// unframe gives the payload, which shares memory with b.
func unframe(b []byte) ([]byte, error) {
	if len(b) < headSize {
		return nil, &damage{fmt.Sprintf("%d bytes, a batch has at least %d", len(b), headSize)}
	}
	if !bytes.HasPrefix(b, []byte(magic)) {
		return nil, &damage{fmt.Sprintf("begins with %q, want %q", b[:len(magic)], magic)}
	}
	payload := b[headSize:]
	if n := binary.BigEndian.Uint32(b[len(magic):]); int64(n) != int64(len(payload)) {
		return nil, &damage{fmt.Sprintf("holds %d bytes of payload, its head says %d", len(payload), n)}
	}
	if sum := binary.BigEndian.Uint32(b[len(magic)+4:]); sum != crc32.Checksum(payload, castagnoli) {
		return nil, &damage{"the payload does not match its CRC-32C"}
	}
	return payload, nil
}

// readFrame reads a file, however large it may have become, within bounds.
func readFrame(path string) ([]byte, error) {
	f, err := openRead(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, frameSize(MaxPayload)+1))
	if err != nil {
		return nil, err
	}
	return unframe(b)
}

// openRead waits for a scanner that holds the file, as every other step does.
func openRead(path string) (f *os.File, err error) {
	err = patiently(func() error {
		f, err = os.Open(path)
		return err
	})
	return f, err
}

// damage is the error for bytes that are not what was written.
type damage struct{ what string }

func (d *damage) Error() string { return d.what }
