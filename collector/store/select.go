package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"communewatch/collector/api"
)

// Select asks a query. The series come sorted by their tags, the rows by time, the
// values in the contract's types. Failures are as of [Store.Write]; a query that the
// contract does not allow is a plain error.
//
// A row's time is the point's own where rows are raw, or one function picks a point
// (last, first) and no interval is asked for; else the interval's start, or From.
// Raw fields beside one last or first are of the same point. An interval without any
// value is no row, and a count of nothing beside other columns is absent, not 0.
//
// An empty answer says that the database found nothing now. It is not a proof that
// there never was anything: some engines know a new series only after a second.
func (s *Store) Select(ctx context.Context, q Query) ([]Series, error) {
	p, err := q.plan()
	if err != nil {
		return nil, fmt.Errorf("select from %s: %w", q.Measurement, err)
	}
	if p.nothing {
		return nil, nil
	}
	tables, err := s.ask(ctx, question{statement: p.statement, policy: string(p.policy)})
	if err != nil {
		return nil, err
	}
	all := make([]Series, 0, len(tables))
	for _, t := range tables {
		one, err := p.series(t)
		if err != nil {
			return nil, fmt.Errorf("select from %s: %w", q.Measurement, err)
		}
		if len(one.Rows) > 0 {
			all = append(all, one)
		}
	}
	slices.SortStableFunc(all, func(a, b Series) int { return strings.Compare(a.key(), b.key()) })
	return all, nil
}

// Fields lists, sorted, which fields a measurement holds that the contract knows: for one
// that profiles add fields to, the contract alone does not say. Failures are as of Select.
func (s *Store) Fields(ctx context.Context, measurement string) ([]string, error) {
	m := api.Lookup(measurement)
	if m == nil {
		return nil, fmt.Errorf("unknown measurement %q", measurement)
	}
	tables, err := s.ask(ctx, question{statement: "SHOW FIELD KEYS FROM " + identifier(m.Name), policy: string(m.Retention)})
	if err != nil {
		return nil, err
	}
	var all []string
	for _, t := range tables {
		at := slices.Index(t.Columns, "fieldKey")
		if at < 0 {
			continue
		}
		for _, values := range t.Values {
			if name, ok := cell(values, at).(string); ok && m.Field(name) != nil {
				all = append(all, name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil // a field of two types is listed twice
}

func (p *plan) series(t table) (Series, error) {
	one := Series{Tags: make(map[string]string, len(t.Tags)), Rows: make([]Row, 0, len(t.Values))}
	for name, value := range t.Tags {
		if value != "" { // InfluxDB's way to say that the series does not have the tag
			one.Tags[name] = value
		}
	}
	for _, values := range t.Values {
		row, err := p.row(t.Columns, values)
		if err != nil {
			return Series{}, err
		}
		if len(row.Values) > 0 {
			one.Rows = append(one.Rows, row)
		}
	}
	slices.SortStableFunc(one.Rows, func(a, b Row) int { return a.Time.Compare(b.Time) })
	return one, nil
}

func (p *plan) row(columns []string, values []any) (Row, error) {
	row := Row{Values: make(map[string]api.Value, len(p.kinds))}
	for i, name := range columns {
		raw := cell(values, i)
		if raw == nil {
			continue
		}
		if name == "time" {
			ns, err := strconv.ParseInt(fmt.Sprint(raw), 10, 64)
			if err != nil {
				return Row{}, fmt.Errorf("time %v is no number of nanoseconds", raw)
			}
			row.Time = time.Unix(0, ns).UTC()
			continue
		}
		kind, asked := p.kinds[name]
		if !asked {
			continue // tags that a grouping brings along
		}
		value, err := typed(raw, kind)
		if err != nil {
			return Row{}, fmt.Errorf("column %s: %w", name, err)
		}
		row.Values[name] = value
	}
	return row, nil
}

// typed gives a value the contract's type. What does not fit is an error: it was
// written around the contract, and guessing would hide it.
func typed(raw any, kind api.Kind) (api.Value, error) {
	switch v := raw.(type) {
	case string:
		if kind == api.Text {
			return api.TextValue(v), nil
		}
	case bool:
		if kind == api.Boolean {
			return api.BooleanValue(v), nil
		}
	case json.Number:
		switch kind {
		case api.Float:
			f, err := v.Float64()
			return api.FloatValue(f), err
		case api.Integer:
			return integer(v)
		}
	}
	return api.Value{}, fmt.Errorf("%v is no %s", raw, kind)
}

// integer also reads 3.0 and 3e3: aggregates of integers come back so from some engines.
func integer(n json.Number) (api.Value, error) {
	if i, err := n.Int64(); err == nil {
		return api.IntegerValue(i), nil
	}
	f, err := n.Float64()
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return api.Value{}, fmt.Errorf("%s is no integer", n)
	}
	return api.IntegerValue(int64(f)), nil
}

// key orders series: by their tags in the order of the names.
func (s *Series) key() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.Tags)) {
		b.WriteString(name + "\x00" + s.Tags[name] + "\x00")
	}
	return b.String()
}
