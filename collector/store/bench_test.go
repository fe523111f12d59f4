//go:build integration

package store_test

import (
	"fmt"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store/storetest"
)

// BenchmarkWrite is one block to the real InfluxDB, which parses it, logs it and
// syncs the log, as the committer sends it: pings of ten values.
func BenchmarkWrite(b *testing.B) {
	s := storetest.Open(b, storetest.Start(b))
	for _, lines := range []int{15, 5_000, 20_000} {
		b.Run(fmt.Sprintf("%d lines", lines), func(b *testing.B) {
			b.ReportAllocs()
			at := now
			for b.Loop() {
				b.StopTimer()
				var block []byte
				at = at.Add(-time.Second)
				for i := range lines {
					p := ping(fmt.Sprintf("bd-%d", i/15), fmt.Sprint(i%15), at)
					for j, field := range []string{"rtt_min_ms", "rtt_p25_ms", "rtt_median_ms", "rtt_p75_ms", "rtt_max_ms", "jitter_ms"} {
						p.Float(field, 0.25*float64(j+i%7))
					}
					block = line(b, block, p.Count("late", int64(i%2)).Count("duplicates", int64(i%3)))
				}
				b.StartTimer()
				if err := s.Write(b.Context(), api.Raw, block); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
