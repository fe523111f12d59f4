package judge

import (
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
)

// census is how the sites of an area are.
type census struct {
	of          map[api.State]int64
	sites       int
	mountainous int
}

// appendAreas adds a point for each area of which something is known. The states are
// those of the sites, in their order; an empty one is of a site of which nothing can be
// said yet, and is not counted.
func (j *Judge) appendAreas(lines []byte, states []api.State, now time.Time) ([]byte, error) {
	tallies := map[string]*census{}
	for i := range j.sites {
		code := j.sites[i].AreaCode
		if tallies[code] == nil {
			tallies[code] = &census{of: map[api.State]int64{}}
		}
		tallies[code].add(&j.sites[i], states[i])
	}
	for position, area := range j.inv.Areas() {
		t := tallies[area.Code]
		if t == nil || len(t.of) == 0 {
			continue
		}
		var err error
		if lines, err = t.point(area, position, now).AppendLine(lines); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

func (t *census) add(site *inventory.Site, state api.State) {
	t.sites++
	if site.Mountainous() {
		t.mountainous++
	}
	if state != "" {
		t.of[state]++
	}
}

// state is the gravest of the sites that are installed.
func (t *census) state() api.State {
	for _, s := range api.StatesBySeverity() {
		if s != api.StateNotInstalled && t.of[s] > 0 {
			return s
		}
	}
	return api.StateNotInstalled
}

// point ranks an area as mountainous if half of its sites are.
func (t *census) point(area inventory.Area, position int, now time.Time) *api.Point {
	state := t.state()
	p := api.NewPoint("area_state", now.Truncate(time.Second)).
		Tag(api.TagArea, area.Code).
		Text("label", area.Label(say.Vietnamese)).
		Text("state", string(state)).
		Int("rank", rank(2*t.mountainous >= t.sites, state, position))
	for _, s := range api.StatesBySeverity() {
		p.Int(string(s), t.of[s])
	}
	return p
}
