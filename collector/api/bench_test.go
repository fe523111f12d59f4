package api

import "testing"

const benchLine = `ping,target=Máy\ in\ 3,role=device,site=bd-21997,agent=a1 sent=10i,received=10i,rtt_min_ms=0.412,rtt_p25_ms=0.466,rtt_median_ms=0.501,rtt_p75_ms=0.58,rtt_max_ms=1.2,jitter_ms=0.04 1700000000123456789`

func BenchmarkParseLine(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(benchLine)))
	var p Point
	for b.Loop() {
		if err := ParseLine(benchLine, &p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	b.ReportAllocs()
	var p Point
	if err := ParseLine(benchLine, &p); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := p.Check(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendParsed(b *testing.B) {
	b.ReportAllocs()
	var p Point
	if err := ParseLine(benchLine, &p); err != nil {
		b.Fatal(err)
	}
	dst := make([]byte, 0, 1024)
	for b.Loop() {
		dst = p.AppendParsed(dst[:0])
	}
}
