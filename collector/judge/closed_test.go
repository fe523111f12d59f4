package judge

import (
	"testing"
	"testing/fstest"
	"time"

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
		if got := closedAt(site, at(c.last), at(c.now), opening); !got.Equal(at(c.want)) {
			t.Errorf("last heard %s, at %s: closed since %s, want %s", c.last, c.now, moment(got), c.want)
		}
	}
	if due(site, at("2026-11-26 07:44"), opening) || !due(site, at("2026-11-26 07:45"), opening) || !due(site, at("2026-11-26 16:44"), opening) || due(site, at("2026-11-26 16:45"), opening) {
		t.Error("due at the wrong time")
	}
}
