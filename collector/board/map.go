package board

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"communewatch/collector/goal"
	"communewatch/collector/inventory"
)

//go:embed map/binhdinh.json
var binhDinhMap []byte

// outlines are the areas of the embedded inventory as they are drawn.
type outlines struct {
	Source string    `json:"source"`
	Areas  []outline `json:"areas"`
}

type outline struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Path   string `json:"path"` // of an SVG, in grid: M x y, then l dx dy …, z
	extent extent
}

// grid is in which the outlines are: thousandths of a degree from a corner north-west of
// the province. A degree of longitude is shorter there than one of latitude.
const (
	gridWest, gridNorth = 108, 15
	gridPerDegree       = 1000
	gridSquash          = 0.97 // cos 14°
)

func onGrid(lat, lon float64) (x, y float64) {
	return (lon - gridWest) * gridPerDegree * gridSquash, (gridNorth - lat) * gridPerDegree
}

func readOutlines() (*outlines, error) {
	var o outlines
	if err := json.Unmarshal(binhDinhMap, &o); err != nil {
		return nil, fmt.Errorf("read map: %w", err)
	}
	for i := range o.Areas {
		var err error
		if o.Areas[i].extent, err = boxOf(o.Areas[i].Path); err != nil {
			return nil, fmt.Errorf("read map of %s: %w", o.Areas[i].Name, err)
		}
	}
	return &o, nil
}

// extent is what something takes of the grid; zero: nothing.
type extent struct{ left, top, right, bottom float64 }

func (b *extent) add(x, y float64) {
	if *b == (extent{}) {
		*b = extent{x, y, x, y}
	}
	*b = extent{min(b.left, x), min(b.top, y), max(b.right, x), max(b.bottom, y)}
}

// boxOf reads an outline's path, which has the commands M, l and z only.
func boxOf(path string) (b extent, err error) {
	for ring := range strings.SplitSeq(strings.TrimPrefix(path, "M"), "M") {
		begin, steps, ok := strings.Cut(strings.TrimSuffix(ring, "z"), "l")
		if !ok {
			return b, fmt.Errorf("a ring %.20q without steps", ring)
		}
		var x, y float64
		numbers := strings.Fields(strings.ReplaceAll(begin+" "+steps, "-", " -"))
		if len(numbers)%2 != 0 {
			return b, fmt.Errorf("a ring %.20q with half a point", ring)
		}
		for i := 0; i < len(numbers); i += 2 {
			dx, errX := strconv.ParseFloat(numbers[i], 64)
			dy, errY := strconv.ParseFloat(numbers[i+1], 64)
			if errX != nil || errY != nil {
				return b, fmt.Errorf("a ring %.20q with a strange number", ring)
			}
			x, y = x+dx, y+dy
			b.add(x*gridSquash, y)
		}
	}
	return b, nil
}

// provinceMap is drawn in the page: areas as far as their outlines are known, sites as
// points by verdict. The tables beside it say the same.
type provinceMap struct {
	ViewBox string
	Squash  float64
	Areas   []mapArea
	Points  []mapPoints
	Text    float64 // size of the letters
	Source  string  // of the outlines; empty: none are drawn
}

type mapArea struct {
	Href, Name, Title, Path, Mark string
	X, Y                          float64
	Chosen                        bool
}

// mapPoints are all points of one verdict in one path, or one point with its name.
type mapPoints struct{ Mark, Path, Title string }

// namedPoints is up to how many points have names: more would make a heavy page.
const namedPoints = 45

func (b *board) provinceMap(v view, r *goal.Report, sites []*goal.SiteLine) *provinceMap {
	inv := b.deps.Inventory()
	m := &provinceMap{Squash: gridSquash}
	var frame extent
	for _, o := range b.outlines.Areas {
		if a, ok := inv.Area(o.Code); ok && a.Name == o.Name {
			m.Areas = append(m.Areas, b.mapArea(v, r, o, a))
			m.Source = b.outlines.Source
			if v.area == "" || v.area == o.Code {
				frame.add(o.extent.left, o.extent.top)
				frame.add(o.extent.right, o.extent.bottom)
			}
		}
	}
	var shown []inventory.Site
	verdicts := map[string]goal.Verdict{}
	for _, s := range sites {
		site, ok := inv.Site(s.ID)
		if !ok || site.Lat == 0 {
			continue
		}
		shown = append(shown, site)
		verdicts[s.ID] = s.Verdict
		frame.add(onGrid(site.Lat, site.Lon))
	}
	if frame == (extent{}) {
		return nil
	}
	margin := 0.03*max(frame.right-frame.left, frame.bottom-frame.top) + 4
	width, height := frame.right-frame.left+2*margin, frame.bottom-frame.top+2*margin
	m.ViewBox = fmt.Sprintf("%.0f %.0f %.0f %.0f", frame.left-margin, frame.top-margin, width, height)
	m.Text = math.Round(max(width, height) / 42)
	m.Points = points(v, shown, verdicts, math.Round(max(width, height)/130))
	return m
}

func (b *board) mapArea(v view, r *goal.Report, o outline, a inventory.Area) mapArea {
	area := mapArea{Name: o.Name, Title: a.Label(v.lang), Path: o.Path, Chosen: v.area == o.Code, Href: v.with("area", o.Code)}
	if area.Chosen {
		area.Href = v.with("area", "")
	}
	area.X, area.Y = onGrid(a.Lat, a.Lon)
	area.X, area.Y = math.Round(area.X), math.Round(area.Y)
	for _, g := range r.Groups {
		if g.Kind == goal.OfArea && g.Code == o.Code {
			area.Mark = verdictMark(g.Verdict)
			area.Title = v.lang.Text("target.map_area", area.Title, g.Met, g.NotMet, g.NoData)
		}
	}
	return area
}

// points draws a met site as a disc, one that is not as a cross, one without data as an
// empty square; highland and mountain have a roof. Size is half a mark's width.
func points(v view, sites []inventory.Site, verdicts map[string]goal.Verdict, size float64) (out []mapPoints) {
	named := len(sites) <= namedPoints
	paths := map[string]string{}
	for _, site := range sites {
		x, y := onGrid(site.Lat, site.Lon)
		verdict := verdicts[site.ID]
		path := shape(verdict, x, y, size)
		if site.Terrain == inventory.Highland || site.Terrain == inventory.Mountain {
			paths["roof"] += fmt.Sprintf("M%.0f %.0fl%.0f-%.0f %.0f %.0fz", x-size, y-1.5*size, size, size, size, size)
		}
		if named {
			out = append(out, mapPoints{verdictMark(verdict), path, v.lang.Text("target.map_site", site.Label(v.lang), verdictWord(v.lang, verdict))})
			continue
		}
		paths[verdictMark(verdict)] += path
	}
	for _, mark := range []string{"none", "ok", "uplink_down", "roof"} {
		if paths[mark] != "" {
			out = append(out, mapPoints{Mark: mark, Path: paths[mark]})
		}
	}
	return out
}

func shape(v goal.Verdict, x, y, size float64) string {
	switch v {
	case goal.Met:
		return fmt.Sprintf("M%.0f %.0fh.1", x, y) // its round end is the disc
	case goal.NotMet:
		return fmt.Sprintf("M%.0f %.0fl%.0f %.0fm0-%.0fl-%.0f %.0f", x-size, y-size, 2*size, 2*size, 2*size, 2*size, 2*size)
	default:
		return fmt.Sprintf("M%.0f %.0fh%.0fv%.0fh-%.0fz", x-size, y-size, 2*size, 2*size, 2*size)
	}
}
