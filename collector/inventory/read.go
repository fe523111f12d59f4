package inventory

import (
	"io/fs"
	"slices"
	"strings"

	"communewatch/collector/say"
)

// Options of a reading.
type Options struct {
	// WithoutSecrets takes every secret that a target names as given: who checks a
	// folder that was shared has no secrets.yaml.
	WithoutSecrets bool
}

// Read reads a province's folder (FORMAT.md). The error is a [settings.Problems] that
// names all mistakes, each with file:line:column. One doubtful line refuses the whole:
// half an inventory would look like offices that were taken down.
func Read(files fs.FS) (*Inventory, error) {
	inv, report := Check(files, Options{})
	if len(report.Errors) > 0 {
		return nil, report.Errors
	}
	return inv, nil
}

// Check is [Read] for a person: it also warns, and counts. The inventory is nil if
// there are errors.
func Check(files fs.FS, options Options) (*Inventory, Report) {
	r := &reading{
		files: files, options: options,
		inv:      &Inventory{byID: map[string]int{}, providers: map[string]Provider{}, plans: map[string]plan{}, windows: map[string][]Window{}},
		areas:    map[string]Area{},
		areaAt:   map[string]spot{},
		units:    map[unitKey]*known{},
		byCode:   map[string][]*known{},
		members:  map[string][]membership{},
		siteAt:   map[string]spot{},
		provider: map[string]spot{},
		whole:    map[string]bool{},
	}
	for _, t := range tables {
		r.whole[t.name] = r.table(t.schema, func(row *row) { t.row(r, row) })
	}
	if len(r.inv.sites) == 0 && r.whole[sitesFile] {
		r.add(spot{sitesFile, 1, 1}, "inventory.no_sites") // no agent would be told anything, and none missed
	}
	r.belong()
	r.order()
	r.sortWindows()
	r.places()
	r.calendars()
	r.profiles()
	r.targets()
	r.strangers()
	r.count()
	report := r.sorted()
	if len(report.Errors) > 0 {
		return nil, report
	}
	return r.inv, report
}

// Files of the folder.
const (
	areasFile     = "areas.csv"
	unitsFile     = "units.csv"
	membersFile   = "members.csv"
	sitesFile     = "sites.csv"
	providersFile = "providers.csv"
	windowsFile   = "maintenance.csv"
	calendarsFile = "calendars.yaml"
	targetsFile   = "targets.yaml"
	secretsFile   = "secrets.yaml"
	profilesDir   = "profiles"
)

// tables are the CSV files, in the order in which each can be held against those
// before it.
var tables = []struct {
	schema
	row func(*reading, *row)
}{
	{schema{name: areasFile, needed: strings.Fields("area name kind until lan_2023 latitude longitude")}, (*reading).area},
	{schema{name: unitsFile, needed: strings.Fields("unit name kind from until by")}, (*reading).unit},
	{schema{name: membersFile, needed: strings.Fields("site unit from split")}, (*reading).member},
	{schema{name: providersFile, needed: strings.Fields("provider name hotline"), optional: true}, (*reading).providerRow},
	{schema{
		name:   sitesFile,
		needed: strings.Fields("site name kind area terrain basis terrain_source latitude longitude"),
		more:   strings.Fields("address phone responsible provider contract"),
	}, (*reading).site},
	{schema{name: windowsFile, needed: strings.Fields("from until scope reason"), optional: true}, (*reading).window},
}

// reading is what was read so far.
type reading struct {
	report
	files   fs.FS
	options Options
	inv     *Inventory
	whole   map[string]bool // tables of which every row is known

	areas    map[string]Area
	areaAt   map[string]spot
	units    map[unitKey]*known
	byCode   map[string][]*known
	members  map[string][]membership // by site id
	siteAt   map[string]spot
	provider map[string]spot
}

// first notes where an identifier was given; a second time is complained of.
func first(at map[string]spot, row *row, column string) bool {
	id := row.text(column)
	if before, twice := at[id]; twice {
		row.refuse(column, "inventory.twice", before.line)
		return false
	}
	at[id] = row.spot(column)
	return true
}

func (r *reading) area(row *row) {
	a := Area{
		Code:    row.code("area", areaCode, 3, "inventory.area_form"),
		Name:    row.bareName(),
		Kind:    row.oneOf("kind", City, Town, District),
		Until:   row.day("until"),
		LAN2023: row.oneOf("lan_2023", "", LANAverage),
	}
	a.Lat, a.Lon = row.position()
	if row.lost = !row.right("area"); !row.lost && first(r.areaAt, row, "area") {
		r.areas[a.Code] = a
		r.inv.areas = append(r.inv.areas, a)
	}
}

func (r *reading) providerRow(row *row) {
	p := Provider{
		ID:      row.code("provider", plainName, 0, "inventory.plain_name"),
		Name:    row.needed("name"),
		Hotline: row.phone("hotline"),
	}
	if row.lost = !row.right("provider"); !row.lost && first(r.provider, row, "provider") {
		r.inv.providers[p.ID] = p
	}
}

func (r *reading) site(row *row) {
	s := Site{
		ID:            row.code("site", siteID, 0, "inventory.site_form"),
		Name:          row.bareName(),
		Kind:          row.oneOf("kind", Commune, Ward, Township),
		AreaCode:      row.text("area"),
		Terrain:       row.oneOf("terrain", Highland, Mountain, Plain, Unknown),
		TerrainSource: row.text("terrain_source"),
		Verified:      row.oneOf("basis", "", "named", "inferred", "district") == "named",
		Address:       row.text("address"),
		Phone:         row.phone("phone"),
		Responsible:   row.text("responsible"),
		Provider:      row.text("provider"),
		Contract:      row.text("contract"),
	}
	s.Lat, s.Lon = row.position()
	area, known := r.areas[s.AreaCode]
	s.Area = area.Name
	if !known && r.whole[areasFile] {
		row.unknown("area", areasFile, 3)
	}
	if _, known := r.provider[s.Provider]; s.Provider != "" && !known && r.whole[providersFile] {
		row.refuse("provider", "inventory.no_such", providersFile)
	}
	if sourced := s.TerrainSource != "" && row.text("basis") != ""; sourced != (s.Terrain != Unknown) {
		row.refuse("terrain", "inventory.unsourced")
	}
	if row.lost = !row.right("site"); !row.lost && first(r.siteAt, row, "site") {
		r.inv.sites = append(r.inv.sites, s)
	}
}

// unknown complains of a code that no row of another file has.
func (r *row) unknown(column, file string, digits int) {
	switch s := r.text(column); {
	case s == "":
		r.complain(column, "config.missing", column)
	case len(s) < digits && allDigits.MatchString(s):
		r.refuse(column, "inventory.zeros_lost", digits)
	default:
		r.refuse(column, "inventory.no_such", file)
	}
}

// bareName is a name without the word for what it names, which is the kind's.
func (r *row) bareName() string {
	name := r.needed("name")
	for _, word := range []string{"Xã ", "Phường ", "Thị trấn ", "Huyện ", "Thị xã ", "Thành phố "} {
		if strings.HasPrefix(name, word) && r.right("name") {
			r.warn(r.spot("name"), "inventory.kind_in_name", name, strings.TrimSpace(word))
		}
	}
	return name
}

// order puts all in an order that does not depend on the order of rows.
func (r *reading) order() {
	inv := r.inv
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
}
