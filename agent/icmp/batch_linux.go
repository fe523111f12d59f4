package icmp

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batch is room for messages that one call reads (recvmmsg(2)). x/sys reads one a call
// and asks for the socket's protocol each time: a third more CPU a round.
type batch struct {
	headers [batchSize]batchHeader
	vectors [batchSize]unix.Iovec
	names   [batchSize]unix.RawSockaddrInet6 // IPv4's is smaller
	packets [batchSize][256]byte             // an error's quote is cut behind what says whose it is
	control [batchSize][192]byte             // stamp, destination and error of IPv6 take 136
}

const batchSize = 32

// batchHeader is the kernel's struct mmsghdr.
type batchHeader struct {
	message unix.Msghdr
	size    uint32
}

func newBatch() *batch {
	b := &batch{}
	for i := range b.headers {
		m := &b.headers[i].message
		b.vectors[i].Base = &b.packets[i][0]
		b.vectors[i].SetLen(len(b.packets[i]))
		m.Iov = &b.vectors[i]
		m.SetIovlen(1)
		m.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		m.Control = &b.control[i][0]
	}
	return b
}

// read gives how many messages there are now.
func (b *batch) read(fd, flags int) (int, error) {
	for i := range b.headers { // the kernel writes into these how much it used
		m := &b.headers[i].message
		m.Namelen = unix.SizeofSockaddrInet6
		m.SetControllen(len(b.control[i]))
	}
	n, _, failed := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.headers)), batchSize, uintptr(flags|unix.MSG_DONTWAIT), 0, 0)
	if failed != 0 {
		return 0, failed
	}
	return int(n), nil
}

func (b *batch) packet(i int) []byte { return b.packets[i][:b.headers[i].size] }

func (b *batch) beside(i int) []byte { return b.control[i][:b.headers[i].message.Controllen] }

// from is without zone.
func (b *batch) from(i int) netip.Addr {
	name := &b.names[i]
	switch {
	case name.Family == unix.AF_INET6:
		return netip.AddrFrom16(name.Addr)
	case name.Family == unix.AF_INET: // the address is where IPv6 has its flow label
		var a [4]byte
		binary.NativeEndian.PutUint32(a[:], name.Flowinfo)
		return netip.AddrFrom4(a)
	}
	return netip.Addr{}
}
