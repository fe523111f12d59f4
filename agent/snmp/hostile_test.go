package snmp

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// asked talks to a device as a poll does, and gives what went wrong first.
func asked(t *testing.T, target api.Target, h *habits, timeout time.Duration) error {
	t.Helper()
	cfg := DefaultConfiguration()
	cfg.Timeout = timeout
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

// patient is how long a test waits for what should come, hasty for what should not.
const patient, hasty = 10 * time.Second, 100 * time.Millisecond

func patience(want error) time.Duration {
	if errors.Is(want, errNoAnswer) {
		return hasty
	}
	return patient
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
			if err := asked(t, r.target(), h, patience(c.want)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if n := len(r.questions()); n > 110 {
				t.Errorf("asked %d times", n)
			}
			r.twisted(nil)
			r.tampered(nil)
			if err := asked(t, r.target(), h, patient); err != nil {
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
			if err := asked(t, r.target(), newHabits(), patient); err != nil {
				t.Fatal(err)
			}
			before = []byte{0x30, 0} // not ours
			r.tampered(by)
			if err := asked(t, r.target(), newHabits(), patient); err != nil {
				t.Error(err)
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
	err = asked(t, r.target(), newHabits(), hasty)
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

// TestADeviceThatGivesNothingForTheOtherNamesIsFoundOut: that looks like an end.
func TestADeviceThatGivesNothingForTheOtherNamesIsFoundOut(t *testing.T) {
	r := newResponder(t, switchOf(3)...)
	r.twisted(func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		for i, v := range a.Variables {
			if i%(1+len(q.with)) > 0 {
				a.Variables[i] = gosnmp.SnmpPDU{Name: v.Name, Type: gosnmp.EndOfMibView}
			}
		}
		return a
	})
	h := newHabits()
	h.now = mostVariables
	for _, requests := range []int{1 + 2 + 2, 2} { // it is tried, each is asked, each is walked; then never again
		talk, err := open(t.Context(), r.target(), DefaultConfiguration(), h)
		if err != nil {
			t.Fatal(err)
		}
		defer talk.close()
		rows := 0
		errs := talk.walkAbreast([]string{columns[ifName].oid, columns[ifAlias].oid}, 3, 100, func(int, string, gosnmp.SnmpPDU) { rows++ })
		if n := len(r.questions()); rows != 6 || n != requests || errors.Join(errs...) != nil {
			t.Errorf("%d rows in %d requests, want 6 in %d; %v", rows, n, requests, errs)
		}
	}
}

func everyNth(all []gosnmp.SnmpPDU, n int) func(func(gosnmp.SnmpPDU) bool) {
	return func(yield func(gosnmp.SnmpPDU) bool) {
		for i := 0; i < len(all) && yield(all[i]); i += n {
		}
	}
}

func TestAPortThatNobodyListensOnIsNoAnswer(t *testing.T) {
	b := newBench(t)
	b.socket.Close()
	got := b.round(t)
	if got.up() {
		t.Error("up without a device")
	}
	got.saysAll("switch-1", "no answer", "refused")
}
