package judge

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// Alarms are what people shall be told of now, and, as 0, what they were told of and is
// over since less than a quarter of an hour: from the open outages, the states, and what is stored
// of UPSes, disks, certificates, versions and clocks.
//
// An alarm that was told keeps its tags, whatever was edited or judged otherwise
// meanwhile, its incident too: Grafana takes another label for another alarm, and would say that
// the first is over. So what may yet be part of an incident is told a little later.
// What an outage was, and is over, is no alarm; nor does it end another.
func Alarms(ctx context.Context, s Store, inv *inventory.Inventory, p *Policies, outages []Outage, incidents []Incident, now time.Time) ([]*api.Point, error) {
	a := &alarms{store: s, inv: inv, policies: p, now: now, sizes: map[string]int{}}
	for i := range incidents {
		a.sizes[incidents[i].ID] = len(incidents[i].Members)
	}
	if err := a.readTold(ctx); err != nil {
		return nil, fmt.Errorf("read alarms: %w", err)
	}
	if err := a.readStates(ctx); err != nil {
		return nil, fmt.Errorf("read states for alarms: %w", err)
	}
	a.lost(outages)
	a.bad(outages)
	for _, measured := range []func(context.Context) error{a.batteries, a.disks, a.certificates, a.versions, a.clocks, a.drops} {
		if err := measured(ctx); err != nil {
			return nil, fmt.Errorf("read what to be alarmed of: %w", err)
		}
	}
	return a.points(), nil
}

// alarms is one judgement of what people shall be told of.
type alarms struct {
	store    Store
	inv      *inventory.Inventory
	policies *Policies
	now      time.Time
	sizes    map[string]int       // of incidents, by id
	told     map[string][]*told   // by key
	states   map[string]siteState // newest, by site
	wanted   []alarm
}

// alarm is what a person shall be told of.
type alarm struct {
	kind     string
	site     inventory.Site
	incident string // id; of what is no outage, the alarm's own
	since    time.Time
	evidence string
	sites    int

	ofOutage   bool // it is since a time that is known
	quiet      bool // a maintenance window holds
	onlyIfTold bool // if it was not told before, it is not told now
}

// alarmKey is by which an alarm is known again, whatever its other tags are: an office
// has one outage of a kind, and as many of its devices as there are incidents.
func alarmKey(kind, site, incident string) string {
	switch kind {
	case string(api.StateUplinkDown), string(api.StateLANDown), string(api.StatePowerLost), string(api.StateSilent):
		incident = ""
	}
	return kind + "\x00" + site + "\x00" + incident
}

// want adds an alarm if the policy has its kind and the site is known.
func (a *alarms) want(site string, one alarm) {
	var known bool
	if one.site, known = a.inv.Site(site); !known {
		return
	}
	if _, on := a.policies.Alarms[one.kind]; !on {
		return
	}
	one.quiet = len(a.inv.Maintenance(site, a.now, a.now)) > 0
	one.incident = api.CleanTag(cmp.Or(one.incident, one.kind+"-"+site))
	one.sites = max(one.sites, 1)
	a.wanted = append(a.wanted, one)
}

// points writes what is wanted, and the end of what was told and is not.
func (a *alarms) points() []*api.Point {
	var out []*api.Point
	seen := map[string]bool{}
	slices.SortStableFunc(a.wanted, func(x, y alarm) int { return x.since.Compare(y.since) })
	for i := range a.wanted {
		one := &a.wanted[i]
		k := alarmKey(one.kind, one.site.ID, one.incident)
		if seen[k] {
			continue
		}
		before := a.before(k, one)
		if !one.isTold(before) {
			continue
		}
		seen[k] = true
		out = append(out, a.point(one, before))
	}
	for _, all := range a.told {
		for _, t := range all {
			if !t.used && (t.active || t.lately) {
				out = append(out, a.ended(t))
			}
		}
	}
	slices.SortFunc(out, func(x, y *api.Point) int { return slices.CompareFunc(x.Tags, y.Tags, compareTags) })
	return out
}

// isTold tells whether a person is told of it, before being as what it was told. A
// maintenance window lets nothing begin, and ends nothing: what was told before the work
// began goes on until it is over, because an end is understood as "it works again".
func (one *alarm) isTold(before *told) bool {
	if one.quiet {
		return before != nil && before.active
	}
	return before != nil || !one.onlyIfTold
}

func compareTags(a, b api.TagValue) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
}

// before finds the series in which an alarm was told already, the newest.
func (a *alarms) before(key string, one *alarm) *told {
	var best *told
	for _, t := range a.told[key] {
		if !t.used && t.goesOn(one, a.policies.Together) && (best == nil || t.last.After(best.last)) {
			best = t
		}
	}
	return best
}

// point is an alarm that lasts.
func (a *alarms) point(one *alarm, before *told) *api.Point {
	p := api.NewPoint("alarm", a.now.Truncate(time.Second))
	since := one.since
	if before != nil {
		p.Tags, since, before.used = before.tags, before.since, true
	} else {
		p.Tags = a.tags(one)
	}
	return p.Int("active", 1).Int("since_ms", unixMilli(since)).Int("sites", int64(one.sites))
}

func (a *alarms) ended(t *told) *api.Point {
	p := api.NewPoint("alarm", a.now.Truncate(time.Second))
	p.Tags = t.tags
	return p.Int("active", 0).Int("since_ms", unixMilli(t.since)).Int("sites", t.sites)
}

// sinceForm is how a time stands in a message.
const sinceForm = "15:04 02/01/2006"

// tags are an alarm's at its beginning.
func (a *alarms) tags(one *alarm) []api.TagValue {
	mountain := "0"
	if one.site.Mountainous() {
		mountain = "1"
	}
	provider, _ := a.inv.Provider(one.site.Provider)
	p := api.Point{}
	p.Tag(api.TagKind, one.kind).Tag(api.TagSite, one.site.ID).Tag(api.TagIncident, one.incident).Tag("mountain", mountain).
		Tag("label", tagText(labelOf(one.site))).
		Tag("since", one.since.In(zone).Format(sinceForm)).
		Tag("evidence", tagText(one.evidence)).
		Tag("office", tagText(one.site.Responsible, one.site.Phone)).
		Tag("provider", tagText(provider.Name, provider.Hotline))
	return p.Tags
}

// tagText joins what is known, cleaned and cut; "-" stands for nothing.
func tagText(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return strings.TrimSpace(s) == "" })
	return cmp.Or(api.CleanTag(strings.Join(parts, " · ")), "-")
}
