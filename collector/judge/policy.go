package judge

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/settings"
)

// Policy is by what figures one site is judged. What each is for, and why its default,
// stands in policy.yaml.
type Policy struct {
	Interval    time.Duration `json:"-"` // between the office's rounds
	SilentAfter time.Duration `json:"-"` // without a receipt, or a round, a site that is due is silent

	SilentRounds int           `json:"silent_rounds"` // that a site which is due may miss, before it is silent
	Battery      time.Duration `json:"battery"`       // a UPS that was on battery within this before silence tells of a power cut

	DeadRounds    int           `json:"dead_rounds"`    // failed in a row, the newest included, before a target counts as dead
	FreshRounds   int           `json:"fresh_rounds"`   // a target without a round in as many intervals is not judged
	LossRounds    int           `json:"loss_rounds"`    // loss and delay are counted over as many intervals
	RecoverRounds int           `json:"recover_rounds"` // good in a row before an outage is over
	Loss          float64       `json:"loss"`           // above 0, to 1: from this on a line is degraded
	Slow          time.Duration `json:"slow"`           // median round trip to uplink targets from which a line is degraded
	Opening       time.Duration `json:"opening"`        // after a calendar says open, people have yet to come in
	Closing       time.Duration `json:"closing"`        // before it says closed, they may have gone home already

	Rejoin time.Duration `json:"rejoin"` // an office, or a device, that is lost again within this goes on with its outage, whatever was lost
	Flaps  int           `json:"flaps"`  // interruptions of one outage from which it is called flapping; it is then over after Calm only
	Calm   time.Duration `json:"calm"`
}

// Policies are those of a province.
type Policies struct {
	Plain, Mountain Policy        // Interval and SilentAfter are set for each site
	Interval        time.Duration // of sites whose template says none; 0: the contract's
	Together        time.Duration // outages that began within this of one another may be one incident
	Least           int           // offices that share a provider or an area, and fall together, before they are one incident
	Alarms          map[string]AlarmPolicy
}

// AlarmPolicy is when a person is told of one of api.AlarmKinds.
type AlarmPolicy struct {
	Threshold float64 // in the unit of what is measured; 0 where the kind has none
}

// PolicyText is policy.yaml, for people to read and to begin with.
//
//go:embed policy.yaml
var PolicyText string

// DefaultPolicies are what policy.yaml says; a test holds them against it.
func DefaultPolicies() Policies {
	plain := Policy{
		SilentRounds: 3, Battery: 10 * time.Minute,
		DeadRounds: 2, FreshRounds: 3, LossRounds: 5, RecoverRounds: 2, Loss: 0.2, Slow: 400 * time.Millisecond,
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

// LoadPolicies reads a file that overrides what it names of policy.yaml; an empty path
// overrides nothing. The error is a [settings.Problems] if the file could be opened.
func LoadPolicies(path string) (*Policies, error) {
	if path == "" {
		policies := DefaultPolicies()
		return &policies, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, settings.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read policy %s: %w", path, err)
	}
	return readPolicies(path, data)
}

// policyFile is policy.yaml.
type policyFile struct {
	Plain     Policy `json:"plain"`
	Mountain  Policy `json:"mountain"`
	Incidents struct {
		Together time.Duration `json:"together"`
		Least    int           `json:"least"`
	} `json:"incidents"`
	Alarms struct {
		DiskFull    float64       `json:"disk_full_percent"`
		Certificate time.Duration `json:"certificate_left"`
		Clock       time.Duration `json:"clock_off"`
	} `json:"alarms"`
}

// readPolicies lays a file over the embedded one. The mountain row is as the plain one
// but for what either file says of it, so both are read twice: when plain is known,
// mountain begins as it.
func readPolicies(name string, data []byte) (*Policies, error) {
	var p policyFile
	var read *settings.File
	for range 2 {
		p.Mountain = p.Plain
		if _, err := settings.Decode("policy.yaml", []byte(PolicyText), &p); err != nil {
			return nil, err
		}
		read, _ = settings.Decode(name, data, &p) // what is wrong is said below, together with what is out of range
	}
	p.check(read)
	if err := read.Err(); err != nil {
		return nil, err
	}
	return p.policies(), nil
}

func (f *policyFile) policies() *Policies {
	p := &Policies{Plain: f.Plain, Mountain: f.Mountain, Together: f.Incidents.Together, Least: f.Incidents.Least, Alarms: map[string]AlarmPolicy{}}
	for kind := range strings.FieldsSeq(api.AlarmKinds) {
		p.Alarms[kind] = AlarmPolicy{}
	}
	p.Alarms["disk_full"] = AlarmPolicy{f.Alarms.DiskFull}
	p.Alarms["certificate"] = AlarmPolicy{f.Alarms.Certificate.Seconds()}
	p.Alarms["clock_wrong"] = AlarmPolicy{float64(f.Alarms.Clock.Milliseconds())}
	return p
}

// interval is at what a site measures.
func (p *Policies) interval(site *inventory.Site) time.Duration {
	return cmp.Or(site.Interval, p.Interval, api.DefaultInterval)
}

// For is the policy of one site, which measures at an interval.
func (p *Policies) For(site *inventory.Site, interval time.Duration) Policy {
	one := p.Plain
	if site.Mountainous() {
		one = p.Mountain
	}
	one.Interval, one.SilentAfter = interval, silentAfter(one.SilentRounds, interval)
	return one
}

// silentAfter is so many intervals and a half more, the half at most 30 s.
func silentAfter(rounds int, interval time.Duration) time.Duration {
	return time.Duration(rounds)*interval + min(interval/2, 30*time.Second)
}

// back is for how many rounds before the newest receipt rounds matter.
func (p *Policy) back() int {
	return max(p.LossRounds, p.FreshRounds, p.DeadRounds+p.RecoverRounds)
}
