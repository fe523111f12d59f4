package judge

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"communewatch/collector/api"
)

// anyOutages draws outages of a small province that often fall together.
func anyOutages(t *rapid.T) []Outage {
	kinds, causes := strings.Fields(api.OutageKinds), strings.Fields(api.Causes)
	var all []Outage
	for i := range rapid.IntRange(1, 40).Draw(t, "outages") {
		id := 10000 + 100*rapid.IntRange(0, 4).Draw(t, "area") + rapid.IntRange(0, 9).Draw(t, "office")
		from := float64(rapid.IntRange(0, 120).Draw(t, "from"))
		o := cut(id, rapid.SampledFrom(kinds).Draw(t, "kind"), api.Cause(rapid.SampledFrom(causes).Draw(t, "cause")), from, from+float64(rapid.IntRange(0, 60).Draw(t, "for")))
		if o.Kind == api.KindDevice {
			o.Target = rapid.SampledFrom([]string{"ups", "nvr"}).Draw(t, "target")
		}
		o.ID = fmt.Sprintf("%s-%d", o.ID, i)
		all = append(all, o)
	}
	return all
}

// members is the partition: which outages are in one incident.
func (b *book) members() map[string][]string {
	of := map[string][]string{}
	for _, o := range b.outages {
		if o.Status != api.StatusWithdrawn {
			of[o.Incident] = append(of[o.Incident], o.ID)
		}
	}
	out := map[string][]string{}
	for _, ids := range of {
		slices.Sort(ids)
		out[ids[0]] = ids
	}
	return out
}

// Whatever comes first, in pieces or at once, the same outages end in the same incidents: which
// they are, what is said of them, and that nothing else lives. On the way an id never
// goes from one set of outages to one that shares none with it, and its time never moves.
func TestTheSameOutagesEndInTheSameIncidentsInWhateverOrderTheyCame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		outages := anyOutages(rt)
		once, pieces := newBook(t), newBook(t)
		once.judge(outages...)
		order := rapid.Permutation(outages).Draw(rt, "order")
		for len(order) > 0 {
			n := rapid.IntRange(1, len(order)).Draw(rt, "piece")
			before := map[string]Outage{}
			for id, o := range pieces.outages {
				before[id] = o
			}
			wasThere := map[string]Incident{}
			for id, i := range pieces.incidents {
				wasThere[id] = i
			}
			pieces.judge(order[:n]...)
			order = order[n:]
			steady(rt, wasThere, before, pieces)
		}
		if d := cmp.Diff(once.members(), pieces.members()); d != "" {
			rt.Fatalf("other groups: %s", d)
		}
		if d := cmp.Diff(said(once), said(pieces)); d != "" {
			rt.Fatalf("other words: %s", d)
		}
	})
}

// steady holds that ids stay with what they stood for.
func steady(rt *rapid.T, was map[string]Incident, before map[string]Outage, now *book) {
	shares := map[string]bool{}
	for id, o := range before {
		if now.outages[id].Incident == o.Incident {
			shares[o.Incident] = true
		}
	}
	for id, i := range was {
		next := now.incidents[id]
		if !next.At.Equal(i.At) {
			rt.Fatalf("%s moved from %s to %s", id, i.At, next.At)
		}
		if i.Status != api.StatusWithdrawn && next.Status != api.StatusWithdrawn && !shares[id] {
			rt.Fatalf("%s stands for other outages: %v, %v", id, i.Members, next.Members)
		}
	}
}

// said is what is told of the incidents that live, whatever their ids.
func said(b *book) []string {
	var out []string
	for _, i := range living(b.sorted()) {
		out = append(out, fmt.Sprintf("%s %s %s %s %s %v %d %s %s %s %s", i.Kind, i.Status, i.Started, i.Ended, i.Cause, i.Members, i.Mountain, i.Title, i.Provider, i.Area, i.Evidence))
	}
	slices.Sort(out)
	return out
}

// A crash between the two writes leaves new incidents and old outages, or the other way
// round: the next run ends as if there had been none.
func TestACrashBetweenTheTwoWritesLeavesNothingBehind(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		outages := anyOutages(rt)
		n := rapid.IntRange(0, len(outages)).Draw(rt, "first")
		whole, crashed := newBook(t), newBook(t)
		whole.judge(outages[:n]...)
		crashed.judge(outages[:n]...)
		for _, o := range outages[n:] {
			crashed.outages[o.ID] = o
		}
		incidents, _ := Incidents(values(crashed.incidents), values(crashed.outages), crashed.inv, &crashed.policies, nine.Add(time.Hour))
		for _, i := range incidents { // the incidents first, as the contract says
			crashed.incidents[i.ID] = i
		}
		whole.judge(outages[n:]...)
		crashed.judge()
		if d := cmp.Diff(said(whole), said(crashed)); d != "" {
			rt.Fatal(d)
		}
		if d := cmp.Diff(whole.members(), crashed.members()); d != "" {
			rt.Fatal(d)
		}
	})
}

// An office whose earlier incident went on without it founds a second one, which is numbered:
// after a crash that wrote only this one, the office goes on with it.
func TestANumberedIncidentIsFoundAgainAfterACrash(t *testing.T) {
	b := newBook(t)
	first := cut(10000, "lan_down", api.Unknown, 0, 0)
	b.judge(first, cut(10001, "uplink_down", api.Unknown, 1, 0), cut(10002, "uplink_down", api.Unknown, 2, 0), cut(10003, "uplink_down", api.Unknown, 3, 0))
	moved := b.outages[first.ID]
	moved.Started, moved.Ended, moved.Status = past(-60), past(-59), api.StatusClosed
	b.outages[first.ID] = moved
	found, _ := Incidents(values(b.incidents), values(b.outages), b.inv, &b.policies, nine.Add(time.Hour))
	numbered := nameOf(&first) + "-2"
	for _, i := range found {
		b.incidents[i.ID] = i
	}
	if _, is := b.incidents[numbered]; !is {
		t.Fatalf("want %s beside %v", numbered, b.sorted())
	}
	b.judge()
	if got := b.outages[first.ID].Incident; got != numbered {
		t.Errorf("the office went on with %s, want %s", got, numbered)
	}
}

// manyOutages are those of a quarter of a year.
func manyOutages(n int, over time.Duration) []Outage {
	r := rand.New(rand.NewPCG(1, 2))
	kinds, causes := strings.Fields(api.OutageKinds), strings.Fields(api.Causes)
	all := make([]Outage, n)
	for i := range all {
		from := r.Float64() * over.Minutes()
		all[i] = cut(10000+100*r.IntN(5)+r.IntN(10), kinds[r.IntN(len(kinds))], api.Cause(causes[r.IntN(len(causes))]), from, from+r.Float64()*60)
		all[i].ID = fmt.Sprintf("%s-%d", all[i].ID, i)
	}
	return all
}

// Measured: 0.15 s of one core over 90 days, and no more where all fall within a day or a second.
func BenchmarkIncidentsOf30000Outages(b *testing.B) {
	inv, p := small(b), DefaultPolicies()
	for name, over := range map[string]time.Duration{"in 90 days": 90 * 24 * time.Hour, "in a day": 24 * time.Hour, "at once": time.Second} {
		outages := manyOutages(30_000, over)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Incidents(nil, outages, inv, &p, nine)
			}
		})
	}
}
