package snmp

import (
	"fmt"
	"net"
	"slices"
	"sort"
	"sync"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// responder answers SNMP v2c from a list of variables, and lets a test twist what
// it answers. It stands in for a device because no real agent can be made to
// answer genErr in the middle of a walk, tooBig, names that loop, nothing at all,
// or counters that a test sets. How a real one answers is in snmpd_test.go.
type responder struct {
	socket net.PacketConn

	mu        sync.Mutex
	variables []gosnmp.SnmpPDU
	twist     twist
	wire      wire
	asked     []question
	from      net.PacketConn // that answers; nil = socket
	engine    *engineOf      // nil = version 1 or 2c
}

// question is one request as it came: n is 1 for GetNext, 0 for Get.
type question struct {
	oid  string
	n    uint32
	with []string // the other OIDs
}

// twist changes an answer; nil stays silent.
type twist func(q question, answer *gosnmp.SnmpPacket) *gosnmp.SnmpPacket

// wire is given an answer as it is encoded, and sends what it likes.
type wire func(answer []byte, send func([]byte))

func newResponder(t testing.TB, variables ...gosnmp.SnmpPDU) *responder {
	t.Helper()
	return listen(t, nil, variables...)
}

func listen(t testing.TB, engine *engineOf, variables ...gosnmp.SnmpPDU) *responder {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &responder{socket: socket, engine: engine}
	r.set(variables...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.serve()
	}()
	t.Cleanup(func() {
		socket.Close()
		<-done
	})
	return r
}

// target is how a prober reaches it.
func (r *responder) target() api.Target {
	port := r.socket.LocalAddr().(*net.UDPAddr).Port
	return api.Target{
		Name: "switch-1", Address: "127.0.0.1", Role: api.RoleLAN,
		SNMP: &api.SNMP{Version: "2c", Port: uint16(port), Community: "s3cret-community"},
	}
}

// set replaces all variables.
func (r *responder) set(variables ...gosnmp.SnmpPDU) {
	sorted := slices.Clone(variables)
	slices.SortFunc(sorted, func(a, b gosnmp.SnmpPDU) int {
		switch {
		case after(a.Name, b.Name):
			return 1
		case a.Name == b.Name:
			return 0
		}
		return -1
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.variables = sorted
}

func (r *responder) twisted(by twist) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.twist = by
}

// questions gives what was asked since the last call.
func (r *responder) questions() []question {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.asked
	r.asked = nil
	return asked
}

// tampered has the encoded answers changed.
func (r *responder) tampered(by wire) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wire = by
}

func (r *responder) serve() {
	buffer := make([]byte, 65536)
	for {
		n, from, err := r.socket.ReadFrom(buffer)
		if err != nil {
			return
		}
		request, err := r.decode(slices.Clone(buffer[:n]))
		if err != nil {
			continue
		}
		answer := r.answer(request)
		if answer == nil {
			continue
		}
		bytes, err := answer.MarshalMsg()
		if err != nil {
			panic(fmt.Sprintf("responder cannot encode its answer: %v", err))
		}
		r.mu.Lock()
		by, socket := r.wire, r.socket
		if r.from != nil {
			socket = r.from
		}
		r.mu.Unlock()
		send := func(b []byte) { _, _ = socket.WriteTo(b, from) } // it may be closed by now
		if by == nil {
			by = func(answer []byte, send func([]byte)) { send(answer) }
		}
		by(bytes, send)
	}
}

func (r *responder) decode(bytes []byte) (*gosnmp.SnmpPacket, error) {
	if r.engine != nil {
		return r.engine.decode(bytes)
	}
	return (&gosnmp.GoSNMP{Version: gosnmp.Version2c}).SnmpDecodePacket(bytes)
}

func (r *responder) answer(request *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
	r.mu.Lock()
	defer r.mu.Unlock()
	answer := &gosnmp.SnmpPacket{
		Version: request.Version, Community: request.Community,
		PDUType: gosnmp.GetResponse, RequestID: request.RequestID,
	}
	if r.engine != nil {
		if report := r.engine.prepare(request, answer); report {
			return answer
		}
	}
	q := question{oid: request.Variables[0].Name}
	switch request.PDUType {
	case gosnmp.GetRequest:
		for _, v := range request.Variables {
			answer.Variables = append(answer.Variables, r.exactly(v.Name))
		}
	case gosnmp.GetNextRequest:
		q.n = 1
		answer.Variables = r.abreast(request.Variables, 1)
	case gosnmp.GetBulkRequest:
		q.n = request.MaxRepetitions
		answer.Variables = r.abreast(request.Variables, int(q.n))
	}
	for _, v := range request.Variables[1:] {
		q.with = append(q.with, v.Name)
	}
	r.asked = append(r.asked, q)
	if r.twist != nil {
		return r.twist(q, answer)
	}
	return answer
}

func (r *responder) exactly(oid string) gosnmp.SnmpPDU {
	for _, v := range r.variables {
		if v.Name == oid {
			return v
		}
	}
	return gosnmp.SnmpPDU{Name: oid, Type: gosnmp.NoSuchInstance}
}

// abreast gives n variables behind each OID, one of each in turn (RFC 3416 §4.2.3).
func (r *responder) abreast(oids []gosnmp.SnmpPDU, n int) []gosnmp.SnmpPDU {
	columns := make([][]gosnmp.SnmpPDU, len(oids))
	for i, oid := range oids {
		columns[i] = r.following(oid.Name, n)
		for len(oids) > 1 && len(columns[i]) < n {
			columns[i] = append(columns[i], columns[i][len(columns[i])-1])
		}
	}
	var all []gosnmp.SnmpPDU
	for i := range columns[0] {
		for _, c := range columns {
			all = append(all, c[i])
		}
	}
	return all
}

func (r *responder) following(oid string, n int) []gosnmp.SnmpPDU {
	first := sort.Search(len(r.variables), func(i int) bool { return after(r.variables[i].Name, oid) })
	if first == len(r.variables) {
		return []gosnmp.SnmpPDU{{Name: oid, Type: gosnmp.EndOfMibView}}
	}
	found := slices.Clone(r.variables[first:min(first+n, len(r.variables))])
	if len(found) < n {
		found = append(found, gosnmp.SnmpPDU{Name: found[len(found)-1].Name, Type: gosnmp.EndOfMibView})
	}
	return found
}

// Variables of a device.

func octetString(oid, value string) gosnmp.SnmpPDU {
	return gosnmp.SnmpPDU{Name: oid, Type: gosnmp.OctetString, Value: []byte(value)}
}

func uptimeIs(d time.Duration) gosnmp.SnmpPDU {
	return gosnmp.SnmpPDU{Name: sysUpTime, Type: gosnmp.TimeTicks, Value: uint32(d / tick)}
}

// at is one cell of a table, with the type that the column has.
func at(c column, index int, value any) gosnmp.SnmpPDU {
	v := gosnmp.SnmpPDU{Name: fmt.Sprintf("%s.%d", columns[c].oid, index), Value: value}
	switch c {
	case ifName, ifDescr, ifAlias:
		v.Type, v.Value = gosnmp.OctetString, []byte(value.(string))
	case ifOperStatus:
		v.Type = gosnmp.Integer
	case ifHighSpeed, ifSpeed:
		v.Type, v.Value = gosnmp.Gauge32, uint32(value.(int))
	case ifHCInOctets, ifHCOutOctets:
		v.Type, v.Value = gosnmp.Counter64, uint64(value.(int))
	case ifCounterDiscontinuityTime:
		v.Type, v.Value = gosnmp.TimeTicks, uint32(value.(int))
	default:
		v.Type, v.Value = gosnmp.Counter32, uint32(value.(int))
	}
	return v
}

// switchOf is a whole device with n ports "port 1" … of 64-bit counters.
func switchOf(n int) []gosnmp.SnmpPDU {
	v := []gosnmp.SnmpPDU{octetString(sysDescr, "Test switch"), uptimeIs(time.Hour), octetString(sysName, "sw-1")}
	for i := 1; i <= n; i++ {
		v = append(v, at(ifOperStatus, i, 1), at(ifDescr, i, fmt.Sprintf("Ethernet port %d", i)),
			at(ifName, i, fmt.Sprintf("port %d", i)), at(ifHighSpeed, i, 1000),
			at(ifHCInOctets, i, 1000*i), at(ifHCOutOctets, i, 2000*i), at(ifCounterDiscontinuityTime, i, 0),
			at(ifInErrors, i, 0), at(ifOutErrors, i, 0), at(ifInDiscards, i, 0), at(ifOutDiscards, i, 0),
			at(ifAlias, i, fmt.Sprintf("room %d", i)))
	}
	return v
}
