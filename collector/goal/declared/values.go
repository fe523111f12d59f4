package declared

import (
	"time"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// Value is one thing that was declared, as people read it.
type Value struct {
	Name  string // of the column, for machines: "down_mbps"
	Label string
	Text  string
}

// Values are all that it says, in the order of the columns; date, source and note too.
func (d Declaration) Values(lang say.Lang) []Value {
	var all []Value
	for i := range columns {
		c := &columns[i]
		if c.declare == nil {
			continue
		}
		if text := said(c, c.declare(&d), lang); text != "" {
			all = append(all, Value{c.name, lang.Text(c.heading()), text})
		}
	}
	return all
}

// said is a value in words; empty: it does not say.
func said(c *column, value any, lang say.Lang) string {
	switch v := value.(type) {
	case *string:
		if c.form == lineForm && *v != "" {
			return lang.Text(lineKey(*v))
		}
		return *v
	case *time.Time:
		if !v.IsZero() {
			return v.In(inventory.Zone()).Format(time.DateOnly)
		}
	case **time.Time:
		if *v != nil {
			return (*v).In(inventory.Zone()).Format(time.DateOnly)
		}
	case **float64:
		if *v != nil {
			return figures(**v).in(lang)
		}
	case **int64:
		if *v != nil {
			return figures(**v).in(lang)
		}
	}
	return ""
}

// Change is what a declaration says otherwise than the one before it.
type Change struct {
	Site, Name, Label string
	Was, Is           string // empty: not said
}

// Changes are what these declarations say otherwise than those that were in force, site by
// site; day and source, which are new each time, aside.
func Changes(before map[string]Declaration, now []Declaration, lang say.Lang) []Change {
	var all []Change
	for _, d := range now {
		was := before[d.Site]
		for i := range columns {
			c := &columns[i]
			if !c.tells() && c.name != "note" {
				continue
			}
			old, new := said(c, c.declare(&was), lang), said(c, c.declare(&d), lang)
			if old != new {
				all = append(all, Change{d.Site, c.name, lang.Text(c.heading()), old, new})
			}
		}
	}
	return all
}
