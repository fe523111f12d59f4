package goal

import (
	"slices"

	"communewatch/collector/goal/declared"
	"communewatch/collector/judge"
)

// countPair is two counts of a day: of all, so many.
type countPair func(*judge.Period) (all, some int64)

var (
	uplinkEchoes  countPair = func(p *judge.Period) (int64, int64) { return p.Sent, p.Received }
	lanEchoes     countPair = func(p *judge.Period) (int64, int64) { return p.LANSent, p.LANReceived }
	routerRounds  countPair = func(p *judge.Period) (int64, int64) { return p.RouterAsked, p.RouterAnswered }
	switchRounds  countPair = func(p *judge.Period) (int64, int64) { return p.SwitchAsked, p.SwitchAnswered }
	upsRounds     countPair = func(p *judge.Period) (int64, int64) { return p.UPSAsked, p.UPSAnswered }
	printerRounds countPair = func(p *judge.Period) (int64, int64) { return p.PrinterAsked, p.PrinterAnswered }
)

func (c countPair) all(p *judge.Period) int64 { all, _ := c(p); return all }

func (c countPair) some(p *judge.Period) int64 { _, some := c(p); return some }

// lost is what is missing of all, in percent; false where there is nothing.
func (c countPair) lost(p *judge.Period) (float64, bool) {
	all, some := c(p)
	return 100 * float64(all-some) / float64(max(all, 1)), all > 0
}

// answered is the rest.
func (c countPair) answered(p *judge.Period) (float64, bool) {
	all, some := c(p)
	return 100 * float64(some) / float64(max(all, 1)), all > 0
}

// answersAtAll is 1 where one of all answered, else 0.
func answersAtAll(c countPair) func(*judge.Period) (float64, bool) {
	return func(p *judge.Period) (float64, bool) {
		all, some := c(p)
		return float64(min(some, 1)), all > 0
	}
}

func answeredPercent(name, columns string, c countPair) Measure {
	return Measure{Name: name, Unit: "%", Measured: true, columns: columns, day: c.answered, observed: c.all}
}

// deviceCount is how many of a kind an office has.
func deviceCount(name, columns string, c countPair, count func(*declared.Declaration) *int64) Measure {
	return Measure{
		Name: name, Measured: true, Declared: true, LowerBound: true,
		columns: columns, day: answersAtAll(c), observed: c.all, said: countSaid(count),
	}
}

func roundsOf(p *judge.Period) int64 { return p.Rounds }

// roundTrip is nothing on a day without an answer: of that, loss tells.
func roundTrip(p *judge.Period) (float64, bool) { return p.RTT[1], p.Received > 0 }

// peakOf is in Mbit/s; a counter that was never read shows nothing.
func peakOf(bps func(*judge.Period) int64) func(*judge.Period) (float64, bool) {
	return func(p *judge.Period) (float64, bool) { return float64(bps(p)) / 1e6, bps(p) > 0 }
}

// over is a measure's value of many days that tell it: of their sums, since a mean of
// percents would weigh a day of one hour like a whole one.
func (m *Measure) over(days []*judge.Period) *float64 {
	var value float64
	switch {
	case len(days) == 0:
		return nil
	case m.window != nil:
		value = m.window(days)
	case m.LowerBound:
		for _, p := range days {
			one, _ := m.day(p)
			value = max(value, one)
		}
	default:
		total := sumOf(days)
		value, _ = m.day(&total)
	}
	return &value
}

// medianRoundTrip is the median of the days': percentiles do not add up.
func medianRoundTrip(days []*judge.Period) float64 {
	all := make([]float64, len(days))
	for i, p := range days {
		all[i], _ = roundTrip(p)
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}

// sumOf adds up what percents are made of.
func sumOf(days []*judge.Period) (t judge.Period) {
	for _, p := range days {
		t.Due += p.Due
		t.Down += p.Down
		t.Unknown += p.Unknown
		t.Maintenance += p.Maintenance
		t.Stale += p.Stale
		t.Sent += p.Sent
		t.Received += p.Received
		t.LANSent += p.LANSent
		t.LANReceived += p.LANReceived
		t.RoundsDue += p.RoundsDue
		t.Rounds += p.Rounds
		t.DevicesDue += p.DevicesDue
		t.Devices += p.Devices
		t.ClockTold += p.ClockTold
		t.ClockWrong += p.ClockWrong
		t.Requests += p.Requests
		t.Late += p.Late
		t.Points += p.Points
		t.Rejected += p.Rejected
		t.Batches += p.Batches
		t.Duplicates += p.Duplicates
		t.Interfaces += p.Interfaces
		t.Unnamed += p.Unnamed
		t.RouterAsked += p.RouterAsked
		t.RouterAnswered += p.RouterAnswered
		t.SwitchAsked += p.SwitchAsked
		t.SwitchAnswered += p.SwitchAnswered
		t.UPSAsked += p.UPSAsked
		t.UPSAnswered += p.UPSAnswered
		t.PrinterAsked += p.PrinterAsked
		t.PrinterAnswered += p.PrinterAnswered
		t.PowerCuts += p.PowerCuts
	}
	return t
}

// lineSaid is 1 where there is a line.
func lineSaid(d *declared.Declaration) (*float64, string) {
	if d.Line == "" {
		return nil, ""
	}
	there := 1.0
	if d.Line == noLine {
		there = 0
	}
	return &there, d.Line
}

// noLine is the one of declared.Lines that is none.
const noLine = "none"

func countSaid(count func(*declared.Declaration) *int64) func(*declared.Declaration) (*float64, string) {
	return func(d *declared.Declaration) (*float64, string) {
		n := count(d)
		if n == nil {
			return nil, d.Models
		}
		value := float64(*n)
		return &value, d.Models
	}
}
