package inventory

import "time"

// Zone is Vietnam's time: UTC+7, without daylight saving since 1975. A fixed zone
// needs no zone data, which a clean Windows PC does not have; a test holds it
// against Asia/Ho_Chi_Minh.
func Zone() *time.Location { return vietnam }

var vietnam = time.FixedZone("+07", 7*60*60)

// Opening hours of CalendarOffice: opens ≤ hour < closes.
const opens, closes = 7, 17

// Holiday tells whether the day (as it is in Vietnam) is one on which public
// offices are closed though it may be no weekend.
//
// The rules are the Labour Code's (45/2019/QH14, articles 111 and 112): the fixed
// days, Tết, the Hùng kings' day; one that falls on a weekend is made up for on the
// next working day. What the government decides year by year (a longer Tết, the
// second day of the national holiday, swapped days) stands in decided, as far as
// it is known. Beyond that, and beyond the lunar table, such days count as working days.
func Holiday(t time.Time) bool {
	t = t.In(vietnam)
	day := dayOf(t)
	return statutory(day) || isDecided(day) || substitute(t, day)
}

// dayOf writes a date as one number, 2026_02_17, which compares as dates do.
func dayOf(t time.Time) int {
	y, m, d := t.Date()
	return y*1_00_00 + int(m)*1_00 + d
}

// statutory days are the same every year, by the sun or by the moon.
func statutory(day int) bool {
	switch day % 1_00_00 {
	case 1_01, 4_30, 5_01, 9_02:
		return true
	}
	year := lunarYears[day/1_00_00]
	return day >= year.eve && day <= year.third || day == year.hungKings
}

// lunarYears are Tết, from the eve to the third day of the first lunar month, and
// the Hùng kings' day, the tenth of the third. Tết has five days, of which an
// employer chooses one or two before; those four are in every choice. Computed
// from the new moons in UTC+7, which does not always give the Chinese date (2030).
var lunarYears = map[int]struct{ eve, third, hungKings int }{
	2023: {2023_01_21, 2023_01_24, 2023_04_29},
	2024: {2024_02_09, 2024_02_12, 2024_04_18},
	2025: {2025_01_28, 2025_01_31, 2025_04_07},
	2026: {2026_02_16, 2026_02_19, 2026_04_26},
	2027: {2027_02_05, 2027_02_08, 2027_04_16},
	2028: {2028_01_25, 2028_01_28, 2028_04_04},
	2029: {2029_02_12, 2029_02_15, 2029_04_23},
	2030: {2030_02_01, 2030_02_04, 2030_04_12},
}

// decided are the days, first to last, on which public offices were closed by the
// government's decision for that year. The Saturdays worked in exchange are not
// here: nobody expects data on a Saturday.
var decided = []struct{ first, last int }{
	{2023_01_20, 2023_01_26}, // Tết
	{2023_09_01, 2023_09_01}, // national holiday, second day
	{2024_02_08, 2024_02_14}, // Tết
	{2024_04_29, 2024_04_29}, // swapped
	{2024_09_03, 2024_09_03}, // national holiday, second day
	{2025_01_27, 2025_01_31}, // Tết
	{2025_05_02, 2025_05_02}, // swapped
	{2025_09_01, 2025_09_01}, // national holiday, second day
	{2026_01_02, 2026_01_02}, // swapped
	{2026_02_16, 2026_02_20}, // Tết
	{2026_08_31, 2026_09_01}, // swapped, and national holiday, second day
}

func isDecided(day int) bool {
	for _, d := range decided {
		if day >= d.first && day <= d.last {
			return true
		}
	}
	return false
}

// substitute tells whether a working day makes up for a statutory one that fell on
// a weekend before it: the first working day for the first lost one, and so on.
func substitute(t time.Time, day int) bool {
	if weekend(t) || statutory(day) {
		return false
	}
	owed := 0
	for back := 14; back > 0; back-- { // longer than any holiday with its substitutes
		at := t.AddDate(0, 0, -back)
		switch on, free := statutory(dayOf(at)), weekend(at); {
		case on && free:
			owed++
		case !on && !free && owed > 0:
			owed--
		}
	}
	return owed > 0
}

func weekend(t time.Time) bool {
	w := t.Weekday()
	return w == time.Saturday || w == time.Sunday
}
