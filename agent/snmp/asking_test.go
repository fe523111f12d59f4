package snmp

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gosnmp/gosnmp"
)

// handMade is a device of testdata/devices.
func handMade(t testing.TB, name string) []gosnmp.SnmpPDU {
	t.Helper()
	return recording(t, filepath.Join("testdata", "devices", name, "device.snmprec"))
}

// with replaces variables of a device or adds them.
func with(device []gosnmp.SnmpPDU, changed ...gosnmp.SnmpPDU) []gosnmp.SnmpPDU {
	all := byName(device)
	for _, v := range changed {
		all[v.Name] = v
	}
	out := make([]gosnmp.SnmpPDU, 0, len(all))
	for _, v := range all {
		out = append(out, v)
	}
	return out
}

func integer(oid string, n int) gosnmp.SnmpPDU {
	return gosnmp.SnmpPDU{Name: oid, Type: gosnmp.Integer, Value: n}
}

func objectIs(oid string) gosnmp.SnmpPDU {
	return gosnmp.SnmpPDU{Name: sysObjectID, Type: gosnmp.ObjectIdentifier, Value: oid}
}

// of is a field of the device point as text, "" if it is absent.
func (f found) of(field string) string {
	v, ok := f.device().FieldNamed(field)
	if !ok {
		return ""
	}
	return v.String()
}

// askedBelow counts the questions about an OID or what is below it.
func askedBelow(asked []question, root string) int {
	n := 0
	for _, q := range asked {
		if below(q.oid, root) {
			n++
		}
	}
	return n
}

// later moves our clock and polls the same device again.
func (b *bench) later(t testing.TB, by time.Duration) found {
	t.Helper()
	b.now = b.now.Add(by)
	return b.round(t)
}

const (
	hrStorageType = ".1.3.6.1.2.1.25.2.3.1.2"
	hrStorageUsed = ".1.3.6.1.2.1.25.2.3.1.6"
	upsBattery    = ".1.3.6.1.2.1.33.1.2.4.0"
	upsLoad       = ".1.3.6.1.2.1.33.1.4.4.1.5"
	cardTemp      = ".1.3.6.1.4.1.6574.2.1.1.6"
)

func TestWhatADeviceDoesNotHaveIsAskedForOnceAnHour(t *testing.T) {
	b := newBench(t, handMade(t, "bare")...)
	b.round(t)
	if n := askedBelow(b.questions(), upsLoad); n != 1 {
		t.Fatalf("asked %d times in the first round, want once", n)
	}
	for range 3 {
		b.later(t, time.Minute)
	}
	if asked := b.questions(); len(asked) != 3*3 { // what it is, its one interface column, and whether it restarted
		t.Errorf("%d requests in three rounds, want 9: %v", len(asked), asked)
	}
	b.set(with(handMade(t, "bare"), integer(upsLoad+".1", 42))...)
	if got := b.later(t, time.Hour).of("load_percent"); got != "42" {
		t.Errorf("after an hour load is %q, want 42", got)
	}
}

func TestADeviceThatIsKnownCostsOneRequestForItsValuesAndOneAColumn(t *testing.T) {
	b := newBench(t, handMade(t, "synology")...)
	b.round(t)
	b.questions()
	first := b.later(t, time.Minute)
	asked := b.questions()
	var got []string
	for _, q := range asked {
		got = append(got, strings.TrimPrefix(q.oid, ".1.3.6.1."))
	}
	want := []string{
		"2.1.1.3.0", "2.1.2.2.1.8", "2.1.1.3.0", // what it is, no interfaces, no restart
		"4.1.6574.1.2.0", // all scalars: temperature, power, four of memory
		"4.1.6574.2.1.1.6", "4.1.6574.2.1.1.5", "4.1.6574.3.1.1.3", "2.1.25.3.3.1.2", "2.1.25.2.3.1.6", "2.1.25.2.3.1.5",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if first.of("disk_percent") != "93" || first.of("memory_percent") != "40" {
		t.Errorf("disk %s, memory %s", first.of("disk_percent"), first.of("memory_percent"))
	}
}

func TestLabelsAreReadAgainForANewRow(t *testing.T) {
	device := handMade(t, "windows")
	b := newBench(t, device...)
	b.round(t)
	b.questions()
	b.later(t, time.Minute)
	if n := askedBelow(b.questions(), hrStorageType); n != 0 {
		t.Errorf("labels are read %d times in the second round", n)
	}
	b.set(with(device,
		gosnmp.SnmpPDU{Name: hrStorageType + ".9", Type: gosnmp.ObjectIdentifier, Value: ".1.3.6.1.2.1.25.2.1.4"},
		octetString(".1.3.6.1.2.1.25.2.3.1.3.9", `E:\`), integer(".1.3.6.1.2.1.25.2.3.1.5.9", 100), integer(hrStorageUsed+".9", 99))...)
	if got := b.later(t, time.Minute).of("disk_percent"); got != "99" {
		t.Errorf("disk is %s with the new one, want 99", got)
	}
}

func TestADeviceThatToldTooLittleWhenItStartedIsKnownAnHourLater(t *testing.T) {
	synology := handMade(t, "synology")
	b := newBench(t, synology[:9]...) // its own parts do not answer yet
	if got := b.round(t).of("profile"); got != "linux" {
		t.Fatalf("profile %s, want linux", got)
	}
	b.set(synology...)
	if got := b.later(t, time.Hour).of("profile"); got != "synology" {
		t.Errorf("profile %q, want synology", got)
	}
}

func TestWhatADeviceIsIsSaidWhenItChangesAndOnceADay(t *testing.T) {
	b := newBench(t, handMade(t, "mikrotik")...)
	b.round(t)
	if got := b.later(t, time.Minute); got.of("profile") != "" || got.of("model") != "" || got.of("name") != "" {
		t.Errorf("said again: %s", got.lines())
	}
	b.set(with(handMade(t, "mikrotik"), octetString(sysName, "router-moi"))...)
	if got := b.later(t, time.Minute); got.of("name") != "router-moi" || got.of("profile") != "mikrotik" {
		t.Errorf("not said when it changed: %s", got.lines())
	}
	if got := b.later(t, aliasEvery); got.of("model") != "RB951" {
		t.Errorf("not said a day later: %s", got.lines())
	}
}

func TestAValueThatCannotBeIsNotKnownAndTheOthersAre(t *testing.T) {
	b := newBench(t, with(handMade(t, "ups-rfc1628-on-battery"), integer(upsBattery, 6500))...)
	got := b.round(t)
	if got.of("battery_percent") != "" || got.of("battery_runtime_seconds") != "1020" {
		t.Errorf("battery %s, runtime %s", got.of("battery_percent"), got.of("battery_runtime_seconds"))
	}
}

func TestAProfileOfTheNOCsIsAsked(t *testing.T) {
	profiles, err := LoadProfiles(folder(t, map[string]string{"ours.yaml": anUPS + "  unknown: [255]\n  scale: 0.5\n"}))
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	p, err := New(Config{Profiles: profiles, Now: func() time.Time { return b.now }})
	if err != nil {
		t.Fatal(err)
	}
	b.poll = p.Target(b.target())
	device := []gosnmp.SnmpPDU{objectIs(".1.3.6.1.4.1.99999.1.5"), uptimeIs(time.Hour)}
	charge := ".1.3.6.1.4.1.99999.1.1.0"
	b.set(append(device, integer(charge, 150))...)
	if got := b.round(t); got.of("profile") != "ours" || got.of("battery_percent") != "75" {
		t.Errorf("%s", got.lines())
	}
	b.set(append(device, integer(charge, 255))...)
	if got := b.later(t, time.Minute).of("battery_percent"); got != "" {
		t.Errorf("255 is %s, want not known", got)
	}
}

func TestWhatOnlySometimesStandsInIsInTheSameRequest(t *testing.T) {
	precise, plain := ".1.3.6.1.4.1.318.1.1.1.2.3.2.0", ".1.3.6.1.4.1.318.1.1.1.2.2.2.0"
	b := newBench(t, with(handMade(t, "apc"), integer(precise, -10000), integer(plain, 30))...)
	b.round(t)
	b.questions()
	if got := b.later(t, time.Minute).of("battery_temperature_celsius"); got != "30" {
		t.Errorf("temperature %q, want 30", got)
	}
	gets := 0
	for _, q := range b.questions() {
		if q.n == 0 {
			gets++
		}
	}
	if gets != 3 { // what it is, whether it restarted, and all values
		t.Errorf("%d requests for values, want 3", gets)
	}
}

func TestAFieldOfTwoSourcesIsGivenOnce(t *testing.T) {
	profiles, err := LoadProfiles(folder(t, map[string]string{"ours.yaml": strings.Replace(anUPS, "battery_percent", "toner_black_percent", 1) +
		"- {field: toner_*_percent, mib: X, walk: 1.3.6.1.4.1.99999.1.2, rows: max, name: 1.3.6.1.4.1.99999.1.3, each: ['black=B', 'cyan=C']}\n"}))
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, objectIs(".1.3.6.1.4.1.99999.1"), uptimeIs(time.Hour), integer(".1.3.6.1.4.1.99999.1.1.0", 40),
		integer(".1.3.6.1.4.1.99999.1.2.1", 50), integer(".1.3.6.1.4.1.99999.1.2.2", 60),
		octetString(".1.3.6.1.4.1.99999.1.3.1", "B"), octetString(".1.3.6.1.4.1.99999.1.3.2", "C"))
	p, err := New(Config{Profiles: profiles})
	if err != nil {
		t.Fatal(err)
	}
	b.poll = p.Target(b.target())
	if got := b.round(t); got.of("toner_black_percent") != "40" || got.of("toner_cyan_percent") != "60" {
		t.Errorf("%s", got.lines())
	}
}
