package inventory

import (
	"math"
	"slices"
)

// A point is far off if it lies beyond both: this many kilometres from the middle of
// its area's sites, and this many times as far as they usually do. The island of Nhơn
// Châu lies 25 km before its city.
const (
	farKilometres = 40
	farTimes      = 3
	fewSites      = 4 // with fewer the middle says nothing
)

// places warns of points that may be mistyped: far from the area's other sites, or the
// same as another's.
func (r *reading) places() {
	byArea := map[string][]*Site{}
	at := map[[2]float64]string{}
	for i := range r.inv.sites {
		s := &r.inv.sites[i]
		if s.Lat == 0 || s.Lon == 0 {
			continue // complained of
		}
		byArea[s.AreaCode] = append(byArea[s.AreaCode], s)
		point := [2]float64{s.Lat, s.Lon}
		if other, twice := at[point]; twice {
			r.warn(r.siteAt[s.ID], "inventory.same_place", s.ID, other)
			continue
		}
		at[point] = s.ID
	}
	for _, sites := range byArea {
		if len(sites) >= fewSites {
			r.farOff(sites)
		}
	}
}

func (r *reading) farOff(sites []*Site) {
	lat := median(sites, func(s *Site) float64 { return s.Lat })
	lon := median(sites, func(s *Site) float64 { return s.Lon })
	usual := median(sites, func(s *Site) float64 { return kilometres(s, lat, lon) })
	for _, s := range sites {
		if d := kilometres(s, lat, lon); d > farKilometres && d > farTimes*usual {
			r.warn(r.siteAt[s.ID], "inventory.far_off", s.ID, s.Name, int(math.Round(d)), s.Area)
		}
	}
}

func median(sites []*Site, of func(*Site) float64) float64 {
	values := make([]float64, len(sites))
	for i, s := range sites {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// kilometres to a point, on a sphere flattened where it touches: good to a percent
// within a province.
func kilometres(s *Site, lat, lon float64) float64 {
	const perDegree = 111.2
	return perDegree * math.Hypot(s.Lat-lat, (s.Lon-lon)*math.Cos(lat*math.Pi/180))
}
