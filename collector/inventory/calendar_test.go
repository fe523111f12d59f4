package inventory

import (
	"testing"
	"time"
	_ "time/tzdata" // so that the zone is there on any machine
)

func TestAnOfficeIsDueOnWorkingDaysFromSevenToFive(t *testing.T) {
	for when, want := range map[string]bool{
		"2026-11-25 06:59": false,
		"2026-11-25 07:00": true, // a Wednesday
		"2026-11-25 16:59": true,
		"2026-11-25 17:00": false,
		"2026-11-27 12:00": true,
		"2026-11-28 12:00": false, // Saturday
		"2026-11-29 12:00": false,
		"2026-11-30 12:00": true,
	} {
		if CalendarOffice.Due(at(when)) != want {
			t.Errorf("%s: due is %t", when, !want)
		}
		if !CalendarAlways.Due(at(when)) {
			t.Errorf("%s: an office that never closes is closed", when)
		}
	}
}

func TestTheHourIsVietnamsWhereverTheClockIs(t *testing.T) {
	for _, zone := range []string{"UTC", "America/New_York", "Asia/Tokyo"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		if !CalendarOffice.Due(at("2026-11-25 07:00").In(loc)) || CalendarOffice.Due(at("2026-11-25 17:00").In(loc)) {
			t.Errorf("seen from %s the hours differ", zone)
		}
	}
}

func TestOurZoneIsAsiaHoChiMinh(t *testing.T) {
	loc, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		t.Fatal(err)
	}
	for at := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2045; at = at.Add(24 * time.Hour) {
		if at.In(loc).Format(time.DateTime) != at.In(Zone()).Format(time.DateTime) {
			t.Fatalf("they differ at %s", at)
		}
	}
}

func TestPublicHolidaysAreNotDue(t *testing.T) {
	for day, want := range map[string]bool{
		"2026-01-01": true, "2026-04-30": true, "2026-05-01": true, "2026-09-02": true,
		"2026-02-13": false, "2026-02-16": true, "2026-02-17": true, "2026-02-20": true, "2026-02-23": false, // Tết
		"2026-04-26": true, "2026-04-27": true, "2026-04-28": false, // the Hùng kings' day was a Sunday
		"2023-01-02": true, "2023-01-03": false, // New Year was a Sunday
		"2023-04-29": true, "2023-05-02": true, "2023-05-03": true, "2023-05-04": false, // Saturday and Sunday, twice made up for
		"2023-09-04": true, "2023-09-05": false, // the 2nd was a Saturday
		"2023-01-19": false, "2023-01-20": true, "2023-01-26": true, "2023-01-27": false,
		"2024-02-14": true, "2024-02-15": false, "2024-04-18": true, "2024-09-03": true,
		"2025-01-27": true, "2025-02-03": false, "2025-04-07": true, "2025-05-02": true,
		// 2027: what the law alone fixes. Tết's 6 and 7 February are a weekend.
		"2027-02-04": false, "2027-02-05": true, "2027-02-08": true, "2027-02-09": true, "2027-02-10": true, "2027-02-11": false,
		"2027-05-03": true, "2027-05-04": false, // 1 May is a Saturday
		"2035-05-01": true, "2035-02-08": false, // beyond the lunar table
		"2025-12-24": false, "2025-12-25": false,
	} {
		if Holiday(at(day+" 00:00")) != want || Holiday(at(day+" 23:59")) != want {
			t.Errorf("%s: holiday is %t", day, !want)
		}
		if CalendarOffice.Due(at(day+" 12:00")) && want {
			t.Errorf("%s is due", day)
		}
	}
}

// A lunar year has 354, 355, 383, 384 or 385 days, and from Tết to the tenth of the
// third month are two months and nine days, or three with a leap month.
func TestTheLunarTableIsPossible(t *testing.T) {
	day := func(n int) time.Time {
		d := time.Date(n/1_00_00, time.Month(n/1_00%1_00), n%1_00, 0, 0, 0, 0, time.UTC)
		if dayOf(d) != n {
			t.Errorf("%d is no day", n)
		}
		return d
	}
	for year, lunar := range lunarYears {
		tet := day(lunar.eve).AddDate(0, 0, 1)
		if tet.Year() != year || !tet.AddDate(0, 0, 2).Equal(day(lunar.third)) {
			t.Errorf("%d: Tết is %s to %d", year, tet, lunar.third)
		}
		switch days := int(day(lunar.hungKings).Sub(tet).Hours() / 24); days {
		case 67, 68, 69, 97, 98:
		default:
			t.Errorf("%d: the Hùng kings' day is %d days after Tết", year, days)
		}
		next, ok := lunarYears[year+1]
		if !ok {
			continue
		}
		switch days := int(day(next.eve).Sub(day(lunar.eve)).Hours() / 24); days {
		case 354, 355, 383, 384, 385:
		default:
			t.Errorf("%d has %d days", year, days)
		}
	}
	for _, d := range decided {
		if day(d.first).After(day(d.last)) {
			t.Errorf("%d to %d", d.first, d.last)
		}
	}
}

func BenchmarkDue(b *testing.B) {
	b.ReportAllocs()
	t := at("2026-11-25 12:00")
	for b.Loop() {
		CalendarOffice.Due(t)
	}
}
