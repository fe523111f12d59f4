package board

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/say"
	"communewatch/collector/store"
)

// How far back incidents are listed, and how far back one may be opened.
const (
	listedDays = 30
	openedDays = 90
	maxListed  = 200
)

// note is what a person wrote.
type note struct {
	at            time.Time
	act, by, text string
}

// incidents is what is known of the last listedDays.
type incidents struct {
	at    time.Time
	all   []judge.Incident
	notes map[string][]note // by incident, oldest first; "-" are to all
}

// toAll is the tag of a note that is about no incident.
const toAll = "-"

// readIncidents reads those of these ids, or all.
func (b *board) readIncidents(ctx context.Context, days int, ids ...string) (incidents, error) {
	now := b.deps.Now()
	found := incidents{at: now, notes: map[string][]note{}}
	from := now.AddDate(0, 0, -days)
	var rows, notes []store.Series
	only := func(tag string) []store.Match {
		if len(ids) == 0 {
			return nil
		}
		return []store.Match{{Tag: tag, Values: ids}}
	}
	group, ctx := errgroup.WithContext(ctx)
	b.ask(ctx, group, &rows, store.Query{Measurement: "incident", Select: judge.IncidentColumns(), Where: only(api.TagID),
		From: from, To: now.Add(time.Minute), By: []string{api.TagID}})
	b.ask(ctx, group, &notes, store.Query{Measurement: "note", Select: fields("act", "by", "text"), Where: only(api.TagIncident),
		From: from, To: now.Add(time.Minute), By: []string{api.TagIncident}})
	if err := group.Wait(); err != nil {
		return incidents{}, err
	}
	inv := b.deps.Inventory()
	for _, s := range rows {
		for _, row := range s.Rows {
			found.all = append(found.all, judge.IncidentOf(s.Tags, row, inv))
		}
	}
	for _, s := range notes {
		for _, row := range s.Rows {
			v := row.Values
			found.notes[s.Tags[api.TagIncident]] = append(found.notes[s.Tags[api.TagIncident]], note{row.Time, v["act"].Text(), v["by"].Text(), v["text"].Text()})
		}
	}
	return found, nil
}

// findIncident is one of them with its notes, read from as far back as any may be opened.
func (b *board) findIncident(ctx context.Context, id string) (one judge.Incident, notes []note, found bool, err error) {
	if id != api.CleanTag(id) {
		return judge.Incident{}, nil, false, nil // no tag is like that, and the database would call it a mistake
	}
	known, err := b.readIncidents(ctx, openedDays, id)
	if err != nil || len(known.all) == 0 {
		return judge.Incident{}, nil, false, err
	}
	return known.all[0], known.notes[id], true, nil
}

// outagesOf reads those of an incident: of its members, and of those that were.
func (b *board) outagesOf(ctx context.Context, i judge.Incident) ([]judge.Outage, error) {
	until := i.Ended
	if until.IsZero() {
		until = b.deps.Now()
	}
	series, err := b.deps.Store.Select(ctx, store.Query{
		Measurement: "outage", Select: judge.OutageColumns(), By: []string{api.TagSite, api.TagID},
		From: i.At.Add(-24 * time.Hour), To: until.Add(time.Minute),
	})
	if err != nil {
		return nil, err
	}
	var all []judge.Outage
	for _, s := range series {
		for _, row := range s.Rows {
			if o := judge.OutageOf(s.Tags, row); o.Incident == i.ID {
				all = append(all, o)
			}
		}
	}
	place := func(o judge.Outage) int { return slices.Index(i.Members, o.Site) }
	slices.SortStableFunc(all, func(a, b judge.Outage) int { return place(a) - place(b) })
	return all, nil
}

// incidentRow is one in the list.
type incidentRow struct {
	Href, Title, Kind, Mark, Cause, Began, Ended, Sites, Taken string
	Mountain, Open                                             bool
}

// incidentsPage is the page /incidents as the template has it.
type incidentsPage struct {
	frame
	Open, Over []incidentRow
	Days       int
	HandOvers  []noteRow
	Form       noteForm
}

func (p incidentsPage) framed() frame { return p.frame }

type noteRow struct{ At, By, Act, Text string }

// noteForm is what a person may write; without acts, nothing.
type noteForm struct {
	Action, At, CSRF string
	By, Text         string // as far as it is filled in
	Bad, Problem     string // which of these two is not as it should be, and why
	Acts             []choiceAct
}

type choiceAct struct{ Act, Text string }

func (b *board) incidentsPage(known incidents, lang say.Lang) incidentsPage {
	f := format{lang, known.at}
	p := incidentsPage{frame: b.frame(lang, lang.Text("note.incidents")), Days: listedDays}
	p.Every = 15
	slices.SortFunc(known.all, func(a, b judge.Incident) int {
		if (a.Mountain > 0) != (b.Mountain > 0) {
			if a.Mountain > 0 {
				return -1
			}
			return 1
		}
		return b.Started.Compare(a.Started)
	})
	for _, i := range known.all {
		switch {
		case i.Status == api.StatusOpen:
			p.Open = append(p.Open, b.incidentRow(f, i, known.notes[i.ID]))
		case i.Status == api.StatusClosed && len(p.Over) < maxListed:
			p.Over = append(p.Over, b.incidentRow(f, i, known.notes[i.ID]))
		}
	}
	p.HandOvers = noteRows(f, known.notes[toAll])
	return p
}

func (b *board) incidentRow(f format, i judge.Incident, notes []note) incidentRow {
	r := incidentRow{
		Href: incidentLink(f.lang, i.ID), Title: b.incidentTitle(f.lang, i), Kind: f.lang.Text(say.Key("kind_of_outage." + i.Kind)), Mark: mark(i.Kind),
		Cause: f.lang.Text(say.Key("cause." + string(i.Cause))), Began: f.clock(i.Started), Sites: strconv.Itoa(len(i.Members)),
		Mountain: i.Mountain > 0, Open: i.Status == api.StatusOpen, Taken: taken(f, notes), Ended: f.lang.Text("note.goes_on"),
	}
	if i.Mountain > 0 && len(i.Members) > 1 {
		r.Sites = f.lang.Text("note.of_mountain", len(i.Members), i.Mountain)
	}
	if !i.Ended.IsZero() {
		r.Ended = f.lang.Text("note.lasted", f.clock(i.Ended), f.span(i.Ended.Sub(i.Started)))
	}
	return r
}

// mark is the sign of a state; a device and the collector have none of their own.
func mark(kind string) string {
	if slices.Contains(strings.Fields(api.States), kind) {
		return kind
	}
	return string(api.StateDegraded)
}

// incidentTitle says in any language what the stored title says in Vietnamese.
func (b *board) incidentTitle(lang say.Lang, i judge.Incident) string {
	inv := b.deps.Inventory()
	switch {
	case i.Kind == api.KindCollector:
		return lang.Text("note.collector")
	case len(i.Members) == 1:
		return siteLabel(inv, lang, i.Members[0])
	}
	shared := ""
	if provider, ok := inv.Provider(i.Provider); ok {
		shared = provider.Name
	} else if area, ok := inv.Area(i.Area); ok {
		shared = area.Label(lang)
	}
	if shared == "" {
		return i.Title
	}
	return lang.Text("note.provider_sites", shared, len(i.Members))
}

func siteLabel(inv *inventory.Inventory, lang say.Lang, id string) string {
	if site, ok := inv.Site(id); ok {
		return site.Label(lang)
	}
	return id
}

// taken is who acknowledged it last.
func taken(f format, notes []note) string {
	for _, n := range slices.Backward(notes) {
		if n.act == api.ActAcknowledge {
			return f.lang.Text("note.taken_at", n.by, f.clock(n.at))
		}
	}
	return f.lang.Text("note.not_taken")
}

// noteRows are the newest first.
func noteRows(f format, notes []note) []noteRow {
	var rows []noteRow
	for _, n := range slices.Backward(notes) {
		rows = append(rows, noteRow{f.clock(n.at), n.by, f.lang.Text(say.Key("note.act_" + n.act)), n.text})
	}
	return bounded(rows)
}
