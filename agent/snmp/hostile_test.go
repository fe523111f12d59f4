package snmp

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// asked talks to a device as a poll does, and gives what went wrong first.
func asked(t *testing.T, target api.Target, h *habits) error {
	t.Helper()
	cfg := DefaultConfiguration()
	cfg.Timeout = 200 * time.Millisecond
	talk, err := open(t.Context(), target, cfg, h)
	if err != nil {
		return err
	}
	defer talk.close()
	if _, err := talk.get(sysUpTime, sysName); err != nil {
		return err
	}
	rows := 0
	err = talk.walk(columns[ifName].oid, 0, 100, func(string, gosnmp.SnmpPDU) { rows++ })
	if err == nil && rows != 3 {
		return fmt.Errorf("%d rows without an error, want 3", rows)
	}
	return err
}

// TestAHostileAnswerIsANamedError gives a device's answers as they must not be. For
// each there is one error, few requests, and a device that is well again is read.
func TestAHostileAnswerIsANamedError(t *testing.T) {
	packet := func(change func(*gosnmp.SnmpPacket)) twist {
		return func(_ question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			change(a)
			return a
		}
	}
	coded := func(change func([]byte) []byte) wire {
		return func(answer []byte, send func([]byte)) { send(change(answer)) }
	}
	for name, c := range map[string]struct {
		twist twist
		wire  wire
		want  error
	}{
		"nothing":              {wire: func([]byte, func([]byte)) {}, want: errNoAnswer},
		"an empty packet":      {wire: coded(func(b []byte) []byte { return nil }), want: errUnreadable},
		"half a packet":        {wire: coded(func(b []byte) []byte { return b[:len(b)/2] }), want: errUnreadable},
		"a byte too many":      {wire: coded(func(b []byte) []byte { return append(b, 0) }), want: errUnreadable},
		"a length of 4 GB":     {wire: coded(func(b []byte) []byte { return append([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, b[2:]...) }), want: errUnreadable},
		"noise":                {wire: coded(func(b []byte) []byte { return bytes.Repeat([]byte{0x30, 0x82}, 700) }), want: errUnreadable},
		"a web page":           {wire: coded(func(b []byte) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }), want: errUnreadable},
		"as large as can be":   {wire: coded(func(b []byte) []byte { return bytes.Repeat([]byte{0x30}, 65507) }), want: errUnreadable},
		"another request's id": {twist: packet(func(a *gosnmp.SnmpPacket) { a.RequestID += 1 << 20 }), want: errStranger},
		"id 0":                 {twist: packet(func(a *gosnmp.SnmpPacket) { a.RequestID = 0 }), want: errStranger},
		"version 1":            {twist: packet(func(a *gosnmp.SnmpPacket) { a.Version = gosnmp.Version1 }), want: errVersion},
		"a request":            {twist: packet(func(a *gosnmp.SnmpPacket) { a.PDUType = gosnmp.GetRequest }), want: errUnreadable},
		"a report":             {twist: packet(func(a *gosnmp.SnmpPacket) { a.PDUType = gosnmp.Report }), want: errReport},
		"a trap":               {twist: packet(func(a *gosnmp.SnmpPacket) { a.PDUType = gosnmp.SNMPv2Trap }), want: errUnreadable},
		"more than was asked for": {twist: packet(func(a *gosnmp.SnmpPacket) {
			a.Variables = switchOf(60)
		}), want: errMore},
		"genErr":                {twist: packet(func(a *gosnmp.SnmpPacket) { refuse(a, gosnmp.GenErr) }), want: errSays},
		"an error that is none": {twist: packet(func(a *gosnmp.SnmpPacket) { refuse(a, 200) }), want: errSays},
		"tooBig for anything":   {twist: packet(func(a *gosnmp.SnmpPacket) { refuse(a, gosnmp.TooBig) }), want: errTooBig},
		"an empty list for rows": {twist: func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			if q.n > 0 {
				a.Variables = nil
			}
			return a
		}, want: errEmpty},
		"the same row for ever": {twist: func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			if q.n > 0 {
				a.Variables = []gosnmp.SnmpPDU{at(ifName, 1, "a")}
			}
			return a
		}, want: errNotIncreasing},
		"rows without end": {twist: func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			if q.n > 0 {
				from := 0
				_, _ = fmt.Sscanf(q.oid, columns[ifName].oid+".%d", &from) // 0 at first
				a.Variables = []gosnmp.SnmpPDU{at(ifName, from+1, "a")}
			}
			return a
		}, want: errRows},
		"a flood": {wire: func(answer []byte, send func([]byte)) {
			decoded, err := (&gosnmp.GoSNMP{Version: gosnmp.Version2c}).SnmpDecodePacket(slices.Clone(answer))
			if err != nil {
				panic(err)
			}
			decoded.RequestID += 1 << 20
			stray, err := decoded.MarshalMsg()
			if err != nil {
				panic(err)
			}
			for range 10 * maxDatagrams {
				send(stray)
			}
		}, want: errFlood},
	} {
		t.Run(name, func(t *testing.T) {
			r := newResponder(t, switchOf(3)...)
			r.twisted(c.twist)
			r.tampered(c.wire)
			h := newHabits()
			if err := asked(t, r.target(), h); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if n := len(r.questions()); n > 110 {
				t.Errorf("asked %d times", n)
			}
			r.twisted(nil)
			r.tampered(nil)
			if err := asked(t, r.target(), h); err != nil {
				t.Errorf("when it is well again: %v", err)
			}
		})
	}
}

// TestWhatHarmsNothingIsPassedOver: an answer that stands among others is taken.
func TestWhatHarmsNothingIsPassedOver(t *testing.T) {
	var before []byte
	broken := 1
	for name, by := range map[string]wire{
		"twice":             func(a []byte, send func([]byte)) { send(a); send(a) },
		"behind a late one": func(a []byte, send func([]byte)) { send(before); send(a); before = a },
		"behind a broken one": func(a []byte, send func([]byte)) {
			if broken--; broken == 0 {
				send(a[:len(a)-1])
			}
			send(a)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newResponder(t, switchOf(3)...)
			if err := asked(t, r.target(), newHabits()); err != nil {
				t.Fatal(err)
			}
			before = []byte{0x30, 0} // not ours
			r.tampered(by)
			if err := asked(t, r.target(), newHabits()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAHostileAnswerOfVersion3IsANamedError does the same where packets are signed.
func TestAHostileAnswerOfVersion3IsANamedError(t *testing.T) {
	const reportsOf = ".1.3.6.1.6.3.15.1.1."
	levels := []string{"authPriv", "authNoPriv", "noAuthNoPriv"}
	for name, c := range map[string]struct {
		levels []string
		engine func(e *engineOf)
		twist  twist
		wire   wire
		want   error
	}{
		"its time never holds":         {levels: levels, engine: func(e *engineOf) { e.only(usmTimeWindow, false) }, want: errWindow},
		"its engine never holds":       {levels: levels, engine: func(e *engineOf) { e.only(usmEngineID, true) }, want: errEngine},
		"it does not know the user":    {levels: levels, engine: func(e *engineOf) { e.only(reportsOf+"3.0", true) }, want: errUser},
		"it does not allow a level":    {levels: levels, engine: func(e *engineOf) { e.only(reportsOf+"1.0", true) }, want: errLevel},
		"it refuses the password":      {levels: levels, engine: func(e *engineOf) { e.only(reportsOf+"5.0", true) }, want: errDigest},
		"it cannot decrypt":            {levels: levels, engine: func(e *engineOf) { e.only(reportsOf+"6.0", false) }, want: errPrivacy},
		"it reports what nobody knows": {levels: levels, engine: func(e *engineOf) { e.only(".1.3.6.1.4.1.1.0", false) }, want: errReport},
		"a bit of an answer is turned": {levels: levels[:2], wire: func(a []byte, send func([]byte)) {
			if bytes.Contains(a, []byte("watcher")) { // it is no discovery's
				a[len(a)-1] ^= 1
			}
			send(a)
		}, want: errNotAuthentic},
		"an answer in the clear": {levels: levels[:1], twist: func(_ question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			a.MsgFlags = gosnmp.AuthNoPriv
			return a
		}, want: errExposed},
		"an answer without a signature": {levels: levels[:2], twist: func(_ question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			a.MsgFlags = gosnmp.NoAuthNoPriv
			return a
		}, want: errNotAuthentic},
		"an answer of another engine": {levels: levels, twist: func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			if q.n > 0 { // no longer the first
				usm := a.SecurityParameters.(*gosnmp.UsmSecurityParameters)
				usm.AuthoritativeEngineID, usm.SecretKey, usm.PrivacyKey = "\x80\x00\x1f\x88\x04other", nil, nil
				if err := usm.InitSecurityKeys(); err != nil {
					panic(err)
				}
			}
			return a
		}, want: errEngine},
		"half a packet":        {levels: levels, wire: func(a []byte, send func([]byte)) { send(a[:len(a)/2]) }, want: errUnreadable},
		"another request's id": {levels: levels, twist: func(_ question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket { a.RequestID += 1 << 20; return a }, want: errStranger},
	} {
		for _, level := range c.levels {
			t.Run(name+" at "+level, func(t *testing.T) {
				r, target := newSecured(t, level, switchOf(3)...)
				if c.engine != nil {
					c.engine(r.engine)
				}
				r.twisted(c.twist)
				r.tampered(c.wire)
				h := newHabits()
				if err := asked(t, target, h); !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if discoveries, _ := r.engine.counts(); discoveries > 4 || len(r.questions()) > 20 {
					t.Errorf("the engine was asked for %d times", discoveries)
				}
				r.engine.only("", false)
				r.twisted(nil)
				r.tampered(nil)
				if err := asked(t, target, h); err != nil {
					t.Errorf("when it is well again: %v", err)
				}
			})
		}
	}
}

// TestAnEngineIsAskedForOnceAndFollowed: it is remembered from poll to poll, its
// time is asked for once when it went another way, and so is the whole engine.
func TestAnEngineIsAskedForOnceAndFollowed(t *testing.T) {
	for _, level := range []string{"authPriv", "authNoPriv", "noAuthNoPriv"} {
		t.Run(level, func(t *testing.T) {
			r, target := newSecured(t, level, switchOf(3)...)
			h := newHabits()
			timed := 1
			if level == "noAuthNoPriv" {
				timed = 0 // nobody holds it against the time (RFC 3414 §3.2 step 7)
			}
			for _, step := range []struct {
				when                 string
				change               func()
				discoveries, resyncs int
			}{
				{"met", func() {}, 1, 0},
				{"met again", func() {}, 0, 0},
				{"booted", func() { r.engine.become(t, "", 4, 5) }, 0, timed},
				{"its clock jumped", func() { r.engine.become(t, "", 4, 90_000) }, 0, timed},
				{"replaced", func() { r.engine.become(t, "\x80\x00\x1f\x88\x04second", 1, 7) }, 1, 0},
				{"met once more", func() {}, 0, 0},
			} {
				step.change()
				if err := asked(t, target, h); err != nil {
					t.Errorf("%s: %v", step.when, err)
				}
				discoveries, resyncs := r.engine.counts()
				if discoveries != step.discoveries || resyncs != step.resyncs {
					t.Errorf("%s: asked for the engine %d times and for its time %d times, want %d and %d",
						step.when, discoveries, resyncs, step.discoveries, step.resyncs)
				}
			}
		})
	}
}

// TestAnAnswerFromAnotherAddressIsNone: the system passes on what the device sends,
// and nothing else.
func TestAnAnswerFromAnotherAddressIsNone(t *testing.T) {
	r := newResponder(t, switchOf(3)...)
	other, err := net.ListenPacket("udp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	r.mu.Lock()
	r.from = other
	r.mu.Unlock()
	err = asked(t, r.target(), newHabits())
	if !errors.Is(err, errNoAnswer) || errors.Is(err, errStranger) {
		t.Errorf("got %v, want %v", err, errNoAnswer)
	}
}

// TestAnswersThatComeTooLateAreSaidToBeLate: each comes when the next is asked for.
func TestAnswersThatComeTooLateAreSaidToBeLate(t *testing.T) {
	r := newResponder(t, switchOf(3)...)
	target := r.target()
	cfg := DefaultConfiguration()
	cfg.Timeout, cfg.Retries = 100*time.Millisecond, 0
	talk, err := open(t.Context(), target, cfg, newHabits())
	if err != nil {
		t.Fatal(err)
	}
	defer talk.close()
	var held [][]byte
	r.tampered(func(answer []byte, send func([]byte)) {
		for _, late := range held {
			send(late)
		}
		held = [][]byte{answer}
	})
	if _, err := talk.get(sysUpTime); !errors.Is(err, errNoAnswer) || errors.Is(err, errLate) {
		t.Errorf("first: got %v, want %v", err, errNoAnswer)
	}
	if _, err := talk.get(sysUpTime); !errors.Is(err, errLate) {
		t.Errorf("then: got %v, want %v", err, errLate)
	}
}

func TestADeviceThatGoesByTheFirstNameOnlyIsAskedForOneColumnAtATime(t *testing.T) {
	for name, by := range map[string]twist{
		"the first only": func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			if len(q.with) > 0 && q.n > 0 {
				a.Variables = slices.Collect(everyNth(a.Variables, 1+len(q.with)))
			}
			return a
		},
		"one after another": func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			if q.n > 1 {
				slices.SortStableFunc(a.Variables, func(a, b gosnmp.SnmpPDU) int { return compare(a.Name, b.Name) })
			}
			return a
		},
		"refuses several": func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			if len(q.with) > 0 && q.n > 0 {
				return refuse(a, gosnmp.GenErr)
			}
			return a
		},
	} {
		for _, ports := range []int{1, 2, 5, 24} {
			t.Run(fmt.Sprintf("%s of %d", name, ports), func(t *testing.T) {
				b := newBench(t, switchOf(ports)...)
				want := b.round(t)
				b = newBench(t, switchOf(ports)...)
				b.twisted(by)
				for range 3 {
					got := b.round(t)
					if got.complaint() != "" || strings.Join(got.names(), "|") != strings.Join(want.names(), "|") || got.field("port 1", "speed_bps") != "1000000000" {
						t.Errorf("names %q, error %q", got.names(), got.complaint())
					}
				}
			})
		}
	}
}

func everyNth(all []gosnmp.SnmpPDU, n int) func(func(gosnmp.SnmpPDU) bool) {
	return func(yield func(gosnmp.SnmpPDU) bool) {
		for i := 0; i < len(all) && yield(all[i]); i += n {
		}
	}
}

// TestOddDevicesDoNotDisturbTheOthers polls three that loop, refuse and are late,
// and seven that are well, side by side.
func TestOddDevicesDoNotDisturbTheOthers(t *testing.T) {
	loops := func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if q.in(ifOperStatus) {
			a.Variables = []gosnmp.SnmpPDU{at(ifOperStatus, 1, 1), at(ifOperStatus, 2, 1), at(ifOperStatus, 3, 1), at(ifOperStatus, 1, 1)}
		}
		return a
	}
	refusals := 0
	refuses := func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if !q.in(ifOperStatus) {
			return a
		}
		if refusals++; refusals%2 == 1 {
			return refuse(a, gosnmp.NoError) // an empty list
		}
		return refuse(a, gosnmp.TooBig)
	}
	late := func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if q.in(ifOperStatus) {
			a.RequestID-- // as of a request before
		}
		return a
	}
	odd := map[string]struct {
		twist twist
		says  string
	}{"A": {loops, "backwards"}, "B": {refuses, "tooBig"}, "C": {late, "no answer"}}
	var logs lockedBuffer
	p, err := New(Config{Timeout: time.Second, Log: newLog(&logs)})
	if err != nil {
		t.Fatal(err)
	}
	var polls sync.WaitGroup
	for i := range 10 {
		name := string(rune('A' + i))
		r := newResponder(t, switchOf(4)...)
		r.twisted(odd[name].twist)
		target := r.target()
		target.Name = name
		poll := p.Target(target)
		polls.Go(func() {
			got := check(t, poll(t.Context()))
			if c, is := odd[name]; is {
				got.saysAll(name, "ifOperStatus", c.says)
			} else if len(got.names()) != 4 || got.complaint() != "" {
				t.Errorf("%s: %d interfaces, error %q", name, len(got.names()), got.complaint())
			}
		})
	}
	polls.Wait()
	for name := range odd {
		if !strings.Contains(logs.String(), "target="+name) {
			t.Errorf("the log does not name %s: %s", name, logs.String())
		}
	}
}
