//go:build integration

package dashboards

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"communewatch/collector/say"
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
			shown := full(p)
			want.full(t, h, shown)
			for _, complaint := range shown.bareNumbers() {
				t.Error(complaint)
			}
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

// of is what one query of the panel gave.
func (a answer) of(refID string) answer {
	a.frames = slices.DeleteFunc(slices.Clone(a.frames), func(f frame) bool { return f.refID != refID })
	return a
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

// bareNumbers are the columns of figures that say no unit.
func (a answer) bareNumbers() []string {
	if a.panel.Type != "table" || a.panel.FieldConfig.Defaults.Unit != "" {
		return nil
	}
	units := map[string]bool{}
	for _, o := range a.panel.FieldConfig.Overrides {
		for _, property := range o.Properties {
			units[fmt.Sprint(o.Matcher.Options)] = units[fmt.Sprint(o.Matcher.Options)] || property.ID == "unit"
		}
	}
	var complaints []string
	for _, f := range a.frames {
		for _, c := range f.fields {
			figures := slices.ContainsFunc(c.values, func(v any) bool { _, ok := v.(float64); return ok })
			if figures && !units[c.name] {
				complaints = append(complaints, fmt.Sprintf("column %s shows numbers without a unit", c.name))
			}
		}
	}
	return complaints
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
