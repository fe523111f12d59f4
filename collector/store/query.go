package store

import (
	"time"

	"communewatch/collector/api"
)

// Query asks for one measurement. It is the only way into the database's query
// language: what it cannot say is not asked.
type Query struct {
	Measurement string        // of the contract; decides the retention policy
	Select      []Selector    // at least one
	Where       []Match       // all must hold
	From, To    time.Time     // required, From ≤ t < To
	Every       time.Duration // GROUP BY time(Every), whole milliseconds; with aggregates other than last and first it is required
	By          []string      // tags to group by; {"*"} is all of them
}

// Selector is one column of the answer. Raw fields ("") stand alone, or beside one
// last, first, min, max or percentile: then they are of the point that it picks.
type Selector struct {
	Func  string  // "" (raw rows), last, first, min, max, mean, sum, count, percentile
	Field string  // of the contract
	Arg   float64 // percentile only, 0 to 100
	As    string  // name in Row.Values; empty = Field
}

// Match keeps the series whose tag is one of the values.
type Match struct {
	Tag    string
	Values []string
}

// Series is the rows of one combination of the tags in Query.By, oldest first.
// A tag that the series does not have is absent, never empty.
type Series struct {
	Tags map[string]string
	Rows []Row
}

// Row is one point in time. A value that the database has none of is absent.
type Row struct {
	Time   time.Time
	Values map[string]api.Value
}
