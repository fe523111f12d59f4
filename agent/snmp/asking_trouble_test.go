package snmp

import (
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
)

func TestATableThatEndsEarlyGivesNoValue(t *testing.T) {
	device := handMade(t, "synology")
	b := newBench(t, device...)
	b.twisted(func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		switch q.oid {
		case cardTemp:
			a.Variables = a.Variables[:1]
		case cardTemp + ".0":
			return refuse(a, gosnmp.GenErr)
		}
		return a
	})
	got := b.round(t)
	got.saysAll("walk 1.3.6.1.4.1.6574.2.1.1.6", "after 1.3.6.1.4.1.6574.2.1.1.6.0", "genErr")
	if got.of("disk_temperature_celsius") != "" || got.of("disk_fault_count") != "1" {
		t.Errorf("%s", got.lines())
	}
}

// A device that does not answer for one OID is a device that answers.
func TestOneSilentOIDCostsNeitherTheCountersNorEachRoundItsTimeout(t *testing.T) {
	device := append(handMade(t, "synology"), port(time.Hour, at(ifHCInOctets, 1, 1000))...)
	b := newBench(t, with(device)...)
	silent := func(root string) twist {
		return func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			if q.oid == root {
				return nil
			}
			return a
		}
	}
	b.twisted(silent(cardTemp))
	b.round(t)
	for i := range 3 {
		b.questions()
		b.set(with(device, port(time.Hour+time.Duration(i+1)*time.Minute, at(ifHCInOctets, 1, 1000+500*(i+1)))...)...)
		if got := b.later(t, time.Minute).field("wan", "in_octets"); got != "500" {
			t.Errorf("round %d: in_octets %q, want 500", i+2, got)
		}
	}
	if n := askedBelow(b.questions(), cardTemp); n != 0 {
		t.Errorf("asked %d times in the fourth round, want no more", n)
	}
	got := b.later(t, time.Minute)
	if got.complaint() != "" || got.of("disk_fault_count") != "1" {
		t.Errorf("then: error %q, disk_fault_count %s", got.complaint(), got.of("disk_fault_count"))
	}
}

// Some devices drop a request for more values than they can answer, without a word.
func TestARequestForManyValuesThatIsDroppedIsMadeSmaller(t *testing.T) {
	b := benchWithin(t, time.Second, handMade(t, "ups-rfc1628-on-battery")...)
	b.twisted(func(_ question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if len(a.Variables) > 4 && a.Variables[0].Name != sysUpTime {
			return nil
		}
		return a
	})
	if got := b.round(t).of("battery_percent"); got != "" {
		t.Fatalf("battery %s: nothing was dropped", got)
	}
	if got := b.later(t, time.Minute); got.of("battery_percent") != "63" || got.of("on_battery_seconds") != "94" || got.complaint() != "" {
		t.Errorf("%s", got.lines())
	}
}

func TestTooBigIsAskedInParts(t *testing.T) {
	b := newBench(t, handMade(t, "ups-rfc1628-on-battery")...)
	b.twisted(func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if q.n == 0 && len(a.Variables) > 3 {
			return refuse(a, gosnmp.TooBig)
		}
		return a
	})
	if got := b.round(t); got.of("battery_percent") != "63" || got.of("on_battery_seconds") != "94" || got.complaint() != "" {
		t.Errorf("%s", got.lines())
	}
}

func TestWhatIsTooBigIsHalved(t *testing.T) {
	r := newResponder(t, switchOf(16)...)
	r.twisted(func(_ question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if len(a.Variables) > 8 {
			return refuse(a, gosnmp.TooBig)
		}
		return a
	})
	talk, err := open(t.Context(), r.target(), DefaultConfiguration(), newHabits())
	if err != nil {
		t.Fatal(err)
	}
	defer talk.close()
	var oids []string
	for i := range 16 {
		oids = append(oids, at(ifName, i+1, "").Name)
	}
	values, err := talk.get(oids...)
	if n := len(r.questions()); err != nil || len(values) != 16 || n != 3 {
		t.Errorf("%d values in %d requests, %v; want 16 in 3", len(values), n, err)
	}
}

func TestALabelColumnThatEndsEarlyGivesNoValue(t *testing.T) {
	b := newBench(t, handMade(t, "synology")...)
	b.twisted(func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		switch {
		case q.oid == hrStorageType && len(q.with) == 0 && len(a.Variables) > 2:
			a.Variables = a.Variables[:2] // not the fullest disk's
		case q.below(hrStorageType) >= 0:
			return refuse(a, gosnmp.GenErr)
		}
		return a
	})
	if got := b.round(t); got.of("disk_percent") != "" || got.complaint() == "" {
		t.Errorf("disk %s, error %q", got.of("disk_percent"), got.complaint())
	}
}

func TestADeviceThatFallsSilentIsNotAskedForItsProfile(t *testing.T) {
	b := newBench(t, append(handMade(t, "tp-link"), at(ifOperStatus, 1, 1))...)
	b.twisted(func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if q.in(ifOperStatus) {
			return nil
		}
		return a
	})
	b.round(t)
	for _, q := range b.questions() {
		if below(q.oid, ".1.3.6.1.4.1.11863") || below(q.oid, ".1.3.6.1.2.1.25") {
			t.Errorf("asked for %s", q.oid)
		}
	}
}
