package snmp

import (
	"sync"
	"testing"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// engineOf makes a responder speak version 3, as far as an agent has to (RFC 3414
// §3.2). It stands in for a device because a real agent's engine cannot be made to
// lie, to change in the middle of a conversation, or to report what a test wants.
type engineOf struct {
	mu          sync.Mutex
	usm         *gosnmp.UsmSecurityParameters
	level       gosnmp.SnmpV3MsgFlags
	reports     string // if not empty, nothing else is answered
	anonymously bool   // reports are not signed
	discoveries int
	resyncs     int
}

const (
	usmTimeWindow = ".1.3.6.1.6.3.15.1.1.2.0"
	usmEngineID   = ".1.3.6.1.6.3.15.1.1.4.0"
)

// newSecured is a device of version 3 and how it is asked.
func newSecured(t testing.TB, level string, variables ...gosnmp.SnmpPDU) (*responder, api.Target) {
	t.Helper()
	s := &api.SNMP{Version: "3", User: "watcher", Level: level}
	if s.Authenticated() {
		s.Auth, s.AuthPass = "SHA-256", "authentication-1"
	}
	if s.Private() {
		s.Privacy, s.PrivPass = "AES", "privacy-word-2"
	}
	like, err := newHandle(api.Target{SNMP: s})
	if err != nil {
		t.Fatal(err)
	}
	e := &engineOf{usm: like.SecurityParameters.(*gosnmp.UsmSecurityParameters), level: like.MsgFlags}
	e.usm.AuthoritativeEngineID, e.usm.AuthoritativeEngineBoots, e.usm.AuthoritativeEngineTime = "\x80\x00\x1f\x88\x04first", 3, 1_000
	if err := e.usm.InitSecurityKeys(); err != nil {
		t.Fatal(err)
	}
	r := listen(t, e, variables...)
	target := r.target()
	s.Port, target.SNMP = target.SNMP.Port, s
	return r, target
}

// become changes the engine: another id, or none to keep it, and what it says of
// its boots and time.
func (e *engineOf) become(t testing.TB, id string, boots, time uint32) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if id != "" {
		e.usm.AuthoritativeEngineID, e.usm.SecretKey, e.usm.PrivacyKey = id, nil, nil
		if err := e.usm.InitSecurityKeys(); err != nil {
			t.Fatal(err)
		}
	}
	e.usm.AuthoritativeEngineBoots, e.usm.AuthoritativeEngineTime = boots, time
}

// only has nothing answered but a report.
func (e *engineOf) only(oid string, anonymously bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reports, e.anonymously = oid, anonymously
}

// counts gives how often the engine and its time were asked for since the last call.
func (e *engineOf) counts() (discoveries, resyncs int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	discoveries, resyncs = e.discoveries, e.resyncs
	e.discoveries, e.resyncs = 0, 0
	return discoveries, resyncs
}

func (e *engineOf) decode(bytes []byte) (*gosnmp.SnmpPacket, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	open := &gosnmp.GoSNMP{
		Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel,
		SecurityParameters: &gosnmp.UsmSecurityParameters{UserName: e.usm.UserName},
	}
	if request, err := open.SnmpDecodePacket(append([]byte(nil), bytes...)); err == nil {
		return request, nil
	}
	sealed := &gosnmp.GoSNMP{
		Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel, MsgFlags: e.level, SecurityParameters: e.usm.Copy(),
	}
	return sealed.SnmpDecodePacket(bytes)
}

// prepare gives an answer its security, and makes a report of it where the request
// calls for one.
func (e *engineOf) prepare(request, answer *gosnmp.SnmpPacket) (report bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	asked := request.SecurityParameters.(*gosnmp.UsmSecurityParameters)
	usm := e.usm.Copy().(*gosnmp.UsmSecurityParameters)
	answer.Version, answer.Community = gosnmp.Version3, ""
	answer.SecurityModel, answer.MsgID, answer.MsgMaxSize = gosnmp.UserSecurityModel, request.MsgID, 65507
	answer.MsgFlags, answer.SecurityParameters, answer.ContextEngineID = request.MsgFlags&gosnmp.AuthPriv, usm, usm.AuthoritativeEngineID
	oid := ""
	switch {
	case asked.AuthoritativeEngineID == "":
		e.discoveries++
		oid, answer.MsgFlags = usmEngineID, gosnmp.NoAuthNoPriv
	case e.reports != "":
		oid, answer.MsgFlags = e.reports, answer.MsgFlags&gosnmp.AuthNoPriv
		if e.anonymously {
			answer.MsgFlags = gosnmp.NoAuthNoPriv
		}
	case asked.AuthoritativeEngineID != usm.AuthoritativeEngineID:
		oid, answer.MsgFlags = usmEngineID, gosnmp.NoAuthNoPriv
	case e.level != gosnmp.NoAuthNoPriv && (asked.AuthoritativeEngineBoots != usm.AuthoritativeEngineBoots || asked.AuthoritativeEngineTime+150 < usm.AuthoritativeEngineTime):
		e.resyncs++
		oid, answer.MsgFlags = usmTimeWindow, answer.MsgFlags&gosnmp.AuthNoPriv
	}
	if oid != "" {
		answer.PDUType = gosnmp.Report
		answer.Variables = []gosnmp.SnmpPDU{{Name: oid, Type: gosnmp.Counter32, Value: uint32(1)}}
	}
	if answer.MsgFlags&gosnmp.AuthPriv == gosnmp.AuthPriv {
		if err := usm.InitPacket(answer); err != nil {
			panic(err)
		}
	}
	return oid != ""
}
