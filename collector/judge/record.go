package judge

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// Record is what is stored of one site over a time, each list oldest first. It is all
// that history is made of: the same record gives the same history, in whatever order
// its points came in, and however often.
//
// Lists may begin before From, and must where it matters: with the newest arrival, goodbye
// and run before it and the readings of each UPS within Battery before that run, however
// old, which tell what a gap at the beginning is; and with the newest look that reached
// the collector. [Reach] says where From has to be.
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
	Away     Span   // in which no judge judged, the newest such time; for what goes on only
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

// ordered is the record with each list sorted by time and each point once. One that is
// so already, as the store gives it, is returned as it is.
func (r *Record) ordered() *Record {
	out := *r
	out.Arrivals = sorted(r.Arrivals, func(a, b Arrival) int {
		return cmp.Or(a.Time.Compare(b.Time), a.Last.Compare(b.Last), a.First.Compare(b.First), cmp.Compare(a.Goodbye, b.Goodbye), cmp.Compare(a.Every, b.Every))
	})
	out.Runs = sorted(r.Runs, func(a, b Run) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Session, b.Session), cmp.Compare(a.MachineUp, b.MachineUp))
	})
	out.Power = sorted(r.Power, func(a, b Power) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Target, b.Target), bit(a.OnBattery)-bit(b.OnBattery))
	})
	out.Looks = sorted(r.Looks, func(a, b Look) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Cause, b.Cause), bit(a.Reached)-bit(b.Reached),
			cmp.Compare(a.LastHopNumber, b.LastHopNumber), cmp.Compare(a.LastHop, b.LastHop), cmp.Compare(a.Hops, b.Hops), cmp.Compare(a.Address, b.Address))
	})
	out.Deaf = sorted(r.Deaf, func(a, b Span) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	out.Targets = slices.Clone(r.Targets)
	slices.SortStableFunc(out.Targets, func(a, b Target) int {
		return cmp.Or(cmp.Compare(order(a.Role), order(b.Role)), cmp.Compare(a.Name, b.Name))
	})
	for i := range out.Targets {
		out.Targets[i].Rounds = sorted(out.Targets[i].Rounds, func(a, b Round) int {
			return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Received, b.Received), cmp.Compare(a.Sent, b.Sent), cmp.Compare(a.Result, b.Result))
		})
	}
	return &out
}

// sorted leaves a list alone that is in order and has nothing twice.
func sorted[T any](list []T, by func(a, b T) int) []T {
	for i := 1; i < len(list); i++ {
		if by(list[i-1], list[i]) >= 0 {
			list = slices.Clone(list)
			slices.SortStableFunc(list, by)
			return slices.CompactFunc(list, func(a, b T) bool { return by(a, b) == 0 })
		}
	}
	return list
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// before is the last of a list that is not after t, nil if there is none.
func before[T any](list []T, t time.Time, at func(*T) time.Time) *T {
	n := sort.Search(len(list), func(i int) bool { return at(&list[i]).After(t) })
	if n == 0 {
		return nil
	}
	return &list[n-1]
}

func timeOfRun(r *Run) time.Time         { return r.Time }
func timeOfRound(r *Round) time.Time     { return r.Time }
func timeOfArrival(a *Arrival) time.Time { return a.Time }

// overlap is how much of it lies within another.
func (s Span) overlap(o Span) time.Duration {
	return max(0, earlier(s.To, o.To).Sub(later(s.From, o.From)))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
