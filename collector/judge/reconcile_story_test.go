package judge

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

// keeper is what a judge keeps: nothing but what it stores.
type keeper struct {
	t      tester
	stored []Outage
}

// review judges what a record shows of a time, and stores what is to be written. Doing
// it again must write nothing.
func (k *keeper) review(all *Record, dirty Span, p Policy, now time.Time) []Outage {
	k.t.Helper()
	window := Reach(dirty, k.stored, p, now)
	record := cutTo(all, window)
	found := Outages(&record, Timeline(&record, p, now), p, now)
	changed := Reconcile(k.stored, found, window, now)
	k.store(changed)
	if again := Reconcile(k.stored, found, window, now); len(again) > 0 {
		k.t.Errorf("the second time\n%swere to be written again; stored are\n%s", shown(again), shown(k.stored))
	}
	return changed
}

func (k *keeper) store(changed []Outage) {
	for _, o := range changed {
		i := slices.IndexFunc(k.stored, func(s Outage) bool { return s.ID == o.ID })
		if i < 0 {
			k.stored = append(k.stored, o)
			continue
		}
		if was := k.stored[i]; !was.At.Equal(o.At) || was.FirstKind != o.FirstKind || was.FirstCause != o.FirstCause || !was.First.Equal(o.First) {
			k.t.Errorf("%s: its first judgement changed", o.ID)
		}
		k.stored[i] = o
	}
}

// sees is what a story shows up to a time, of which that of from..to has not come yet.
func (k *keeper) sees(s *story, until string, missing ...string) {
	k.t.Helper()
	now := wall(until)
	r := s.r
	r.To = now
	gone := func(at time.Time) bool {
		return !at.Before(now) || len(missing) == 2 && !at.Before(wall(missing[0])) && at.Before(wall(missing[1]))
	}
	r.Targets = slices.Clone(r.Targets)
	for i := range r.Targets {
		r.Targets[i].Rounds = slices.DeleteFunc(slices.Clone(r.Targets[i].Rounds), func(x Round) bool { return gone(x.Time) })
	}
	r.Runs = slices.DeleteFunc(slices.Clone(r.Runs), func(x Run) bool { return gone(x.Time) })
	r.Arrivals = slices.DeleteFunc(slices.Clone(r.Arrivals), func(x Arrival) bool { return !x.Time.Before(now) })
	r.Looks = slices.DeleteFunc(slices.Clone(r.Looks), func(x Look) bool { return gone(x.Time) })
	k.review(&r, Span{s.r.From, now}, s.p, now)
}

func TestWhatWasSilentIsJudgedAnewWhenItsBacklogComes(t *testing.T) {
	s := recordOf(t, "09:00", `
		router  60A 20A 30A
		isp-dns 60A 20x 30A`).looked("10:02:10", "uplink_down", "collector 1").late("10:00", "10:22")
	k := &keeper{t: t}
	k.sees(s, "10:15", "10:00", "10:30")
	if d := cmp.Diff("silent unknown not_heard 09:59:40 – goes on, down 15m20s\n", shown(k.stored)); d != "" {
		t.Fatal(d)
	}
	id, at := k.stored[0].ID, k.stored[0].At
	k.sees(s, "10:25")
	if d := cmp.Diff("uplink_down last_mile path_first_hop 10:00:20 – 10:20:20, down 20m0s\n", shown(k.stored)); d != "" {
		t.Fatal(d)
	}
	if o := k.stored[0]; o.ID != id || !o.At.Equal(at) || o.FirstKind != "silent" || o.FirstCause != api.Unknown || !o.First.Equal(wall("10:15")) || !o.Judged.Equal(wall("10:25")) {
		t.Errorf("%+v", o)
	}
}

func TestWhatWasNoOutageIsWithdrawnAndSaysWhoseFaultItWas(t *testing.T) {
	quiet := func() *story {
		return recordOf(t, "09:00", `
			router  60A 60A 30A
			isp-dns 60A 60A 30A`).late("10:00", "11:00")
	}
	for _, c := range []struct {
		name string
		s    *story
		want string
	}{
		{"only we were out of reach", quiet(), "silent province only_us 09:59:40 – 11:05:00, down 59m20s, withdrawn\n"},
		{"nobody listened, as it turns out", quiet().deaf("10:00", "11:00"), "silent collector we_were_deaf 09:59:40 – 11:05:00, down 59m20s, withdrawn\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &keeper{t: t}
			before := *c.s
			before.r.Deaf = nil
			k.sees(&before, "10:59", "10:00", "11:00")
			k.sees(c.s, "11:05")
			if d := cmp.Diff(c.want, shown(k.stored)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestACollectorThatIsAwayBooksNothingOnASite(t *testing.T) {
	s := recordOf(t, "09:00", `
		router  60A 60A 30A
		isp-dns 60A 60A 30A`).deaf("10:00", "11:00").late("10:00", "11:03")
	k := &keeper{t: t}
	for _, now := range []string{"11:00", "11:02", "11:03"} {
		k.sees(s, now, "10:00", "11:30")
	}
	k.sees(s, "11:04", "10:00", "11:02") // the newest first
	k.sees(s, "11:05")
	if len(k.stored) > 0 {
		t.Errorf("stored %s", shown(k.stored))
	}
}
