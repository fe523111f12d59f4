package snmp

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gosnmp/gosnmp"
)

// asVersion1 says noSuchName and which, where version 2c has a value that says so
// (RFC 1157 §4.1.2, §4.1.3).
func asVersion1(_ question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
	for i, v := range a.Variables {
		if none(v) {
			a.Error, a.ErrorIndex, a.Variables = gosnmp.NoSuchName, uint8(i+1), nil
			break
		}
	}
	return a
}

func TestWhatADeviceOfVersion1LackedIsAskedForAgainAfterAnHour(t *testing.T) {
	b := benchWithin(t, patient, uptimeIs(time.Hour))
	target := b.target()
	target.SNMP.Version = "1"
	p, err := New(Config{Now: func() time.Time { return b.now }})
	if err != nil {
		t.Fatal(err)
	}
	b.poll = p.Target(target)
	b.twisted(asVersion1)
	b.round(t)
	b.set(uptimeIs(time.Hour), gosnmp.SnmpPDU{Name: hrSystemUptime, Type: gosnmp.TimeTicks, Value: uint32(7_200_00)})
	for _, c := range []struct {
		later time.Duration
		want  string
	}{{time.Minute, "3600"}, {time.Hour, "7200"}} {
		if got := b.later(t, c.later).of("uptime_seconds"); got != c.want {
			t.Errorf("after %s: up %s s, want %s", c.later, got, c.want)
		}
	}
}

func TestADeviceOfVersion1IsReadWithFewRequests(t *testing.T) {
	b := newBench(t, switchOf(4)...)
	want := b.round(t).names()
	target := b.target()
	target.SNMP.Version = "1"
	p, err := New(DefaultConfiguration())
	if err != nil {
		t.Fatal(err)
	}
	poll := p.Target(target)
	b.twisted(asVersion1)
	for range 3 {
		b.questions()
		got := check(t, poll(t.Context()))
		if !cmp.Equal(got.names(), want) || got.complaint() != "" {
			t.Errorf("names %q, want %q; error %q", got.names(), want, got.complaint())
		}
	}
	gets, walks := 0, 0
	asked := b.questions()
	for _, q := range asked {
		switch q.n {
		case 0:
			gets++
		case 1:
			walks++
		default:
			t.Errorf("version 1 has no GetBulk: %v", q)
		}
	}
	// Five of eight scalars are not there: sysObjectID is left out, which costs a request,
	// and four are known not to be. Ten columns of four rows go side by side after the first column.
	if gets != 2+1 || walks > 5+5+2 {
		t.Errorf("%d requests for scalars, %d for rows: %v", gets, walks, asked)
	}
}
