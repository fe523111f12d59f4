package snmp

import (
	"errors"
	"testing"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

// The responder is in the same process: its encoding is in these figures.

// BenchmarkWalk reads 1,800 variables, 50 a request.
func BenchmarkWalk(b *testing.B) {
	abreast := []column{ifInOctets, ifOutOctets, ifInUcastPkts, ifOutUcastPkts, ifInErrors}
	for _, way := range []struct {
		name, level string
		columns     []column
	}{{"a column", "", abreast[:1]}, {"five abreast", "", abreast}, {"a column, version 3", "authPriv", abreast[:1]}} {
		b.Run(way.name, func(b *testing.B) {
			var variables []gosnmp.SnmpPDU
			var roots []string
			for _, c := range way.columns {
				roots = append(roots, columns[c].oid)
				for i := range 1_800 / len(way.columns) {
					variables = append(variables, at(c, i+1, 1_000_000*i))
				}
			}
			target := api.Target{}
			if way.level == "" {
				target = newResponder(b, variables...).target()
			} else {
				_, target = newSecured(b, way.level, variables...)
			}
			benchmarkWalk(b, target, roots)
		})
	}
}

func benchmarkWalk(b *testing.B, target api.Target, roots []string) {
	fast := newHabits()
	fast.now, fast.proven = mostVariables, true
	talk, err := open(b.Context(), target, DefaultConfiguration(), fast)
	if err != nil {
		b.Fatal(err)
	}
	defer talk.close()
	b.ReportAllocs()
	for b.Loop() {
		talk.left = maxRequests
		seen := 0
		errs := talk.walkAbreast(roots, 0, 2_000, func(int, string, gosnmp.SnmpPDU) { seen++ })
		if err := errors.Join(errs...); err != nil || seen != 1_800 {
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
