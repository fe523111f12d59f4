package snmp

import (
	"bytes"
	"errors"
	"testing"

	"github.com/gosnmp/gosnmp"
)

// TestAHostileAnswerOfVersion3IsANamedError does the same where packets are signed.
func TestAHostileAnswerOfVersion3IsANamedError(t *testing.T) {
	const reportsOf = ".1.3.6.1.6.3.15.1.1."
	levels := []string{"authPriv", "noAuthNoPriv"}
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
		"a bit of an answer is turned": {levels: levels[:1], wire: func(a []byte, send func([]byte)) {
			if bytes.Contains(a, []byte("watcher")) { // it is no discovery's
				a[len(a)-1] ^= 1
			}
			send(a)
		}, want: errNotAuthentic},
		"an answer in the clear": {levels: levels[:1], twist: func(_ question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			a.MsgFlags = gosnmp.AuthNoPriv
			return a
		}, want: errExposed},
		"an answer without a signature": {levels: levels[:1], twist: func(_ question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
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
				if err := asked(t, target, h, patience(c.want)); !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if discoveries, _ := r.engine.counts(); discoveries > 4 || len(r.questions()) > 20 {
					t.Errorf("the engine was asked for %d times", discoveries)
				}
				r.engine.only("", false)
				r.twisted(nil)
				r.tampered(nil)
				if err := asked(t, target, h, patient); err != nil {
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
				if err := asked(t, target, h, patient); err != nil {
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
