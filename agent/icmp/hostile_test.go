//go:build integration

package icmp

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"regexp"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
)

// A line with a round trip far longer than the spacing loses nothing, and the next
// round, which starts at once, is not credited with what is still coming in.
func TestALongRoundTripIsNotLossAndRepliesDoNotCrossRounds(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			respond(n, func(_ byte, echo int) []reply {
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
				if least, _ := p.FieldNamed("rtt_min_ms"); least.Float() < 390 {
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
	respond(n, func(_ byte, echo int) []reply {
		if echo == 0 {
			return []reply{{after: 3400 * ms}}
		}
		return []reply{{}}
	})
	p := n.round(t.Context(), newProbe(t, Config{Packets: 10, Spacing: 200 * ms, Timeout: 3 * time.Second}, "10.45.0.2"))[0]
	if number(p, "sent") != 10 || number(p, "received") != 9 || number(p, "late") != 1 || number(p, "duplicates") != 0 {
		t.Errorf("%v", p.Fields)
	}
}

// alienPayload is what another program's echo would hold.
func alienPayload(body []byte) {
	for i := 8; i < len(body); i++ {
		body[i] = 0x55
	}
}

// add adds to the 16-bit number at an offset: 4 is the identifier, 6 the sequence number.
func add(offset int, n uint16) func([]byte) {
	return func(b []byte) { put(b[offset:], binary.BigEndian.Uint16(b[offset:])+n) }
}

func ofType(kind ipv4.ICMPType) func([]byte) { return func(b []byte) { b[0] = byte(kind) } }

// half is an echo reply that ends in the middle of the payload.
func half(request []byte) []byte {
	body := append([]byte(nil), request[20:40]...)
	body[0] = byte(ipv4.ICMPTypeEchoReply)
	return body
}

func TestOnlyTheTargetItselfCanAnswerForIt(t *testing.T) {
	t.Parallel()
	neighbour := netip.MustParseAddr("10.45.0.77")
	cases := []struct {
		what    string
		answers []reply
		want    string
	}{
		{"another address answers", []reply{{from: neighbour}}, `sent=4i,received=0i,forged=4i,result="timeout" 7`},
		{"a reply with somebody's payload", []reply{{change: alienPayload}}, `sent=4i,received=0i,result="timeout" 7`},
		{"a reply with another identifier", []reply{{change: add(4, 1)}}, `sent=4i,received=0i,result="timeout" 7`},
		{"a reply to an echo never sent", []reply{{change: add(6, 100)}}, `sent=4i,received=0i,forged=4i,result="timeout" 7`},
		{"half a reply", []reply{{instead: half}}, `sent=4i,received=0i,result="timeout" 7`},
		{"a reply of another type", []reply{{change: ofType(ipv4.ICMPTypeTimestampReply)}}, `sent=4i,received=0i,result="timeout" 7`},
		{"the request itself comes back", []reply{{change: ofType(ipv4.ICMPTypeEcho)}}, `sent=4i,received=0i,result="timeout" 7`},
		{"another answers before the target", []reply{{from: neighbour}, {after: 150 * ms}}, `sent=4i,received=4i,rtt_min_ms=[1-9][0-9][0-9].*,forged=4i 7`},
	}
	for socket, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(socket, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			respond(n, func(host byte, _ int) []reply { return cases[host-2].answers })
			var group sync.WaitGroup
			defer group.Wait()
			for i, c := range cases {
				group.Go(func() {
					cfg := Config{Packets: 4, Spacing: 50 * ms, Timeout: 3 * time.Second, Now: fixed}
					if got := n.ping(cfg, fmt.Sprintf("10.45.0.%d", i+2)); !regexp.MustCompile("^" + c.want + "$").MatchString(got) {
						t.Errorf("%s: got %s, want %s", c.what, got, c.want)
					}
				})
			}
		})
	}
}

func TestRepliesThatOvertakeOneAnotherAreCountedAndNotLost(t *testing.T) {
	t.Parallel()
	for socket, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(socket, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			respond(n, func(_ byte, echo int) []reply {
				if echo == 1 {
					return []reply{{after: 1500 * ms}} // those after it, 100 ms apart, come first
				}
				return []reply{{}}
			})
			p := n.round(t.Context(), newProbe(t, Config{Packets: 4, Spacing: 100 * ms, Timeout: 5 * time.Second}, "10.45.0.2"))[0]
			if number(p, "received") != 4 || number(p, "reordered") != 1 || number(p, "duplicates") != 0 || number(p, "forged") != 0 {
				t.Errorf("%v", p.Fields)
			}
		})
	}
}

// The last reply's too: the round goes on for one spacing behind it.
func TestEveryDuplicateIsCountedAndNoneIsAReply(t *testing.T) {
	t.Parallel()
	for socket, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(socket, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			respond(n, func(_ byte, echo int) []reply {
				if echo == 1 {
					return nil // its loss must not be made up for
				}
				return []reply{{}, {}, {}}
			})
			p := n.round(t.Context(), newProbe(t, Config{Packets: 5, Spacing: 100 * ms, Timeout: 3 * time.Second}, "10.45.0.2"))[0]
			if number(p, "sent") != 5 || number(p, "received") != 4 || number(p, "duplicates") != 8 || number(p, "reordered") != 0 {
				t.Errorf("%v", p.Fields)
			}
			whole := n.round(t.Context(), newProbe(t, Config{Packets: 1, Spacing: 500 * ms, Timeout: 5 * time.Second}, "10.45.0.2"))[0]
			if number(whole, "received") != 1 || number(whole, "duplicates") != 2 {
				t.Errorf("%v", whole.Fields)
			}
		})
	}
}

// Each echo is answered 300 times, given up 300 times and called away 300 times. The
// round ends when it should, and what it keeps of that is bounded. A busy machine may
// lose some of the flood, and with it a reply.
func TestAFloodOfRepliesAndErrorsIsCountedWithinBounds(t *testing.T) {
	t.Parallel()
	for socket, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		t.Run(socket, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, kind)
			respond(n, func(byte, int) []reply {
				var flood []reply
				for range 300 {
					flood = append(flood, reply{}, reply{instead: failure(ipv4.ICMPTypeTimeExceeded, 0, 28, nil), from: router},
						reply{instead: failure(ipv4.ICMPTypeRedirect, 1, 28, nil), from: router})
				}
				return flood
			})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			p := n.round(ctx, newProbe(t, Config{Packets: 4, Spacing: 50 * ms, Timeout: 3 * time.Second}, "10.45.0.2"))[0]
			if ctx.Err() != nil {
				t.Error("the round did not end by itself")
			}
			if number(p, "sent") != 4 || number(p, "received") == 0 || number(p, "received") > 4 || number(p, "icmp_errors") > 4 ||
				number(p, "duplicates") > 4*299 || number(p, "redirects") > maxNotices || number(p, "duplicates")*number(p, "redirects") == 0 {
				t.Errorf("%v", p.Fields)
			}
		})
	}
}

func TestADeadlineOfTheContextEndsARoundOnTime(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, datagram)
	respond(n, func(_ byte, echo int) []reply {
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
