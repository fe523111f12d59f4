package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"communewatch/collector/api"
)

// Scan is [Store.Select] for raw rows by the ten thousand: each is handed on as it comes,
// its values in the order of q.Select. One that the database has none of is the zero
// [api.Value], whose kind is none. Rows of one series come in the order of time on every
// engine that we know, series in any. The values are valid during the call only; what was
// handed on before an error is void.
func (s *Store) Scan(ctx context.Context, q Query, each func(tags map[string]string, at time.Time, values []api.Value)) error {
	p, err := q.plan()
	if err != nil {
		return fmt.Errorf("select from %s: %w", q.Measurement, err)
	}
	if p.nothing {
		return nil
	}
	scan := scanner{plan: p, names: make([]string, len(q.Select)), each: each}
	for i := range q.Select {
		scan.names[i] = q.Select[i].name()
	}
	return listen(ctx, s, question{statement: p.statement, policy: string(p.policy)}, func(t tableOf[json.RawMessage]) (int, error) {
		rows, err := scan.table(t)
		if err != nil {
			err = fmt.Errorf("select from %s: %w", q.Measurement, err)
		}
		return rows, err
	})
}

// scanner reads the rows of tables. encoding/json, which found that they are JSON, would
// make a value of each cell: for a year of a province that is most of the time.
type scanner struct {
	plan   plan
	names  []string
	each   func(map[string]string, time.Time, []api.Value)
	values []api.Value
	kinds  []api.Kind
	into   []int // by column: the value that it is, or one of these
}

const (
	isTime  = -1
	notRead = -2
)

func (c *scanner) table(t tableOf[json.RawMessage]) (rows int, err error) {
	tags := make(map[string]string, len(t.Tags))
	for name, value := range t.Tags {
		if value != "" {
			tags[name] = value
		}
	}
	c.values, c.kinds, c.into = make([]api.Value, len(c.names)), make([]api.Kind, len(t.Columns)), make([]int, len(t.Columns))
	for i, name := range t.Columns {
		c.into[i], c.kinds[i] = slices.Index(c.names, name), c.plan.kinds[name]
		switch {
		case name == "time":
			c.into[i] = isTime
		case c.into[i] < 0:
			c.into[i] = notRead
		}
	}
	cells := cells{data: t.Values}
	for cells.opens() {
		at, found, err := c.row(&cells)
		if err != nil {
			return rows, err
		}
		rows++
		if found {
			c.each(tags, at, c.values)
		}
	}
	return rows, nil
}

// row reads one up to its end; found tells whether it has any value.
func (c *scanner) row(cells *cells) (at time.Time, found bool, err error) {
	clear(c.values)
	for i := 0; ; i++ {
		cell, more := cells.next()
		if !more {
			return at, found, nil
		}
		if i >= len(c.into) {
			return at, false, fmt.Errorf("a row has more than %d columns", len(c.into))
		}
		switch into := c.into[i]; {
		case into == notRead || string(cell) == "null":
		case into == isTime:
			ns, err := strconv.ParseInt(string(cell), 10, 64)
			if err != nil {
				return at, false, fmt.Errorf("time %s is no number of nanoseconds", cell)
			}
			at = time.Unix(0, ns).UTC()
		default:
			if c.values[into], err = valueOf(cell, c.kinds[i]); err != nil {
				return at, false, fmt.Errorf("column %s: %w", c.names[into], err)
			}
			found = true
		}
	}
}

// valueOf gives a cell the contract's type, as typed does.
func valueOf(cell []byte, kind api.Kind) (api.Value, error) {
	if number := cell[0] == '-' || cell[0] >= '0' && cell[0] <= '9'; number {
		switch kind {
		case api.Float:
			f, err := strconv.ParseFloat(string(cell), 64)
			return api.FloatValue(f), err
		case api.Integer:
			if i, err := strconv.ParseInt(string(cell), 10, 64); err == nil {
				return api.IntegerValue(i), nil
			}
			return integer(json.Number(cell))
		}
	}
	var raw any
	if err := json.Unmarshal(cell, &raw); err != nil {
		return api.Value{}, err
	}
	return typed(raw, kind)
}

// cells walks through [[1,null,"a"],[2,3.5,"b"]], which is known to be JSON.
type cells struct {
	data []byte
	at   int
}

// opens goes into the next row.
func (c *cells) opens() bool {
	if c.at == 0 {
		c.at++ // the list's own
	}
	for ; c.at < len(c.data); c.at++ {
		if c.data[c.at] == '[' {
			c.at++
			return true
		}
	}
	return false
}

// next is the next cell of the row; false: it has no more.
func (c *cells) next() ([]byte, bool) {
	at := c.at
	for at < len(c.data) && between(c.data[at]) {
		at++
	}
	if at >= len(c.data) || c.data[at] == ']' {
		c.at = at + 1
		return nil, false
	}
	from := at
	if c.data[from] == '"' {
		for at++; c.data[at] != '"'; at++ {
			if c.data[at] == '\\' {
				at++
			}
		}
		c.at = at + 1
		return c.data[from:c.at], true
	}
	for at < len(c.data) && c.data[at] != ']' && !between(c.data[at]) {
		at++
	}
	c.at = at
	return c.data[from:at], true
}

func between(b byte) bool { return b == ',' || b == ' ' || b == '\n' || b == '\t' || b == '\r' }
