package judge

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// traffic is what passed one interface in one grain.
type traffic struct{ rounds, in, out int64 }

// flow is what passed one interface, by the grain's beginning.
type flow map[int64]traffic

// port is one interface, as one agent read it.
type port struct{ target, name, agent string }

// flows are those of the gateways' interfaces, by site.
type flows map[string]map[port]flow

// lineName is how makers call an interface that a provider's line is on.
var lineName = regexp.MustCompile(`(?i)^(wan|ppp|lte|wwan|dsl|gpon|internet)`)

// readFlows reads what passed the interfaces of the gateways.
func (s *sums) readFlows(ctx context.Context, e *equipment) (flows, error) {
	names := map[string]bool{}
	for key, role := range e.roles {
		if role == api.RoleGateway {
			names[key.target] = true
		}
	}
	q := s.query("interface", []string{api.TagAgent, api.TagTarget, api.TagInterface},
		store.Selector{Func: "count", Field: "oper_up", As: "rounds"}, store.Selector{Func: "sum", Field: "in_octets"}, store.Selector{Func: "sum", Field: "out_octets"})
	q.Where = append(q.Where, store.Match{Tag: api.TagTarget, Values: slices.Sorted(maps.Keys(names))})
	q.From, q.Every = s.from.Add(-s.longestBack()), grain
	series, err := s.figures.Store.Select(ctx, q)
	if err != nil {
		return nil, err
	}
	all := flows{}
	for _, one := range series {
		site := one.Tags[api.TagSite]
		if e.roles[targetKey{site, one.Tags[api.TagTarget]}] != api.RoleGateway {
			continue
		}
		passed := flow{}
		for _, row := range one.Rows {
			passed[row.Time.Unix()] = traffic{row.Values["rounds"].Integer(), row.Values["in_octets"].Integer(), row.Values["out_octets"].Integer()}
		}
		if all[site] == nil {
			all[site] = map[port]flow{}
		}
		all[site][port{one.Tags[api.TagTarget], one.Tags[api.TagInterface], one.Tags[api.TagAgent]}] = passed
	}
	return all, nil
}

// back is how far before it the round may be since which octets of a grain passed: one
// grain without rounds is overlooked, and no more.
func back(interval time.Duration) time.Duration {
	return (interval + grain - 1).Truncate(grain) + grain
}

func (s *sums) longestBack() time.Duration {
	longest := back(0)
	for i := range s.sites {
		longest = max(longest, back(s.figures.Policy(&s.sites[i]).Interval))
	}
	return longest
}

// rate is how many octets a second passed at least, in and out, in one grain. What a round
// tells has passed since the round before; where rounds are missing, it is spread
// over the time since the last that can have been. False: nobody knows since when.
func (f flow) rate(at time.Time, interval time.Duration) (in, out float64, known bool) {
	now := f[at.Unix()]
	if now.rounds == 0 {
		return 0, 0, false
	}
	for gone := grain; gone <= back(interval); gone += grain {
		before := f[at.Add(-gone).Unix()]
		if before.rounds == 0 {
			continue
		}
		missing := max(0, int64(grain/interval)-before.rounds)
		took := max(gone, time.Duration(now.rounds)*interval) + time.Duration(missing)*interval
		return float64(now.in) / took.Seconds(), float64(now.out) / took.Seconds(), true
	}
	return 0, 0, false
}

// countPeaks finds the busiest grain of a period, on the interface that received most in
// one: an office receives more than it sends, so towards the line and not the LAN. Where
// interfaces are called after a line, it is one of these.
func (p *Period) countPeaks(ports map[port]flow, t Span, interval time.Duration) {
	called := slices.ContainsFunc(slices.Collect(maps.Keys(ports)), func(o port) bool { return lineName.MatchString(o.name) })
	for _, o := range slices.SortedFunc(maps.Keys(ports), comparePorts) {
		if called && !lineName.MatchString(o.name) {
			continue
		}
		var in, out int64
		for at := t.From; at.Before(t.To); at = at.Add(grain) {
			received, sent, _ := ports[o].rate(at, interval)
			in, out = max(in, int64(8*received)), max(out, int64(8*sent))
		}
		if in > p.PeakIn || in == p.PeakIn && out > p.PeakOut {
			p.PeakIn, p.PeakOut = in, out
		}
	}
}

func comparePorts(a, b port) int {
	return cmp.Or(cmp.Compare(a.target, b.target), cmp.Compare(a.name, b.name), cmp.Compare(a.agent, b.agent))
}
