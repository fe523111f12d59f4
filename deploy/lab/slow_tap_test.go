//go:build integration

package lab

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// traffic is what passed a line, as a packet capture has it: whole IP packets.
type traffic struct {
	up, down flow
	turns    int // round trips: times that the office said something when it was its turn
}

type flow struct{ packets, bytes int64 }

func (f flow) minus(g flow) flow { return flow{f.packets - g.packets, f.bytes - g.bytes} }

func (t traffic) minus(s traffic) traffic {
	return traffic{t.up.minus(s.up), t.down.minus(s.down), t.turns - s.turns}
}

func (t traffic) bytes() int64 { return t.up.bytes + t.down.bytes }

// tap counts the TCP packets that pass a line's end on this side: behind the queue that
// shapes the way out, so what that drops is not counted.
type tap struct {
	file *os.File

	mu       sync.Mutex
	seen     traffic
	answered bool // the collector spoke last
}

func newTap(t *testing.T, device string) *tap {
	t.Helper()
	link, err := net.InterfaceByName(device)
	if err != nil {
		t.Fatal(err)
	}
	every := uint16(unix.ETH_P_ALL)<<8 | uint16(unix.ETH_P_ALL)>>8 // in network order; only this sees both ways
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, int(every))
	if err != nil {
		t.Fatalf("open a packet socket (needs root): %v", err)
	}
	p := &tap{file: os.NewFile(uintptr(fd), device)}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: every, Ifindex: link.Index}); err != nil {
		t.Fatal(err)
	}
	raw, err := p.file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { p.read(raw.Read) })
	t.Cleanup(func() { p.file.Close(); reading.Wait() })
	return p
}

// read ends when the file is closed.
func (p *tap) read(wait func(func(fd uintptr) bool) error) {
	packet := make([]byte, 2048)
	for {
		var n int
		var from unix.Sockaddr
		var failed error
		err := wait(func(fd uintptr) bool {
			n, from, failed = unix.Recvfrom(int(fd), packet, 0)
			return failed != unix.EAGAIN
		})
		if err != nil {
			return
		}
		if link, ok := from.(*unix.SockaddrLinklayer); ok && failed == nil {
			p.count(packet[:n], link.Pkttype == unix.PACKET_OUTGOING)
		}
	}
}

func (p *tap) count(packet []byte, down bool) {
	total, speaks, ok := dissect(packet)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	way := &p.seen.up
	if down {
		way = &p.seen.down
	}
	way.packets++
	way.bytes += int64(total)
	if speaks {
		if !down && (p.answered || p.seen.turns == 0) {
			p.seen.turns++
		}
		p.answered = down
	}
}

// dissect gives a TCP packet's length, and whether it says anything: data, or the wish
// to connect (RFC 791 §3.1, RFC 9293 §3.1).
func dissect(packet []byte) (total int, speaks, ok bool) {
	if len(packet) < 40 || packet[0]>>4 != 4 || packet[9] != unix.IPPROTO_TCP {
		return 0, false, false
	}
	total = int(binary.BigEndian.Uint16(packet[2:]))
	segment := int(packet[0]&15) * 4
	if len(packet) < segment+20 {
		return 0, false, false
	}
	payload := total - segment - int(packet[segment+12]>>4)*4
	const syn = 2
	return total, payload > 0 || packet[segment+13]&syn != 0, true
}

func (p *tap) traffic() traffic {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// tcp is a counter of the kernel's for the office's namespace, such as RetransSegs (RFC
// 4022): in it nobody but the agent speaks TCP.
func (o *remoteOffice) tcp(name string) int64 {
	o.t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/snmp", o.Pid()))
	if err != nil {
		o.t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if words[0] != "Tcp:" {
			continue
		}
		if names == nil {
			names = words
			continue
		}
		for i, word := range words {
			if names[i] == name {
				n, err := strconv.ParseInt(word, 10, 64)
				if err != nil {
					o.t.Fatal(err)
				}
				return n
			}
		}
	}
	o.t.Fatalf("no %s in /proc/net/snmp", name)
	return 0
}
