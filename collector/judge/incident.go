package judge

import (
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// Incident is outages that are one.
type Incident struct {
	ID       string
	At       time.Time // as it was first judged to begin: where it is stored. Never changes
	Kind     string    // of api.IncidentKinds
	Status   string
	Started  time.Time
	Ended    time.Time // zero: it goes on
	Cause    api.Cause
	Members  []string // ids of the sites, in display order
	Mountain int
	Title    string
	Provider string // id, shared; empty: none
	Area     string // code, shared; empty: none
	Evidence string
	Judged   time.Time
}

// Incidents groups outages: those of sites that began within policies.Together of one
// another and share provider (line, nothing known) or area (all but devices) are one where there are
// policies.Least of them; every other is its own. Stored incidents keep their id as long
// as one of their outages is theirs. Out come the incidents and the outages (with their
// Incident set) that are to be written; a second run over the same gives none.
func Incidents(stored []Incident, outages []Outage, inv *inventory.Inventory, p *Policies, now time.Time) (incidents []Incident, changed []Outage) {
	return nil, nil
}

// Point is the incident as it is stored, every field of it.
func (i *Incident) Point(inv *inventory.Inventory) *api.Point { return nil }

// IncidentColumns are what [IncidentOf] needs of a query on "incident", grouped by id.
func IncidentColumns() []store.Selector { return nil }

// IncidentOf reads a stored one.
func IncidentOf(tags map[string]string, row store.Row, inv *inventory.Inventory) Incident {
	return Incident{}
}
