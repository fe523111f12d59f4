package goal

import (
	"sync"
	"testing"
	"time"

	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
)

// standardMonth has 22 working days, and the three months that end with it 62.
var standardMonth = Month{2026, time.October}

const standardHours = 10 * 3600 // of an office that closes at 17:00

// standardDue are the days on which a calendar is open, less what is planned.
func standardDue(calendar inventory.Calendar, from, until time.Time, planned ...judge.Span) (due []DueDay) {
	const step = 10 * time.Minute
	for day := from; day.Before(until); day = day.AddDate(0, 0, 1) {
		var seconds int64
		for t := day; t.Before(day.AddDate(0, 0, 1)); t = t.Add(step) {
			open := calendar.Due(t)
			for _, p := range planned {
				open = open && (t.Before(p.From) || !t.Before(p.To))
			}
			if open {
				seconds += int64(step / time.Second)
			}
		}
		if seconds > 0 {
			due = append(due, DueDay{day, seconds})
		}
	}
	return due
}

// standardOffice are the days of an office for three months.
var standardOffice = sync.OnceValue(func() []DueDay {
	return standardDue(inventory.CalendarOffice, standardMonth.Add(-2).From(), standardMonth.Until())
})

// standardDay is a whole day on which nothing was wrong.
func standardDay(due DueDay) judge.Period {
	return judge.Period{
		Site: "bd-21997", From: due.Day, Due: due.Seconds,
		Sent: 10_000, Received: 10_000, LANSent: 10_000, LANReceived: 10_000,
		RoundsDue: 1000, Rounds: 1000, DevicesDue: 4, Devices: 4,
		ClockTold: 1000, Requests: 1000, Points: 10_000, Batches: 1000, Interfaces: 100,
		RouterAsked: 10_000, RouterAnswered: 10_000, SwitchAsked: 10_000, SwitchAnswered: 10_000,
		UPSAsked: 10_000, UPSAnswered: 10_000, PrinterAsked: 10_000, PrinterAnswered: 10_000,
		PeakIn: 80_000_000, PeakOut: 30_000_000, RTT: [3]float64{10, 20, 30},
	}
}

func standardPointer[T any](v T) *T { return &v }

// standardSaid declares all that the standard asks for.
func standardSaid() *declared.Declaration {
	return &declared.Declaration{
		Site: "bd-21997", Date: standardMonth.From().AddDate(0, -2, 0), Source: "CV 12/UBND",
		Line: "fiber", Provider: "VNPT", DownMbps: standardPointer(100.0), UpMbps: standardPointer(50.0),
		Routers: standardPointer(int64(1)), Switches: standardPointer(int64(2)), PCs: standardPointer(int64(6)),
		UPSes: standardPointer(int64(1)), Printers: standardPointer(int64(2)), Models: "DrayTek Vigor2912",
	}
}

// standardEvidence is an office in the plain that meets everything, its month over.
func standardEvidence() Evidence {
	e := Evidence{
		Site:  inventory.Site{ID: "bd-21997", Name: "Phước Mỹ", Kind: "commune", Terrain: inventory.Plain, Verified: true},
		Month: standardMonth, Now: standardMonth.Until().AddDate(0, 0, 4), Declared: standardSaid(), LAN2023: inventory.LANAverage,
	}
	e.Due = standardOffice()
	for _, due := range e.Due {
		e.Days = append(e.Days, standardDay(due))
	}
	return e
}

// standardEach changes every day of the evidence.
func standardEach(e Evidence, change func(*judge.Period)) Evidence {
	days := make([]judge.Period, len(e.Days))
	copy(days, e.Days)
	e.Days = days
	for i := range days {
		change(&days[i])
	}
	return e
}

// standardLast changes the last n days but so many.
func standardLast(e Evidence, n, but int, change func(*judge.Period)) Evidence {
	at := 0
	return standardEach(e, func(p *judge.Period) {
		if at++; at > len(e.Days)-n && at <= len(e.Days)-but {
			change(p)
		}
	})
}

// standardNothing is a day of which nothing is known.
func standardNothing(p *judge.Period) { *p = judge.Period{Site: p.Site, From: p.From} }

// standardFinding evaluates and gives one criterion's.
func standardFinding(t testing.TB, s *Standard, e Evidence, id string) Finding {
	t.Helper()
	r := s.Evaluate(e)
	for _, f := range r.Findings {
		if f.Criterion == id {
			return f
		}
	}
	t.Fatalf("no finding on %s", id)
	return Finding{}
}
