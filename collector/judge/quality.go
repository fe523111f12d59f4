package judge

import "time"

// The figures of QUALITY.md that are made of counts. Each gives false where the counts
// say nothing: a site of which nothing is known has no percent, neither 0 nor 100.

// percents are the figures with their fields.
var percents = [...]struct {
	field string
	of    func(*Period) (float64, bool)
}{
	{"availability_percent", (*Period).Availability},
	{"loss_percent", (*Period).Loss},
	{"correct_percent", (*Period).Correct},
	{"complete_percent", (*Period).Complete},
	{"clean_percent", (*Period).Clean},
	{"live_percent", (*Period).Live},
}

// Known is the due time that was up or down.
func (p *Period) Known() int64 { return p.Due - p.Unknown - p.Maintenance }

// Availability is the share of known time that was up.
func (p *Period) Availability() (float64, bool) {
	return worst(p.Known() > 0, partLeft(p.Down, p.Known()))
}

// Loss is the share of echoes to uplink targets that were not answered.
func (p *Period) Loss() (float64, bool) {
	return worst(p.Sent > 0, partOf(p.Sent-p.Received, p.Sent))
}

// Correct is "đúng": the clock was in bounds, and values were in their ranges.
func (p *Period) Correct() (float64, bool) {
	return worst(p.ClockTold > 0, partLeft(p.ClockWrong, p.ClockTold), partLeft(p.Rejected, p.Points))
}

// Complete is "đủ": the rounds that were due came in, and what an office has was there.
func (p *Period) Complete() (float64, bool) {
	return worst(p.RoundsDue > 0, partOf(p.Rounds, p.RoundsDue), partOf(p.Devices, p.DevicesDue))
}

// Clean is "sạch": little was rejected or sent twice, and interfaces have names.
func (p *Period) Clean() (float64, bool) {
	return worst(p.Points > 0, partLeft(p.Rejected, p.Points), partLeft(p.Duplicates, p.Batches), partLeft(p.Unnamed, p.Interfaces))
}

// Live is "sống": in due time there was a fresh point, and requests came soon after
// measuring.
func (p *Period) Live() (float64, bool) {
	return worst(p.Due > 0, partLeft(p.Stale, p.Due), partLeft(p.Late, p.Requests))
}

// part is one part of a figure; it may say nothing.
type part struct {
	percent float64
	told    bool
}

func partOf(n, of int64) part   { return part{100 * float64(n) / float64(max(of, 1)), of > 0} }
func partLeft(n, of int64) part { return partOf(of-n, of) }

// worst is the smallest of the parts that say something.
func worst(told bool, parts ...part) (float64, bool) {
	percent := 100.0
	for _, p := range parts {
		if p.told {
			percent = min(percent, max(p.percent, 0))
		}
	}
	return percent, told
}

// clockBound is how unsure a clock may be: beyond half an interval a round may be taken
// for its neighbour; and never more than half a minute.
func clockBound(p Policy) time.Duration { return min(p.Interval/2, 30*time.Second) }
