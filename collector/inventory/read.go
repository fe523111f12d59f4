package inventory

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"communewatch/collector/say"
)

// Read reads areas.csv, units.csv, sites.csv and members.csv of a province. Every
// complaint begins with file:line. One doubtful line refuses the whole: half an
// inventory would look like offices that were taken down.
func Read(files fs.FS) (*Inventory, error) {
	r := reading{
		inv:     &Inventory{byID: map[string]int{}},
		areas:   map[string]Area{},
		units:   map[unitKey]Unit{},
		byCode:  map[string][]Unit{},
		members: map[string][]Belonging{},
	}
	for _, step := range []struct {
		file   string
		header string
		row    func(*row)
	}{
		{"areas.csv", "area,name,kind,until,lan_2023,latitude,longitude", r.area},
		{"units.csv", "unit,name,kind,from,until,by", r.unit},
		{"members.csv", "site,unit,from,split", r.member},
		{"sites.csv", "site,name,kind,area,terrain,basis,terrain_source,latitude,longitude", r.site},
	} {
		if err := table(files, step.file, strings.Split(step.header, ","), step.row); err != nil {
			return nil, err
		}
	}
	return r.finish()
}

// unitKey is a code with its first day: what a unit is known by.
type unitKey struct {
	code string
	from time.Time
}

// reading is what was read so far, in the order of the files.
type reading struct {
	inv     *Inventory
	areas   map[string]Area
	units   map[unitKey]Unit
	byCode  map[string][]Unit
	members map[string][]Belonging // by site id
}

func (r *reading) area(row *row) {
	a := Area{
		Code:    row.matching("area", areaCode, "three digits"),
		Name:    row.needed("name"),
		Kind:    row.oneOf("kind", City, Town, District),
		Until:   row.day("until"),
		LAN2023: row.oneOf("lan_2023", "", LANAverage),
		Lat:     row.degrees("latitude", minLat, maxLat),
		Lon:     row.degrees("longitude", minLon, maxLon),
	}
	if _, twice := r.areas[a.Code]; twice {
		row.complain("area", "is given twice")
	}
	r.areas[a.Code] = a
	r.inv.areas = append(r.inv.areas, a)
}

func (r *reading) unit(row *row) {
	u := Unit{
		Code: row.matching("unit", unitCode, "five digits"),
		Name: row.needed("name"),
		Kind: row.oneOf("kind", Commune, Ward, Township),
		From: row.day("from"),
		By:   row.text("by"),
	}
	if row.text("until") != "" {
		u.Until = row.day("until")
		if !u.Until.After(u.From) {
			row.complain("until", "is not after from")
		}
	}
	if slices.ContainsFunc(r.byCode[u.Code], func(other Unit) bool { return overlap(other, u) }) {
		row.complain("unit", "names two units on the same day")
		return
	}
	r.byCode[u.Code] = append(r.byCode[u.Code], u)
	r.units[unitKey{u.Code, u.From}] = u
	r.inv.units = append(r.inv.units, u)
}

func (r *reading) member(row *row) {
	id := row.matching("site", siteID, "a province and five digits, such as bd-21997")
	split := row.oneOf("split", "", "split") != ""
	unit, known := r.units[unitKey{row.text("unit"), row.day("from")}]
	if !known {
		row.complain("unit", "is no unit of units.csv that begins on that day")
		return
	}
	if slices.ContainsFunc(r.members[id], func(b Belonging) bool { return overlap(b.Unit, unit) }) {
		row.complain("site", "belongs to two units on the same day")
		return
	}
	r.members[id] = append(r.members[id], Belonging{unit, split})
}

func (r *reading) site(row *row) {
	s := Site{
		ID:            row.matching("site", siteID, "a province and five digits, such as bd-21997"),
		Name:          row.needed("name"),
		Kind:          row.oneOf("kind", Commune, Ward, Township),
		AreaCode:      row.text("area"),
		Terrain:       row.oneOf("terrain", Highland, Mountain, Plain, Unknown),
		TerrainSource: row.text("terrain_source"),
		Verified:      row.oneOf("basis", "", "named", "inferred", "district") == "named",
		Lat:           row.degrees("latitude", minLat, maxLat),
		Lon:           row.degrees("longitude", minLon, maxLon),
		Units:         r.members[row.text("site")],
	}
	area, known := r.areas[s.AreaCode]
	if !known {
		row.complain("area", "is no area of areas.csv")
	}
	s.Area = area.Name
	if sourced := s.TerrainSource != "" && row.text("basis") != ""; sourced != (s.Terrain != Unknown) {
		row.complain("terrain", "needs basis and terrain_source, and unknown has neither")
	}
	if len(s.Units) == 0 {
		row.complain("site", "belongs to no unit of members.csv")
	}
	if _, twice := r.inv.byID[s.ID]; twice {
		row.complain("site", "is given twice")
	}
	slices.SortFunc(s.Units, func(a, b Belonging) int { return a.Unit.From.Compare(b.Unit.From) })
	r.inv.byID[s.ID] = 0
	r.inv.sites = append(r.inv.sites, s)
}

// finish looks at what only the whole can show, and puts all in order.
func (r *reading) finish() (*Inventory, error) {
	inv := r.inv
	for id := range r.members {
		if _, known := inv.byID[id]; !known {
			return nil, fmt.Errorf("members.csv: %s is no site of sites.csv", id)
		}
	}
	for _, s := range inv.sites {
		for i := 1; i < len(s.Units); i++ {
			if before := s.Units[i-1].Unit; !before.Until.Equal(s.Units[i].Unit.From) {
				return nil, fmt.Errorf("members.csv: %s belongs to no unit after %s %s ended", s.ID, before.Code, before.Name)
			}
		}
	}
	slices.SortFunc(inv.areas, func(a, b Area) int { return strings.Compare(a.Code, b.Code) })
	slices.SortFunc(inv.units, func(a, b Unit) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		return strings.Compare(a.Code, b.Code)
	})
	slices.SortFunc(inv.sites, func(a, b Site) int {
		if c := say.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	for i, s := range inv.sites {
		inv.byID[s.ID] = i
	}
	return inv, nil
}

// overlap tells whether there is a day on which both units exist.
func overlap(a, b Unit) bool {
	return (a.Until.IsZero() || b.From.Before(a.Until)) && (b.Until.IsZero() || a.From.Before(b.Until))
}
