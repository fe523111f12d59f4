package judge

import (
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// month is a site's month of minutes, each round of which is a letter that comes back
// again and again.
func month(rounds string) *Record {
	const many = 43_200
	r := &Record{Site: &inventory.Site{ID: "bd-1", Terrain: inventory.Plain}, From: wall("2026-11-01")}
	r.To = r.From.Add(many * time.Minute)
	letters := strings.Repeat(rounds, many/len(rounds))
	for name, role := range map[string]api.Role{"router": api.RoleGateway, "switch": api.RoleLAN, "isp-dns": api.RoleUplink, "bgp": api.RoleUplink, "printer": api.RoleDevice} {
		s := &story{r: *r}
		if role == api.RoleGateway || role == api.RoleLAN {
			s.measure(name, strings.Repeat("A", len(letters)))
		} else {
			s.measure(name, letters)
		}
		r.Targets = append(r.Targets, s.r.Targets...)
	}
	s := &story{r: *r}
	s.run("")
	return &s.r
}

// BenchmarkHistoryOfAMonth is a site's month of minutes with five targets: calm, with an
// outage a day, and at its worst, lost every fifth minute.
func BenchmarkHistoryOfAMonth(b *testing.B) {
	for name, rounds := range map[string]string{"calm": "A", "ordinary": spelled("1430A 10x"), "flapping": "AAAxx", "dead": "x"} {
		b.Run(name, func(b *testing.B) {
			r := month(rounds)
			b.ReportAllocs()
			for b.Loop() {
				timeline := Timeline(r, minutes, r.To)
				if all := Outages(r, timeline, minutes, r.To); (len(all) == 0) != (name == "calm") {
					b.Fatalf("%d outages", len(all))
				}
			}
		})
	}
}
