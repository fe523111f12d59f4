package board

import (
	"net/http"
	"strings"
	"testing"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
)

func TestAMapHasTheAreasOfTheEmbeddedProvinceAndThePointsOfAnyOther(t *testing.T) {
	d := built(t)
	h := over(t, d, viewer)
	_, body := get(t, h, http.MethodGet, "/target")
	if n := strings.Count(body, `<path class="outline`); n != 11 || strings.Count(body, `<path class="at-`) != 4 {
		t.Errorf("%d outlines, %d paths of points", n, strings.Count(body, `<path class="at-`))
	}
	_, body = get(t, h, http.MethodGet, "/target?area=551")
	if strings.Count(body, `"><title>Xã `)+strings.Count(body, `"><title>Thị trấn `) != 7 {
		t.Error("the points of an area have no names")
	}
	b := &board{outlines: &outlines{Areas: []outline{{Code: "551", Name: "Elsewhere", Path: "M0 0l1 0 0 1z"}}}}
	inv := provinceOfTest(t)
	b.deps.Inventory = func() *inventory.Inventory { return inv }
	var sites []*goal.SiteLine
	for i := range d.report.Sites {
		sites = append(sites, &d.report.Sites[i])
	}
	if m := b.provinceMap(view{}, d.report, sites); m == nil || len(m.Areas) > 0 || m.Source != "" || len(m.Points) == 0 {
		t.Errorf("%+v", m)
	}
	if m := b.provinceMap(view{}, d.report, nil); m != nil {
		t.Errorf("a map of nothing: %+v", m)
	}
}

func provinceOfTest(t *testing.T) *inventory.Inventory {
	t.Helper()
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestEachVerdictHasAShapeOfItsOwn(t *testing.T) {
	for verdict, want := range map[goal.Verdict]string{
		goal.Met: "M10 20h.1", goal.NotMet: "M8 18l4 4m0-4l-4 4", goal.NoData: "M8 18h4v4h-4z", "": "M8 18h4v4h-4z",
	} {
		if got := shape(verdict, 10, 20, 2); got != want {
			t.Errorf("%q: %s, want %s", verdict, got, want)
		}
	}
}

func TestAnOutlineThatIsNoneIsFoundAtTheStart(t *testing.T) {
	for _, path := range []string{"", "M1 2z", "M1 2l3z", "M1 2lx yz"} {
		if _, err := boxOf(path); err == nil {
			t.Errorf("%q is taken", path)
		}
	}
	got, err := boxOf("M100 10l-50 20 10-5zM0 0l1 1z")
	if want := (extent{0, 0, 97, 30}); err != nil || got != want {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}
