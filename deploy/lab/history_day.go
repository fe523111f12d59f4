package lab

import (
	"math"
	"math/rand/v2"

	"communewatch/collector/judge"
)

// What an invented office measures: once a minute, ten echoes to each of two addresses
// beyond its line, to a router and to a switch; a printer, and a UPS where there is one.
const (
	inventedEvery  = 60 // seconds
	inventedEchoes = 10
	uplinkTargets  = 2
	lanTargets     = 2
	roundPoints    = 10
)

// inventedDay is one day of an office in the making.
type inventedDay struct {
	judge.Period
	past   *past
	ago    int // months before the last
	random *rand.Rand
}

// off tells whether the PC that measures was off all day.
func (d *inventedDay) off() bool {
	switch d.past.fate {
	case HalfOn:
		return d.random.IntN(3) > 0
	case FellSilent:
		return d.ago < 0 || d.ago == 0 && d.From.In(d.past.joined.Location()).Day() > 9
	}
	return false
}

// miss is a day of which nothing is known.
func (d *inventedDay) miss() {
	d.Unknown, d.Stale = d.Due-d.Maintenance, d.Due
	d.RoundsDue = d.Due / inventedEvery
	if d.Due > 0 {
		d.DevicesDue, d.Age = d.devices(), 86_400
	}
}

// devices are those within the office that it was told to measure.
func (d *inventedDay) devices() int64 {
	if d.past.fate.hasUPS() {
		return 4
	}
	return 3
}

func (d *inventedDay) measure() {
	open := d.Due - d.Maintenance
	d.Unknown = int64(float64(open) * 0.04 * d.random.Float64())
	d.cutPower(open - d.Unknown)
	d.Down = min(d.Down, open-d.Unknown)
	rounds := (open - d.Unknown) / inventedEvery
	d.RoundsDue, d.Rounds = d.Due/inventedEvery, rounds
	if d.past.fate == PowerFails {
		d.Rounds -= min(d.Down/inventedEvery, d.Rounds)
		rounds = d.Rounds
	}
	d.line(rounds)
	d.office(rounds)
	d.transport(rounds)
}

// cutPower decides of cuts, and of the time in which the line was down otherwise.
func (d *inventedDay) cutPower(known int64) {
	f, mountain := d.past.fate, d.past.site.Mountainous()
	if d.random.IntN(10) == 0 {
		d.Down = int64(float64(known) * 0.006 * d.random.Float64())
	}
	switch {
	case f == PowerFails && d.random.IntN(6) == 0:
		d.PowerCuts = 1 + d.random.Int64N(2)
		d.Down += int64(float64(known) * (0.05 + 0.15*d.random.Float64()))
	case f.hasUPS() && mountain && d.random.IntN(15) == 0: // the UPS carried the router over it
		d.PowerCuts = 1
	}
}

// line is what it carried, and how.
func (d *inventedDay) line(rounds int64) {
	f, mountain := d.past.fate, d.past.site.Mountainous()
	loss, rtt := 0.004*d.random.Float64(), 5+4*d.random.Float64()
	if mountain {
		loss, rtt = 0.012*d.random.Float64(), 20+12*d.random.Float64()
	}
	switch {
	case f == Leaky, f == Relapsed && d.ago <= 0:
		loss, rtt = 0.07+0.08*d.random.Float64(), 60+80*d.random.Float64()
		d.Down += int64(float64(d.Due) * 0.06 * d.random.Float64())
		d.Down = min(d.Down, d.Due-d.Maintenance-d.Unknown)
	case f == FarAway:
		loss, rtt = 0.01*d.random.Float64(), 580+60*d.random.Float64()
	}
	d.Sent = uplinkTargets * inventedEchoes * rounds
	d.Received = lessOf(d.Sent, loss+float64(d.Down)/float64(d.Due))
	d.RTT = [3]float64{round3(rtt), round3(rtt * (1.3 + d.random.Float64()/2)), round3(rtt * (2 + d.random.Float64()))}
	down, up := f.contract(mountain)
	d.PeakIn = int64(1e6 * down * (0.12 + 0.08*d.random.Float64()))
	d.PeakOut = int64(1e6 * up * (0.05 + 0.1*d.random.Float64()))
	switch f {
	case SlowLine: // filled every day
		d.PeakIn = int64(1e6 * down * (0.9 + 0.08*d.random.Float64()))
	case Contrary: // it needs no declaration to be seen
		d.PeakIn = int64(1e6 * (22 + 20*d.random.Float64()))
	}
}

// office is what answered within it.
func (d *inventedDay) office(rounds int64) {
	f := d.past.fate
	dead := f == DeadSwitch
	d.RouterAsked, d.RouterAnswered = rounds, lessOf(rounds, 0.003*d.random.Float64())
	d.SwitchAsked, d.SwitchAnswered = rounds, lessOf(rounds, 0.003*d.random.Float64())
	d.PrinterAsked, d.PrinterAnswered = rounds, lessOf(rounds, 0.3*d.random.Float64()) // it sleeps
	d.LANSent = lanTargets * inventedEchoes * rounds
	d.LANReceived = lessOf(d.LANSent, 0.0008*d.random.Float64())
	switch {
	case dead:
		d.SwitchAnswered, d.LANReceived = 0, d.LANSent/lanTargets
	case f == FirstMet && d.ago > 0:
		d.SwitchAnswered = lessOf(rounds, 0.05+0.15*d.random.Float64())
		d.LANReceived = d.LANSent/lanTargets + d.SwitchAnswered*inventedEchoes
	}
	if f.hasUPS() {
		d.UPSAsked, d.UPSAnswered = rounds, lessOf(rounds, 0.002*d.random.Float64())
	}
	d.DevicesDue, d.Devices = d.devices(), d.devices()
	if dead {
		d.Devices--
	}
	d.Interfaces = 2
	if f == Nameless {
		d.Unnamed = 1
	}
}

// transport is how it came in.
func (d *inventedDay) transport(rounds int64) {
	d.ClockTold, d.Requests, d.Batches, d.Points = 2*rounds, rounds, rounds, roundPoints*rounds
	d.Late = int64(float64(d.Requests) * 0.02 * d.random.Float64())
	d.Duplicates = int64(float64(d.Batches) * 0.01 * d.random.Float64())
	d.Stale = min(d.Due, d.Unknown+int64(float64(d.Due)*0.02*d.random.Float64()))
	d.Age = 65 + d.Stale
	d.Delay = 700 + d.random.Int64N(1500)
}

// lessOf takes a share away.
func lessOf(n int64, share float64) int64 {
	return n - min(n, int64(math.Round(float64(n)*share)))
}
