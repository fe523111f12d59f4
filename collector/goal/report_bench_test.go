//go:build integration

package goal

import (
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// A year of the province from stored days, as a planner waits for it the first time.
func BenchmarkYearOfTheProvince(b *testing.B) {
	inv, err := inventory.Embedded()
	if err != nil {
		b.Fatal(err)
	}
	s := storetest.Open(b, storetest.Shared(b))
	now := time.Date(2026, 11, 5, 3, 0, 0, 0, time.UTC)
	reportSeedYear(b, s, inv, now)
	d, err := New(Config{Dir: b.TempDir()}, Deps{Store: s, Inventory: func() *inventory.Inventory { return inv }, Log: storetest.Log(b), Now: func() time.Time { return now }})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		d.recent = recent{}
		r, err := d.Report(b.Context(), Request{Month: Month{2026, 10}})
		if err != nil {
			b.Fatal(err)
		}
		if len(r.Sites) != 159 {
			b.Fatal(len(r.Sites))
		}
	}
}

// reportSeedYear stores fifteen months of days of all sites.
func reportSeedYear(b testing.TB, s *store.Store, inv *inventory.Inventory, now time.Time) {
	var lines []byte
	var err error
	for day := dayOf(now).AddDate(0, -15, 0); day.Before(now); day = day.AddDate(0, 0, 1) {
		for i, site := range inv.Sites() {
			p := reportFullDay(site.ID, day, int64(i))
			if !site.Due(day.Add(9 * time.Hour)) {
				p.Due, p.Down = 0, 0
			}
			if lines, err = p.Point(siteDay).AppendLine(lines); err != nil {
				b.Fatal(err)
			}
		}
		if len(lines) < 4<<20 && day.AddDate(0, 0, 1).Before(now) {
			continue
		}
		if err := s.Write(b.Context(), api.Hourly, lines); err != nil {
			b.Fatal(err)
		}
		lines = lines[:0]
	}
}

// reportFullDay is a day on which all was measured.
func reportFullDay(site string, day time.Time, n int64) *judge.Period {
	return &judge.Period{
		Site: site, From: day, Due: 36000, Down: 60 + n, Sent: 6000, Received: 5990 - n, LANSent: 6000, LANReceived: 5999,
		RoundsDue: 600, Rounds: 598, DevicesDue: 4, Devices: 4, ClockTold: 1200, Requests: 600, Points: 3000, Batches: 600,
		Interfaces: 24, RouterAsked: 600, RouterAnswered: 599, SwitchAsked: 600, SwitchAnswered: 599, UPSAsked: 600, UPSAnswered: 600,
		PrinterAsked: 600, PrinterAnswered: 580, PeakIn: 18_000_000 + n, PeakOut: 4_000_000, RTT: [3]float64{20.5, 35.25, 60.125}, Age: 120, Delay: 900,
	}
}
