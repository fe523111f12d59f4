// Package inventory knows the offices: which sites there are, to which unit each
// belonged on a day, how the land lies, and when each is open. In come the CSV
// files of a province (binhdinh/ is embedded; its SOURCES.md says where each figure
// comes from and what is not known), out goes an Inventory that never changes.
//
// A site is an office; its id never changes and is the only identity in stored
// data. A unit is a code with dates: codes are used again for other territory, so
// a code alone names nothing. This room must never guess: what no source says is
// empty or unknown, and a file with a doubtful line is refused as a whole.
package inventory

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"communewatch/collector/say"
)

//go:embed binhdinh/*.csv
var binhDinh embed.FS

// Inventory is a province's sites, units and areas. It is never changed after it
// was read, so it may be used from anywhere at once.
type Inventory struct {
	sites []Site // in display order
	byID  map[string]int
	areas []Area // by code
	units []Unit // by from, then code
}

// Embedded reads the province that comes with the program: the 159 communes,
// wards and townships of Bình Định as of May 2023, and what became of them.
func Embedded() (*Inventory, error) {
	files, err := fs.Sub(binhDinh, "binhdinh")
	if err != nil {
		return nil, fmt.Errorf("open the embedded inventory: %w", err)
	}
	return Read(files)
}

// Open reads the inventory in a folder of the operator's, which replaces the embedded
// one; an empty path is the embedded one.
func Open(dir string) (*Inventory, error) {
	if dir == "" {
		return Embedded()
	}
	inv, err := Read(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("inventory %s: %w", dir, err)
	}
	return inv, nil
}

// Sites are all of them in display order: by bare name as Vietnamese sorts, equal
// names by id. The slice is the caller's own, the Units of a Site are shared.
func (inv *Inventory) Sites() []Site { return slices.Clone(inv.sites) }

// Site finds one by its id.
func (inv *Inventory) Site(id string) (Site, bool) {
	i, ok := inv.byID[id]
	if !ok {
		return Site{}, false
	}
	return inv.sites[i], true
}

// Areas are the districts of 2023, by code.
func (inv *Inventory) Areas() []Area { return slices.Clone(inv.areas) }

// Area finds one by its code.
func (inv *Inventory) Area(code string) (Area, bool) {
	for _, a := range inv.areas {
		if a.Code == code {
			return a, true
		}
	}
	return Area{}, false
}

// Units are all that ever were, by their first day, then by code.
func (inv *Inventory) Units() []Unit { return slices.Clone(inv.units) }

// UnitsOn are the units of a day, by code. A day before the first that is known has none.
func (inv *Inventory) UnitsOn(day time.Time) []Unit {
	var on []Unit
	for _, u := range inv.units {
		if u.On(day) {
			on = append(on, u)
		}
	}
	slices.SortFunc(on, func(a, b Unit) int { return strings.Compare(a.Code, b.Code) })
	return on
}

// WithCalendar is the same inventory with every office open by that calendar.
func (inv *Inventory) WithCalendar(c Calendar) *Inventory {
	other := *inv
	other.sites = slices.Clone(inv.sites)
	for i := range other.sites {
		other.sites[i].Calendar = c
	}
	return &other
}

// Kinds of a unit, and of a site: the kind of its unit of 2023.
const (
	Commune  = "commune"  // xã
	Ward     = "ward"     // phường
	Township = "township" // thị trấn
)

// Kinds of an area.
const (
	City     = "city"     // thành phố
	Town     = "town"     // thị xã
	District = "district" // huyện
)

// Terrains, as the contract's site_state.terrain has them.
const (
	Highland = "highland" // vùng cao
	Mountain = "mountain" // miền núi
	Plain    = "plain"    // đồng bằng, and whatever is neither of the two
	Unknown  = "unknown"  // no source and no rule decides it
)

// LANAverage is the one level of an area's LANs that was stated for 2023.
const LANAverage = "trung bình"

// Unit is a code with its dates.
type Unit struct {
	Code  string    // five digits of the General Statistics Office; names a unit only together with a day
	Name  string    // bare: without Xã, Phường, Thị trấn
	Kind  string    // Commune, Ward or Township
	From  time.Time // first day, 00:00 in Vietnam. 2021-02-01 means "since then at least"
	Until time.Time // first day on which it is no more; zero: it still is
	By    string    // resolution that made it; empty for those of the list of 2021-02-01
}

// On tells whether the unit existed on the day that it is in Vietnam.
func (u Unit) On(day time.Time) bool {
	return !day.Before(u.From) && (u.Until.IsZero() || day.Before(u.Until))
}

// Belonging is a unit that a site belonged to, for as long as the unit existed.
type Belonging struct {
	Unit  Unit
	Split bool // the site's unit before was divided, and where its office stands is not known: this is the unit that got the rest
}

// Area is a district-level unit of 2023. All ended on 2025-07-01; they stay as
// the groups in which sites are shown.
type Area struct {
	Code, Name string
	Kind       string    // City, Town or District
	Until      time.Time // first day on which it is no more
	LAN2023    string    // level of its LANs in May 2023: LANAverage, or empty = not stated, which is not "good"
	Lat, Lon   float64   // centroid, WGS84 degrees
}

// Label names an area as people read it: "Huyện Vĩnh Thạnh", "Vĩnh Thạnh district".
func (a Area) Label(lang say.Lang) string { return lang.Text(say.Key("kind."+a.Kind), a.Name) }

// Site is an office that has, or shall have, an agent.
type Site struct {
	ID            string // "bd-21997": the code of 2023. Never changes
	Name          string // bare, as of 2023
	Kind          string // Commune, Ward or Township, as of 2023
	Area          string // name of the district of 2023, for grouping
	AreaCode      string
	Terrain       string      // Highland, Mountain, Plain or Unknown
	TerrainSource string      // where that is from; empty when Unknown. None is the official list
	Verified      bool        // a source names this commune; false: a rule for the district, an inference, or nothing
	Lat, Lon      float64     // a point inside the commune of 2023, WGS84 degrees; its office may be 10 km away
	Units         []Belonging // oldest first
	Calendar      Calendar    // when it is open
}

// Label names a site as people read it: "Xã Vĩnh Sơn", "Vĩnh Sơn commune".
func (s Site) Label(lang say.Lang) string { return lang.Text(say.Key("kind."+s.Kind), s.Name) }

// Mountainous sites are shown first: highland, mountain, and those of which it is not known.
func (s Site) Mountainous() bool { return s.Terrain != Plain }

// UnitOn is the unit that the site belonged to on a day; false before the first
// that is known.
func (s Site) UnitOn(day time.Time) (Unit, bool) {
	for _, b := range s.Units {
		if b.Unit.On(day) {
			return b.Unit, true
		}
	}
	return Unit{}, false
}

// Due tells whether the office is open at t, so that measurements are expected.
func (s Site) Due(t time.Time) bool { return s.Calendar.Due(t) }
