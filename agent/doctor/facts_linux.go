package doctor

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// nature: hardware has a device behind it (Documentation/ABI/testing/sysfs-class-net).
func nature(i net.Interface) (hardware, wireless bool) {
	folder := filepath.Join("/sys/class/net", i.Name)
	_, err := os.Stat(filepath.Join(folder, "device"))
	hardware = err == nil
	_, err = os.Stat(filepath.Join(folder, "wireless"))
	return hardware, err == nil
}

// neighbours reads the kernel's table (RTM_GETNEIGH, rtnetlink(7)).
func neighbours() ([]neighbour, error) {
	answer, err := syscall.NetlinkRIB(unix.RTM_GETNEIGH, unix.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("read the neighbours: %w", err)
	}
	messages, err := syscall.ParseNetlinkMessage(answer)
	if err != nil {
		return nil, fmt.Errorf("read the neighbours: %w", err)
	}
	var out []neighbour
	for _, m := range messages {
		if m.Header.Type == unix.RTM_NEWNEIGH {
			if n, ok := neighbourOf(m.Data); ok {
				out = append(out, n)
			}
		}
	}
	return out, nil
}

// neighbourOf reads a struct ndmsg and the attributes behind it.
func neighbourOf(data []byte) (n neighbour, ok bool) {
	const header, state, length = 12, 8, 4
	if len(data) < header {
		return n, false
	}
	s := binary.NativeEndian.Uint16(data[state:])
	n.fresh = s&(unix.NUD_REACHABLE|unix.NUD_PERMANENT) != 0
	n.dead = s&unix.NUD_FAILED != 0
	if s&unix.NUD_NOARP != 0 {
		return n, false // multicast, and what has no hardware address
	}
	for rest := data[header:]; len(rest) >= length; {
		size, kind := int(binary.NativeEndian.Uint16(rest)), binary.NativeEndian.Uint16(rest[2:])
		if size < length || size > len(rest) {
			return n, false
		}
		value := rest[length:size]
		switch kind {
		case unix.NDA_DST:
			n.address, ok = netip.AddrFromSlice(value)
		case unix.NDA_LLADDR:
			n.mac = cardOf(value)
		}
		rest = rest[min(len(rest), (size+3)&^3):]
	}
	return n, ok
}

// confirm: the kernel asks by itself once a packet was sent to an old acquaintance.
func confirm(netip.Addr) (net.HardwareAddr, bool) { return nil, false }

func pingRights() (r pingRight) {
	for _, s := range []struct {
		kind int
		may  *bool
	}{{unix.SOCK_DGRAM, &r.datagram}, {unix.SOCK_RAW, &r.raw}} {
		if fd, err := unix.Socket(unix.AF_INET, s.kind|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP); err == nil {
			*s.may = true
			unix.Close(fd)
		}
	}
	return r
}

func freeBytes(folder string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}

// segment is the largest piece that a TCP connection sends at once (tcp(7), TCP_MAXSEG).
func segment(conn net.Conn) int {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	bytes := 0
	_ = raw.Control(func(fd uintptr) { bytes, _ = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG) })
	return bytes
}

// forbidden: a firewall on this machine lets nothing out there.
func forbidden(err error) bool { return oneOf(err, unix.EPERM, unix.EACCES) }

// full tells that the disk has no room.
func full(err error) bool { return oneOf(err, unix.ENOSPC, unix.EDQUOT) }

const onWindows = false
