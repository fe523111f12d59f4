//go:build integration

package icmp

import (
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// reply is one answer of a [responder] to one echo.
type reply struct {
	after time.Duration
	from  netip.Addr // zero: the address that was asked
	// change alters the reply (its ICMP part) before its checksum is made.
	change func(body []byte)
	// instead makes the ICMP part from the request, if it is not to be an echo reply.
	instead func(request []byte) []byte
}

// respond makes hosts at the end of a TUN device, 10.45.0.0/24, which answer the echo of
// that number (from 0, in the order of its arrival at that host) as told. They end
// with the test.
func respond(n *network, answers func(host byte, echo int) []reply) {
	n.t.Helper()
	var device *os.File
	n.inAgent(func() (err error) {
		device, err = openTUN("line")
		return err
	})
	n.setUp(n.agentLink, "line")
	addr, err := netlink.ParseAddr("10.45.0.1/24")
	n.must("parse", err)
	n.must("address the TUN device", n.agentLink.AddrAdd(n.link(n.agentLink, "line"), addr))
	// A host that answers under another's name is not to be filtered away here.
	n.inAgent(func() error { return os.WriteFile("/proc/sys/net/ipv4/conf/line/rp_filter", []byte("0"), 0) })

	var answering sync.WaitGroup
	answering.Go(func() {
		packet := make([]byte, 2048)
		var echoes [256]int // by host
		for {
			size, err := device.Read(packet)
			if err != nil {
				return // closed
			}
			if size < 28 || packet[0]>>4 != 4 || packet[9] != unix.IPPROTO_ICMP || packet[20] != byte(ipv4.ICMPTypeEcho) {
				continue
			}
			host := packet[19]
			for _, r := range answers(host, echoes[host]) {
				answer := answerTo(packet[:size], r)
				if r.after == 0 { // in their order, also where goroutines wait for a processor
					device.Write(answer)
					continue
				}
				answering.Go(func() {
					time.Sleep(r.after)
					device.Write(answer) // after the test's end it fails
				})
			}
			echoes[host]++
		}
	})
	n.t.Cleanup(func() {
		device.Close()
		answering.Wait()
	})
}

func openTUN(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	request, err := unix.NewIfreq(name)
	if err != nil {
		return nil, err
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "/dev/net/tun"), nil
}

// answerTo turns an echo request, an IPv4 packet without options, into what comes back.
func answerTo(request []byte, r reply) []byte {
	body := append([]byte(nil), request[20:]...)
	body[0] = byte(ipv4.ICMPTypeEchoReply)
	if r.instead != nil {
		body = r.instead(request)
	}
	if r.change != nil {
		r.change(body)
	}
	body[2], body[3] = 0, 0
	put(body[2:], checksum(body))

	answer := append(append([]byte(nil), request[:20]...), body...)
	put(answer[2:], uint16(len(answer)))
	copy(answer[12:16], request[16:20])
	copy(answer[16:20], request[12:16])
	if r.from.IsValid() {
		copy(answer[12:16], r.from.AsSlice())
	}
	answer[10], answer[11] = 0, 0
	put(answer[10:], checksum(answer[:20]))
	return answer
}

// failure is an ICMP error that quotes so many octets of the request (RFC 792: its head and
// 8 more; RFC 1812: as many as fit in), after change has altered the quote.
func failure(kind ipv4.ICMPType, code byte, octets int, change func(quote []byte)) func([]byte) []byte {
	return func(request []byte) []byte {
		quote := append([]byte(nil), request[:min(octets, len(request))]...)
		if change != nil {
			change(quote)
		}
		return append([]byte{byte(kind), code, 0, 0, 0, 0, 0, 0}, quote...)
	}
}

func put(b []byte, v uint16) { b[0], b[1] = byte(v>>8), byte(v) }

// checksum is RFC 1071's.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// router is between the agent and the hosts of [respond], and has an address of its own.
var router = netip.MustParseAddr("10.45.0.200")
