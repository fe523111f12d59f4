package store

import (
	"strings"
	"testing"
	"time"
)

var (
	from = time.Unix(0, 1_700_000_000_000_000_001)
	to   = from.Add(time.Hour)
)

const (
	rangeText = "time >= 1700000000000000001ns AND time < 1700003600000000001ns"
)

// Rules R6 (no policy in the statement, a range and an interval with every
// aggregate), R7 (no LIMIT: last … GROUP BY *), R8 (tags by equality and OR).
func TestAQueryBecomesOneStatement(t *testing.T) {
	for _, c := range []struct {
		name string
		q    Query
		want string
	}{
		{"raw rows", Query{Measurement: "ping", Select: []Selector{{Field: "sent"}, {Field: "rtt_min_ms", As: "fastest"}}},
			`SELECT "sent" AS "sent", "rtt_min_ms" AS "fastest" FROM "ping" WHERE ` + rangeText},
		{"last of every series", Query{Measurement: "site_state", Select: []Selector{{Func: "last", Field: "state"}, {Field: "since_ms"}}, By: []string{"*"}},
			`SELECT last("state") AS "state", "since_ms" AS "since_ms" FROM "site_state" WHERE ` + rangeText + ` GROUP BY *`},
		{"aggregates", Query{Measurement: "ping", Every: 90 * time.Second, By: []string{"site", "target"}, Select: []Selector{
			{Func: "sum", Field: "sent"}, {Func: "mean", Field: "jitter_ms"}, {Func: "percentile", Field: "rtt_max_ms", Arg: 97.5, As: "p97"}}},
			`SELECT sum("sent") AS "sent", mean("jitter_ms") AS "jitter_ms", percentile("rtt_max_ms", 97.5) AS "p97" FROM "ping" WHERE ` +
				rangeText + ` GROUP BY time(90000ms), "site", "target" fill(none)`},
		{"conditions", Query{Measurement: "ping", Select: []Selector{{Field: "sent"}}, Where: []Match{
			{Tag: "site", Values: []string{"bd-1", "bd-2"}}, {Tag: "target", Values: []string{`O'Brien \ "x"` + "\n.*"}}}},
			`SELECT "sent" AS "sent" FROM "ping" WHERE ` + rangeText + ` AND ("site" = 'bd-1' OR "site" = 'bd-2') AND ("target" = 'O\'Brien \\ "x"\n.*')`},
		{"a name with quotes", Query{Measurement: "ping", Select: []Selector{{Field: "sent", As: `a"\b`}}},
			`SELECT "sent" AS "a\"\\b" FROM "ping" WHERE ` + rangeText},
		{"a field of a device profile", Query{Measurement: "device", Select: []Selector{{Func: "last", Field: "battery_percent"}}},
			`SELECT last("battery_percent") AS "battery_percent" FROM "device" WHERE ` + rangeText},
	} {
		c.q.From, c.q.To = from, to
		p, err := c.q.plan()
		if err != nil || p.statement != c.want {
			t.Errorf("%s:\n%s\nwant\n%s\nerror %v", c.name, p.statement, c.want, err)
		}
	}
}

func TestAQueryOutsideTheContractIsRefused(t *testing.T) {
	sent := []Selector{{Field: "sent"}}
	for want, q := range map[string]Query{
		`unknown measurement "pong"`:                                            {Measurement: "pong", Select: sent},
		`nothing selected`:                                                      {Measurement: "ping"},
		`ping has no field "sent) FROM x --"`:                                   {Measurement: "ping", Select: []Selector{{Field: "sent) FROM x --"}}},
		`unknown function "stddev"`:                                             {Measurement: "ping", Select: []Selector{{Func: "stddev", Field: "sent"}}},
		`mean of sent needs an interval (Every)`:                                {Measurement: "ping", Select: []Selector{{Func: "mean", Field: "sent"}}},
		`max of sent needs an interval (Every)`:                                 {Measurement: "ping", Select: []Selector{{Func: "max", Field: "sent"}}},
		`mean of result, which is a string`:                                     {Measurement: "ping", Select: []Selector{{Func: "mean", Field: "result"}}, Every: time.Minute},
		`percentile 101 of sent, want 0 to 100`:                                 {Measurement: "ping", Select: []Selector{{Func: "percentile", Field: "sent", Arg: 101}}, Every: time.Minute},
		`column "sent" selected twice, or named as the time`:                    {Measurement: "ping", Select: []Selector{{Field: "sent"}, {Field: "late", As: "sent"}}},
		`column "time" selected twice, or named as the time`:                    {Measurement: "ping", Select: []Selector{{Field: "sent", As: "time"}}},
		`ping has no tag "sent"`:                                                {Measurement: "ping", Select: sent, By: []string{"sent"}},
		`ping has no tag "interface"`:                                           {Measurement: "ping", Select: sent, Where: []Match{{Tag: "interface", Values: []string{"x"}}}},
		`tag site is compared with an empty value`:                              {Measurement: "ping", Select: sent, Where: []Match{{Tag: "site", Values: []string{""}}}},
		`raw fields have no interval (Every)`:                                   {Measurement: "ping", Select: sent, Every: time.Minute},
		`interval is 1.5ms, want whole milliseconds`:                            {Measurement: "ping", Select: []Selector{{Func: "sum", Field: "sent"}}, Every: 1500 * time.Microsecond},
		`raw fields stand alone, or beside one function that picks a point`:     {Measurement: "ping", Select: []Selector{{Field: "sent"}, {Func: "sum", Field: "late"}}, Every: time.Minute},
		`time range is 0001-01-01T00:00:00Z to 2023-11-14T22:13:20Z, want from`: {Measurement: "ping", Select: sent, To: from},
	} {
		if q.To.IsZero() {
			q.From, q.To = from, to
		} else {
			q.To = q.To.UTC()
		}
		if _, err := q.plan(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	q := Query{Measurement: "ping", Select: sent, From: to, To: to}
	if _, err := q.plan(); err == nil {
		t.Error("an empty time range passes")
	}
}
