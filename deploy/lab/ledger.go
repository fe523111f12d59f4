package lab

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// Ledger is a set of points as an agent writes them, without site and agent: one key
// for each series and time, with the fields' values. Two ledgers are equal when they
// hold the same points, never when they hold as many: a count would hide one lost
// and one doubled.
type Ledger map[string]string

// Add enters one line of line protocol.
func (l Ledger) Add(line string) error {
	var p api.Point
	if err := api.ParseLine(line, &p); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	l.Enter(&p)
	return nil
}

// AddLines enters a batch.
func (l Ledger) AddLines(lines []byte) error {
	for line := range strings.Lines(string(lines)) {
		if err := l.Add(strings.TrimSuffix(line, "\n")); err != nil {
			return err
		}
	}
	return nil
}

// Enter adds a point.
func (l Ledger) Enter(p *api.Point) {
	var tags, fields []string
	for _, t := range p.Tags {
		if t.Name != api.TagSite && t.Name != api.TagAgent {
			tags = append(tags, t.Name+"="+t.Value)
		}
	}
	for _, f := range p.Fields {
		fields = append(fields, f.Name+"="+f.Value.String())
	}
	slices.Sort(tags)
	slices.Sort(fields)
	l[fmt.Sprintf("%s,%s %d", p.Measurement, strings.Join(tags, ","), p.Time)] = strings.Join(fields, ",")
}

// StoredLedger reads from InfluxDB all that one site's agent measured from begin to
// before end.
func StoredLedger(ctx context.Context, from *store.Store, site string, begin, end time.Time) (Ledger, error) {
	ledger := Ledger{}
	for _, m := range api.Measurements {
		if m.By != api.ByAgent {
			continue
		}
		query := store.Query{Measurement: m.Name, From: begin, To: end, By: []string{"*"},
			Where: []store.Match{{Tag: api.TagSite, Values: []string{site}}}}
		fields, err := from.Fields(ctx, m.Name)
		if err != nil {
			return nil, fmt.Errorf("read the fields of %s: %w", m.Name, err)
		}
		if len(fields) == 0 {
			continue // nothing of it was ever stored
		}
		for _, name := range fields {
			query.Select = append(query.Select, store.Selector{Field: name})
		}
		series, err := from.Select(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("read %s of %s: %w", m.Name, site, err)
		}
		for _, s := range series {
			for _, row := range s.Rows {
				ledger.Enter(pointOf(m.Name, s.Tags, row))
			}
		}
	}
	return ledger, nil
}

func pointOf(measurement string, tags map[string]string, row store.Row) *api.Point {
	p := api.NewPoint(measurement, row.Time)
	for name, value := range tags {
		p.Tag(name, value)
	}
	for name, value := range row.Values {
		p.Fields = append(p.Fields, api.FieldValue{Name: name, Value: value})
	}
	return p
}

// Between keeps the points from begin to before end.
func (l Ledger) Between(begin, end time.Time) Ledger {
	out := Ledger{}
	for key, value := range l {
		if at := l.time(key); !at.Before(begin) && at.Before(end) {
			out[key] = value
		}
	}
	return out
}

// Span is the time of the first and the last point.
func (l Ledger) Span() (first, last time.Time) {
	for key := range l {
		at := l.time(key)
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	return first, last
}

func (Ledger) time(key string) time.Time {
	var ns int64
	fmt.Sscan(key[strings.LastIndexByte(key, ' ')+1:], &ns) // written by Enter
	return time.Unix(0, ns)
}
