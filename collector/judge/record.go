package judge

import (
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// Record is what is stored of one site over a time, each list oldest first. It is all
// that history is made of: the same record gives the same history, in whatever order
// its points came in, and however often.
//
// Lists may begin before From, and must where it matters: with the newest arrival, run and
// reading of each UPS before it, however old, which tell what a gap at the beginning is, and
// with the newest look that reached the collector. [Reach] says where From has to be.
type Record struct {
	Site     *inventory.Site
	From, To time.Time // what was read of
	Gateway  string    // address of the office's router, as it is configured; empty: not known
	Targets  []Target  // gateway, LAN, uplink, devices, by name within a role
	Arrivals []Arrival
	Runs     []Run
	Power    []Power
	Looks    []Look
	Deaf     []Span // in which no collector listened, or none could store
}

// Span is from a moment to before another.
type Span struct{ From, To time.Time }

// Arrival is a request that the collector took.
type Arrival struct {
	Time        time.Time // by the collector's clock
	First, Last time.Time // of the points in it; zero: it had none
	Goodbye     api.Goodbye
	Every       time.Duration // between two sends of a metered line; 0: after each round
}

// Run is one round of an agent, on itself.
type Run struct {
	Time      time.Time
	Session   string        // one boot, one process, no suspend
	MachineUp time.Duration // since its boot, in a session's first point; 0: not said
}

// Power is what a UPS says.
type Power struct {
	Time      time.Time
	Target    string
	OnBattery bool
}

// Look is one look at the path to an uplink target, or to the collector.
type Look struct {
	Time          time.Time
	Target, Cause string // as of the measurement path
	Reached       bool
	Address       string // of what was looked for
	LastHop       string // that answered; empty: none did
	LastHopNumber int
	Hops          int // the address's own place; 0: not reached
}

// Segment is a time in which a site was in one state.
type Segment struct {
	State    api.State
	From, To time.Time // To is the next one's From; of the last: until when is known
	Reason   say.Key
	Evidence string
}

// Timeline is a site's states over a record, without a hole and without two alike in a
// row, as they were measured: a backlog counts as if it had come in time. Where nothing
// was measured the state is closed, silent or power_lost, by what stands around the gap.
func Timeline(r *Record, p Policy, now time.Time) []Segment { return nil }

// Outages are those of a record: of the site, from its timeline, and of its devices. They
// have no id yet and no first judgement.
func Outages(r *Record, timeline []Segment, p Policy, now time.Time) []Outage { return nil }
