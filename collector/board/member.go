package board

import (
	"cmp"
	"strings"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/say"
)

// incidentPage is the page /incident/{id} as the template has it.
type incidentPage struct {
	frame
	Name, Kind, Mark, Began, Ended, Taken, Withdrawn string
	Mountain                                         bool
	Facts                                            []fact
	Members                                          []memberRow
	Notes                                            []noteRow
	Form                                             noteForm
}

func (p incidentPage) framed() frame { return p.frame }

// memberRow is one outage of the incident.
type memberRow struct {
	Href, Label, Kind, Mark, Target, Began, Ended, Cause, Reason, Evidence, First string
	Office, Provider                                                              string
	Mountain                                                                      bool
}

func (b *board) incidentPage(i judge.Incident, outages []judge.Outage, notes []note, lang say.Lang) incidentPage {
	f := format{lang, b.deps.Now()}
	row := b.incidentRow(f, i, notes)
	p := incidentPage{
		frame: b.frame(lang, row.Title), Name: row.Title, Kind: row.Kind, Mark: row.Mark, Mountain: row.Mountain,
		Began: f.since(i.Started), Ended: row.Ended, Taken: row.Taken, Notes: noteRows(f, notes),
	}
	p.Every = 15
	if i.Status == api.StatusWithdrawn {
		p.Withdrawn = lang.Text("note.withdrawn_long")
	}
	p.Facts = []fact{
		{lang.Text("note.cause"), row.Cause, ""},
		{lang.Text("note.evidence"), cmp.Or(f.evidence(i.Evidence), none), ""},
		{lang.Text("note.began"), row.Began, ""},
		{lang.Text("note.ended"), row.Ended, ""},
		{lang.Text("note.sites"), row.Sites, ""},
		{lang.Text("note.taken"), row.Taken, ""},
	}
	inv := b.deps.Inventory()
	for _, o := range outages {
		p.Members = append(p.Members, member(f, inv, o))
	}
	p.Members = bounded(p.Members)
	return p
}

func member(f format, inv *inventory.Inventory, o judge.Outage) memberRow {
	kind := func(k string) string { return f.lang.Text(say.Key("kind_of_outage." + k)) }
	cause := func(c api.Cause) string { return f.lang.Text(say.Key("cause." + string(c))) }
	r := memberRow{
		Href: link(f.lang, "/site/"+o.Site), Label: siteLabel(inv, f.lang, o.Site), Kind: kind(o.Kind), Mark: mark(o.Kind), Target: o.Target,
		Began: f.clock(o.Started), Ended: f.lang.Text("note.goes_on"), Cause: cause(o.Cause), Reason: f.lang.Text(o.Reason), Evidence: f.evidence(o.Evidence),
		First: f.lang.Text("note.same"),
	}
	switch {
	case o.Status == api.StatusWithdrawn:
		r.Ended = f.lang.Text("note.withdrawn")
	case !o.Ended.IsZero():
		r.Ended = f.lang.Text("note.lasted", f.clock(o.Ended), f.span(o.Ended.Sub(o.Started)))
	}
	if o.Maintenance {
		r.Reason = strings.TrimSpace(f.lang.Text("note.maintenance") + "; " + r.Reason)
	}
	if o.FirstKind != o.Kind || o.FirstCause != o.Cause {
		r.First = f.lang.Text("note.first_was", kind(o.FirstKind), cause(o.FirstCause), f.clock(o.First))
	}
	if site, ok := inv.Site(o.Site); ok {
		provider, _ := inv.Provider(site.Provider)
		r.Mountain = site.Mountainous()
		r.Office = strings.TrimSpace(site.Responsible + " " + site.Phone)
		r.Provider = strings.TrimSpace(provider.Name + " " + provider.Hotline)
	}
	return r
}
