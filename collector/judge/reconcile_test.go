package judge

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

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
