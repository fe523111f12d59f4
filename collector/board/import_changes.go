package board

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"communewatch/collector/goal/declared"
	"communewatch/collector/say"
)

// sheetChanges is what a sheet says otherwise than what is declared.
type sheetChanges struct {
	New, Changed, Same, Older int // sites; older: something later is declared of them
	Sites                     []siteChange
	More                      int
}

type siteChange struct {
	Label, Href, Kind string
	Fields            []fieldChange
}

type fieldChange struct{ Name, Was, Is string }

func (b *board) sheetChanges(f format, have map[string]declared.Declaration, said []declared.Declaration) *sheetChanges {
	c := &sheetChanges{}
	inv := b.deps.Inventory()
	for _, is := range said {
		was, declaredBefore := have[is.Site]
		change := siteChange{Label: is.Site, Href: link(f.lang, "/site/"+is.Site)}
		if site, ok := inv.Site(is.Site); ok {
			change.Label = site.Label(f.lang)
		}
		change.Fields = fieldChanges(f, was, is)
		switch {
		case !declaredBefore:
			c.New++
			change.Kind = f.lang.Text("target.is_new")
		case is.Date.Before(was.Date):
			c.Older++
			change.Kind = f.lang.Text("target.is_older", f.day(was.Date))
			change.Fields = nil
		case len(change.Fields) == 0:
			c.Same++
			continue
		default:
			c.Changed++
			change.Kind = f.lang.Text("target.is_changed")
		}
		c.Sites = append(c.Sites, change)
	}
	c.More = max(0, len(c.Sites)-maxRows)
	c.Sites = bounded(c.Sites)
	return c
}

// fieldChanges are the fields that say something else; what is not said any more is shown
// as nothing.
func fieldChanges(f format, was, is declared.Declaration) (out []fieldChange) {
	before := declarationFacts(f, was)
	for _, fact := range declarationFacts(f, is) {
		at := slices.IndexFunc(before, func(old fieldFact) bool { return old.name == fact.name })
		old := none
		if at >= 0 {
			old = before[at].value
			before = slices.Delete(before, at, at+1)
		}
		if old != fact.value {
			out = append(out, fieldChange{fact.name, old, fact.value})
		}
	}
	for _, gone := range before {
		out = append(out, fieldChange{gone.name, gone.value, none})
	}
	return out
}

type fieldFact struct{ name, value string }

// declarationFacts are all that a declaration says, under the headings of its sheet.
func declarationFacts(f format, d declared.Declaration) (out []fieldFact) {
	add := func(column, value string) {
		if value != "" {
			out = append(out, fieldFact{f.lang.Text(say.Key("declared.col_" + column)), value})
		}
	}
	count := func(column string, n *int64) {
		if n != nil {
			add(column, f.count(*n))
		}
	}
	speed := func(column string, v *float64) {
		if v != nil {
			add(column, f.number(*v, 2))
		}
	}
	day := func(column string, t *time.Time) {
		if t != nil && !t.IsZero() {
			add(column, f.day(*t))
		}
	}
	if d.Line != "" {
		add("line", f.lang.Text(say.Key("declared.line_"+d.Line)))
	}
	add("provider", d.Provider)
	add("contract", d.Contract)
	speed("down_mbps", d.DownMbps)
	speed("up_mbps", d.UpMbps)
	count("monthly_vnd", d.MonthlyVND)
	day("line_since", d.LineSince)
	count("routers", d.Routers)
	count("switches", d.Switches)
	count("pcs", d.PCs)
	count("upses", d.UPSes)
	count("printers", d.Printers)
	add("models", d.Models)
	day("date", &d.Date)
	add("source", d.Source)
	add("note", d.Note)
	return out
}

// takenBefore finds the import of the very same sheet. Taking it again would change nothing,
// though what is in force may be another one's by now.
func (b *board) takenBefore(s sheet) (declared.Import, bool) {
	all, _ := b.desk.book().Imports() // what cannot be read is said by the page
	sum := sha256.Sum256(s.data)
	at := slices.IndexFunc(all, func(i declared.Import) bool { return i.Hash == hex.EncodeToString(sum[:]) })
	if at < 0 {
		return declared.Import{}, false
	}
	return all[at], true
}
