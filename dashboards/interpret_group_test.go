//go:build integration

package dashboards

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The transformations that fold rows; see interpret_test.go.

func doGroupBy(t *testing.T, frames []frame, raw json.RawMessage) []frame {
	o := read[struct {
		Fields map[string]struct {
			Operation    string
			Aggregations []string
		}
	}](t, raw)
	var out []frame
	for _, f := range frames {
		var keys []string
		for _, c := range f.fields {
			if o.Fields[c.name].Operation == "groupby" {
				keys = append(keys, c.name)
			}
		}
		if len(keys) == 0 {
			continue
		}
		groups, order := map[string][]int{}, []string{}
		for r := range f.length() {
			var parts []string
			for _, k := range keys {
				parts = append(parts, fmt.Sprint(f.field(k).values[r]))
			}
			key := strings.Join(parts, ",")
			if groups[key] == nil {
				order = append(order, key)
			}
			groups[key] = append(groups[key], r)
		}
		g := frame{refID: f.refID}
		for _, k := range keys {
			c := field{name: k}
			for _, key := range order {
				c.values = append(c.values, f.field(k).values[groups[key][0]])
			}
			g.fields = append(g.fields, c)
		}
		for _, c := range f.fields {
			if o.Fields[c.name].Operation != "aggregate" {
				continue
			}
			for _, reducer := range o.Fields[c.name].Aggregations {
				folded := field{name: c.name + " (" + reducer + ")"}
				for _, key := range order {
					folded.values = append(folded.values, reduce(t, pick(f, groups[key]).field(c.name).values, reducer))
				}
				g.fields = append(g.fields, folded)
			}
		}
		out = append(out, g)
	}
	return out
}

// reduce is reduceField: null and text do not count for sums; count counts rows.
func reduce(t *testing.T, values []any, reducer string) any {
	t.Helper()
	sum, numbers, least, most, last := 0.0, 0, any(nil), any(nil), any(nil)
	for _, v := range values {
		if v != nil {
			last = v
		}
		if n, ok := v.(float64); ok {
			sum += n
			numbers++
			if least == nil || n < least.(float64) {
				least = n
			}
			if most == nil || n > most.(float64) {
				most = n
			}
		}
	}
	switch reducer {
	case "count":
		return float64(len(values))
	case "sum":
		return sum
	case "mean":
		if numbers == 0 {
			return nil
		}
		return sum / float64(numbers)
	case "min":
		return least
	case "max":
		return most
	case "lastNotNull":
		return last
	}
	t.Fatalf("reducer %s has no interpreter here", reducer)
	return nil
}

func doMatrix(t *testing.T, frames []frame, raw json.RawMessage) []frame {
	o := read[struct{ RowField, ColumnField, ValueField, EmptyValue string }](t, raw)
	if o.EmptyValue != "null" {
		t.Fatalf("emptyValue %q has no interpreter here", o.EmptyValue)
	}
	if len(frames) != 1 {
		return frames
	}
	f := &frames[0]
	rows, cols, values := f.field(o.RowField).values, f.field(o.ColumnField).values, f.field(o.ValueField).values
	rowNames, colNames := unique(rows), unique(cols)
	out := frame{fields: []field{{name: o.RowField + `\` + o.ColumnField, values: rowNames}}}
	for _, name := range colNames {
		c := field{name: fmt.Sprint(name), values: make([]any, len(rowNames))}
		for i := range values {
			if cols[i] == name {
				c.values[slices.Index(rowNames, rows[i])] = values[i]
			}
		}
		out.fields = append(out.fields, c)
	}
	return []frame{out}
}

func unique(values []any) []any {
	var list []any
	for _, v := range values {
		if !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

func doWithout(t *testing.T, frames []frame, raw json.RawMessage) []frame {
	o := read[struct{ Exclude struct{ Names []string } }](t, raw)
	for i := range frames {
		frames[i].fields = slices.DeleteFunc(frames[i].fields, func(c field) bool { return slices.Contains(o.Exclude.Names, c.name) })
	}
	return frames
}

func doNumber(t *testing.T, frames []frame, raw json.RawMessage) []frame {
	o := read[struct {
		Fields      struct{}
		Conversions []struct{ TargetField, DestinationType string }
	}](t, raw)
	for _, c := range o.Conversions {
		if c.DestinationType != "number" {
			t.Fatalf("conversion to %s has no interpreter here", c.DestinationType)
		}
		for i := range frames {
			column := frames[i].field(c.TargetField)
			for r := range column.values {
				n, err := strconv.ParseFloat(column.values[r].(string), 64)
				if err != nil {
					t.Fatal(err)
				}
				column.values[r] = n
			}
		}
	}
	return frames
}

// doPartition makes a frame of each value; it becomes a label of the frame's fields.
func doPartition(t *testing.T, frames []frame, raw json.RawMessage) []frame {
	o := read[struct {
		Fields     []string
		KeepFields bool
		Naming     struct{ AsLabels bool }
	}](t, raw)
	if len(frames) == 0 {
		return frames
	}
	if len(o.Fields) != 1 || o.KeepFields || !o.Naming.AsLabels || len(frames) > 1 {
		t.Fatalf("partitionByValues %+v has no interpreter here", o)
	}
	key := frames[0].field(o.Fields[0]).values
	var out []frame
	for _, value := range unique(key) {
		var rows []int
		for r := range key {
			if key[r] == value {
				rows = append(rows, r)
			}
		}
		f := pick(frames[0], rows)
		f.fields = slices.DeleteFunc(f.fields, func(c field) bool { return c.name == o.Fields[0] })
		for i := range f.fields {
			f.fields[i].labels = map[string]string{o.Fields[0]: fmt.Sprint(value)}
		}
		out = append(out, f)
	}
	return out
}
