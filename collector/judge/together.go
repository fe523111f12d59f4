package judge

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// What is evidence of one cause, when offices fall within a few minutes:
//
//   - the same provider: for lines that are lost, and for silence of which nothing is known
//     but that it may be the line. Power, a LAN and a machine that was off are not the provider's.
//   - the same area: for all of these. Lines of several providers share poles, and all share the
//     mains: switches die with it and machines stop, with a UPS or without. An agent that alone
//     stopped is nobody's but its own office's.
//   - the path: lines whose trace ended near the collector, wherever the offices are.
//   - the whole province: lines and silence in half of its areas, and three at least, where no
//     provider has three quarters of them. That is more likely us than all of them.
//
// Devices are their office's own: those that begin together in one office are one.
//
// Who shares most wins: the largest group is taken first, then what is left of the others.
// Of equals the provider goes first, since it can be called.
const (
	byProvider = iota
	byArea
	byPath
	byProvince
	byOffice // devices
)

// longestChain is how many times Together an incident takes in what falls: on a day of storms
// somebody is always the next. What falls after that is news, and another incident. It
// is counted from the first, so that what comes later never parts what was one.
const longestChain = 6

// sharing is what outages have in common.
type sharing struct {
	by int
	id string
}

// fall is an outage with what is known of its office.
type fall struct {
	*Outage
	site *inventory.Site // of no id: nobody knows it
}

// group is outages of one incident, by their beginning.
type group []*fall

// gather is a partition of outages; it depends on nothing but the set of them.
type gather struct {
	policies *Policies
	areas    int // of the inventory
	taken    map[*fall]bool
	waiting  candidates
}

// groups parts the outages into incidents, by their beginning.
func groups(falls []*fall, inv *inventory.Inventory, p *Policies) []group {
	g := &gather{policies: p, areas: len(inv.Areas()), taken: make(map[*fall]bool, len(falls))}
	slices.SortFunc(falls, byBeginning)
	shared := map[sharing]group{}
	for _, f := range falls {
		for _, s := range f.shares() {
			shared[s] = append(shared[s], f)
		}
	}
	for s, all := range shared {
		g.propose(s, all)
	}
	var found []group
	for len(g.waiting) > 0 {
		if taken := g.next(); taken != nil {
			found = append(found, taken)
		}
	}
	for _, f := range falls {
		if !g.taken[f] {
			found = append(found, group{f})
		}
	}
	slices.SortFunc(found, func(a, b group) int { return byBeginning(a[0], b[0]) })
	return found
}

func byBeginning(a, b *fall) int {
	return cmp.Or(a.Started.Compare(b.Started), strings.Compare(a.ID, b.ID))
}

// shares is what may make an outage one with others.
func (f *fall) shares() []sharing {
	if f.Kind == api.KindDevice {
		return []sharing{{byOffice, f.Site}}
	}
	if f.site.ID == "" || f.Cause == api.AgentStopped {
		return nil
	}
	shares := []sharing{{byArea, f.site.AreaCode}}
	if f.line() {
		shares = append(shares, sharing{by: byProvince})
		if f.site.Provider != "" {
			shares = append(shares, sharing{byProvider, f.site.Provider})
		}
	}
	if f.Cause == api.ProvinceNet {
		shares = append(shares, sharing{by: byPath})
	}
	return shares
}

// line tells whether the line is, or may be, what was lost.
func (f *fall) line() bool {
	return f.Kind == string(api.StateUplinkDown) || f.Kind == string(api.StateSilent) && f.Cause == api.Unknown
}

// propose enters what of these began together and is enough for an incident.
func (g *gather) propose(s sharing, falls group) {
	for _, chain := range chains(falls, g.policies.Together) {
		if c := (&candidate{s, chain, chain.offices()}); g.enough(c) {
			heap.Push(&g.waiting, c)
		}
	}
}

func (g *gather) enough(c *candidate) bool {
	switch c.by {
	case byOffice:
		return true
	case byProvince:
		return c.offices >= g.policies.Least && g.wide(c.falls)
	}
	return c.offices >= g.policies.Least
}

// next takes the largest candidate, or what is left of it goes back.
func (g *gather) next() group {
	c := heap.Pop(&g.waiting).(*candidate)
	free := slices.DeleteFunc(slices.Clone(c.falls), func(f *fall) bool { return g.taken[f] })
	if len(free) < len(c.falls) {
		g.propose(c.sharing, free)
		return nil
	}
	for _, f := range free {
		g.taken[f] = true
	}
	return free
}

// wide tells whether so many areas fell that no area and no provider explains it.
func (g *gather) wide(falls group) bool {
	areas, providers, offices := map[string]map[string]bool{}, map[string]int{}, map[string]bool{}
	for _, f := range falls {
		if areas[f.site.AreaCode] == nil {
			areas[f.site.AreaCode] = map[string]bool{}
		}
		areas[f.site.AreaCode][f.Site] = true
		if !offices[f.Site] && f.site.Provider != "" {
			providers[f.site.Provider]++
		}
		offices[f.Site] = true
	}
	lost := 0
	for _, sites := range areas {
		if len(sites) >= g.policies.Least {
			lost++
		}
	}
	most := 0
	for _, n := range providers {
		most = max(most, n)
	}
	return lost >= max(3, (g.areas+1)/2) && 4*most < 3*len(offices)
}

// offices counts them.
func (g group) offices() int {
	seen := make(map[string]bool, len(g))
	for _, f := range g {
		seen[f.Site] = true
	}
	return len(seen)
}

// chains parts outages, sorted by their beginning, where nothing began for longer than
// together, and where a chain has become too long.
func chains(falls group, together time.Duration) []group {
	var all []group
	from := 0
	for i := 1; i <= len(falls); i++ {
		if i == len(falls) || falls[i].Started.Sub(falls[i-1].Started) > together || falls[i].Started.Sub(falls[from].Started) > longestChain*together {
			all = append(all, falls[from:i])
			from = i
		}
	}
	return all
}

// candidate is outages that share something and began together.
type candidate struct {
	sharing
	falls   group
	offices int
}

// candidates is a heap, the one to be taken first on top. No two are alike: what differs
// last is what they share, and then when they began.
type candidates []*candidate

func (c candidates) Len() int      { return len(c) }
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c candidates) Less(i, j int) bool {
	a, b := c[i], c[j]
	return cmp.Or(cmp.Compare(b.offices, a.offices), cmp.Compare(a.by, b.by), byBeginning(a.falls[0], b.falls[0]), strings.Compare(a.id, b.id)) < 0
}
func (c *candidates) Push(x any) { *c = append(*c, x.(*candidate)) }
func (c *candidates) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}
