package judge

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/store"
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

func outageAt(target, from, to string) Outage {
	o := Outage{Site: "bd-1", Status: api.StatusClosed, Kind: "uplink_down", Target: target, Started: wall(from), Interruptions: 1, Cause: api.Unknown, Reason: "because.no_look"}
	if to == "" {
		o.Status = api.StatusOpen
		return o
	}
	o.Ended = wall(to)
	return o
}

func window(from, to string) Span { return Span{wall(from), wall(to)} }

func TestReconcileKeepsWhatIsStored(t *testing.T) {
	kept := func(all ...Outage) *keeper {
		k := &keeper{t: t}
		k.store(Reconcile(nil, all, window("08:00", "12:00"), wall("12:00")))
		return k
	}
	for _, c := range []struct {
		name   string
		k      *keeper
		window Span
		found  []Outage
		want   string
	}{
		{"what is shown as it was", kept(outageAt("", "09:00", "09:10")), window("08:00", "12:00"), []Outage{outageAt("", "09:00", "09:10")},
			"uplink_down unknown no_look 09:00:00 – 09:10:00, down 0s"},
		{"what begins elsewhere", kept(outageAt("", "09:00", "09:10")), window("08:00", "12:00"), []Outage{outageAt("", "09:05", "09:20")},
			"uplink_down unknown no_look 09:05:00 – 09:20:00, down 0s"},
		{"what is not shown any more is withdrawn", kept(outageAt("", "09:00", "09:10")), window("08:00", "12:00"), nil,
			"uplink_down unknown not_lost 09:00:00 – 09:10:00, down 0s, withdrawn"},
		{"another target's is another", kept(outageAt("printer", "09:00", "09:10")), window("08:00", "12:00"), []Outage{outageAt("", "09:00", "09:10"), outageAt("printer", "09:00", "09:10")},
			`uplink_down printer unknown no_look 09:00:00 – 09:10:00, down 0s
			 uplink_down unknown no_look 09:00:00 – 09:10:00, down 0s`},
		{"two that turn out to be one: the first stays", kept(outageAt("", "09:00", "09:10"), outageAt("", "09:30", "09:40")), window("08:00", "12:00"), []Outage{outageAt("", "09:00", "09:40")},
			`uplink_down unknown no_look 09:00:00 – 09:40:00, down 0s
			 uplink_down unknown joined 09:30:00 – 09:40:00, down 0s, withdrawn`},
		{"one that turns out to be two", kept(outageAt("", "09:00", "09:40")), window("08:00", "12:00"), []Outage{outageAt("", "09:00", "09:10"), outageAt("", "09:30", "09:40")},
			`uplink_down unknown no_look 09:00:00 – 09:10:00, down 0s
			 uplink_down unknown no_look 09:30:00 – 09:40:00, down 0s`},
		{"one that went on is over", kept(outageAt("", "09:00", "")), window("08:00", "12:00"), []Outage{outageAt("", "09:00", "11:00")},
			"uplink_down unknown no_look 09:00:00 – 11:00:00, down 0s"},
		{"one that was over goes on", kept(outageAt("", "09:00", "09:10")), window("08:00", "12:00"), []Outage{outageAt("", "09:00", "")},
			"uplink_down unknown no_look 09:00:00 – goes on, down 0s"},

		{"the window begins within it: its beginning stays", kept(outageAt("", "09:00", "")), window("10:00", "12:00"), []Outage{outageAt("", "10:00", "11:00")},
			"uplink_down unknown no_look 09:00:00 – 11:00:00, down 0s"},
		{"the window shows nothing of it: it goes on", kept(outageAt("", "09:00", "")), window("10:00", "12:00"), nil,
			"uplink_down unknown no_look 09:00:00 – goes on, down 0s"},
		{"the window shows a part of it only", kept(outageAt("", "09:00", "11:00")), window("08:00", "10:00"), nil,
			"uplink_down unknown no_look 09:00:00 – 11:00:00, down 0s"},
		{"and that it began later", kept(outageAt("", "09:00", "11:00")), window("08:00", "10:00"), []Outage{outageAt("", "09:30", "")},
			"uplink_down unknown no_look 09:30:00 – 11:00:00, down 0s"},
		{"the window shows its end, and another", kept(outageAt("", "09:00", "")), window("10:00", "12:00"), []Outage{outageAt("", "10:00", "10:20"), outageAt("", "10:40", "11:00")},
			`uplink_down unknown no_look 09:00:00 – 10:20:00, down 0s
			 uplink_down unknown no_look 10:40:00 – 11:00:00, down 0s`},
		{"the window shows two parts of what it does not hold whole", kept(outageAt("", "09:00", "11:00")), window("10:00", "12:00"), []Outage{outageAt("", "10:00", "10:20"), outageAt("", "10:40", "11:00")},
			"uplink_down unknown no_look 09:00:00 – 11:00:00, down 0s"},
		{"what lies outside of the window", kept(outageAt("", "09:00", "09:10")), window("10:00", "12:00"), nil,
			"uplink_down unknown no_look 09:00:00 – 09:10:00, down 0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.k.t = t
			id := c.k.stored[0].ID
			now := wall("12:00")
			c.k.store(Reconcile(c.k.stored, c.found, c.window, now))
			if again := Reconcile(c.k.stored, c.found, c.window, now); len(again) > 0 {
				t.Errorf("again to be written: %s", shown(again))
			}
			if d := cmp.Diff(unindent(c.want), shown(c.k.stored)); d != "" {
				t.Error(d)
			}
			if c.k.stored[0].ID != id {
				t.Errorf("the id became %s", c.k.stored[0].ID)
			}
		})
	}
}

func TestOneThatIsJoinedNamesTheOneThatStays(t *testing.T) {
	k := &keeper{t: t}
	all := window("08:00", "12:00")
	k.store(Reconcile(nil, []Outage{outageAt("", "09:00", "09:10"), outageAt("", "09:30", "09:40")}, all, wall("12:00")))
	k.store(Reconcile(k.stored, []Outage{outageAt("", "09:05", "09:35")}, all, wall("12:01")))
	if k.stored[1].Evidence != k.stored[0].ID || k.stored[1].Status != api.StatusWithdrawn {
		t.Errorf("%+v", k.stored[1])
	}
	// And it is itself again if that is how it turns out.
	k.store(Reconcile(k.stored, []Outage{outageAt("", "09:00", "09:10"), outageAt("", "09:30", "09:40")}, all, wall("12:02")))
	if len(k.stored) != 2 || k.stored[1].Status != api.StatusClosed || k.stored[1].Reason != "because.no_look" {
		t.Errorf("stored %s", shown(k.stored))
	}
}

func TestOneThatWasWithdrawnIsOpenedAgain(t *testing.T) {
	k := &keeper{t: t}
	all := window("08:00", "12:00")
	one := []Outage{outageAt("", "09:00", "09:10")}
	k.store(Reconcile(nil, one, all, wall("12:00")))
	k.store(Reconcile(k.stored, nil, all, wall("12:01")))
	k.store(Reconcile(k.stored, one, all, wall("12:02")))
	if len(k.stored) != 1 || k.stored[0].Status != api.StatusClosed || !k.stored[0].Judged.Equal(wall("12:02")) {
		t.Errorf("stored %s", shown(k.stored))
	}
}

func TestNoTwoOutagesHaveOneIdOrMoment(t *testing.T) {
	k := &keeper{t: t}
	all := window("08:00", "12:00")
	k.store(Reconcile(nil, []Outage{outageAt("", "09:00", "09:10"), outageAt("printer", "09:00", "09:10"), outageAt("camera", "09:00", "09:10")}, all, wall("12:00")))
	// The first moves, and what was its moment is another's.
	k.store(Reconcile(k.stored, []Outage{outageAt("", "09:08", "09:50")}, all, wall("12:01")))
	k.store(Reconcile(k.stored, []Outage{outageAt("", "09:00", "09:04"), outageAt("", "09:20", "09:50")}, all, wall("12:02")))
	ids := map[string]bool{}
	for _, o := range k.stored {
		if ids[o.ID] || strings.ContainsAny(o.ID, " \t") {
			t.Errorf("id %q is taken, or holds a space", o.ID)
		}
		ids[o.ID] = true
	}
	if len(ids) != 4 {
		t.Errorf("stored %s", shown(k.stored))
	}
}

func TestSilenceBeforeAnythingIsKnownIsNoOutage(t *testing.T) {
	s := recordOf(t, "09:00", `
		router  60- 30A
		isp-dns 60- 30A`)
	k := &keeper{t: t}
	k.sees(s, "10:30")
	if len(k.stored) > 0 {
		t.Errorf("stored %s", shown(k.stored))
	}
	// Of one that was known to be silent it is the end.
	o := outageAt("", "08:00", "")
	o.Kind = "silent"
	k.store(Reconcile(nil, []Outage{o}, window("07:00", "09:00"), wall("09:00")))
	k.store(Reconcile(k.stored, s.outages(), window("09:00", "10:30"), wall("10:30")))
	if d := cmp.Diff("silent unknown no_look 08:00:00 – 10:00:20, down 1h0m5s\n", shown(k.stored)); d != "" {
		t.Error(d)
	}
}

func TestAnOutageIsReadAsItWasStored(t *testing.T) {
	s := recordOf(t, "09:00", `
		router  60A 20A 30A
		isp-dns 60A 20x 30A
		printer 60A 90x`).looked("10:02:10", "uplink_down", "collector 1")
	k := &keeper{t: t}
	k.sees(s, "10:30")
	if len(k.stored) != 2 {
		t.Fatalf("stored %s", shown(k.stored))
	}
	for _, o := range k.stored {
		o.Incident, o.Maintenance, o.Provider = "i-1", true, "VNPT"
		p := o.Point(s.r.Site)
		if err := p.Check(); err != nil {
			t.Error(err)
		}
		m := api.Lookup("outage")
		if len(p.Fields) != len(m.Fields) {
			t.Errorf("%d of %d fields: one that is written again keeps what it lacks", len(p.Fields), len(m.Fields))
		}
		row := store.Row{Time: time.Unix(0, p.Time), Values: map[string]api.Value{}}
		for _, column := range OutageColumns() {
			if v, ok := p.FieldNamed(column.Field); ok {
				row.Values[column.Field] = v
			}
		}
		if d := cmp.Diff(o, OutageOf(map[string]string{api.TagSite: "bd-1", api.TagID: o.ID}, row)); d != "" {
			t.Error(d)
		}
	}
}
