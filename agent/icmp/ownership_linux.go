package icmp

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// ownsDatagramIdentifier tells whether a datagram socket of this process sends under
// that identifier: the kernel chooses one a socket, and calls it the port. pro-bing
// does not tell it, so the open files are looked through, once for each error.
func ownsDatagramIdentifier(id int) bool {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return false
	}
	for _, file := range files {
		fd, err := strconv.Atoi(file.Name())
		if err == nil && sendsEchoes(fd) && localPort(fd) == id {
			return true
		}
	}
	return false
}

func sendsEchoes(fd int) bool {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_DGRAM {
		return false
	}
	protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	return err == nil && (protocol == unix.IPPROTO_ICMP || protocol == unix.IPPROTO_ICMPV6)
}

func localPort(fd int) int {
	address, err := unix.Getsockname(fd)
	if err != nil {
		return -1
	}
	switch a := address.(type) {
	case *unix.SockaddrInet4:
		return a.Port
	case *unix.SockaddrInet6:
		return a.Port
	}
	return -1
}
