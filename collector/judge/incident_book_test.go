package judge

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// book is what the store would hold.
type book struct {
	t         testing.TB
	inv       *inventory.Inventory
	policies  Policies
	incidents map[string]Incident
	outages   map[string]Outage
}

func newBook(t testing.TB) *book {
	return &book{t, small(t), DefaultPolicies(), map[string]Incident{}, map[string]Outage{}}
}

// judge takes outages as a judgement finds them, and runs twice: the second time nothing changes.
func (b *book) judge(found ...Outage) []Incident {
	b.t.Helper()
	for _, o := range found {
		o.Incident = b.outages[o.ID].Incident
		b.outages[o.ID] = o
	}
	for range 2 {
		incidents, changed := Incidents(values(b.incidents), values(b.outages), b.inv, &b.policies, nine.Add(time.Hour))
		for _, i := range incidents {
			b.incidents[i.ID] = i
		}
		for _, o := range changed {
			b.outages[o.ID] = o
		}
	}
	incidents, changed := Incidents(values(b.incidents), values(b.outages), b.inv, &b.policies, nine.Add(2*time.Hour))
	if len(incidents)+len(changed) > 0 {
		b.t.Errorf("a second run changed %v and %v", incidents, changed)
	}
	return b.sorted()
}

func (b *book) sorted() []Incident {
	all := values(b.incidents)
	slices.SortFunc(all, func(x, y Incident) int { return strings.Compare(x.ID, y.ID) })
	return all
}

// values are in no order, as a map has none.
func values[V any](m map[string]V) []V {
	var all []V
	for _, v := range m {
		all = append(all, v)
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func TestAnIncidentThatGrowsKeepsItsIDAndTakesInWhatWasAlone(t *testing.T) {
	b := newBook(t)
	b.judge(cut(10000, "uplink_down", "unknown", 0, 0))
	b.judge(cut(10100, "uplink_down", "unknown", 1, 0))
	got := b.judge(cut(10200, "uplink_down", "unknown", 2, 0))
	want := []string{"uplink_down 09:00-… unknown VNPT · 3 xã", "uplink_down 09:01-10:00 unknown Xã Số B0 withdrawn"}
	if d := cmp.Diff(want, tell(got)); d != "" {
		t.Error(d)
	}
	if got[0].ID != "i-bd-10000-uplink_down-0" || got[1].Evidence != "→ "+got[0].ID {
		t.Errorf("got %+v", got)
	}
	b.judge(cut(10300, "uplink_down", "unknown", 6, 0))
	if got = b.sorted(); got[0].Title != "VNPT · 4 xã" || len(got) != 2 {
		t.Errorf("got %v", tell(got))
	}
}

// An hour-old backlog shows who fell between two incidents that were thought to be two.
func TestABacklogThatJoinsTwoIncidentsMakesThemTheEarlier(t *testing.T) {
	b := newBook(t)
	for n, at := range []float64{0, 1, 2, 9, 10, 11} {
		b.judge(cut(10000+100*(n%5)+2*(n/5), "uplink_down", "provider", at, 40))
	}
	before := b.sorted()
	if d := cmp.Diff([]string{"uplink_down 09:00-09:40 provider VNPT · 3 xã", "uplink_down 09:09-09:40 provider VNPT · 3 xã"}, tell(living(before))); d != "" {
		t.Fatal(d)
	}
	got := b.judge(cut(10008, "uplink_down", "provider", 5.5, 40))
	if d := cmp.Diff([]string{"uplink_down 09:00-09:40 provider VNPT · 7 xã"}, tell(living(got))); d != "" {
		t.Error(d)
	}
	first, second := living(before)[0], living(before)[1]
	if i := b.incidents[second.ID]; i.Status != api.StatusWithdrawn || i.Evidence != "→ "+first.ID || living(got)[0].ID != first.ID || !i.At.Equal(second.At) {
		t.Errorf("the later one is %+v", i)
	}
}

func living(all []Incident) []Incident {
	return slices.DeleteFunc(slices.Clone(all), func(i Incident) bool { return i.Status == api.StatusWithdrawn })
}

func TestAnIncidentWhoseOutagesWereNoneIsWithdrawnAndComesBackWithThem(t *testing.T) {
	b := newBook(t)
	o := cut(10000, "silent", "unknown", 0, 0)
	id := b.judge(o)[0].ID
	gone := withdrawn(cut(10000, "silent", "province", 0, 20))
	gone.Evidence = "it was only us"
	got := b.judge(gone)
	if d := cmp.Diff([]string{"silent 09:00-09:20 province Xã Số A0 withdrawn"}, tell(got)); d != "" || got[0].Evidence != "it was only us" || got[0].ID != id {
		t.Error(d, got)
	}
	if got = b.judge(o); len(got) != 1 || got[0].ID != id || got[0].Status != api.StatusOpen {
		t.Errorf("got %+v", got)
	}
}

// A later judgement knows that one of them was an agent that stopped: two are left, and the
// incident goes on with the outage that founded it.
func TestAnIncidentThatFallsApartGoesOnAsOneOfItsParts(t *testing.T) {
	b := newBook(t)
	for n, id := range []int{10000, 10100, 10200} {
		b.judge(cut(id, "silent", "unknown", float64(n), 30))
	}
	kept := living(b.sorted())[0]
	got := b.judge(cut(10100, "silent", "agent_stopped", 1, 30))
	want := []string{"silent 09:00-09:30 unknown Xã Số A0", "silent 09:01-09:30 agent_stopped Xã Số B0", "silent 09:02-09:30 unknown Xã Số C0"}
	if d := cmp.Diff(want, tell(living(got))); d != "" {
		t.Error(d)
	}
	if living(got)[0].ID != kept.ID {
		t.Errorf("%s is now %s", kept.ID, living(got)[0].ID)
	}
}

func TestAnIncidentThatLosesItsFirstOutagesStaysWithTheMost(t *testing.T) {
	b := newBook(t)
	for n := range 5 {
		b.judge(cut(10000+100*n, "silent", "unknown", float64(n), 30))
	}
	kept := living(b.sorted())[0]
	b.judge(cut(10000, "silent", "agent_stopped", 0, 30), cut(10100, "silent", "agent_stopped", 1, 30))
	if now := b.incidents[kept.ID]; now.Title != "VNPT · 3 xã" || now.Status == api.StatusWithdrawn {
		t.Errorf("%s is now %s, of %v", kept.ID, now.Title, tell(b.sorted()))
	}
}

// The judge reads what is near a change: of an old incident only the outage that goes on.
func TestAnIncidentOfWhichOnlyAPartIsGivenKeepsTheRest(t *testing.T) {
	b := newBook(t)
	b.judge(cut(10000, "uplink_down", "provider", 0, 20), cut(10100, "uplink_down", "provider", 1, 30), cut(10200, "uplink_down", "provider", 2, 0))
	whole := b.sorted()[0]
	open := b.outages["bd-10200-uplink_down-2"]
	if i, o := Incidents([]Incident{whole}, []Outage{open}, b.inv, &b.policies, nine.Add(3*time.Hour)); len(i)+len(o) > 0 {
		t.Errorf("changed %+v %v", i, o)
	}
	open.Ended, open.Status = past(120), api.StatusClosed
	got, _ := Incidents([]Incident{whole}, []Outage{open}, b.inv, &b.policies, nine.Add(3*time.Hour))
	if d := cmp.Diff([]string{"uplink_down 09:00-11:00 provider VNPT · 3 xã"}, tell(got)); d != "" || len(got[0].Members) != 3 {
		t.Error(d, got)
	}
}

func TestTheCollectorsOwnIncidentIsNobodyElses(t *testing.T) {
	own := Incident{ID: "collector-1", At: nine, Started: nine, Kind: api.KindCollector, Status: api.StatusOpen}
	o := cut(10000, "uplink_down", "unknown", 0, 0)
	o.Incident = own.ID
	got, changed := run(t, []Incident{own}, []Outage{o})
	if len(got) != 1 || got[0].Kind == api.KindCollector || changed[0].Incident == own.ID {
		t.Errorf("got %v", tell(got))
	}
}
