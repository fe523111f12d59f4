package snmp

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// port is a device with one interface.
func port(up time.Duration, more ...gosnmp.SnmpPDU) []gosnmp.SnmpPDU {
	return append([]gosnmp.SnmpPDU{uptimeIs(up), at(ifOperStatus, 1, 1), at(ifName, 1, "wan")}, more...)
}

// minuteLater moves our clock by a minute, gives the device new values and polls.
func (b *bench) minuteLater(t *testing.T, variables ...gosnmp.SnmpPDU) found {
	t.Helper()
	b.now = b.now.Add(time.Minute)
	b.set(variables...)
	return b.round(t)
}

func TestARebootGivesNoValueAndThenTheDifference(t *testing.T) {
	hc := func(n int) gosnmp.SnmpPDU { return at(ifHCInOctets, 1, n) }
	b := newBench(t, port(100*time.Hour, hc(8_000_000_000_000))...)
	if got := b.round(t).field("wan", "in_octets"); got != "" {
		t.Errorf("first round: %s, want none", got)
	}
	if got := b.minuteLater(t, port(20*time.Second, hc(12_000))...).field("wan", "in_octets"); got != "" {
		t.Errorf("after the reboot: %s, want none", got)
	}
	if got := b.minuteLater(t, port(80*time.Second, hc(60_000))...).field("wan", "in_octets"); got != "48000" {
		t.Errorf("then: %s, want 48000", got)
	}
}

func TestA32BitCounterThatWrapsGivesItsDifference(t *testing.T) {
	in := func(n int) gosnmp.SnmpPDU { return at(ifInOctets, 1, n) }
	b := newBench(t, port(time.Hour, in(4_294_900_000))...)
	b.round(t)
	if got := b.minuteLater(t, port(time.Hour+time.Minute, in(32_000))...).field("wan", "in_octets"); got != "99296" {
		t.Errorf("got %s, want 99296", got)
	}
}

func TestARebootInTheMiddleOfAPollVoidsIt(t *testing.T) {
	in := func(n int) gosnmp.SnmpPDU { return at(ifInOctets, 1, n) }
	b := newBench(t, port(time.Hour, in(4_000_000_000))...)
	b.round(t)
	b.now = b.now.Add(time.Minute)
	b.set(port(time.Hour+time.Minute, in(1_000))...)
	gets := 0
	b.twisted(func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if q.oid != sysUpTime {
			return a
		}
		if gets++; gets == 2 {
			a.Variables[0] = uptimeIs(5 * time.Second)
		}
		return a
	})
	if got := b.round(t).field("wan", "in_octets"); got != "" {
		t.Errorf("got %s, want none", got)
	}
	b.twisted(nil)
	if got := b.minuteLater(t, port(65*time.Second, in(9_000))...).field("wan", "in_octets"); got != "" {
		t.Errorf("next round got %s, want none: the reading before was of no poll", got)
	}
	if got := b.minuteLater(t, port(125*time.Second, in(10_000))...).field("wan", "in_octets"); got != "1000" {
		t.Errorf("then %s, want 1000", got)
	}
}

func TestADiscontinuityVoidsTheDifference(t *testing.T) {
	state := func(n, since int) []gosnmp.SnmpPDU {
		return []gosnmp.SnmpPDU{at(ifHCInOctets, 1, n), at(ifCounterDiscontinuityTime, 1, since)}
	}
	b := newBench(t, port(time.Hour, state(1_000, 0)...)...)
	b.round(t)
	if got := b.minuteLater(t, port(time.Hour+time.Minute, state(5_000, 360_100)...)...).field("wan", "in_octets"); got != "" {
		t.Errorf("got %s, want none", got)
	}
	if got := b.minuteLater(t, port(time.Hour+2*time.Minute, state(5_700, 360_100)...)...).field("wan", "in_octets"); got != "700" {
		t.Errorf("then %s, want 700", got)
	}
}

func TestADifferenceIsToTheRoundBeforeOnly(t *testing.T) {
	hc := func(n int) gosnmp.SnmpPDU { return at(ifHCInOctets, 1, n) }
	b := newBench(t, port(time.Hour, hc(1_000))...)
	b.round(t)
	b.twisted(func(question, *gosnmp.SnmpPacket) *gosnmp.SnmpPacket { return nil })
	b.minuteLater(t, port(time.Hour, hc(1_000))...)
	b.twisted(nil)
	if got := b.minuteLater(t, port(time.Hour+2*time.Minute, hc(9_000))...).field("wan", "in_octets"); got != "" {
		t.Errorf("over a failed round: %s, want none", got)
	}
	if got := b.minuteLater(t, port(time.Hour+3*time.Minute, hc(9_500))...).field("wan", "in_octets"); got != "500" {
		t.Errorf("then %s, want 500", got)
	}
}

func TestNewIndexesDoNoHarm(t *testing.T) {
	device := func(up time.Duration, wan, lan, octets int) []gosnmp.SnmpPDU {
		return []gosnmp.SnmpPDU{
			uptimeIs(up), at(ifOperStatus, wan, 1), at(ifName, wan, "wan"), at(ifHCInOctets, wan, octets),
			at(ifOperStatus, lan, 1), at(ifName, lan, "lan"), at(ifHCInOctets, lan, 10*octets),
		}
	}
	b := newBench(t, device(time.Hour, 1, 2, 1_000)...)
	b.round(t)
	got := b.minuteLater(t, device(time.Hour+time.Minute, 2, 1, 1_100)...)
	if got.field("wan", "in_octets") != "100" || got.field("lan", "in_octets") != "1000" {
		t.Errorf("wan %s lan %s, want 100 and 1000", got.field("wan", "in_octets"), got.field("lan", "in_octets"))
	}
}

func TestEachRowHasTheWidestCounterOfItsOwn(t *testing.T) {
	device := func(up time.Duration, n int) []gosnmp.SnmpPDU {
		return []gosnmp.SnmpPDU{
			uptimeIs(up), at(ifOperStatus, 1, 1), at(ifName, 1, "wide"), at(ifHCOutOctets, 1, 5_000_000_000+n), at(ifOutOctets, 1, 7),
			at(ifOperStatus, 2, 2), at(ifName, 2, "narrow"), at(ifOutOctets, 2, 2*n),
		}
	}
	b := newBench(t, device(time.Hour, 0)...)
	b.round(t)
	got := b.minuteLater(t, device(time.Hour+time.Minute, 300)...)
	if got.field("wide", "out_octets") != "300" || got.field("narrow", "out_octets") != "600" {
		t.Errorf("wide %s narrow %s", got.field("wide", "out_octets"), got.field("narrow", "out_octets"))
	}
	if got.field("wide", "oper_up") != "1" || got.field("narrow", "oper_up") != "0" {
		t.Error("states are mixed up")
	}
}

func TestErrorsAreWrittenOnlyIfThereWereAny(t *testing.T) {
	errs := func(in, out int) []gosnmp.SnmpPDU {
		return []gosnmp.SnmpPDU{at(ifInErrors, 1, in), at(ifOutDiscards, 1, out)}
	}
	b := newBench(t, port(time.Hour, errs(7, 7)...)...)
	b.round(t)
	got := b.minuteLater(t, port(time.Hour+time.Minute, errs(7, 9)...)...)
	if got.field("wan", "in_errors") != "" || got.field("wan", "out_discards") != "2" {
		t.Errorf("in_errors %q, out_discards %q", got.field("wan", "in_errors"), got.field("wan", "out_discards"))
	}
}

func TestAnAliasIsWrittenWhenItChangesAndOnceADay(t *testing.T) {
	device := func(alias string) []gosnmp.SnmpPDU { return port(time.Hour, at(ifAlias, 1, alias)) }
	b := newBench(t, device("to the post office")...)
	var got []string
	got = append(got, b.round(t).field("wan", "alias"))
	got = append(got, b.minuteLater(t, device("to the post office")...).field("wan", "alias"))
	got = append(got, b.minuteLater(t, device("to VNPT")...).field("wan", "alias"))
	got = append(got, b.minuteLater(t, device("to VNPT")...).field("wan", "alias"))
	b.now = b.now.Add(aliasEvery)
	got = append(got, b.minuteLater(t, device("to VNPT")...).field("wan", "alias"))
	if want := []string{"to the post office", "", "to VNPT", "", "to VNPT"}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestADevicePointSaysWhatTheDeviceIs(t *testing.T) {
	b := newBench(t, uptimeIs(90*time.Second), octetString(sysName, "UBND xã Vĩnh Sơn"),
		octetString(sysDescr, "Router OS\r\nversion 7\x00"),
		gosnmp.SnmpPDU{Name: snmpEngineTime, Type: gosnmp.Integer, Value: 4000})
	got := b.round(t)
	want := api.NewPoint("device", b.now).Tag("target", "switch-1").Int("up", 1).Float("uptime_seconds", 4000).
		Text("profile", "generic").Text("model", "Router OS version 7").Text("name", "UBND xã Vĩnh Sơn")
	if !cmp.Equal(got.device(), want) {
		t.Error(cmp.Diff(want, got.device()))
	}
	if len(got.points) != 1 {
		t.Error("interfaces out of nothing")
	}
}

func TestADeviceThatRefusesOneScalarGivesTheOthers(t *testing.T) {
	b := newBench(t, switchOf(1)...)
	b.twisted(func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if q.n == 0 && (len(a.Variables) > 1 || q.oid == snmpEngineTime) {
			return refuse(a, gosnmp.GenErr)
		}
		return a
	})
	got := b.round(t)
	if v, _ := got.device().FieldNamed("name"); !got.up() || v.Text() != "sw-1" || got.complaint() != "" {
		t.Errorf("up %v, name %q, error %q", got.up(), v.Text(), got.complaint())
	}
}

func TestSecretsAreInNoErrorAndNoLog(t *testing.T) {
	secret := "s3cret-community"
	for name, how := range map[string]twist{
		"silence": func(question, *gosnmp.SnmpPacket) *gosnmp.SnmpPacket { return nil },
		"genErr":  func(_ question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket { return refuse(a, gosnmp.GenErr) },
		"no answer": func(_ question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
			a.PDUType = gosnmp.GetRequest
			return a
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, switchOf(1)...)
			b.twisted(how)
			got := b.round(t)
			all := fmt.Sprint(got.complaint(), b.logs.String())
			if strings.Contains(all, secret) || strings.Contains(strings.ReplaceAll(all, " ", ""), hex.EncodeToString([]byte(secret))) {
				t.Errorf("the community is in %q", all)
			}
			if got.complaint() == "" {
				t.Error("no error at all")
			}
		})
	}
}

func TestGosnmpsOwnWordsAreNotPassedOn(t *testing.T) {
	inside := fmt.Errorf("error parsing community string: not enough data for OctetString (9 vs 3): %x", "s3cret")
	if got := reason(inside); got != errUnreadable {
		t.Errorf("got %q", got)
	}
}

func TestSettingsThatCannotWorkAreSaidInThePoint(t *testing.T) {
	p, err := New(DefaultConfiguration())
	if err != nil {
		t.Fatal(err)
	}
	for name, settings := range map[string]*api.SNMP{
		"no community": {Version: "2c"},
		"version 4":    {Version: "4", Community: "public"},
		"short":        {Version: "3", User: "u", Auth: "SHA-256", AuthPass: "short", Privacy: "AES", PrivPass: "short"},
		"none":         nil,
	} {
		got := check(t, p.Target(api.Target{Name: "x", Address: "127.0.0.1", SNMP: settings})(t.Context()))
		if got.up() || !strings.Contains(got.complaint(), "snmp") {
			t.Errorf("%s: up %v, error %q", name, got.up(), got.complaint())
		}
	}
}

func TestAConfigurationIsCheckedBeforeAnythingStarts(t *testing.T) {
	for _, cfg := range []Config{{Timeout: time.Millisecond}, {Timeout: time.Hour}, {Retries: -1}, {Retries: 6}} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v passes", cfg)
		}
	}
}

func TestAPanicInsideIsAnErrorOfOneDevice(t *testing.T) {
	var logs bytes.Buffer
	b := newBench(t)
	d := newDevice(b.target(), Config{Log: newLog(&logs)})
	r := &round{}
	points := d.guarded(r, func() []*api.Point { panic("s3cret-community") })
	if points != nil || len(r.errs) != 1 {
		t.Errorf("points %v, errors %v", points, r.errs)
	}
	d.log(r)
	d.log(r)
	if n := strings.Count(logs.String(), "level=ERROR"); n != 1 {
		t.Errorf("logged %d times, want once", n)
	}
	if strings.Contains(logs.String()+r.errs[0].Error(), "s3cret") {
		t.Errorf("what was being decoded is shown: %s", logs.String())
	}
}
