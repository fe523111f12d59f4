package goal

import "testing"

// A year of 159 sites is 1,908 of these.
func BenchmarkEvaluate(b *testing.B) {
	s, e := standardMay(b), standardEvidence()
	b.ReportAllocs()
	for b.Loop() {
		if r := s.Evaluate(e); r.Verdict != Met {
			b.Fatal(r.Verdict)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	data := []byte(StandardText)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode("goal-2023-05.yaml", data, nil); err != nil {
			b.Fatal(err)
		}
	}
}
