package inventory

import (
	"slices"
	"strings"
	"time"
)

// unitKey is a code with its first day: what a unit is known by.
type unitKey struct {
	code string
	from time.Time
}

// known is a unit and where it stands; used if a site belongs to it.
type known struct {
	Unit
	at   spot
	used bool
}

// membership is a belonging and where it stands.
type membership struct {
	Belonging
	at spot
}

func (r *reading) unit(row *row) {
	u := Unit{
		Code: row.code("unit", unitCode, 5, "inventory.unit_form"),
		Name: row.bareName(),
		Kind: row.oneOf("kind", Commune, Ward, Township),
		From: row.day("from"),
		By:   row.text("by"),
	}
	if row.text("until") != "" {
		u.Until = row.day("until")
	}
	row.lost = true
	if !row.right("unit", "from", "until") {
		return
	}
	if !u.Until.IsZero() && !u.Until.After(u.From) {
		row.refuse("until", "inventory.ends_before", row.text("from"))
		return
	}
	for _, other := range r.byCode[u.Code] {
		if overlap(other.Unit, u) {
			row.refuse("unit", "inventory.two_units", other.Name, other.at.line)
			return
		}
	}
	row.lost = false
	k := &known{Unit: u, at: row.spot("unit")}
	r.units[unitKey{u.Code, u.From}] = k
	r.byCode[u.Code] = append(r.byCode[u.Code], k)
	r.inv.units = append(r.inv.units, u)
}

func (r *reading) member(row *row) {
	id := row.code("site", siteID, 0, "inventory.site_form")
	split := row.oneOf("split", "", "split") != ""
	from := row.day("from")
	row.lost = true
	if !row.right("site", "unit", "from") {
		return
	}
	unit, found := r.units[unitKey{row.text("unit"), from}]
	if !found {
		if r.whole[unitsFile] {
			r.noUnit(row)
		}
		return
	}
	for _, other := range r.members[id] {
		if overlap(other.Unit, unit.Unit) {
			row.refuse("site", "inventory.belongs_twice", other.Unit.Name, other.at.line)
			return
		}
	}
	row.lost = false
	unit.used = true
	r.members[id] = append(r.members[id], membership{Belonging{unit.Unit, split}, row.spot("site")})
}

// noUnit says whether it is the code that is wrong, or the day.
func (r *reading) noUnit(row *row) {
	var days []string
	for _, unit := range r.byCode[row.text("unit")] {
		days = append(days, unit.From.Format(time.DateOnly))
	}
	if days == nil {
		row.unknown("unit", unitsFile, 5)
		return
	}
	slices.Sort(days)
	row.complain("from", "inventory.no_unit_from", row.text("unit"), row.text("from"), strings.Join(days, ", "))
}

// belong gives the sites their units and finds the days on which they have none.
func (r *reading) belong() {
	for id, all := range r.members {
		if _, known := r.siteAt[id]; !known && r.whole[sitesFile] {
			for _, m := range all {
				r.add(m.at, "inventory.no_such", "site", id, sitesFile)
			}
		}
	}
	for i := range r.inv.sites {
		s := &r.inv.sites[i]
		all := r.members[s.ID]
		if len(all) == 0 {
			if r.whole[membersFile] {
				r.add(r.siteAt[s.ID], "inventory.no_unit", s.ID)
			}
			continue
		}
		slices.SortFunc(all, func(a, b membership) int { return a.Unit.From.Compare(b.Unit.From) })
		for i, m := range all {
			s.Units = append(s.Units, m.Belonging)
			if i > 0 && !all[i-1].Unit.Until.Equal(m.Unit.From) {
				before := all[i-1].Unit
				r.add(m.at, "inventory.gap", s.ID, before.Until.Format(time.DateOnly), before.Name, m.Unit.From.Format(time.DateOnly))
			}
		}
		if last := all[len(all)-1]; !last.Unit.Until.IsZero() {
			r.warn(last.at, "inventory.ended", s.ID, last.Unit.Until.Format(time.DateOnly), last.Unit.Name)
		}
	}
	r.unused()
}

// unused warns of units and areas in which nobody is.
func (r *reading) unused() {
	if len(r.Errors) > 0 {
		return // what cannot be read would be missed here
	}
	for _, u := range r.units {
		if !u.used {
			r.warn(u.at, "inventory.empty_unit", u.Code, u.Name)
		}
	}
	taken := map[string]bool{}
	for _, s := range r.inv.sites {
		taken[s.AreaCode] = true
	}
	for code, a := range r.areas {
		if !taken[code] {
			r.warn(r.areaAt[code], "inventory.empty_area", code, a.Name)
		}
	}
}

// overlap tells whether there is a day on which both units exist.
func overlap(a, b Unit) bool {
	return (a.Until.IsZero() || b.From.Before(a.Until)) && (b.Until.IsZero() || a.From.Before(b.Until))
}

// steps are the days on which units changed.
func (inv *Inventory) steps() []Step {
	var days []time.Time
	for _, u := range inv.units {
		days = append(days, u.From)
		if !u.Until.IsZero() {
			days = append(days, u.Until)
		}
	}
	slices.SortFunc(days, time.Time.Compare)
	days = slices.CompactFunc(days, time.Time.Equal)
	steps := make([]Step, 0, len(days))
	for _, day := range days {
		steps = append(steps, Step{day.Format(time.DateOnly), len(inv.UnitsOn(day))})
	}
	return steps
}

// count sums up.
func (r *reading) count() {
	inv := r.inv
	c := Counts{
		Sites: len(inv.sites), Areas: len(inv.areas), Steps: inv.steps(), Providers: len(inv.providers),
		Calendars: r.Counts.Calendars, Windows: r.Counts.Windows, Profiles: len(inv.profiles), Terrain: map[string]int{},
	}
	for _, s := range inv.sites {
		c.Terrain[s.Terrain]++
		if len(inv.plans[s.ID].targets) > 0 {
			c.Measured++
		}
	}
	r.Counts = c
}
