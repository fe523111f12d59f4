//go:build integration

package icmp

import (
	"context"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// reply is one answer of a [responder] to one echo.
type reply struct {
	after time.Duration
	from  netip.Addr // zero: the address that was asked
	alien bool       // with a payload that is not the echo's
}

// respond makes a host at the end of a TUN device, 10.45.0.0/24, which answers the
// echo of that number (from 0, in the order of arrival) as told. It ends with the test.
func respond(n *network, answers func(echo int) []reply) {
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
		for echo := 0; ; {
			size, err := device.Read(packet)
			if err != nil {
				return // closed
			}
			if size < 28 || packet[0]>>4 != 4 || packet[9] != unix.IPPROTO_ICMP || packet[20] != byte(ipv4.ICMPTypeEcho) {
				continue
			}
			for _, r := range answers(echo) {
				answer := answerTo(packet[:size], r)
				answering.Go(func() {
					time.Sleep(r.after)
					device.Write(answer) // after the test's end it fails
				})
			}
			echo++
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

// answerTo turns an echo request, an IPv4 packet without options, into a reply.
func answerTo(request []byte, r reply) []byte {
	answer := append([]byte(nil), request...)
	copy(answer[12:16], request[16:20])
	copy(answer[16:20], request[12:16])
	if r.from.IsValid() {
		copy(answer[12:16], r.from.AsSlice())
	}
	answer[10], answer[11] = 0, 0
	put(answer[10:], checksum(answer[:20]))
	body := answer[20:]
	body[0] = byte(ipv4.ICMPTypeEchoReply)
	if r.alien {
		for i := 8; i < len(body); i++ {
			body[i] = 0x55
		}
	}
	body[2], body[3] = 0, 0
	put(body[2:], checksum(body))
	return answer
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

// A line with a round trip far longer than the spacing loses nothing, and the next
// round, which starts at once, is not credited with what is still coming in.
func TestALongRoundTripIsNotLossAndRepliesDoNotCrossRounds(t *testing.T) {
	for name, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			respond(n, func(echo int) []reply {
				if echo >= 8 {
					return nil // silence from the third round on; doubles of the second still come in
				}
				return []reply{{after: 400 * ms}, {after: 405 * ms}, {after: 900 * ms}}
			})
			probe := newProbe(t, Config{Packets: 4, Spacing: 100 * ms, Timeout: 3 * time.Second}, "10.45.0.2")
			for range 2 {
				p := n.round(t.Context(), probe)[0]
				if number(p, "sent") != 4 || number(p, "received") != 4 || number(p, "late") != 0 || number(p, "duplicates") == 0 {
					t.Errorf("%v", p.Fields)
				}
				if least, _ := p.FieldNamed("rtt_min_ms"); least.Float() < 399 {
					t.Errorf("smallest round trip is %v ms on a line of 400 ms", least)
				}
			}
			third := n.round(t.Context(), newProbe(t, Config{Packets: 4, Spacing: 100 * ms, Timeout: 500 * ms, Now: fixed}, "10.45.0.2"))
			if got, want := fields(t, third), `sent=4i,received=0i,result="timeout" 7`; got != want {
				t.Errorf("third round: got %s, want %s", got, want)
			}
		})
	}
}

func TestAReplyAfterItsOwnDeadlineIsLateNotReceived(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	respond(n, func(echo int) []reply {
		if echo == 0 {
			return []reply{{after: 1200 * ms}}
		}
		return []reply{{}}
	})
	p := n.round(t.Context(), newProbe(t, Config{Packets: 10, Spacing: 200 * ms, Timeout: time.Second}, "10.45.0.2"))[0]
	if number(p, "sent") != 10 || number(p, "received") != 9 || number(p, "late") != 1 || number(p, "duplicates") != 0 {
		t.Errorf("%v", p.Fields)
	}
}

func TestOnlyTheTargetItselfCanAnswerForIt(t *testing.T) {
	t.Parallel()
	neighbour := netip.MustParseAddr("10.45.0.77")
	for name, c := range map[string]struct {
		answers []reply
		want    string
	}{
		"another address answers":           {[]reply{{from: neighbour}}, `sent=4i,received=0i,forged=4i,result="timeout" 7`},
		"a reply with somebody's payload":   {[]reply{{alien: true}}, `sent=4i,received=0i,result="timeout" 7`},
		"another answers before the target": {[]reply{{from: neighbour}, {after: 150 * ms}}, `sent=4i,received=4i,rtt_min_ms=1`},
	} {
		for socket, kind := range map[string]string{"datagram": datagram, "raw": raw} {
			t.Run(name+" "+socket, func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, kind)
				respond(n, func(int) []reply { return c.answers })
				cfg := Config{Packets: 4, Spacing: 50 * ms, Timeout: time.Second, Now: fixed}
				if got := n.ping(cfg, "10.45.0.2"); !strings.HasPrefix(got, c.want) {
					t.Errorf("got %s, want %s", got, c.want)
				}
			})
		}
	}
}

func TestADeadlineOfTheContextEndsARoundOnTime(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	respond(n, func(echo int) []reply {
		if echo < 2 {
			return []reply{{}}
		}
		return nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	p := n.round(ctx, newProbe(t, Config{Packets: 10, Spacing: 200 * ms, Timeout: time.Minute}, "10.45.0.2"))[0]
	if sent := number(p, "sent"); sent != 2 || number(p, "received") != 2 {
		t.Errorf("%v: echoes that could still be answered are not lost", p.Fields)
	}
	if _, odd := p.FieldNamed("result"); odd {
		t.Errorf("%v", p.Fields)
	}
}
