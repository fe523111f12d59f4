package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"communewatch/collector/api"
)

// body is what an office's agent sends: a round of 15 targets and a switch, again and again.
func body(lines int, now time.Time) string {
	var b strings.Builder
	for i := range lines {
		at := now.Add(-time.Duration(i/20) * time.Minute).UnixNano()
		switch {
		case i%20 < 15:
			fmt.Fprintf(&b, "ping,target=Máy\\ in\\ %d,role=device sent=10i,received=10i,rtt_min_ms=0.412,rtt_p25_ms=0.466,rtt_median_ms=0.501,rtt_p75_ms=0.58,rtt_max_ms=1.2,jitter_ms=0.04 %d\n", i%20, at)
		case i%20 < 19:
			fmt.Fprintf(&b, "interface,target=switch,interface=gi0/%d oper_up=1i,speed_bps=1000000000i,in_octets=1234567i,out_octets=7654321i %d\n", i%20, at)
		default:
			fmt.Fprintf(&b, "agent_health spool_batches=1i,spool_bytes=2048i,rss_bytes=20971520i,round_ms=9100i,wire_bytes=40960i,cpu_percent=0.4,version=\"1.0.0\",os=\"linux\",arch=\"amd64\" %d\n", at)
		}
	}
	return b.String()
}

// BenchmarkFiveThousandLines is a body without InfluxDB: parsed, checked, stamped,
// encoded. Beside it the public decoder reads the same lines and does no more.
func BenchmarkFiveThousandLines(b *testing.B) {
	now := time.Now()
	text := body(5_000, now)
	b.Run("checkLines", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			l, failure := checkLines(text, api.Identity{Site: "bd-21997", Agent: "a1"}, now.UnixNano())
			if failure != nil || len(l.numbers) != 5_000 {
				b.Fatal(failure, l.rejected)
			}
		}
	})
	b.Run("line-protocol", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		raw := []byte(text)
		for b.Loop() {
			if n := decode(b, raw); n != 5_000 {
				b.Fatal(n, "lines")
			}
		}
	})
}

func decode(b *testing.B, raw []byte) (lines int) {
	b.Helper()
	decoder := lineprotocol.NewDecoderWithBytes(raw)
	for decoder.Next() {
		if _, err := decoder.Measurement(); err != nil {
			b.Fatal(err)
		}
		for {
			key, _, err := decoder.NextTag()
			if err != nil {
				b.Fatal(err)
			}
			if key == nil {
				break
			}
		}
		for {
			key, _, err := decoder.NextField()
			if err != nil {
				b.Fatal(err)
			}
			if key == nil {
				break
			}
		}
		if _, err := decoder.Time(lineprotocol.Nanosecond, time.Time{}); err != nil {
			b.Fatal(err)
		}
		lines++
	}
	return lines
}
