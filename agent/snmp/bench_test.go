package snmp

import (
	"testing"

	"github.com/gosnmp/gosnmp"
)

// The responder is in the same process: its encoding is in these figures.

// BenchmarkWalk reads 1,800 variables at 50 a request.
func BenchmarkWalk(b *testing.B) {
	var variables []gosnmp.SnmpPDU
	for i := range 1_800 {
		variables = append(variables, at(ifHCInOctets, i+1, 1_000_000_000*i))
	}
	r := newResponder(b, variables...)
	fast := newHabits()
	fast.now = mostVariables
	talk, err := open(b.Context(), r.target(), DefaultConfiguration(), fast)
	if err != nil {
		b.Fatal(err)
	}
	defer talk.close()
	b.ReportAllocs()
	for b.Loop() {
		talk.left = maxRequests
		seen := 0
		if err := talk.walk(columns[ifHCInOctets].oid, 0, 2_000, func(string, gosnmp.SnmpPDU) { seen++ }); err != nil || seen != 1_800 {
			b.Fatal(seen, err)
		}
	}
}

// BenchmarkPoll is one round of a switch with 24 ports, from socket to points.
func BenchmarkPoll(b *testing.B) {
	w := newBench(b, switchOf(24)...)
	b.ReportAllocs()
	for b.Loop() {
		if points := w.poll(b.Context()); len(points) != 25 {
			b.Fatal(len(points))
		}
	}
}

// BenchmarkRows puts the columns of 512 interfaces together.
func BenchmarkRows(b *testing.B) {
	t := tableOf(switchOf(maxInterfaces)...)
	ambiguous := map[string]bool{}
	b.ReportAllocs()
	for b.Loop() {
		if rows := t.rows(ambiguous); len(rows) != maxInterfaces {
			b.Fatal(len(rows))
		}
	}
}
