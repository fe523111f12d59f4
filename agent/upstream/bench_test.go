package upstream

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	fast "github.com/klauspost/compress/gzip"

	"communewatch/collector/api"
)

// office is a round of an office with 10 targets and a switch of 24 ports.
func office(seq uint64) string {
	r := rand.New(rand.NewPCG(seq, 9))
	var b bytes.Buffer
	began := 1_764_000_000_000_000_000 + int64(seq)*int64(time.Minute)
	for i := range 10 {
		ms := 0.3 + float64(i)*2 + r.Float64()
		fmt.Fprintf(&b, "ping,target=target-%d,role=lan sent=10i,received=10i,rtt_min_ms=%.3f,rtt_p25_ms=%.3f,rtt_median_ms=%.3f,rtt_p75_ms=%.3f,rtt_max_ms=%.3f,jitter_ms=%.3f %d\n",
			i, ms, ms+r.Float64()*.1, ms+.1+r.Float64()*.1, ms+.2+r.Float64()*.2, ms+.5+r.Float64()*3, r.Float64(), began+r.Int64N(3e9))
	}
	for i := range 24 {
		fmt.Fprintf(&b, "interface,target=switch-1,interface=GigabitEthernet0/%d oper_up=1i,speed_bps=1000000000i,in_octets=%di,out_octets=%di %d\n",
			i+1, r.Int64N(80_000_000), r.Int64N(8_000_000), began+2e9+r.Int64N(1e9))
	}
	fmt.Fprintf(&b, "agent_health spool_batches=1i,spool_bytes=%di,rss_bytes=%di,round_ms=%di,wire_bytes=%di,clock_offset_ms=%.3f,clock_uncertainty_ms=%.3f,cpu_percent=%.2f,version=\"1.0.0\",os=\"linux\",arch=\"amd64\",session=\"5f2c9a0188e1b3d4\" %d\n",
		3000+r.IntN(999), 17_000_000+r.IntN(3_000_000), 1900+r.IntN(200), seq*2300, r.Float64(), r.Float64(), r.Float64(), began+3e9)
	return b.String()
}

func BenchmarkPack(b *testing.B) {
	q := filled(200, office)
	s := &Sender{queue: q, log: slog.New(slog.DiscardHandler), packer: newPacker()}
	b.ReportAllocs()
	raw, wire, batches := 0, 0, 0
	for b.Loop() {
		r := s.pack(api.MaxBatches)
		wire, batches = len(r.body), len(r.parts)
		raw = 0
		for _, p := range r.parts {
			raw += len(q.batches[p.sequence].Lines)
		}
	}
	b.ReportMetric(float64(raw), "raw-B")
	b.ReportMetric(float64(wire), "wire-B")
	b.ReportMetric(float64(batches), "batches")
}

// BenchmarkLevels is what packer.start chooses from.
func BenchmarkLevels(b *testing.B) {
	for _, rounds := range []int{1, 60} {
		var lines []byte
		for i := range rounds {
			lines = append(lines, office(uint64(i))...)
		}
		for _, level := range []int{1, 6, 9} {
			b.Run(fmt.Sprintf("rounds=%d/level=%d", rounds, level), func(b *testing.B) {
				var out bytes.Buffer
				zip, _ := fast.NewWriterLevel(&out, level)
				compress(b, zip, &out, lines)
			})
		}
		b.Run(fmt.Sprintf("rounds=%d/standard_library", rounds), func(b *testing.B) {
			var out bytes.Buffer
			zip, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
			compress(b, zip, &out, lines)
		})
	}
}

func compress(b *testing.B, zip interface {
	Reset(w io.Writer)
	Write(p []byte) (int, error)
	Close() error
}, out *bytes.Buffer, lines []byte) {
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		zip.Reset(out)
		zip.Write(lines)
		zip.Close()
	}
	b.ReportMetric(float64(len(lines)), "raw-B")
	b.ReportMetric(float64(out.Len()), "wire-B")
}
