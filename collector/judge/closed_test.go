package judge

import (
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// An office that closes at 16:45 was closed from then on, and is not missed in the
// morning before it has been open for half an hour.
func TestClosingTimeIsTheCalendarsToAQuarterOfAnHour(t *testing.T) {
	inv, err := inventory.Read(fstest.MapFS{
		"areas.csv":      {Data: []byte("area,name,kind,until,lan_2023,latitude,longitude\n551,Vân Canh,district,2025-07-01,,13.66806,108.96191\n")},
		"units.csv":      {Data: []byte("unit,name,kind,from,until,by\n21997,Canh Liên,commune,2021-02-01,,\n")},
		"members.csv":    {Data: []byte("site,unit,from,split\nbd-21997,21997,2021-02-01,\n")},
		"sites.csv":      {Data: []byte("site,name,kind,area,terrain,basis,terrain_source,latitude,longitude\nbd-21997,Canh Liên,commune,551,unknown,,,13.70000,108.80000\n")},
		"calendars.yaml": {Data: []byte("calendars:\n  early: {hours: [mon-fri 07:15-16:45]}\nprovince: early\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	site, _ := inv.Site("bd-21997")
	at := func(clock string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", clock, zone)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	opening := Policy{Opening: 30 * time.Minute}
	for _, c := range []struct{ last, now, want string }{
		{"2026-11-25 16:40", "2026-11-25 20:00", "2026-11-25 16:45"},
		{"2026-11-25 16:50", "2026-11-25 20:00", "2026-11-25 16:50"},
		{"2026-11-25 16:40", "2026-11-26 07:44", "2026-11-25 16:45"},
		{"2026-11-27 10:00", "2026-11-29 12:00", "2026-11-27 16:45"}, // over a weekend
	} {
		if got := changed(site, at(c.last), at(c.now), opening); !got.Equal(at(c.want)) {
			t.Errorf("last heard %s, at %s: closed since %s, want %s", c.last, c.now, moment(got), c.want)
		}
	}
	if due(site, at("2026-11-26 07:44"), opening) || !due(site, at("2026-11-26 07:45"), opening) || !due(site, at("2026-11-26 16:44"), opening) || due(site, at("2026-11-26 16:45"), opening) {
		t.Error("due at the wrong time")
	}
}

// gone is an office of the office calendar that is heard no more after a moment, without
// a goodbye, and the states in which it is found from then on, each with its first time.
func gone(t *testing.T, left, until string) []string {
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	site, _ := inv.Site("bd-21550")
	j := &Judge{cfg: Config{}, began: onTheClock(t, "2020-01-01 00:00")}
	j.cfg.fill()
	last := onTheClock(t, left)
	before := Heartbeat{State: api.StateOK, At: last, Since: last.Add(-time.Hour)}
	var states []string
	step := time.Minute
	for now := last; !now.After(onTheClock(t, until)); now = now.Add(step) {
		e := Evidence{Receipt: Receipt{Time: last, Newest: last}, Before: before, Targets: []Target{{Name: "dns", Role: api.RoleUplink,
			Rounds: []Round{{Time: last.Add(-2 * time.Minute), Sent: 10, Received: 10}, {Time: last.Add(-time.Minute), Sent: 10, Received: 10}}}}}
		j.complete(&e, site, now)
		v := Decide(e, j.policy(&site), now)
		if v.State != before.State {
			states = append(states, fmt.Sprintf("%s %s since %s", now.In(zone).Format("Mon 15:04"), v.State, v.Since.In(zone).Format("Mon 15:04")))
		}
		before = Heartbeat{State: v.State, At: now, Since: v.Since}
		if now.Sub(last) > 10*time.Minute && now.Minute()%5 == 0 {
			step = 5 * time.Minute // what follows has its time from the calendar
		}
	}
	return states
}

func onTheClock(t *testing.T, text string) time.Time {
	when, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestAnOfficeThatGoesHomeRaisesNothing(t *testing.T) {
	for _, c := range []struct {
		name, left, until string
		want              []string
	}{
		{"at five", "2026-11-25 17:00", "2026-11-26 07:25", []string{"Wed 17:04 closed since Wed 17:00"}},
		{"a little before five", "2026-11-25 16:31", "2026-11-26 07:25", []string{"Wed 16:35 closed since Wed 16:31"}},
		{"so shortly before the time that it could not be missed", "2026-11-25 16:28", "2026-11-26 07:25", []string{"Wed 16:32 closed since Wed 16:28"}},
		{"late", "2026-11-25 19:12", "2026-11-26 07:25", []string{"Wed 19:16 closed since Wed 19:12"}},
		{"over the weekend", "2026-11-27 17:00", "2026-11-30 07:25", []string{"Fri 17:04 closed since Fri 17:00"}},
		{"for Tết", "2026-02-13 16:45", "2026-02-23 07:25", []string{"Fri 16:49 closed since Fri 16:45"}},
		{"for the national holiday, whose second day the government chose", "2026-08-28 17:00", "2026-09-03 07:25", []string{"Fri 17:04 closed since Fri 17:00"}},
		{"for a day that makes up for one on a weekend", "2027-04-30 08:00", "2027-05-04 07:25", []string{"Fri 08:04 closed since Fri 08:00"}},

		// What is no going home is told, and only then.
		{"in the afternoon", "2026-11-25 15:00", "2026-11-26 07:25", []string{"Wed 15:04 silent since Wed 15:00", "Wed 16:30 closed since Wed 16:30"}},
		{"and does not come back in the morning", "2026-11-25 17:00", "2026-11-26 12:00", []string{"Wed 17:04 closed since Wed 17:00", "Thu 07:30 silent since Thu 07:30"}},
		{"and does not come back after Tết", "2026-02-13 17:00", "2026-02-23 08:00", []string{"Fri 17:04 closed since Fri 17:00", "Mon 07:30 silent since Mon 07:30"}},
		{"nor the next day", "2026-11-25 17:00", "2026-11-27 07:25", []string{"Wed 17:04 closed since Wed 17:00", "Thu 07:30 silent since Thu 07:30", "Thu 16:30 closed since Thu 16:30"}},
	} {
		if d := cmp.Diff(c.want, gone(t, c.left, c.until)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}
