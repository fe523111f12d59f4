package judge

import (
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// Policy is by what figures one site is judged.
type Policy struct {
	Interval    time.Duration // between the office's rounds
	SilentAfter time.Duration // without a receipt, or a round, a site that is due is silent

	SilentRounds int           // that a site which is due may miss, before it is silent
	Battery      time.Duration // a UPS that was on battery within this before silence tells of a power cut

	DeadRounds    int           // failed in a row, the newest included, before a target counts as dead
	FreshRounds   int           // a target without a round in as many intervals is not judged
	LossRounds    int           // loss and delay are counted over as many intervals
	RecoverRounds int           // good in a row before an outage is over
	Loss          float64       // above 0, to 1: from this on a line is degraded
	Slow          time.Duration // median round trip to uplink targets from which a line is degraded
	Opening       time.Duration // after a calendar says open, people have yet to come in
	Closing       time.Duration // before it says closed, they may have gone home already

	Rejoin time.Duration // two outages of one kind with less than this between them are one
	Flaps  int           // interruptions of one outage from which it is called flapping; it is then over after Calm only
	Calm   time.Duration
}

// Policies are those of a province.
type Policies struct {
	Plain, Mountain Policy        // Interval and SilentAfter are set for each site
	Together        time.Duration // outages that began within this of one another may be one incident
	Least           int           // outages that share a provider or an area before they are one incident
	Alarms          map[string]AlarmPolicy
}

// AlarmPolicy is when a person is told of one of api.AlarmKinds.
type AlarmPolicy struct {
	Threshold float64 // in the unit of what is measured; 0 where the kind has none
}

// DefaultPolicies are what policy.yaml says.
func DefaultPolicies() Policies {
	plain := Policy{
		SilentRounds: 3, Battery: 10 * time.Minute,
		DeadRounds: 2, FreshRounds: 3, LossRounds: 5, RecoverRounds: 2, Loss: DefaultLoss, Slow: 400 * time.Millisecond,
		Opening: 30 * time.Minute, Closing: 30 * time.Minute, Rejoin: 10 * time.Minute, Flaps: 3, Calm: 20 * time.Minute,
	}
	mountain := plain
	mountain.Loss, mountain.Slow = 0.4, 800*time.Millisecond
	return Policies{
		Plain: plain, Mountain: mountain, Together: 5 * time.Minute, Least: 3,
		Alarms: map[string]AlarmPolicy{
			"disk_full": {90}, "certificate": {14 * 24 * 3600}, "clock_wrong": {60_000}, "loss": {}, "slow": {}, "ups_on_battery": {}, "agent_outdated": {}, "data_dropped": {},
			"uplink_down": {}, "lan_down": {}, "power_lost": {}, "silent": {}, api.KindDevice: {},
		},
	}
}

// For is the policy of one site, which measures at an interval.
func (p *Policies) For(site *inventory.Site, interval time.Duration) Policy {
	one := p.Plain
	if site.Mountainous() {
		one = p.Mountain
	}
	one.Interval, one.SilentAfter = interval, SilentAfter(interval)
	return one
}
