package paper

import (
	"fmt"
	"io"
	"testing"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// BenchmarkProvince prints a report over 159 sites and eighteen criteria each.
func BenchmarkProvince(b *testing.B) {
	r := sample()
	standard := goal.Embedded()[0]
	r.Goal.Standard = *standard
	line := r.Sites[0]
	line.Findings = nil
	for i := range standard.Criteria {
		f, _ := sampleFinding(&standard.Criteria[i], 'n')
		line.Findings = append(line.Findings, f)
	}
	r.Sites = nil
	for i := range 159 {
		l := line
		l.ID = fmt.Sprintf("bd-%05d", i)
		r.Sites = append(r.Sites, l)
	}
	for name, format := range Formats {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := counter(0)
				if err := format.Write(&n, r, say.Vietnamese); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(n), "bytes")
			}
		})
	}
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return io.Discard.Write(p)
}
