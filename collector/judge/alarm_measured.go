package judge

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// How old the newest value may be. A UPS that was last heard longer ago may be anywhere; a
// metered line sends every ten minutes. What changes slowly stays true while an office is
// closed, over a weekend too.
const (
	quickAge = 15 * time.Minute
	slowAge  = 7 * 24 * time.Hour
)

// quick is how old the newest word of an office's UPS may be: it is asked with each round.
func (a *alarms) quick(site *inventory.Site) time.Duration {
	return max(quickAge, 2*a.policies.interval(site))
}

// longestQuick is the longest of these.
func (a *alarms) longestQuick() time.Duration {
	longest := quickAge
	for _, site := range a.inv.Sites() {
		longest = max(longest, a.quick(&site))
	}
	return longest
}

// newest is the last value of one series, and what stood beside it.
type newest struct {
	site, target string
	at           time.Time
	row          store.Row
}

// device reads the newest value of a field of each device.
func (a *alarms) device(ctx context.Context, field string, age time.Duration) ([]newest, error) {
	series, err := a.store.Select(ctx, store.Query{
		Measurement: "device", By: []string{api.TagSite, api.TagTarget}, From: a.now.Add(-age), To: a.now.Add(api.MaxAhead),
		Select: []store.Selector{{Func: "last", Field: field}},
	})
	out := make([]newest, 0, len(series))
	for _, s := range series {
		row := s.Rows[len(s.Rows)-1]
		out = append(out, newest{s.Tags[api.TagSite], s.Tags[api.TagTarget], row.Time, row})
	}
	return out, err
}

// agent reads the newest value of a field of each site's agent, between two times: where an
// agent took the place of another, of the one that was heard last.
func (a *alarms) agent(ctx context.Context, field string, from, to time.Time) (map[string]newest, error) {
	series, err := a.store.Select(ctx, store.Query{
		Measurement: "agent_health", By: []string{api.TagSite, api.TagAgent}, From: from, To: to,
		Select: []store.Selector{{Func: "last", Field: field}},
	})
	out := map[string]newest{}
	for _, s := range series {
		row, site := s.Rows[len(s.Rows)-1], s.Tags[api.TagSite]
		if before, has := out[site]; !has || row.Time.After(before.at) {
			out[site] = newest{site, "", row.Time, row}
		}
	}
	return out, err
}

// lately is [alarms.agent] up to now, of what changes slowly.
func (a *alarms) lately(ctx context.Context, field string) (map[string]newest, error) {
	return a.agent(ctx, field, a.now.Add(-slowAge), a.now.Add(api.MaxAhead))
}

// batteries are the UPSes that feed their office from the battery.
func (a *alarms) batteries(ctx context.Context) error {
	all, err := a.device(ctx, batteryField, a.longestQuick())
	for _, n := range all {
		if site, known := a.inv.Site(n.site); !known || a.now.Sub(n.at) > a.quick(&site) {
			continue
		}
		if count := n.row.Values[batteryField].Float(); count >= 1 {
			a.want(n.site, alarm{kind: "ups_on_battery", incident: "ups_on_battery-" + n.site + "-" + n.target, since: n.at, evidence: fmt.Sprintf("%s, %s %g", n.target, batteryField, count)})
		}
	}
	return err
}

// disks are those that are nearly full. Every profile that knows disks gives the fullest
// as disk_percent.
func (a *alarms) disks(ctx context.Context) error {
	const field = "disk_percent"
	all, err := a.device(ctx, field, slowAge)
	for _, n := range all {
		if full := n.row.Values[field].Float(); full >= a.policies.Alarms["disk_full"].Threshold {
			a.want(n.site, alarm{kind: "disk_full", incident: "disk_full-" + n.site + "-" + n.target, since: n.at, evidence: fmt.Sprintf("%s, %.0f %%", n.target, full)})
		}
	}
	return err
}

// certificates are those that end soon. An agent that is not heard goes on to grow older.
func (a *alarms) certificates(ctx context.Context) error {
	const field = "certificate_left_seconds"
	soon := time.Duration(a.policies.Alarms["certificate"].Threshold * float64(time.Second))
	all, err := a.lately(ctx, field)
	for _, n := range all {
		end := n.at.Add(time.Duration(n.row.Values[field].Integer()) * time.Second).Round(time.Minute)
		if end.Sub(a.now) < soon {
			a.want(n.site, alarm{kind: "certificate", since: end.Add(-soon), evidence: moment(end)})
		}
	}
	return err
}

// clocks are those that are wrong.
func (a *alarms) clocks(ctx context.Context) error {
	const field = "clock_offset_ms"
	all, err := a.lately(ctx, field)
	for _, n := range all {
		if off := n.row.Values[field].Float(); math.Abs(off) >= a.policies.Alarms["clock_wrong"].Threshold {
			a.want(n.site, alarm{kind: "clock_wrong", since: n.at, evidence: fmt.Sprintf("%+.0f s", -off/1000)})
		}
	}
	return err
}

// drops are agents that dropped data within a day. The count is since the agent's start
// and is not sent while it is zero: what differs from the day before grew.
func (a *alarms) drops(ctx context.Context) error {
	const field = "dropped_batches"
	day := a.now.Add(-24 * time.Hour)
	before, err := a.agent(ctx, field, day.Add(-slowAge), day)
	if err != nil {
		return err
	}
	all, err := a.agent(ctx, field, day, a.now.Add(api.MaxAhead))
	for site, n := range all {
		had, has := before[site].row.Values[field]
		if dropped := n.row.Values[field].Integer(); !has || dropped != had.Integer() {
			a.want(site, alarm{kind: "data_dropped", since: n.at, evidence: fmt.Sprintf("%d → %d", had.Integer(), dropped)})
		}
	}
	return err
}

// versions are agents older than what others ran a week ago already: by then whoever
// updates by himself has. What two sites run counts, so that one agent that was built by hand
// makes nobody old; a version that cannot be read is neither old nor new. All are told together.
func (a *alarms) versions(ctx context.Context) error {
	const field = "version"
	week := a.now.Add(-slowAge)
	before, err := a.agent(ctx, field, week.Add(-slowAge), week)
	if err != nil {
		return err
	}
	var best, second release
	for _, n := range before {
		v, ok := readVersion(n.row.Values[field].Text())
		switch {
		case ok && v.compare(best) > 0:
			best, second = v, best
		case ok && v.compare(second) > 0:
			second = v
		}
	}
	if second.text == "" {
		return nil
	}
	all, err := a.lately(ctx, field)
	for _, n := range all {
		if v, ok := readVersion(n.row.Values[field].Text()); ok && v.compare(second) < 0 {
			a.want(n.site, alarm{kind: "agent_outdated", incident: "agent_outdated", since: a.now, evidence: strings.Join([]string{v.text, second.text}, " < ")})
		}
	}
	return err
}
