package goal

import (
	"os"
	"testing"
)

// Whatever a file holds, it is refused or it can be applied.
func FuzzAStandardIsRefusedOrCanBeApplied(f *testing.F) {
	small, err := os.ReadFile("testdata/lines-only.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small)
	f.Add([]byte("id: a\ncriteria: [{}, {measure: pcs, at_least: 1, evidence: declared}]\nworks: {a: {}}\n"))
	f.Add([]byte("criteria: {}\nworks: []\nname: x\n"))
	e := standardEvidence()
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decode("mine.yaml", data, embedded())
		if err != nil {
			return
		}
		if r := s.Evaluate(e); len(r.Findings) > len(s.Criteria) {
			t.Errorf("%d findings on %d criteria", len(r.Findings), len(s.Criteria))
		}
		s.columns(0)
	})
}
