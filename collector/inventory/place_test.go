package inventory

import (
	"strings"
	"testing"
)

func TestAPointFarFromTheOthersOfItsAreaIsToldAndTheRealOnesAreNot(t *testing.T) {
	files := province(t)
	if _, report := Check(files, Options{}); len(report.Warnings) > 0 {
		t.Errorf("the real ones: %v", report.Warnings)
	}
	sites := string(files["sites.csv"].Data)
	if !strings.Contains(sites, "13.80663,109.20676") {
		t.Fatal("Nhơn Bình lies elsewhere")
	}
	files["sites.csv"].Data = []byte(strings.Replace(sites, "13.80663,109.20676", "14.80663,109.20676", 1))
	_, report := Check(files, Options{})
	want := "sites.csv:2:1: bd-21550 Nhơn Bình lies 115 km from the other sites of Quy Nhơn; its coordinates may be mistyped"
	if report.Warnings.Error() != want {
		t.Errorf("%v, want %s", report.Warnings, want)
	}
	files["sites.csv"].Data = []byte(strings.Replace(sites, "13.80663,109.20676", "13.79051,109.17957", 1))
	if _, report := Check(files, Options{}); !strings.Contains(report.Warnings.Error(), "has the same coordinates as bd-21550") {
		t.Errorf("twins: %v", report.Warnings)
	}
}

// Where everybody is far from everybody, distance says nothing.
func TestAWideAreaHasNoPointThatIsFarOff(t *testing.T) {
	r := &reading{}
	wide := []*Site{{ID: "a", Lat: 13.0, Lon: 108}, {ID: "b", Lat: 13.3, Lon: 108}, {ID: "c", Lat: 13.6, Lon: 108}, {ID: "d", Lat: 13.9, Lon: 108}, {ID: "e", Lat: 14.2, Lon: 108}}
	r.farOff(wide)
	if len(r.Warnings) > 0 {
		t.Error(r.Warnings)
	}
	wide[4].Lat = 15.2
	if r.farOff(wide); len(r.Warnings) != 1 {
		t.Error(r.Warnings)
	}
}
