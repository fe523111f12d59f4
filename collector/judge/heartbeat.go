package judge

import (
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// heartbeat is a verdict as it is stored. Its time is a whole second, so that two
// judges write the same point.
func (j *Judge) heartbeat(position int, v Verdict, now time.Time) *api.Point {
	site := &j.sites[position]
	p := api.NewPoint("site_state", now.Truncate(time.Second)).
		Tag(api.TagSite, site.ID).
		Text("state", string(v.State)).
		Int("rank", Rank(*site, v.State, position)).
		Text("reason", string(v.Reason)).
		Text("evidence", api.CleanText(v.Evidence)).
		Text("label", labelOf(*site)).
		Text("area", site.Area).
		Text("terrain", site.Terrain)
	if !v.Since.IsZero() {
		p.Int("since_ms", v.Since.UnixMilli())
	}
	if unit, ok := site.UnitOn(now); ok {
		p.Text("unit", unit.Code)
	}
	return p
}

// Rank is a total order of sites on a screen, smallest first: mountainous ones
// before the plain, the gravest state first, and then as they stand in the inventory.
func Rank(site inventory.Site, state api.State, position int) int64 {
	group := int64(1)
	if site.Mountainous() {
		group = 0
	}
	return group*100_000 + int64(state.Severity())*1_000 + int64(min(position, 999))
}

// labelOf is what the field label holds: readers of the database see Vietnamese.
func labelOf(site inventory.Site) string { return site.Label(say.Vietnamese) }
