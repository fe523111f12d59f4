package goal

import (
	"cmp"
	"slices"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// terrains in the order in which they are shown: mountain first, and what may be.
var terrains = []string{inventory.Highland, inventory.Mountain, inventory.Unknown, inventory.Plain}

// groupsOf sums up the sites, which stay in the report's order: the province, its terrains,
// areas, and units of the day.
func groupsOf(sites []SiteLine, areas map[string]inventory.Area) []Group {
	province := Group{Kind: OfProvince, Sites: []string{}}
	byTerrain, byArea, byUnit := map[string]*Group{}, map[string]*Group{}, map[string]*Group{}
	into := func(all map[string]*Group, g Group) *Group {
		if all[g.Code] == nil {
			all[g.Code] = &g
		}
		return all[g.Code]
	}
	for i := range sites {
		l := &sites[i]
		province.count(l)
		into(byTerrain, Group{Kind: OfTerrain, Code: l.Terrain}).count(l)
		into(byArea, Group{Kind: OfArea, Code: l.AreaCode, Name: l.Area, UnitOf: areas[l.AreaCode].Kind}).count(l)
		if l.Unit != "" {
			into(byUnit, Group{Kind: OfUnit, Code: l.Unit, Name: l.UnitName, UnitOf: l.UnitKind}).count(l)
		}
	}
	all := []Group{province}
	for _, name := range terrains {
		if g := byTerrain[name]; g != nil {
			all = append(all, *g)
		}
	}
	all = append(append(all, byName(byArea)...), byName(byUnit)...)
	for i := range all {
		all[i].judge()
	}
	return all
}

// byName are groups as names sort.
func byName(groups map[string]*Group) []Group {
	all := make([]Group, 0, len(groups))
	for _, g := range groups {
		all = append(all, *g)
	}
	slices.SortFunc(all, func(a, b Group) int {
		return cmp.Or(say.Compare(a.Name, b.Name), cmp.Compare(a.Code, b.Code))
	})
	return all
}

func (g *Group) count(l *SiteLine) {
	g.Sites = append(g.Sites, l.ID)
	g.Split = g.Split || l.Split && g.Kind == OfUnit
	switch l.Verdict {
	case Met:
		g.Met++
	case NotMet:
		g.NotMet++
	default:
		g.NoData++
	}
}

// judge: all of them met it, or one is shown not to, or it is not known.
func (g *Group) judge() {
	switch {
	case g.NotMet > 0:
		g.Verdict = NotMet
	case g.NoData > 0 || g.Met == 0:
		g.Verdict = NoData
	default:
		g.Verdict = Met
	}
}
