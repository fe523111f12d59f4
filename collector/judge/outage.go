package judge

import (
	"cmp"
	"hash/fnv"
	"strconv"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/store"
)

// Outage is a time in which a site, or a device of it, was lost.
type Outage struct {
	ID     string    // stable, of the site and At
	Site   string    // id
	At     time.Time // as it was first judged to begin: where it is stored. Never changes
	Status string    // of api.OutageStatuses
	Kind   string    // of api.OutageKinds
	Target string    // of a device

	Started       time.Time
	Ended         time.Time     // zero: it goes on
	Down          time.Duration // of it really down
	Interruptions int

	Cause    api.Cause
	Reason   say.Key
	Evidence string
	Judged   time.Time // when the judgement last changed

	FirstKind  string
	FirstCause api.Cause
	First      time.Time // when it was judged first

	Incident    string // id
	Maintenance bool
	Provider    string // name of the line's provider, set by who writes it; empty: nobody wrote it down

	Label, Area, Terrain string // of its site as it was stored last: a site may have left the inventory
}

// identify gives a new outage its id, which holds no space: site and moment, and of a
// device its name, since two may fall at once.
func (o *Outage) identify() {
	o.ID = o.Site + "-" + strconv.FormatInt(o.At.UnixMilli(), 32)
	if o.Target != "" {
		h := fnv.New32a()
		h.Write([]byte(o.Target)) // never fails
		o.ID += "-" + strconv.FormatUint(uint64(h.Sum32()), 32)
	}
}

// Point is the outage as it is stored, every field of it; of a site that nobody knows any
// more (nil) as it was known last.
func (o *Outage) Point(site *inventory.Site) *api.Point {
	if site != nil {
		o.Label, o.Area, o.Terrain, o.Provider = labelOf(*site), site.Area, site.Terrain, cmp.Or(o.Provider, site.Provider)
	}
	return api.NewPoint("outage", o.At).
		Tag(api.TagSite, o.Site).
		Tag(api.TagID, o.ID).
		SetText("kind", o.Kind).
		SetText("target", o.Target).
		SetText("status", o.Status).
		Int("started_ms", unixMilli(o.Started)).
		Int("ended_ms", unixMilli(o.Ended)).
		Int("down_seconds", int64(o.Down/time.Second)).
		Int("interruptions", int64(o.Interruptions)).
		SetText("cause", string(o.Cause)).
		SetText("reason", string(o.Reason)).
		SetText("evidence", api.CleanText(o.Evidence)).
		Int("judged_ms", unixMilli(o.Judged)).
		SetText("first_kind", o.FirstKind).
		SetText("first_cause", string(o.FirstCause)).
		Int("first_ms", unixMilli(o.First)).
		SetText("incident", o.Incident).
		Bool("maintenance", o.Maintenance).
		SetText("label", o.Label).
		SetText("area", o.Area).
		SetText("terrain", o.Terrain).
		SetText("provider", o.Provider)
}

// OutageColumns are what [OutageOf] needs of a query on "outage", grouped by site and id.
func OutageColumns() []store.Selector {
	var all []store.Selector
	for _, field := range []string{"kind", "target", "status", "started_ms", "ended_ms", "down_seconds", "interruptions", "cause", "reason", "evidence",
		"judged_ms", "first_kind", "first_cause", "first_ms", "incident", "maintenance", "provider", "label", "area", "terrain"} {
		all = append(all, store.Selector{Field: field})
	}
	return all
}

// OutageOf reads a stored one.
func OutageOf(tags map[string]string, row store.Row) Outage {
	text := func(field string) string { return row.Values[field].Text() }
	number := func(field string) int64 { return row.Values[field].Integer() }
	return Outage{
		ID: tags[api.TagID], Site: tags[api.TagSite], At: row.Time, Status: text("status"), Kind: text("kind"), Target: text("target"),
		Started: instant(row, "started_ms"), Ended: instant(row, "ended_ms"), Down: time.Duration(number("down_seconds")) * time.Second, Interruptions: int(number("interruptions")),
		Cause: api.Cause(text("cause")), Reason: say.Key(text("reason")), Evidence: text("evidence"), Judged: instant(row, "judged_ms"),
		FirstKind: text("first_kind"), FirstCause: api.Cause(text("first_cause")), First: instant(row, "first_ms"),
		Incident: text("incident"), Maintenance: row.Values["maintenance"].Boolean(), Provider: text("provider"),
		Label: text("label"), Area: text("area"), Terrain: text("terrain"),
	}
}
