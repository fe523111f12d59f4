package judge

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the line could not do before the office closed is not known to who looks back no
// farther than an outage wants.
func TestWhetherALineCouldBeProbedIsToldAlikeByEveryRecordThatHoldsTheOutage(t *testing.T) {
	s := recordOf(t, "08:00", `
		router  14A 60- 3x 4A 12- 32A
		switch  14A 60- 3A 4A 12- 32A
		isp-dns 14A 60- 3s 4n 12- 32A
		session 14a 60- 7b 12- 32c`).goodbye("08:14").booted("c", "2026-10-01 12:00")
	const want = "silent agent_stopped ran_on 09:14:05 – 09:33:20, down 15m25s, 2 times\n"
	for _, from := range []string{"08:00", "08:12", "08:20:05", "09:00"} {
		if d := cmp.Diff(want, shown(s.window(from, "10:05").outages())); d != "" {
			t.Errorf("from %s: %s", from, d)
		}
	}
}
