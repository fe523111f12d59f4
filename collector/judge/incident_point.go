package judge

import (
	"strings"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// Point is the incident as it is stored, every field of it. Provider and area are
// stored by name, as those of an outage are.
func (i *Incident) Point(inv *inventory.Inventory) *api.Point {
	provider, area := i.Provider, i.Area
	if p, known := inv.Provider(provider); known {
		provider = p.Name
	}
	if a, known := inv.Area(area); known {
		area = a.Name
	}
	return api.NewPoint("incident", i.At).
		Tag(api.TagID, i.ID).
		SetText("kind", i.Kind).
		SetText("status", i.Status).
		Int("started_ms", unixMilli(i.Started)).
		Int("ended_ms", unixMilli(i.Ended)).
		SetText("cause", string(i.Cause)).
		Int("sites", int64(len(i.Members))).
		Int("mountain", int64(i.Mountain)).
		SetText("members", strings.Join(i.Members, " ")).
		SetText("title", api.CleanText(i.Title)).
		SetText("provider", api.CleanText(provider)).
		SetText("area", api.CleanText(area)).
		SetText("evidence", api.CleanText(i.Evidence)).
		Int("judged_ms", unixMilli(i.Judged)).
		Int("rank", i.rank())
}

// rank is its order on a screen, smallest first: what goes on, mountain, the gravest
// kind, and then the one with the most offices. The collector's own goes before all
// that are open: while it lasts nothing else is known.
func (i *Incident) rank() int64 {
	status := int64(0)
	switch i.Status {
	case api.StatusClosed:
		status = 1
	case api.StatusWithdrawn:
		status = 2
	}
	plain, severity := int64(1), int64(0)
	for at, kind := range strings.Fields(api.OutageKinds) {
		if kind == i.Kind {
			severity = int64(at) + 1
		}
	}
	if i.Mountain > 0 || i.Kind == api.KindCollector {
		plain = 0
	}
	return status*100_000 + plain*10_000 + severity*1_000 + 999 - int64(min(len(i.Members), 999))
}

// IncidentColumns are what [IncidentOf] needs of a query on "incident", grouped by id.
func IncidentColumns() []store.Selector {
	return []store.Selector{
		{Func: "last", Field: "kind"}, {Field: "status"}, {Field: "started_ms"}, {Field: "ended_ms"}, {Field: "cause"}, {Field: "members"},
		{Field: "mountain"}, {Field: "title"}, {Field: "provider"}, {Field: "area"}, {Field: "evidence"}, {Field: "judged_ms"},
	}
}

// IncidentOf reads a stored one. The ids of what is shared are those of a member for
// which they have the stored name; a name that nobody has any more stays one.
func IncidentOf(tags map[string]string, row store.Row, inv *inventory.Inventory) Incident {
	text := func(field string) string { return row.Values[field].Text() }
	i := Incident{
		ID: tags[api.TagID], At: row.Time, Kind: text("kind"), Status: text("status"), Started: instant(row, "started_ms"), Ended: instant(row, "ended_ms"),
		Cause: api.Cause(text("cause")), Members: strings.Fields(text("members")), Mountain: int(row.Values["mountain"].Integer()),
		Title: text("title"), Provider: text("provider"), Area: text("area"), Evidence: text("evidence"), Judged: instant(row, "judged_ms"),
	}
	for _, id := range i.Members {
		site, known := inv.Site(id)
		if !known {
			continue
		}
		if p, _ := inv.Provider(site.Provider); i.Provider != "" && api.CleanText(p.Name) == i.Provider {
			i.Provider = site.Provider
		}
		if i.Area != "" && api.CleanText(site.Area) == i.Area {
			i.Area = site.AreaCode
		}
		break
	}
	return i
}
