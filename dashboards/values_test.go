//go:build integration

package dashboards

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"communewatch/collector/say"
	"communewatch/collector/store/embedded"
)

// answer is what a panel shows: its frames after its own transformations.
type answer struct {
	panel  panelJSON
	frames []frame
}

// expectation is what a panel must show: of the full hour of the site Lê Lợi, and
// of what is bare (a site that never measured; a time that nobody judged). nil is nothing at all.
type expectation struct {
	full, bare func(*testing.T, hour, answer)
}

func startInflux(t *testing.T) influx {
	t.Helper()
	binary, err := filepath.Abs("../bin/communewatch-influxd")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("no InfluxDB to test with: %v; run: make influxd", err)
	}
	server, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir(), Binary: binary, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second) // the test's own context is done by now
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Errorf("stop InfluxDB: %v", err)
		}
	})
	return influx{server.URL(), server.Token(), server.ReaderToken()}
}

// Every query of every panel and every variable runs against a real InfluxDB.
func TestEveryPanelShowsWhatWasMeasured(t *testing.T) {
	db := startInflux(t)
	h := hour{time.Now().Truncate(time.Hour).Add(-2 * time.Hour)}
	db.fill(t, h)
	boards := built(t, say.Vietnamese)

	t.Run("province", func(t *testing.T) {
		yesterday := hour{h.start.Add(-24 * time.Hour)}
		check(t, boards[0], provinceExpectations,
			func(p panelJSON) answer { return db.show(t, h.window(nil), p) },
			func(p panelJSON) answer { return db.show(t, yesterday.window(nil), p) }, h)
	})
	t.Run("commune", func(t *testing.T) {
		full, bare := map[string]string{"site": leloi, "uplink": "8.8.8.8"}, map[string]string{"site": dakmang, "uplink": ""}
		check(t, boards[1], communeExpectations,
			func(p panelJSON) answer { return db.show(t, h.window(full), p) },
			func(p panelJSON) answer { return db.show(t, h.window(bare), p) }, h)
	})
	t.Run("none of the mountains down is a figure", func(t *testing.T) {
		before := h.window(nil)
		before.to = h.at(30).Add(-time.Millisecond) // Vĩnh Sơn is only degraded
		for _, p := range boards[0].panels() {
			if p.ID == panelMountainDown {
				figure(0.0)(t, h, db.show(t, before, p))
			}
		}
	})
	t.Run("variables", func(t *testing.T) { checkVariables(t, db, h, boards) })
	t.Run("an uplink target that was not probed for a while", func(t *testing.T) {
		for _, p := range boards[1].panels() {
			if p.ID == panelUplinkRTT {
				ispRTT(t, h, db.show(t, h.window(map[string]string{"site": leloi, "uplink": "isp"}), p))
			}
		}
	})
}

func (db influx) show(t *testing.T, w window, p panelJSON) answer {
	t.Helper()
	var frames []frame
	for _, q := range p.Targets {
		frames = append(frames, db.ask(t, w, p, q)...)
	}
	return answer{p, transform(t, frames, p.Transformations)}
}

// check holds every panel of a dashboard against its expectation. A panel without
// one fails, and so does an expectation without its panel.
func check(t *testing.T, b boardJSON, expected map[uint32]expectation, full, bare func(panelJSON) answer, h hour) {
	t.Helper()
	for _, complaint := range unchecked(b, expected) {
		t.Error(complaint)
	}
	for _, p := range b.panels() {
		want, ok := expected[p.ID]
		if !ok {
			continue
		}
		t.Run(fmt.Sprintf("%d %s", p.ID, p.Title), func(t *testing.T) {
			want.full(t, h, full(p))
			if a := bare(p); want.bare != nil {
				want.bare(t, h, a)
			} else if a.hasValues() {
				t.Errorf("shows something where nothing is known: %v", a.frames)
			}
		})
	}
}

func unchecked(b boardJSON, expected map[uint32]expectation) []string {
	var complaints []string
	there := map[uint32]bool{}
	for _, p := range b.panels() {
		there[p.ID] = true
		if want, ok := expected[p.ID]; !ok || want.full == nil {
			complaints = append(complaints, fmt.Sprintf("%s: panel %d %q is shown and not checked: write down what it must show", b.UID, p.ID, p.Title))
		}
	}
	for id := range expected {
		if !there[id] {
			complaints = append(complaints, fmt.Sprintf("%s: something is expected of panel %d, which is not there", b.UID, id))
		}
	}
	return complaints
}

func TestAPanelWithoutAnExpectationIsFound(t *testing.T) {
	b := built(t, say.Vietnamese)[0]
	fewer := map[uint32]expectation{}
	for id, e := range provinceExpectations {
		if id != panelWorst {
			fewer[id] = e
		}
	}
	fewer[999] = expectation{}
	if got := unchecked(b, fewer); len(got) != 2 {
		t.Errorf("found %q", got)
	}
}

func checkVariables(t *testing.T, db influx, h hour, boards []boardJSON) {
	want := map[string]map[string][]string{
		"site":   {leloi: {leloi, antoan, dakmang, vinhson, cathai}},
		"uplink": {leloi: {"8.8.8.8", "8a8b8c8", "isp"}, dakmang: nil},
	}
	seen := 0
	for _, b := range boards {
		for _, v := range b.Templating.List {
			if want[v.Name] == nil {
				t.Errorf("%s: variable %s is not checked: write down what it must offer", b.UID, v.Name)
			}
			for site, values := range want[v.Name] {
				got := db.values(t, h.window(map[string]string{"site": site}), v)
				if diff := cmp.Diff(values, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("variable %s at %s: %s", v.Name, site, diff)
				}
			}
			seen++
		}
	}
	if seen != len(want) {
		t.Errorf("%d variables are there, %d were expected", seen, len(want))
	}
}

func (a answer) hasValues() bool {
	for _, f := range a.frames {
		for _, c := range f.fields {
			if c.name == "Time" {
				continue
			}
			if slices.ContainsFunc(c.values, func(v any) bool { return v != nil }) {
				return true
			}
		}
	}
	return false
}

// table compares rows and columns, both in order.
func (a answer) table(t *testing.T, columns []string, rows [][]any) {
	t.Helper()
	if len(a.frames) != 1 {
		t.Fatalf("%d frames, a table is one", len(a.frames))
	}
	f := a.frames[0]
	var names []string
	got := make([][]any, f.length())
	for _, c := range f.fields {
		names = append(names, c.name)
		for r, v := range c.values {
			got[r] = append(got[r], v)
		}
	}
	if diff := cmp.Diff(columns, names); diff != "" {
		t.Errorf("columns: %s", diff)
	}
	if diff := cmp.Diff(rows, got, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Errorf("rows: %s", diff)
	}
}

// number is the panel's figure, nil for none, as its reduceOptions say.
func (a answer) number(t *testing.T) any {
	t.Helper()
	o := a.panel.Options.ReduceOptions
	for _, f := range a.frames {
		for _, c := range f.fields {
			if o.Fields == "/^"+c.name+"$/" && !o.Values {
				return reduce(t, c.values, o.Calcs[0])
			}
		}
	}
	return nil
}

// lines are the names of all lines that have a value, sorted.
func (a answer) lines() []string {
	var names []string
	for _, f := range a.frames {
		if (answer{frames: []frame{f}}).hasValues() {
			names = append(names, f.fields[1].name)
		}
	}
	slices.Sort(names)
	return names
}

// value is a line's value in the interval that starts at a minute; nil is a gap.
func (a answer) value(t *testing.T, line string, at float64) any {
	t.Helper()
	for _, f := range a.frames {
		if f.fields[1].name != line {
			continue
		}
		if i := slices.Index(f.fields[0].values, any(at)); i >= 0 {
			return f.fields[1].values[i]
		}
		return nil
	}
	t.Errorf("no line %q among %q", line, a.lines())
	return nil
}

// at compares a line at some minutes.
func (a answer) at(t *testing.T, h hour, line string, want map[int]any) {
	t.Helper()
	for minute, v := range want {
		if diff := cmp.Diff(v, a.value(t, line, h.ms(minute)), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
			t.Errorf("%s at minute %d: %s", line, minute, diff)
		}
	}
}

func (a answer) only(t *testing.T, names ...string) {
	t.Helper()
	slices.Sort(names)
	if diff := cmp.Diff(names, a.lines()); diff != "" {
		t.Errorf("lines: %s", diff)
	}
}
