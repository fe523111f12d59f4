package judge

import (
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/store"
)

// Outage is a time in which a site, or a device of it, was lost.
type Outage struct {
	ID     string    // stable, of the site and At
	Site   string    // id
	At     time.Time // as it was first judged to begin: where it is stored. Never changes
	Status string    // of api.OutageStatuses
	Kind   string    // of api.OutageKinds
	Target string    // of a device

	Started       time.Time
	Ended         time.Time     // zero: it goes on
	Down          time.Duration // of it really down
	Interruptions int

	Cause    api.Cause
	Reason   say.Key
	Evidence string
	Judged   time.Time // when the judgement last changed

	FirstKind  string
	FirstCause api.Cause
	First      time.Time // when it was judged first

	Incident    string // id
	Maintenance bool
	Provider    string // name of the line's provider, set by who writes it; empty: nobody wrote it down
}

// Reconcile holds what a record shows against what is stored of the same site: an outage
// that overlaps one of the same target keeps its id, its time and its first judgement; one
// that nothing shows any more is withdrawn; one that is new gets an id. Out come those
// to be written, and nothing else: a second run over the same gives none. Only stored
// ones that overlap the window are judged again.
func Reconcile(stored, found []Outage, window Span, now time.Time) []Outage { return nil }

// Point is the outage as it is stored, every field of it.
func (o *Outage) Point(site *inventory.Site) *api.Point { return nil }

// OutageColumns are what [OutageOf] needs of a query on "outage", grouped by site and id.
func OutageColumns() []store.Selector { return nil }

// OutageOf reads a stored one.
func OutageOf(tags map[string]string, row store.Row) Outage { return Outage{} }
