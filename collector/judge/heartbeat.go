package judge

import (
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// heartbeat is a verdict as it is stored. Its time is a whole second, so that two
// judges write the same point.
func (j *Judge) heartbeat(position int, e *Evidence, v Verdict, now time.Time) *api.Point {
	site := &j.sites[position]
	p := api.NewPoint("site_state", now.Truncate(time.Second)).
		Tag(api.TagSite, site.ID).
		Text("state", string(v.State)).
		Int("rank", Rank(*site, v.State, position)).
		Text("reason", string(v.Reason)).
		Text("evidence", api.CleanText(v.Evidence)).
		Text("label", labelOf(*site)).
		Text("area", site.Area).
		Text("terrain", site.Terrain).
		Text("provider", j.providerOf(site)).
		Float("latitude", site.Lat).
		Float("longitude", site.Lon).
		Text("incident", e.incident(v, now))
	if !v.Since.IsZero() {
		p.Int("since_ms", v.Since.UnixMilli())
	}
	if unit, ok := site.UnitOn(now); ok {
		p.Text("unit", unit.Code)
	}
	if len(j.inv.Maintenance(site.ID, now, now)) > 0 {
		p.Bool("maintenance", true)
	}
	return p
}

// incident is the one of the outage that goes on. Of one that has lasted for so long that
// it is looked for no more, it is what the heartbeat before said, while the state is the same.
func (e *Evidence) incident(v Verdict, now time.Time) string {
	switch {
	case e.Open.ID != "":
		return e.Open.Incident
	case v.State == e.Before.State && e.Before.Since.Before(now.Add(-openFor)):
		return e.Before.Incident
	}
	return ""
}

// Rank is a total order of sites on a screen, smallest first: mountainous ones
// before the plain, the gravest state first, and then as they stand in the inventory.
func Rank(site inventory.Site, state api.State, position int) int64 {
	return rank(site.Mountainous(), state, position)
}

func rank(mountainous bool, state api.State, position int) int64 {
	group := int64(1)
	if mountainous {
		group = 0
	}
	return group*100_000 + int64(state.Severity())*1_000 + int64(min(position, 999))
}

// labelOf is what the field label holds: readers of the database see Vietnamese.
func labelOf(site inventory.Site) string { return site.Label(say.Vietnamese) }

// providerOf is the name of who the line is rented from, empty if nobody wrote it down.
func (j *Judge) providerOf(site *inventory.Site) string {
	provider, _ := j.inv.Provider(site.Provider)
	return provider.Name
}
