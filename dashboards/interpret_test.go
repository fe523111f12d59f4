//go:build integration

package dashboards

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// This file is an interpreter of Grafana's transformations, of those and those
// options only that our panels use; anything else fails the test. Behaviour as in
// https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/transform-data/
// and grafana/grafana packages/grafana-data/src/transformations/transformers.

func transform(t *testing.T, frames []frame, list []transformJSON) []frame {
	t.Helper()
	for _, tr := range list {
		do, known := map[string]func(*testing.T, []frame, json.RawMessage) []frame{
			"sortBy": doSortBy, "organize": doOrganize, "groupBy": doGroupBy, "groupingToMatrix": doMatrix,
			"filterByValue": doFilter, "calculateField": doCalculate, "joinByField": doJoin, "limit": doLimit,
			"filterFieldsByName": doWithout, "convertFieldType": doNumber, "partitionByValues": doPartition,
		}[tr.ID]
		if !known {
			t.Fatalf("transformation %s has no interpreter here: write one from Grafana's documentation", tr.ID)
		}
		frames = do(t, frames, tr.Options)
	}
	return frames
}

// read takes options apart and refuses those that are not interpreted.
func read[T any](t *testing.T, raw json.RawMessage) T {
	t.Helper()
	var o T
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&o); err != nil {
		t.Fatalf("transformation options %s: %v", raw, err)
	}
	return o
}

func doSortBy(t *testing.T, frames []frame, raw json.RawMessage) []frame {
	o := read[struct {
		Fields struct{}
		Sort   []struct {
			Field string
			Desc  bool
		}
	}](t, raw)
	if len(o.Sort) != 1 {
		t.Fatalf("sortBy uses only the first of %d", len(o.Sort))
	}
	for i := range frames {
		key := frames[i].field(o.Sort[0].Field)
		if key == nil {
			continue
		}
		order := make([]int, frames[i].length())
		for j := range order {
			order[j] = j
		}
		values := key.values
		slices.SortStableFunc(order, func(a, b int) int {
			if o.Sort[0].Desc {
				a, b = b, a
			}
			return compare(values[a], values[b])
		})
		frames[i] = pick(frames[i], order)
	}
	return frames
}

// compare is by value for numbers, where what is null counts as 0 (fieldComparers.ts).
func compare(a, b any) int {
	x, aNumber := a.(float64)
	y, bNumber := b.(float64)
	if aNumber || bNumber {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

// pick makes a frame of these rows.
func pick(f frame, rows []int) frame {
	out := frame{refID: f.refID}
	for _, c := range f.fields {
		column := field{name: c.name, values: []any{}}
		for _, r := range rows {
			column.values = append(column.values, c.values[r])
		}
		out.fields = append(out.fields, column)
	}
	return out
}

func doOrganize(t *testing.T, frames []frame, raw json.RawMessage) []frame {
	o := read[struct {
		ExcludeByName map[string]bool
		IndexByName   map[string]int
		RenameByName  struct{}
	}](t, raw)
	if len(frames) > 1 {
		t.Fatal("organize works on one frame")
	}
	for i := range frames {
		fields := slices.DeleteFunc(frames[i].fields, func(c field) bool { return o.ExcludeByName[c.name] })
		place := func(c field) int {
			if n, ok := o.IndexByName[c.name]; ok {
				return n
			}
			return 1 << 30
		}
		slices.SortStableFunc(fields, func(a, b field) int { return cmp.Compare(place(a), place(b)) })
		frames[i].fields = fields
	}
	return frames
}

func doFilter(t *testing.T, frames []frame, raw json.RawMessage) []frame {
	o := read[struct {
		Type, Match string
		Filters     []struct {
			FieldName string
			Config    struct {
				ID      string
				Options struct{ Value any }
			}
		}
	}](t, raw)
	if o.Type != "include" || o.Match != "all" {
		t.Fatalf("filterByValue %s %s has no interpreter here", o.Type, o.Match)
	}
	if len(frames) > 1 {
		t.Fatal("filterByValue keeps a row of every frame where it keeps it of one: join first")
	}
	for i := range frames {
		var kept []int
		for r := range frames[i].length() {
			all := true
			for _, filter := range o.Filters {
				column := frames[i].field(filter.FieldName)
				all = all && column != nil && holds(t, column.values[r], filter.Config.ID, filter.Config.Options.Value)
			}
			if all {
				kept = append(kept, r)
			}
		}
		frames[i] = pick(frames[i], kept)
	}
	return frames
}

func holds(t *testing.T, v any, matcher string, option any) bool {
	t.Helper()
	switch matcher {
	case "regex":
		if v == nil {
			v = "null" // RegExp.test makes a text of what it is given
		}
		return regexp.MustCompile(option.(string)).MatchString(fmt.Sprint(v))
	case "isNotNull":
		return v != nil
	case "greater":
		n, ok := v.(float64)
		return ok && n > option.(float64)
	}
	t.Fatalf("matcher %s has no interpreter here", matcher)
	return false
}

func doCalculate(t *testing.T, frames []frame, raw json.RawMessage) []frame {
	o := read[struct {
		Mode, Alias   string
		ReplaceFields bool
		Binary        struct{ Left, Operator, Right string }
		Reduce        struct {
			Reducer string
			Include []string
		}
	}](t, raw)
	if o.ReplaceFields || len(frames) > 1 {
		t.Fatalf("calculateField %+v on %d frames has no interpreter here", o, len(frames))
	}
	for i := range frames {
		c := field{name: o.Alias}
		for r := range frames[i].length() {
			switch o.Mode {
			case "binary":
				c.values = append(c.values, binary(t, operand(t, frames[i], o.Binary.Left, r), o.Binary.Operator, operand(t, frames[i], o.Binary.Right, r)))
			case "reduceRow":
				var row []any
				for _, name := range o.Reduce.Include {
					if column := frames[i].field(name); column != nil {
						row = append(row, column.values[r])
					}
				}
				c.values = append(c.values, reduce(t, row, o.Reduce.Reducer))
			default:
				t.Fatalf("calculateField mode %s has no interpreter here", o.Mode)
			}
		}
		frames[i].fields = append(frames[i].fields, c)
	}
	return frames
}

// operand is a column's value, or a number.
func operand(t *testing.T, f frame, name string, row int) float64 {
	t.Helper()
	if c := f.field(name); c != nil {
		n, ok := c.values[row].(float64)
		if !ok {
			t.Fatalf("%s is %v in row %d: Grafana would show NaN", name, c.values[row], row)
		}
		return n
	}
	n, err := strconv.ParseFloat(name, 64)
	if err != nil {
		t.Fatalf("there is no column %q to calculate with", name)
	}
	return n
}

func binary(t *testing.T, a float64, operator string, b float64) float64 {
	t.Helper()
	switch operator {
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		if b == 0 {
			t.Fatal("divides by 0")
		}
		return a / b
	}
	t.Fatalf("operator %s has no interpreter here", operator)
	return 0
}

func doJoin(t *testing.T, frames []frame, raw json.RawMessage) []frame {
	o := read[struct{ ByField, Mode string }](t, raw)
	if o.Mode != "outer" {
		t.Fatalf("joinByField %s has no interpreter here", o.Mode)
	}
	if len(frames) < 2 {
		return frames
	}
	frames = slices.DeleteFunc(frames, func(f frame) bool { return f.field(o.ByField) == nil })
	var keys []any
	for i := range frames {
		keys = append(keys, frames[i].field(o.ByField).values...)
	}
	keys = unique(keys)
	out := frame{fields: []field{{name: o.ByField, values: keys}}}
	for i := range frames {
		for _, c := range frames[i].fields {
			if c.name == o.ByField {
				continue
			}
			joined := field{name: c.name, values: make([]any, len(keys))}
			for r, v := range c.values {
				joined.values[slices.Index(keys, frames[i].field(o.ByField).values[r])] = v
			}
			out.fields = append(out.fields, joined)
		}
	}
	return []frame{out}
}

func doLimit(t *testing.T, frames []frame, raw json.RawMessage) []frame {
	o := read[struct{ LimitField int }](t, raw)
	for i := range frames {
		rows := []int{}
		for r := range min(o.LimitField, frames[i].length()) {
			rows = append(rows, r)
		}
		frames[i] = pick(frames[i], rows)
	}
	return frames
}
