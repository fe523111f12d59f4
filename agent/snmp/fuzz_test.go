package snmp

import (
	"encoding/binary"
	"net"
	"os"
	"testing"
	"time"

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

// record polls a responder and keeps its answers, with the request id that gosnmp
// takes for any request's.
func record(f *testing.F, variables ...gosnmp.SnmpPDU) []byte {
	f.Helper()
	b := newBench(f, variables...)
	var packets []byte
	b.twisted(func(_ question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		id := a.RequestID
		a.RequestID = 0
		bytes, err := a.MarshalMsg()
		if err != nil {
			f.Error(err)
		}
		packets = appendPacket(packets, bytes)
		a.RequestID = id
		return a
	})
	b.round(f)
	b.twisted(nil) // and no answer is being recorded any more
	return packets
}

// engineReport is what a device of version 3 tells of itself first.
func engineReport(f *testing.F) []byte {
	f.Helper()
	report := &gosnmp.SnmpPacket{
		Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel, PDUType: gosnmp.Report,
		SecurityParameters: &gosnmp.UsmSecurityParameters{AuthoritativeEngineID: "\x80\x00\x1f\x88\x04test", AuthoritativeEngineBoots: 1, AuthoritativeEngineTime: 2},
		Variables:          []gosnmp.SnmpPDU{{Name: ".1.3.6.1.6.3.15.1.1.4.0", Type: gosnmp.Counter32, Value: uint32(1)}},
	}
	bytes, err := report.MarshalMsg()
	if err != nil {
		f.Fatal(err)
	}
	return appendPacket(nil, bytes)
}

// FuzzAnswers holds a whole conversation with a device that answers any bytes. A
// panic of gosnmp's is gosnmp's to catch; none of ours may happen, the poll must
// end, and what it gives must fit the contract.
func FuzzAnswers(f *testing.F) {
	f.Add(false, record(f, switchOf(3)...))
	f.Add(false, record(f, uptimeIs(time.Hour), octetString(sysName, "Not\xe9l\xe9"), at(ifOperStatus, 1, -7), at(ifOperStatus, 2, 1),
		at(ifOperStatus, 3, 1), at(ifDescr, 3, `\`), at(ifDescr, 2, `\`), at(ifSpeed, 2, 4_294_967_295), at(ifAlias, 3, "\x00")))
	f.Add(false, []byte{0, 2, 0x30, 0x84})
	f.Add(true, engineReport(f))
	targets := map[bool]*api.SNMP{
		false: {Version: "2c", Community: "public"},
		true:  {Version: "3", User: "u", Auth: "SHA-256", AuthPass: "12345678", Privacy: "AES", PrivPass: "12345678"},
	}
	f.Fuzz(func(t *testing.T, v3 bool, packets []byte) {
		at := time.Unix(1_700_000_000, 0)
		cfg := DefaultConfiguration()
		cfg.Now, cfg.Retries = func() time.Time { return at }, 0
		target := api.Target{Name: "fuzz", Address: "127.0.0.1", SNMP: targets[v3]}
		d := newDevice(target, cfg)
		for range 2 { // the second sees differences
			talk, err := open(t.Context(), target, cfg, d.habits)
			if err != nil {
				t.Fatal(err)
			}
			socket := talk.handle.Conn
			defer socket.Close()
			talk.handle.Conn = &script{packets: packets}
			d.polls++
			r := &round{at: at, talk: talk}
			d.converse(r)
			points := append([]*api.Point{d.devicePoint(r)}, d.interfacePoints(r)...)
			check(t, points)
			talk.close()
		}
	})
}
