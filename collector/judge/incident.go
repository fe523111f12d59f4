package judge

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
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
// policies.Least of them; every other is its own (together.go has the rules). Stored
// incidents keep their id as long as one of their outages is theirs; two that prove to be one
// go on as the earlier. Out come the incidents and the outages (with their Incident set)
// that are to be written; a second run over the same gives none.
//
// Only what is near a change need be given: the outages that began up to six times Together before or
// after one that changed, withdrawn ones too, and the incidents that these point to. An incident
// of which not all outages are given keeps the offices of the others. Write the
// incidents first: until an outage points to its new one, the next run finds it again.
func Incidents(stored []Incident, outages []Outage, inv *inventory.Inventory, p *Policies, now time.Time) (incidents []Incident, changed []Outage) {
	b := newBinder(stored, outages, inv, p, now)
	b.claim()
	for i, g := range b.groups {
		next := b.describe(g, b.claims[i])
		incidents = b.put(incidents, next)
		for _, f := range g {
			if f.Incident != next.ID {
				b.moved[f.Incident] = append(b.moved[f.Incident], next.ID)
				f.Incident = next.ID
				changed = append(changed, *f.Outage)
			}
		}
	}
	for i := range b.stored {
		if was := &b.stored[i]; !b.claimed[was.ID] && b.empty(was) {
			incidents = b.put(incidents, b.withdraw(was))
		}
	}
	slices.SortFunc(incidents, func(a, b Incident) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) })
	slices.SortFunc(changed, func(a, b Outage) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) })
	return incidents, changed
}

// binder brings groups of outages and stored incidents together.
type binder struct {
	inv    *inventory.Inventory
	now    time.Time
	place  map[string]int // of a site in display order
	stored []Incident     // by At
	byID   map[string]*Incident
	groups []group

	pointing map[string][]*fall  // outages by the incident that they came with, withdrawn ones too
	orphan   map[string]bool     // incidents that nothing pointed to
	claims   []*Incident         // by group; nil: it is new
	claimed  map[string]bool     // incidents that are a group's
	moved    map[string][]string // from an incident to which ones
}

func newBinder(stored []Incident, outages []Outage, inv *inventory.Inventory, p *Policies, now time.Time) *binder {
	b := &binder{
		inv: inv, now: now.Truncate(time.Millisecond), place: map[string]int{}, stored: slices.Clone(stored), byID: map[string]*Incident{},
		pointing: map[string][]*fall{}, orphan: map[string]bool{}, claimed: map[string]bool{}, moved: map[string][]string{},
	}
	slices.SortFunc(b.stored, func(a, b Incident) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) })
	for i := range b.stored {
		b.byID[b.stored[i].ID] = &b.stored[i]
	}
	sites := inv.Sites()
	for i := range sites {
		b.place[sites[i].ID] = i
	}
	falls, founders := make([]*fall, 0, len(outages)), make(map[string]*fall, len(outages))
	for _, o := range outages {
		f := &fall{Outage: &o, site: &inventory.Site{}}
		if i, known := b.place[o.Site]; known {
			f.site = &sites[i]
		}
		founders[nameOf(&o)] = f
		if o.Incident != "" {
			b.pointing[o.Incident] = append(b.pointing[o.Incident], f)
		}
		if o.Status != api.StatusWithdrawn {
			falls = append(falls, f)
		}
	}
	b.adopt(founders)
	for _, all := range b.pointing {
		slices.SortFunc(all, byBeginning)
	}
	b.groups = groups(falls, inv, p)
	b.claims = make([]*Incident, len(b.groups))
	return b
}

// adopt gives an incident to which nothing points the outage that founded it: whoever wrote
// it stopped before it wrote its outages.
func (b *binder) adopt(founders map[string]*fall) {
	for i := range b.stored {
		was := &b.stored[i]
		f := founders[was.ID]
		if f == nil {
			f = founders[unnumbered(was.ID)]
		}
		if f == nil || was.Status == api.StatusWithdrawn || len(b.pointing[was.ID]) > 0 {
			continue
		}
		b.pointing[was.ID], b.orphan[was.ID] = []*fall{f}, true
	}
}

// claim gives stored incidents, the earliest first, the group that has most of their
// outages and is not another's yet. Those that were withdrawn come last: they are
// one again only for an outage that was withdrawn with them.
func (b *binder) claim() {
	of := map[*fall]int{}
	for i, g := range b.groups {
		for _, f := range g {
			of[f] = i
		}
	}
	for _, withdrawn := range []bool{false, true} {
		for i := range b.stored {
			was := &b.stored[i]
			if was.Kind == api.KindCollector || (was.Status == api.StatusWithdrawn) != withdrawn {
				continue
			}
			if n := b.best(was, of); n >= 0 {
				b.claims[n], b.claimed[was.ID] = was, true
			}
		}
	}
}

// best is the group that an incident goes on as, -1 for none; of equals the earlier.
func (b *binder) best(was *Incident, of map[*fall]int) int {
	votes, best := map[int]int{}, -1
	for _, f := range b.pointing[was.ID] {
		n, grouped := of[f]
		if !grouped || b.claims[n] != nil {
			continue
		}
		if votes[n]++; best < 0 || votes[n] > votes[best] || votes[n] == votes[best] && n < best {
			best = n
		}
	}
	return best
}

// put adds an incident if it says something new, and when that was found.
func (b *binder) put(all []Incident, next Incident) []Incident {
	if was := b.byID[next.ID]; was != nil {
		next.Judged = was.Judged
		if next.same(was) {
			return all
		}
	}
	next.Judged = b.now
	return append(all, next)
}

// same compares what is stored: times to the millisecond.
func (i *Incident) same(other *Incident) bool {
	return i.ID == other.ID && i.At.Equal(other.At) && i.Kind == other.Kind && i.Status == other.Status &&
		unixMilli(i.Started) == unixMilli(other.Started) && unixMilli(i.Ended) == unixMilli(other.Ended) && i.Cause == other.Cause &&
		slices.Equal(i.Members, other.Members) && i.Mountain == other.Mountain && i.Title == other.Title &&
		i.Provider == other.Provider && i.Area == other.Area && i.Evidence == other.Evidence
}

// empty tells whether an incident lost all its outages: those that are given, and there
// is no member of which none is.
func (b *binder) empty(was *Incident) bool {
	return was.Status != api.StatusWithdrawn && was.Kind != api.KindCollector &&
		len(b.pointing[was.ID]) > 0 && len(b.absent(was)) == 0
}

// absent are the members of a stored incident of which no outage is given.
func (b *binder) absent(was *Incident) []string {
	if was == nil || was.Status == api.StatusWithdrawn || b.orphan[was.ID] {
		return nil
	}
	given := map[string]bool{}
	for _, f := range b.pointing[was.ID] {
		given[f.Site] = true
	}
	return slices.DeleteFunc(slices.Clone(was.Members), func(id string) bool { return given[id] })
}

// withdraw ends an incident that is none: its outages are another's, which its
// evidence then names, or were none.
func (b *binder) withdraw(was *Incident) Incident {
	next := *was
	next.Status = api.StatusWithdrawn
	if next.Ended.IsZero() {
		next.Ended = later(next.Started, b.now)
	}
	if to := b.moved[was.ID]; len(to) > 0 {
		next.Evidence = "→ " + commonest(to)
		return next
	}
	all := b.pointing[was.ID]
	next.Cause = commonCause(all)
	next.Evidence = api.CleanText(all[0].Evidence)
	if ended := overAt(all); !ended.IsZero() {
		next.Ended = ended
	}
	return next
}

// commonest is the name that is there most often, of equals the least.
func commonest(names []string) string {
	count := map[string]int{}
	best := names[0]
	for _, name := range names {
		count[name]++
	}
	for name, n := range count {
		if n > count[best] || n == count[best] && name < best {
			best = name
		}
	}
	return best
}
