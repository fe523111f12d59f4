// Package inventory knows the offices: which sites there are, to which unit each
// belonged on a day, how the land lies, when each is open, and what its agent is told
// to measure. In comes a folder of CSV and YAML (binhdinh/FORMAT.md; binhdinh/ itself
// is embedded, its SOURCES.md says where each figure comes from and what is not
// known), out go an Inventory that never changes (read.go), all that is wrong with the
// folder (report.go), each site's document (targets.go, document.go, serve.go), and the
// folder as it is followed (live.go).
//
// A site is an office; its id never changes and is the only identity in stored
// data. A unit is a code with dates: codes are used again for other territory, so
// a code alone names nothing. This room must never guess: what no source says is
// empty or unknown, and a folder with a doubtful line is refused as a whole. It must
// never show a secret, nor give one to an agent whose site does not need it.
package inventory

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/say"
	"communewatch/collector/settings"
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

	providers map[string]Provider
	plans     map[string]plan     // by site id
	windows   map[string][]Window // by scope: of a site, an area, a provider or all; by beginning
	profiles  []api.Profile       // by name
	interval  time.Duration       // where a plan says none; 0: the contract's
}

// Embedded reads the province that comes with the program: the 159 communes,
// wards and townships of Bình Định as of May 2023, and what became of them.
func Embedded() (*Inventory, error) {
	return Open("")
}

// Open reads the inventory in a folder of the operator's, which replaces the embedded
// one; an empty path is the embedded one.
func Open(dir string) (*Inventory, error) {
	inv, report, err := CheckFolder(dir, Options{})
	if err == nil && len(report.Errors) > 0 {
		err = report.Errors
	}
	return inv, err
}

// CheckFolder is [Check] of a folder, with its path in front of each place. The error
// is that it is no folder.
func CheckFolder(dir string, options Options) (*Inventory, Report, error) {
	if dir == "" {
		files, err := fs.Sub(binhDinh, "binhdinh")
		if err != nil {
			return nil, Report{}, fmt.Errorf("open the embedded inventory: %w", err)
		}
		inv, report := Check(files, options)
		return inv, report, nil
	}
	if info, err := os.Stat(dir); err != nil {
		return nil, Report{}, fmt.Errorf("open inventory: %w", err)
	} else if !info.IsDir() {
		return nil, Report{}, fmt.Errorf("open inventory: %s is no folder", dir)
	}
	inv, report := Check(os.DirFS(dir), options)
	for _, all := range []settings.Problems{report.Errors, report.Warnings} {
		for i := range all {
			all[i].File = filepath.Join(dir, filepath.FromSlash(all[i].File))
		}
	}
	return inv, report, nil
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

// Provider finds one by its id.
func (inv *Inventory) Provider(id string) (Provider, bool) {
	p, ok := inv.providers[id]
	return p, ok
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

	Address     string // of the office, as are those below; each empty if nobody wrote it down
	Phone       string
	Responsible string // a person
	Provider    string // of the line: the id of a Provider
	Contract    string // with the provider

	Interval time.Duration // between rounds, as a template says it; 0: none does
}

// Provider is who the line is rented from.
type Provider struct{ ID, Name, Hotline string }

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
