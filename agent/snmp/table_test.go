package snmp

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// tableOf is a table that was read to the end, of these variables.
func tableOf(variables ...gosnmp.SnmpPDU) *table {
	var t table
	for c := range t {
		t[c] = cells{read: true, whole: true, reached: -1}
		for _, v := range variables {
			if suffix, inside := strings.CutPrefix(v.Name, columns[c].oid+"."); inside {
				t[c].set(suffix, v)
			}
		}
	}
	return &t
}

func namesOf(rows []row) []string {
	var names []string
	for _, r := range rows {
		names = append(names, r.name)
	}
	return names
}

func TestAnInterfaceIsKnownByNameElseDescriptionElseAliasElseIndex(t *testing.T) {
	variables := []gosnmp.SnmpPDU{
		at(ifName, 1, "ge-0/0/1"), at(ifDescr, 1, "Gigabit 1"), at(ifAlias, 1, "to VNPT"),
		at(ifName, 2, ""), at(ifDescr, 2, "Gigabit 2"), at(ifAlias, 2, "to Viettel"),
		at(ifName, 3, "\x00\x00"), at(ifDescr, 3, " "), at(ifAlias, 3, "cổng 3"),
		at(ifDescr, 4, "\x01\x02"),
		at(ifDescr, 5, `C:\port\`),
		at(ifDescr, 6, "WAN (WAN Miniport #2)"),
	}
	for i := 1; i <= 6; i++ {
		variables = append(variables, at(ifOperStatus, i, 1))
	}
	got := namesOf(tableOf(variables...).rows(map[string]bool{}))
	want := []string{"ge-0/0/1", "Gigabit 2", "cổng 3", "if4", "C:/port/", "WAN (WAN Miniport #2)"}
	if !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestEqualNamesGetTheirIndexes(t *testing.T) {
	long := strings.Repeat("ệ", 200)
	for _, c := range []struct {
		name  string
		names map[int]string
		want  []string
	}{
		{"two", map[int]string{7: "port", 3: "port", 5: "wan"}, []string{"port #3", "wan", "port #7"}},
		{"one that looks numbered", map[int]string{3: "a", 4: "a", 9: "a #3"}, []string{"a #3 #3", "a #4", "a #3 #9"}},
		{"too long for a tag", map[int]string{1: long, 2: long}, []string{long[:252] + " #1", long[:252] + " #2"}},
	} {
		var variables []gosnmp.SnmpPDU
		for index, name := range c.names {
			variables = append(variables, at(ifOperStatus, index, 1), at(ifName, index, name))
		}
		got := namesOf(tableOf(variables...).rows(map[string]bool{}))
		if !cmp.Equal(got, c.want) {
			t.Errorf("%s: %s", c.name, cmp.Diff(c.want, got))
		}
		for _, name := range got {
			if api.CleanTag(name) != name {
				t.Errorf("%s: %q is not fit to be a tag", c.name, name)
			}
		}
	}
}

func TestANameStaysNumberedWhileItsTwinIsNotRead(t *testing.T) {
	b := newBench(t, append(port(0), at(ifOperStatus, 2, 1), at(ifName, 2, "wan"))...)
	if want := []string{"wan #1", "wan #2"}; !cmp.Equal(b.round(t).names(), want) {
		t.Fatal("names are not numbered")
	}
	b.twisted(func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if q.in(ifOperStatus) {
			a.Variables = slices.DeleteFunc(a.Variables, func(v gosnmp.SnmpPDU) bool { return v.Name == columns[ifOperStatus].oid+".2" })
		}
		if q.in(ifAlias) {
			return refuse(a, gosnmp.GenErr)
		}
		return a
	})
	if got, want := b.round(t).names(), []string{"wan #1"}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	b.twisted(nil)
	b.set(port(0)...)
	if got, want := b.round(t).names(), []string{"wan"}; !cmp.Equal(got, want) {
		t.Errorf("with its twin gone for good: %s", cmp.Diff(want, got))
	}
}

func TestSpeedIsTheHighOneUnlessItSaysNothing(t *testing.T) {
	for _, c := range []struct {
		name      string
		variables []gosnmp.SnmpPDU
		want      uint64
	}{
		{"both", []gosnmp.SnmpPDU{at(ifHighSpeed, 1, 10_000), at(ifSpeed, 1, 4_294_967_295)}, 10_000_000_000},
		{"slower than 1 Mbit/s", []gosnmp.SnmpPDU{at(ifHighSpeed, 1, 0), at(ifSpeed, 1, 512_000)}, 512_000},
		{"no ifXTable", []gosnmp.SnmpPDU{at(ifSpeed, 1, 100_000_000)}, 100_000_000},
		{"saturated", []gosnmp.SnmpPDU{at(ifSpeed, 1, 4_294_967_295)}, 0},
		{"none", nil, 0},
	} {
		if got := tableOf(c.variables...).speed(1); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}
