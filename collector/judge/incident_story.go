package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// describe says of a group what its outages say together. was is the incident that it
// goes on as, nil if it is new.
func (b *binder) describe(g group, was *Incident) Incident {
	next := Incident{Kind: kindOf(g), Status: api.StatusClosed, Started: g[0].Started, Ended: overAt(g), Cause: commonCause(g), Evidence: evidenceOf(g)}
	next.Provider, next.Area = sharedBy(g)
	sites := map[string]bool{}
	for _, f := range g {
		sites[f.Site] = true
	}
	if was == nil {
		next.ID, next.At = b.name(g)
	} else {
		next.ID, next.At = was.ID, was.At
		if absent := b.absent(was); len(absent) > 0 {
			next.keep(was)
			for _, id := range absent {
				sites[id] = true
			}
		}
	}
	if next.Ended.IsZero() {
		next.Status = api.StatusOpen
	}
	b.enlist(&next, sites)
	next.Title = b.title(&next, g)
	return next
}

// keep holds on to what an incident said of those whose outages are not given.
func (i *Incident) keep(was *Incident) {
	i.Kind, i.Evidence, i.Provider, i.Area, i.Cause = was.Kind, was.Evidence, was.Provider, was.Area, was.Cause
	if was.Started.Before(i.Started) {
		i.Started = was.Started
	}
	if !i.Ended.IsZero() {
		i.Ended = later(i.Ended, was.Ended)
	}
}

// name makes an incident's id of its first outage; of the next one if an incident
// that this one founded goes on without it.
func (b *binder) name(g group) (string, time.Time) {
	for _, f := range g {
		if id := nameOf(f.Outage); b.byID[id] == nil {
			return id, f.At
		}
	}
	first := g[0]
	for n := 2; ; n++ {
		if id := nameOf(first.Outage) + "-" + strconv.Itoa(n); b.byID[id] == nil {
			return id, first.At
		}
	}
}

// nameOf is the id of the incident that an outage founds.
func nameOf(o *Outage) string { return "i-" + o.ID }

// unnumbered is the name that an outage gave to an incident, without the number by which
// name tells it from one that the same outage had founded before.
func unnumbered(id string) string {
	at := strings.LastIndexByte(id, '-')
	if at < 0 {
		return id
	}
	if n, err := strconv.Atoi(id[at+1:]); err != nil || n < 2 {
		return id
	}
	return id[:at]
}

// enlist writes the members in display order; what the inventory has no more comes last.
func (b *binder) enlist(next *Incident, sites map[string]bool) {
	for id := range sites {
		next.Members = append(next.Members, id)
		if site, known := b.inv.Site(id); known && site.Mountainous() {
			next.Mountain++
		}
	}
	order := func(id string) int {
		if i, known := b.place[id]; known {
			return i
		}
		return len(b.place)
	}
	slices.SortFunc(next.Members, func(x, y string) int { return cmp.Or(order(x)-order(y), strings.Compare(x, y)) })
}

// kindOf is what most of them are, of equals the graver.
func kindOf(g group) string {
	count := map[string]int{}
	for _, f := range g {
		count[f.Kind]++
	}
	best := ""
	for kind := range strings.FieldsSeq(api.OutageKinds) {
		if count[kind] > count[best] {
			best = kind
		}
	}
	return best
}

// overAt is when all of them were over; zero: one goes on.
func overAt(g []*fall) time.Time {
	var ended time.Time
	for _, f := range g {
		if f.Status == api.StatusOpen || f.Ended.IsZero() {
			return time.Time{}
		}
		ended = later(ended, f.Ended)
	}
	return ended
}

// commonCause is what all causes that are known agree on. A UPS speaks for the machines that
// stopped without one beside it; yet whoever went on measuring, or whose machine ran on,
// had power: then neither power nor a stopped machine is what they have in common.
func commonCause(g []*fall) api.Cause {
	causes := map[api.Cause]bool{}
	measured := false
	for _, f := range g {
		if f.Cause != api.Unknown && f.Cause != "" {
			causes[f.Cause] = true
			continue
		}
		measured = measured || f.Kind == string(api.StateUplinkDown) || f.Kind == string(api.StateLANDown)
	}
	if causes[api.Power] {
		delete(causes, api.MachineStopped)
	}
	if len(causes) != 1 {
		return api.Unknown
	}
	for cause := range causes {
		if off := cause == api.Power || cause == api.MachineStopped || cause == api.AgentStopped; !off || !measured {
			return cause
		}
	}
	return api.Unknown
}

// evidenceOf is that of the first, and how many say which cause.
func evidenceOf(g group) string {
	first := g[0].Evidence
	if g[0].Kind == api.KindDevice && g[0].Target != "" && !strings.HasPrefix(first, g[0].Target) {
		first = strings.TrimSuffix(g[0].Target+", "+first, ", ")
	}
	if len(g) == 1 {
		return api.CleanText(first)
	}
	count := map[api.Cause]int{}
	for _, f := range g {
		count[cmp.Or(f.Cause, api.Unknown)]++
	}
	var told []string
	for cause := range strings.FieldsSeq(api.Causes) {
		if n := count[api.Cause(cause)]; n > 0 && cause != string(api.Unknown) {
			told = append(told, fmt.Sprintf("%s %d/%d", cause, n, len(g)))
		}
	}
	if n := count[api.Unknown]; n > 0 {
		told = append(told, fmt.Sprintf("%s %d/%d", api.Unknown, n, len(g)))
	}
	// The count is short and says more than a long first piece does at its end.
	const room = 700
	if first = api.CleanText(first); len(first) > room {
		first = strings.ToValidUTF8(first[:room], "") + "…"
	}
	return strings.TrimPrefix(first+"; "+strings.Join(told, ", "), "; ")
}

// sharedBy is what the offices of a group have in common. A provider only if all that was
// lost is, or may be, a line. Of one office alone there is nothing to share.
func sharedBy(g group) (provider, area string) {
	if g.offices() < 2 {
		return "", ""
	}
	provider, area = g[0].site.Provider, g[0].site.AreaCode
	for _, f := range g {
		if f.site.Provider != provider || !f.line() {
			provider = ""
		}
		if f.site.AreaCode != area {
			area = ""
		}
	}
	return provider, area
}

// title is what people call it.
func (b *binder) title(i *Incident, g group) string {
	if len(i.Members) == 1 {
		return b.office(i.Members[0], g)
	}
	var shared []string
	if provider, known := b.inv.Provider(i.Provider); known {
		shared = append(shared, provider.Name)
	}
	if area, known := b.inv.Area(i.Area); known {
		shared = append(shared, area.Label(say.Vietnamese))
	}
	switch {
	case shared != nil:
	case i.Cause == api.ProvinceNet:
		shared = []string{say.Vietnamese.Text("incident.province_net")}
	default:
		shared = []string{say.Vietnamese.Text("incident.province")}
	}
	key := say.Key("incident.communes")
	for _, id := range i.Members {
		if site, known := b.inv.Site(id); !known || site.Kind != inventory.Commune {
			key = "incident.offices"
		}
	}
	return api.CleanText(say.Vietnamese.Text(key, strings.Join(shared, " · "), len(i.Members)))
}

// office is the title of what one office lost.
func (b *binder) office(id string, g group) string {
	label := id
	if site, known := b.inv.Site(id); known {
		label = labelOf(site)
	}
	targets := map[string]bool{}
	for _, f := range g {
		if f.Kind == api.KindDevice {
			targets[f.Target] = true
		}
	}
	switch {
	case len(targets) == 1:
		label += " · " + g[0].Target
	case len(targets) > 1:
		label = say.Vietnamese.Text("incident.devices", label, len(targets))
	}
	return api.CleanText(label)
}
