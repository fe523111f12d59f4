package inventory

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

func embedded(t testing.TB) *Inventory {
	t.Helper()
	inv, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, Zone())
	if err != nil {
		panic(err)
	}
	return t
}

func count[T any](all []T, is func(T) bool) int {
	n := 0
	for _, one := range all {
		if is(one) {
			n++
		}
	}
	return n
}

func TestTheProvinceHas159OfficesIn11Districts(t *testing.T) {
	inv := embedded(t)
	got := map[string]int{"sites": len(inv.Sites()), "areas": len(inv.Areas())}
	for _, s := range inv.Sites() {
		got[s.Kind]++
		got[s.Terrain]++
		if s.Verified {
			got["verified"]++
		}
		if s.Mountainous() {
			got["mountainous"]++
		}
	}
	want := map[string]int{"sites": 159, "areas": 11, Commune: 116, Ward: 32, Township: 11,
		Highland: 1, Mountain: 28, Plain: 103, Unknown: 27, "verified": 14, "mountainous": 56}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestADistrictHasAsManySitesAsTheListOf2023(t *testing.T) {
	inv := embedded(t)
	got := map[string]int{}
	for _, s := range inv.Sites() {
		area, ok := inv.Area(s.AreaCode)
		if !ok || area.Name != s.Area {
			t.Errorf("%s is in %s %q", s.ID, s.AreaCode, s.Area)
		}
		got[area.Label(say.Vietnamese)]++
	}
	want := map[string]int{"Thành phố Quy Nhơn": 21, "Huyện An Lão": 10, "Thị xã Hoài Nhơn": 17, "Huyện Hoài Ân": 15,
		"Huyện Phù Mỹ": 19, "Huyện Vĩnh Thạnh": 9, "Huyện Tây Sơn": 15, "Huyện Phù Cát": 18, "Thị xã An Nhơn": 15,
		"Huyện Tuy Phước": 13, "Huyện Vân Canh": 7}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestUnitsFollowTheListsOfTheirDay(t *testing.T) {
	inv := embedded(t)
	for _, c := range []struct {
		day                     string
		all, xa, phuong, tiTran int
	}{
		{"2021-01-31", 0, 0, 0, 0}, // not known here
		{"2021-02-01", 159, 116, 32, 11},
		{"2024-11-30", 159, 116, 32, 11},
		{"2024-12-01", 155, 115, 28, 12},
		{"2025-01-02", 155, 115, 28, 12},
		{"2025-06-30", 155, 115, 28, 12},
		{"2025-07-01", 58, 41, 17, 0},
		{"2040-01-01", 58, 41, 17, 0},
	} {
		units := inv.UnitsOn(at(c.day + " 12:00"))
		kinds := func(k string) int { return count(units, func(u Unit) bool { return u.Kind == k }) }
		got := []int{len(units), kinds(Commune), kinds(Ward), kinds(Township)}
		if d := cmp.Diff([]int{c.all, c.xa, c.phuong, c.tiTran}, got); d != "" {
			t.Errorf("%s: %s", c.day, d)
		}
	}
}

func TestEveryUnitOfADayHasASiteAndEverySiteAUnit(t *testing.T) {
	inv := embedded(t)
	for _, day := range []string{"2021-02-01 00:00", "2024-12-01 00:00", "2025-07-01 00:00", "2026-11-25 09:00"} {
		taken := map[string]bool{}
		for _, s := range inv.Sites() {
			u, ok := s.UnitOn(at(day))
			if !ok {
				t.Errorf("%s: %s has no unit", day, s.ID)
			}
			taken[u.Code] = true
		}
		if units := inv.UnitsOn(at(day)); len(taken) != len(units) {
			t.Errorf("%s: %d of %d units have a site", day, len(taken), len(units))
		}
	}
}

func TestACodeNamesOtherTerritoryOnAnotherDay(t *testing.T) {
	inv := embedded(t)
	named := func(day string) string {
		for _, u := range inv.UnitsOn(at(day)) {
			if u.Code == "21583" {
				return u.Name
			}
		}
		return ""
	}
	got := []string{named("2023-05-01 00:00"), named("2025-01-02 00:00"), named("2025-07-01 00:00")}
	if d := cmp.Diff([]string{"Lê Lợi", "Thị Nại", "Quy Nhơn"}, got); d != "" {
		t.Error(d)
	}
}

func TestASiteKeepsItsIdWhileItsUnitChanges(t *testing.T) {
	site, ok := embedded(t).Site("bd-21862")
	if !ok {
		t.Fatal("no site bd-21862")
	}
	var got []string
	for _, day := range []string{"2023-05-01 08:00", "2024-11-30 23:59", "2024-12-01 00:00", "2025-06-30 23:59", "2025-07-01 00:00"} {
		u, _ := site.UnitOn(at(day))
		got = append(got, u.Code+" "+u.Kind+" "+u.Name)
	}
	want := []string{"21862 commune Cát Khánh", "21862 commune Cát Khánh", "21862 township Cát Khánh",
		"21862 township Cát Khánh", "21859 commune Đề Gi"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if site.Label(say.Vietnamese) != "Xã Cát Khánh" || site.Area != "Phù Cát" {
		t.Errorf("the site itself changed: %s, %s", site.Label(say.Vietnamese), site.Area)
	}
	// The day turns in Vietnam, not in UTC.
	if u, _ := site.UnitOn(time.Date(2025, 6, 30, 17, 0, 0, 0, time.UTC)); u.Name != "Đề Gi" {
		t.Errorf("at 00:00 +07 it is %s", u.Name)
	}
	if _, ok := site.UnitOn(at("2021-01-31 23:59")); ok {
		t.Error("a unit before the first that is known")
	}
}

func TestASplitCommuneFollowsTheRestAndIsMarked(t *testing.T) {
	got := map[string]string{}
	for _, s := range embedded(t).Sites() {
		for _, b := range s.Units {
			if b.Split {
				got[s.Name] = b.Unit.Name
			}
		}
	}
	want := map[string]string{"An Nghĩa": "An Toàn", "Canh Liên": "Canh Liên", "Canh Hiệp": "Canh Vinh"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestOnlyTheFourNamedAreasHaveALevelFor2023(t *testing.T) {
	var got []string
	for _, a := range embedded(t).Areas() {
		if !a.Until.Equal(at("2025-07-01 00:00")) {
			t.Errorf("%s ends %s", a.Name, a.Until)
		}
		if a.LAN2023 == LANAverage {
			got = append(got, a.Name)
		}
	}
	if d := cmp.Diff([]string{"Quy Nhơn", "Phù Mỹ", "Vĩnh Thạnh", "Vân Canh"}, got); d != "" {
		t.Error(d)
	}
}

func TestSitesStandInTheOrderOfVietnameseNames(t *testing.T) {
	sites := embedded(t).Sites()
	if !slices.IsSortedFunc(sites, func(a, b Site) int {
		if c := say.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	}) {
		t.Error("not sorted")
	}
	if sites[0].Name != "An Dũng" || sites[158].Name != "Vĩnh Thuận" {
		t.Errorf("from %s to %s", sites[0].Name, sites[158].Name)
	}
}

func TestALabelIsReadInBothLanguages(t *testing.T) {
	inv := embedded(t)
	var got []string
	for _, id := range []string{"bd-21787", "bd-21550", "bd-21898"} {
		s, _ := inv.Site(id)
		got = append(got, s.Label(say.Vietnamese), s.Label(say.English))
	}
	want := []string{"Xã Vĩnh Sơn", "Vĩnh Sơn commune", "Phường Nhơn Bình", "Nhơn Bình ward", "Thị trấn Cát Tiến", "Cát Tiến township"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, a := range inv.Areas() {
		if a.Label(say.English) == "kind."+a.Kind {
			t.Errorf("%s has no label", a.Kind)
		}
	}
}

func TestWhatTheInventorySaysFitsTheContract(t *testing.T) {
	for _, s := range embedded(t).Sites() {
		p := api.NewPoint("site_state", time.Now()).Tag(api.TagSite, s.ID).Text("state", "ok").Int("rank", 1).
			Text("label", s.Label(say.Vietnamese)).Text("area", s.Area).Text("terrain", s.Terrain)
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", s.ID, err)
		}
	}
}

func TestACallerCannotChangeTheInventory(t *testing.T) {
	inv := embedded(t)
	inv.Sites()[0].Name = "x"
	inv.Areas()[0].Name = "x"
	inv.Units()[0].Name = "x"
	if inv.Sites()[0].Name == "x" || inv.Areas()[0].Name == "x" || inv.Units()[0].Name == "x" {
		t.Error("the slices are shared")
	}
	always := inv.WithCalendar(CalendarAlways)
	sunday := at("2026-11-29 03:00")
	if inv.Sites()[0].Due(sunday) || !always.Sites()[0].Due(sunday) {
		t.Error("WithCalendar changed the wrong one")
	}
	if s, _ := always.Site("bd-21997"); !s.Due(sunday) {
		t.Error("found by id, the site has the old calendar")
	}
}

func BenchmarkReadingTheProvince(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		embedded(b)
	}
}
