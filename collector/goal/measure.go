package goal

import (
	"slices"
	"strings"

	"communewatch/collector/goal/declared"
	"communewatch/collector/judge"
	"communewatch/collector/store"
)

// Measure is what a criterion may hold against its threshold.
type Measure struct {
	Name     string
	Unit     string // "%", "ms", "Mbit/s", "" (a count)
	Measured bool   // days tell it
	Declared bool   // declarations tell it
	// LowerBound: what was measured shows at least so much, and that it is less shows
	// nothing (the busiest minutes of a line that nobody filled).
	LowerBound bool

	columns  string // of site_day that it needs, besides those that tell how much of the day is known
	day      func(*judge.Period) (value float64, told bool)
	observed func(*judge.Period) int64 // echoes, rounds or requests behind a day's value
	window   func([]*judge.Period) float64
	said     func(*declared.Declaration) (value *float64, words string)
}

// Measures are all of them. Those of a day are of due time (collector/judge/QUALITY.md).
var Measures = []Measure{
	{ // 1: there is a line: an uplink target answered that day; a line kind other than "none" is declared
		Name: "uplink", Measured: true, Declared: true,
		columns: "sent received", day: answersAtAll(uplinkEchoes), observed: uplinkEchoes.all, said: lineSaid,
	},
	{
		Name: "availability_percent", Unit: "%", Measured: true,
		columns: "down_seconds rounds", day: (*judge.Period).Availability, observed: roundsOf,
	},
	{
		Name: "loss_percent", Unit: "%", Measured: true,
		columns: "sent received", day: (*judge.Period).Loss, observed: uplinkEchoes.all,
	},
	{
		Name: "rtt_p95_ms", Unit: "ms", Measured: true,
		columns: "received rtt_p95_ms", day: roundTrip, observed: uplinkEchoes.some, window: medianRoundTrip,
	},
	{ // declared: by contract; measured: the peak
		Name: "down_mbps", Unit: "Mbit/s", Measured: true, Declared: true, LowerBound: true,
		columns: "peak_in_bps rounds", day: peakOf(func(p *judge.Period) int64 { return p.PeakIn }), observed: roundsOf,
		said: func(d *declared.Declaration) (*float64, string) { return d.DownMbps, d.Provider },
	},
	{
		Name: "up_mbps", Unit: "Mbit/s", Measured: true, Declared: true, LowerBound: true,
		columns: "peak_out_bps rounds", day: peakOf(func(p *judge.Period) int64 { return p.PeakOut }), observed: roundsOf,
		said: func(d *declared.Declaration) (*float64, string) { return d.UpMbps, d.Provider },
	},
	answeredPercent("router_answered_percent", "router_asked router_answered", routerRounds),
	answeredPercent("switch_answered_percent", "switch_asked switch_answered", switchRounds),
	answeredPercent("ups_answered_percent", "ups_asked ups_answered", upsRounds),
	answeredPercent("printer_answered_percent", "printer_asked printer_answered", printerRounds),
	{
		Name: "lan_loss_percent", Unit: "%", Measured: true,
		columns: "lan_sent lan_received", day: lanEchoes.lost, observed: lanEchoes.all,
	},
	// Declared: how many there are. Measured: one that answered is at least one.
	deviceCount("routers", "router_asked router_answered", routerRounds, func(d *declared.Declaration) *int64 { return d.Routers }),
	deviceCount("switches", "switch_asked switch_answered", switchRounds, func(d *declared.Declaration) *int64 { return d.Switches }),
	{Name: "pcs", Declared: true, said: countSaid(func(d *declared.Declaration) *int64 { return d.PCs })},
	deviceCount("upses", "ups_asked ups_answered", upsRounds, func(d *declared.Declaration) *int64 { return d.UPSes }),
	deviceCount("printers", "printer_asked printer_answered", printerRounds, func(d *declared.Declaration) *int64 { return d.Printers }),
	{
		Name: "correct_percent", Unit: "%", Measured: true,
		columns: "clock_told clock_wrong points rejected", day: (*judge.Period).Correct,
		observed: func(p *judge.Period) int64 { return p.ClockTold },
	},
	{
		Name: "complete_percent", Unit: "%", Measured: true,
		columns: "rounds_due rounds devices_due devices", day: (*judge.Period).Complete, observed: roundsOf,
	},
	{
		Name: "clean_percent", Unit: "%", Measured: true,
		columns: "points rejected batches duplicates interfaces unnamed", day: (*judge.Period).Clean,
		observed: func(p *judge.Period) int64 { return p.Points },
	},
	{
		Name: "live_percent", Unit: "%", Measured: true,
		columns: "stale_seconds requests late", day: (*judge.Period).Live,
		observed: func(p *judge.Period) int64 { return p.Requests },
	},
}

// MeasureOf finds one by its name; nil: there is none.
func MeasureOf(name string) *Measure {
	if i := slices.IndexFunc(Measures, func(m Measure) bool { return m.Name == name }); i >= 0 {
		return &Measures[i]
	}
	return nil
}

// knownColumns are the columns that tell how much of a day is known.
const knownColumns = "due_seconds unknown_seconds maintenance_seconds"

// Columns are those of site_day that the standard's measures need, for [judge.PeriodOf].
func (s *Standard) Columns() []store.Selector {
	names := strings.Fields(knownColumns)
	for i := range s.Criteria {
		c := &s.Criteria[i]
		if m := MeasureOf(c.Measure); m != nil && c.measured() {
			names = append(names, strings.Fields(m.columns)...)
		}
		if c.Exempt == PowerSteady {
			names = append(names, strings.Fields(powerColumns)...)
		}
	}
	slices.Sort(names)
	columns := []store.Selector{}
	for _, name := range slices.Compact(names) {
		columns = append(columns, store.Selector{Field: name})
	}
	return columns
}
