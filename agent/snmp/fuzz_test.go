package snmp

import (
	"encoding/binary"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// script is a socket that gives packets of a script, one a read, then silence.
type script struct {
	net.Conn
	packets []byte // each behind its length in two bytes
}

func (s *script) Write(b []byte) (int, error)   { return len(b), nil }
func (s *script) SetDeadline(t time.Time) error { return nil }
func (s *script) Close() error                  { return nil }

func (s *script) Read(b []byte) (int, error) {
	if len(s.packets) < 2 {
		return 0, os.ErrDeadlineExceeded
	}
	n := min(int(binary.BigEndian.Uint16(s.packets)), len(s.packets)-2)
	packet := s.packets[2 : 2+n]
	s.packets = s.packets[2+n:]
	return copy(b, packet), nil
}

func appendPacket(to, packet []byte) []byte {
	return append(binary.BigEndian.AppendUint16(to, uint16(len(packet))), packet...)
}

// firstID is where the request ids of recorded conversations and replayed ones begin.
const firstID = 4711

// held is a conversation of a device's, from the socket to points.
func held(t testing.TB, d *device, with net.Conn) []*api.Point {
	talk, err := open(t.Context(), d.target, d.cfg, d.habits)
	if err != nil {
		t.Fatal(err)
	}
	defer talk.close()
	talk.id = firstID
	if with != nil {
		socket := talk.socket.Conn
		defer socket.Close()
		talk.socket.Conn = with
	}
	d.polls++
	r := &round{at: d.cfg.Now(), talk: talk}
	d.converse(r)
	return append([]*api.Point{d.devicePoint(r)}, d.interfacePoints(r)...)
}

func fuzzed(target api.Target) *device {
	cfg := DefaultConfiguration()
	cfg.Now, cfg.Retries = func() time.Time { return time.Unix(1_700_000_000, 0) }, 0
	return newDevice(target, cfg)
}

// record keeps a device's answers to one poll.
func record(f *testing.F, r *responder, target api.Target) []byte {
	f.Helper()
	var mu sync.Mutex
	var packets []byte
	r.tampered(func(answer []byte, send func([]byte)) {
		mu.Lock()
		packets = appendPacket(packets, answer)
		mu.Unlock()
		send(answer)
	})
	live := check(f, held(f, fuzzed(target), nil))
	mu.Lock()
	defer mu.Unlock()
	r.tampered(nil)
	if replayed := check(f, held(f, fuzzed(target), &script{packets: packets})); !cmp.Equal(live.names(), replayed.names()) {
		f.Fatalf("a replayed conversation gives %q, the live one %q", replayed.names(), live.names())
	}
	return packets
}

// FuzzAnswers holds a whole conversation with a device that answers any bytes. A
// panic of gosnmp's is gosnmp's to catch; none of ours may happen, the poll must
// end, and what it gives must fit the contract and its bounds.
func FuzzAnswers(f *testing.F) {
	const secret = "12345678"
	ways := []*api.SNMP{
		{Version: "2c", Community: "public"},
		{Version: "1", Community: "public"},
		{Version: "3", User: "watcher", Level: "noAuthNoPriv"},
		{Version: "3", User: "watcher", Auth: "SHA-256", AuthPass: secret, Privacy: "AES", PrivPass: secret},
	}
	odd := []gosnmp.SnmpPDU{uptimeIs(time.Hour), octetString(sysName, "Not\xe9l\xe9"), at(ifOperStatus, 1, -7), at(ifOperStatus, 2, 1),
		at(ifOperStatus, 3, 1), at(ifDescr, 3, `\`), at(ifDescr, 2, `\`), at(ifSpeed, 2, 4_294_967_295), at(ifAlias, 3, "\x00")}
	for _, variables := range [][]gosnmp.SnmpPDU{switchOf(3), odd, nil} {
		r := newResponder(f, variables...)
		for i, way := range ways[:2] {
			target := r.target()
			target.SNMP = &api.SNMP{Version: way.Version, Community: way.Community, Port: target.SNMP.Port}
			f.Add(byte(i), record(f, r, target))
		}
		secured, target := newSecured(f, "noAuthNoPriv", variables...)
		recorded := record(f, secured, target)
		f.Add(byte(2), recorded)
		f.Add(byte(3), recorded) // the engine, and then nothing that is signed
	}
	f.Add(byte(0), []byte{0, 2, 0x30, 0x84})
	f.Fuzz(func(t *testing.T, way byte, packets []byte) {
		d := fuzzed(api.Target{Name: "fuzz", Address: "127.0.0.1", SNMP: ways[int(way)%len(ways)]})
		for range 2 { // the second sees differences
			points := held(t, d, &script{packets: packets})
			check(t, points)
			if len(points) > 1+maxInterfaces {
				t.Errorf("%d points", len(points))
			}
		}
	})
}
