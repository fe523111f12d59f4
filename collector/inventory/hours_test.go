package inventory

import (
	"testing"
	"testing/fstest"
)

func TestACalendarOfTheFolderHoldsForTheSitesThatItIsGivenTo(t *testing.T) {
	files := province(t)
	files["calendars.yaml"] = &fstest.MapFile{Data: []byte(`calendars:
  two-shifts:
    hours: ["mon-fri 07:00-11:30", "mon-fri 13:30-17:00", "sat,sun 07:15-11:30"]
    closed: [2026-12-24, 2026-12-28 to 2026-12-31]
  nights:
    hours: [sun-sat 18:00-24:00, fri-mon 00:00-06:00]
    public_holidays: true
province: two-shifts
areas: {"551": nights}
terrain: {highland: office}
sites: {bd-21550: always}
`)}
	inv := read(t, files)
	site := func(id string) Site {
		s, ok := inv.Site(id)
		if !ok {
			t.Fatalf("no %s", id)
		}
		return s
	}
	highland := ""
	for _, s := range inv.Sites() {
		if s.Terrain == Highland {
			highland = s.ID
		}
	}
	for _, c := range []struct {
		id, when string
		want     bool
	}{
		{"bd-21553", "2026-11-25 11:29", true}, // province, a Wednesday
		{"bd-21553", "2026-11-25 11:30", false},
		{"bd-21553", "2026-11-25 13:30", true},
		{"bd-21553", "2026-11-28 07:14", false},
		{"bd-21553", "2026-11-28 07:15", true},
		{"bd-21553", "2026-12-24 09:00", false},
		{"bd-21553", "2026-12-25 09:00", true},
		{"bd-21553", "2026-12-28 09:00", false},
		{"bd-21553", "2026-12-31 09:00", false},
		{"bd-21553", "2026-01-01 09:00", false}, // a public holiday
		{"bd-21994", "2026-11-25 18:00", true},  // its area
		{"bd-21994", "2026-11-25 23:59", true},
		{"bd-21994", "2026-11-26 00:00", false}, // a Thursday
		{"bd-21994", "2026-11-28 05:59", true},
		{"bd-21994", "2026-01-01 20:00", true},
		{highland, "2026-11-25 12:00", true}, // its terrain, whatever its area
		{highland, "2026-11-25 18:00", false},
		{"bd-21550", "2026-11-29 03:00", true}, // itself
	} {
		if site(c.id).Due(at(c.when)) != c.want {
			t.Errorf("%s at %s: due is %t", c.id, c.when, !c.want)
		}
	}
}

func TestWhatIsNoOpeningHoursOrDaysIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "07:00-17:00", "mon", "mon-fri", "mon-fri 7:00-17:00", "mon-fri 07:00", "mon-fri 17:00-07:00", "mon-fri 07:00-07:00",
		"mon-fri 07:00-24:15", "mon-fri 07:07-17:00", "mon-fri 07:00-17:00x", "mon-fry 07:00-17:00", "mon- 07:00-17:00", "T2-T6 07:00-17:00", "mon-fri -1:00-17:00",
	} {
		if new(plannedWeek).add(text) {
			t.Errorf("%q is taken", text)
		}
	}
	for _, text := range []string{"", "24/12/2026", "2026-12-32", "2026-12-31 to 2026-12-28", "2026-12-28 - 2026-12-31", "2026-12-28 to "} {
		if _, ok := readDays(text); ok {
			t.Errorf("%q is taken", text)
		}
	}
}
