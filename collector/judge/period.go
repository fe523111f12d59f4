package judge

import (
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// Measurements of periods.
const (
	siteHour = "site_hour"
	siteDay  = "site_day"
)

// Period is an hour or a day of one site. Counts add up; percents are made of them.
type Period struct {
	Site string
	From time.Time

	Due, Down, Unknown, Maintenance, Stale int64 // seconds
	Sent, Received, LANSent, LANReceived   int64
	RoundsDue, Rounds                      int64
	DevicesDue, Devices                    int64
	ClockTold, ClockWrong                  int64
	Requests, Late                         int64
	Points, Rejected                       int64
	Batches, Duplicates                    int64
	Interfaces, Unnamed                    int64
	RouterAsked, RouterAnswered            int64 // rounds, in due time; likewise below
	SwitchAsked, SwitchAnswered            int64
	UPSAsked, UPSAnswered                  int64
	PrinterAsked, PrinterAnswered          int64
	PowerCuts                              int64 // outages of power, or of a machine that stopped, that began
	PeakIn, PeakOut                        int64 // bit/s, of the busiest 5 minutes; 0: no counter was read

	RTT   [len(quantiles)]float64 // ms; nothing where Received is 0
	Age   int64                   // seconds; nothing where Due is 0
	Delay int64                   // ms; nothing where Requests is 0

	present map[string]bool  // the targets of Devices, while they are counted
	round   map[string]int64 // echoes that a round of a target sent, likewise
}

// quantiles of RTT, and their fields.
var quantiles = [...]struct {
	field   string
	percent float64
}{{"rtt_p50_ms", 50}, {"rtt_p95_ms", 95}, {"rtt_p99_ms", 99}}

const (
	ageField   = "newest_age_seconds"
	delayField = "delay_p95_ms"
	delayIs    = 95
)

// tally is one count of a period.
type tally struct {
	field string
	value *int64
	union bool // a day's is not the sum of its hours'
}

// peaks are no counts: a day's is the largest of its hours'.
func (p *Period) peaks() [2]tally {
	return [...]tally{{"peak_in_bps", &p.PeakIn, true}, {"peak_out_bps", &p.PeakOut, true}}
}

func (p *Period) tallies() [34]tally {
	return [...]tally{
		{"due_seconds", &p.Due, false}, {"down_seconds", &p.Down, false}, {"unknown_seconds", &p.Unknown, false},
		{"maintenance_seconds", &p.Maintenance, false}, {"stale_seconds", &p.Stale, false},
		{"sent", &p.Sent, false}, {"received", &p.Received, false}, {"lan_sent", &p.LANSent, false}, {"lan_received", &p.LANReceived, false},
		{"rounds_due", &p.RoundsDue, false}, {"rounds", &p.Rounds, false},
		{"devices_due", &p.DevicesDue, true}, {"devices", &p.Devices, true},
		{"clock_told", &p.ClockTold, false}, {"clock_wrong", &p.ClockWrong, false},
		{"requests", &p.Requests, false}, {"late", &p.Late, false},
		{"points", &p.Points, false}, {"rejected", &p.Rejected, false},
		{"batches", &p.Batches, false}, {"duplicates", &p.Duplicates, false},
		{"interfaces", &p.Interfaces, true}, {"unnamed", &p.Unnamed, true},
		{"router_asked", &p.RouterAsked, false}, {"router_answered", &p.RouterAnswered, false},
		{"switch_asked", &p.SwitchAsked, false}, {"switch_answered", &p.SwitchAnswered, false},
		{"ups_asked", &p.UPSAsked, false}, {"ups_answered", &p.UPSAnswered, false},
		{"printer_asked", &p.PrinterAsked, false}, {"printer_answered", &p.PrinterAnswered, false},
		{"power_cuts", &p.PowerCuts, false}, p.peaks()[0], p.peaks()[1],
	}
}

// add puts an hour into a day.
func (p *Period) add(hour *Period) {
	of := hour.tallies()
	for i, t := range p.tallies() {
		if !t.union {
			*t.value += *of[i].value
		}
	}
	busiest := hour.peaks()
	for i, t := range p.peaks() {
		*t.value = max(*t.value, *busiest[i].value)
	}
	if hour.Due > 0 {
		p.Age = max(p.Age, hour.Age)
	}
}

// Point is the period as it is stored: every count, and what the counts allow to be said.
func (p *Period) Point(measurement string) *api.Point {
	point := api.NewPoint(measurement, p.From).Tag(api.TagSite, p.Site)
	for _, t := range p.tallies() {
		point.Int(t.field, *t.value)
	}
	point.Int("known_seconds", p.Known())
	for _, f := range percents {
		if percent, told := f.of(p); told {
			point.Float(f.field, percent)
		}
	}
	if p.Received > 0 {
		for i, q := range quantiles {
			point.Float(q.field, p.RTT[i])
		}
	}
	if p.Due > 0 {
		point.Int(ageField, p.Age)
	}
	if p.Requests > 0 {
		point.Int(delayField, p.Delay)
	}
	return point
}

// PeriodColumns are what [PeriodOf] needs of a query on site_hour or site_day, grouped
// by site. Percents are not among them: counts tell them.
func PeriodColumns() []store.Selector {
	columns := make([]store.Selector, len(storedFields))
	for i, field := range storedFields {
		columns[i] = store.Selector{Field: field}
	}
	return columns
}

// storedFields are all that [Period.Point] writes, percents excepted.
var storedFields = func() (fields []string) {
	for _, t := range new(Period).tallies() {
		fields = append(fields, t.field)
	}
	for _, q := range quantiles {
		fields = append(fields, q.field)
	}
	return append(fields, ageField, delayField)
}()

var readStored = PeriodScan(storedFields)

// PeriodOf reads a stored one.
func PeriodOf(site string, row store.Row) Period {
	values := make([]api.Value, len(storedFields))
	for i, field := range storedFields {
		values[i] = row.Values[field]
	}
	return readStored(site, row.Time, values)
}
