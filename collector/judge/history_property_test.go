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

// scene is some minutes of an office, each line of which is a letter for all of them.
type scene struct{ router, lan, dns, printer byte }

var scenes = map[string]scene{
	"well":             {'A', 'A', 'A', 'A'},
	"line cut":         {'A', 'A', 'x', 'A'},
	"lossy":            {'A', 'A', '5', 'A'},
	"switch dead":      {'x', 'x', 's', 's'},
	"router dead":      {'x', 'A', 's', 'A'},
	"printer dead":     {'A', 'A', 'A', 'x'},
	"line and printer": {'A', 'A', 'x', 'x'},
	"no name":          {'A', 'A', 'n', 'A'},
	"off":              {'-', '-', '-', '-'},
	"killed":           {'-', '-', '-', '-'},
	"goodbye":          {'-', '-', '-', '-'},
	"on battery":       {'-', '-', '-', '-'},
	"stalled":          {'-', '-', '-', '-'}, // the same session before and after
}

var sceneNames = func() []string {
	var all []string
	for name := range scenes {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}()

// drawStory makes up hours of an office, some of them after closing time.
func drawStory(t *rapid.T) *story {
	lines := [4]strings.Builder{}
	var sessions strings.Builder
	session := byte('a')
	type mark struct {
		minute int
		scene  string
	}
	var marks []mark
	minute := 0
	add := func(name string, minutes int) {
		s := scenes[name]
		marks = append(marks, mark{minute, name})
		for i, letter := range []byte{s.router, s.lan, s.dns, s.printer} {
			lines[i].WriteString(strings.Repeat(string(letter), minutes))
		}
		letter := session
		if s.router == '-' {
			letter = '-'
			if name != "stalled" {
				session++
			}
		}
		sessions.WriteString(strings.Repeat(string(letter), minutes))
		minute += minutes
	}
	add("well", 10)
	for range rapid.IntRange(1, 8).Draw(t, "scenes") {
		add(rapid.SampledFrom(sceneNames).Draw(t, "scene"), rapid.SampledFrom([]int{1, 2, 3, 4, 5, 8, 12, 25, 60}).Draw(t, "minutes"))
		if rapid.Bool().Draw(t, "better") {
			add("well", rapid.SampledFrom([]int{1, 2, 3, 9, 11, 21, 40}).Draw(t, "well"))
		}
	}
	add("well", 30)
	from := wall("2026-11-25 " + rapid.SampledFrom([]string{"08:00", "14:00"}).Draw(t, "from"))
	s := recordOf(t, from.Format(time.DateTime), fmt.Sprintf("router %s\nswitch %s\nisp-dns %s\nprinter %s\nsession %s",
		lines[0].String(), lines[1].String(), lines[2].String(), lines[3].String(), sessions.String()))
	for i, m := range marks {
		at := from.Add(time.Duration(m.minute) * time.Minute)
		s.play(m.scene, at, i+1 < len(marks))
	}
	off := func(at time.Time) bool {
		return !slices.ContainsFunc(s.r.Runs, func(r Run) bool { return r.Time.Truncate(time.Minute).Equal(at.Truncate(time.Minute)) })
	}
	s.r.Looks = slices.DeleteFunc(s.r.Looks, func(l Look) bool { return off(l.Time) })
	s.r.Power = slices.DeleteFunc(s.r.Power, func(p Power) bool { return off(p.Time) })
	s.r.Targets = slices.DeleteFunc(s.r.Targets, func(t Target) bool { return len(t.Rounds) == 0 })
	return s
}

// play adds what stands around a scene.
func (s *story) play(name string, at time.Time, more bool) {
	text := at.Format(time.DateTime)
	next := slices.IndexFunc(s.r.Runs, func(r Run) bool { return !r.Time.Before(at) })
	switch {
	case name == "line cut":
		s.looked(at.Add(2*time.Minute).Format(time.DateTime), api.CauseUplinkDown, "collector 3")
	case name == "goodbye" && at.After(s.r.From):
		s.goodbye(text)
	case name == "on battery":
		s.ups(at.Add(-3*time.Minute).Format(time.DateTime), text, true)
	case name == "off" && next >= 0 && more:
		s.r.Runs[next].MachineUp = time.Minute / 2
	case name == "killed" && next >= 0 && more:
		s.r.Runs[next].MachineUp = 1000 * time.Hour
	}
}

// batch is a minute's points on their way.
type batch struct {
	points  Record // of this minute only
	arrives time.Time
}

// drawBatches sends a story's minutes: in any order, each as late as it likes, some twice.
// Within it goes the goodbye.
func drawBatches(t *rapid.T, s *story) []batch {
	var all []batch
	end := s.r.To
	late := rapid.SampledFrom([]string{"never", "some", "all"}).Draw(t, "late")
	chance := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	for at := s.r.From; at.Before(end); at = at.Add(time.Minute) {
		w := Span{at, at.Add(time.Minute)}
		points := exactly(&s.r, w)
		if len(points.Runs) == 0 {
			continue
		}
		copies := 1
		if chance.IntN(10) == 0 {
			copies = 2
		}
		for range copies {
			arrives := w.To
			if late == "all" || late == "some" && chance.IntN(6) == 0 {
				arrives = arrives.Add(time.Duration(chance.IntN(200)) * time.Minute)
			}
			b := batch{points: points, arrives: arrives}
			for _, a := range points.Arrivals {
				a.Time = arrives
				b.points.Arrivals = []Arrival{a}
			}
			all = append(all, b)
		}
	}
	slices.SortStableFunc(all, func(a, b batch) int { return a.arrives.Compare(b.arrives) })
	return all
}

// exactly is what was measured in a time.
func exactly(r *Record, w Span) Record {
	out := *r
	in := func(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }
	out.Targets = nil
	for _, t := range r.Targets {
		t.Rounds = slices.DeleteFunc(slices.Clone(t.Rounds), func(x Round) bool { return !in(x.Time) })
		if len(t.Rounds) > 0 {
			out.Targets = append(out.Targets, t)
		}
	}
	out.Runs = slices.DeleteFunc(slices.Clone(r.Runs), func(x Run) bool { return !in(x.Time) })
	out.Arrivals = slices.DeleteFunc(slices.Clone(r.Arrivals), func(x Arrival) bool { return !in(x.Last) })
	out.Power = slices.DeleteFunc(slices.Clone(r.Power), func(x Power) bool { return !in(x.Time) })
	out.Looks = slices.DeleteFunc(slices.Clone(r.Looks), func(x Look) bool { return !in(x.Time) })
	return out
}

// add stores a batch as a database does: a point that is there already is there once.
func (r *Record) add(b *batch) {
	for _, t := range b.points.Targets {
		i := slices.IndexFunc(r.Targets, func(x Target) bool { return x.Name == t.Name })
		if i < 0 {
			r.Targets = append(r.Targets, Target{Name: t.Name, Role: t.Role})
			i = len(r.Targets) - 1
		}
		r.Targets[i].Rounds = append(r.Targets[i].Rounds, t.Rounds...)
	}
	r.Runs = append(r.Runs, b.points.Runs...)
	r.Arrivals = append(r.Arrivals, b.points.Arrivals...)
	r.Power = append(r.Power, b.points.Power...)
	r.Looks = append(r.Looks, b.points.Looks...)
	*r = *r.ordered()
}

// settled are the outages as they are in the end, but for withdrawn ones. For how long a
// device was down is not: one is not reached for.
func settled(all []Outage) string {
	all = slices.DeleteFunc(slices.Clone(all), func(o Outage) bool { return o.Status == api.StatusWithdrawn })
	for i := range all {
		if all[i].Target != "" {
			all[i].Down = 0
		}
	}
	slices.SortFunc(all, func(a, b Outage) int {
		if d := a.Started.Compare(b.Started); d != 0 {
			return d
		}
		return strings.Compare(a.Target, b.Target)
	})
	return shown(all)
}

func TestTheSamePointsInAnyOrderMakeTheSameOutages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStory(t)
		end := s.r.To.Add(4 * time.Hour)
		s.r.To = end
		whole := s.r
		// The agent goes on to be heard, though nothing more is of interest.
		want := settled(Outages(&whole, Timeline(&whole, s.p, end), s.p, end))

		have := Record{Site: s.r.Site, From: s.r.From}
		k := &keeper{t: t}
		last := s.r.From
		batches := drawBatches(t, s)
		for last.Before(end) {
			now := last.Add(time.Duration(rapid.SampledFrom([]int{5, 17, 60, 300}).Draw(t, "pass")) * time.Minute)
			if now.After(end) {
				now = end
			}
			dirty := Span{last, now}
			for len(batches) > 0 && !batches[0].arrives.After(now) {
				b := batches[0]
				batches = batches[1:]
				have.add(&b)
				dirty.From = earlier(dirty.From, b.points.Runs[0].Time.Add(-time.Minute))
			}
			have.To = now
			if n := len(have.Runs); n > 0 {
				dirty.From = earlier(dirty.From, have.Runs[n-1].Time)
			}
			k.review(&have, dirty, s.p, now)
			last = now
		}
		if d := cmp.Diff(want, settled(k.stored)); d != "" {
			t.Fatalf("%s\nwhole:\n%s\nstored:\n%s\n%s", d, want, shown(k.stored), states(Timeline(&whole, s.p, end)))
		}
	})
}
