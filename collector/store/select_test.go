//go:build integration

package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// filled is a database with ten minutes of two targets at two sites, a minute a
// point, and a third site that once had no round trip.
func filled(t *testing.T) (*store.Store, time.Time) {
	t.Helper()
	s := storetest.Open(t, storetest.Start(t))
	start := now.Add(-time.Hour).Truncate(10 * time.Minute)
	var block []byte
	for _, site := range []string{"bd-2", "bd-1"} {
		for _, target := range []string{"router", "switch"} {
			for i := range 10 {
				p := ping(site, target, start.Add(time.Duration(i)*time.Minute)).Float("rtt_min_ms", float64(i)+0.5)
				if i == 9 {
					p.Text("result", "timeout")
				}
				block = line(t, block, p)
			}
		}
	}
	block = line(t, block, ping("bd-3", "router", start))
	for i, state := range []string{"silent", "ok"} {
		p := api.NewPoint("site_state", start.Add(time.Duration(i)*time.Minute)).Tag("site", "bd-1").Text("state", state).Int("rank", int64(i))
		if state == "silent" {
			p.Int("since_ms", 5)
		}
		if err := s.Write(t.Context(), api.Events, line(t, nil, p)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Write(t.Context(), api.Raw, block); err != nil {
		t.Fatal(err)
	}
	return s, start
}

// Rules R6 to R9.
func TestSelectReadsByTheRules(t *testing.T) {
	s, start := filled(t)
	f, i, text := api.FloatValue, api.IntegerValue, api.TextValue
	for _, c := range []struct {
		name string
		q    store.Query
		want []store.Series
	}{
		{"the last of every series, with its time and the other fields of its point",
			store.Query{Measurement: "site_state", Select: []store.Selector{{Func: "last", Field: "state"}, {Field: "rank"}, {Field: "since_ms"}}, By: []string{"*"}},
			[]store.Series{{Tags: map[string]string{"site": "bd-1"}, Rows: []store.Row{{start.Add(time.Minute).UTC(), map[string]api.Value{"state": text("ok"), "rank": i(1)}}}}}},
		{"several lasts have each field's own, and the range's start as their time",
			store.Query{Measurement: "site_state", Select: []store.Selector{{Func: "last", Field: "state"}, {Func: "last", Field: "since_ms", As: "since"}}, By: []string{"site"}},
			[]store.Series{{Tags: map[string]string{"site": "bd-1"}, Rows: []store.Row{{start.UTC(), map[string]api.Value{"state": text("ok"), "since": i(5)}}}}}},
		{"aggregates by interval, absent where there is nothing",
			store.Query{Measurement: "ping", Every: 5 * time.Minute, By: []string{"site", "target"}, Where: []store.Match{{Tag: "site", Values: []string{"bd-3", "bd-1", "none"}}, {Tag: "target", Values: []string{"router"}}},
				Select: []store.Selector{{Func: "mean", Field: "rtt_min_ms", As: "mean"}, {Func: "sum", Field: "sent"}, {Func: "count", Field: "result"}, {Func: "max", Field: "received"}, {Func: "percentile", Field: "rtt_min_ms", Arg: 50, As: "median"}}},
			[]store.Series{
				{Tags: map[string]string{"site": "bd-1", "target": "router"}, Rows: []store.Row{
					{start.UTC(), map[string]api.Value{"mean": f(2.5), "sent": i(50), "received": i(10), "median": f(2.5)}},
					{start.Add(5 * time.Minute).UTC(), map[string]api.Value{"mean": f(7.5), "sent": i(50), "received": i(10), "median": f(7.5), "result": i(1)}}}},
				{Tags: map[string]string{"site": "bd-3", "target": "router"}, Rows: []store.Row{
					{start.UTC(), map[string]api.Value{"sent": i(10), "received": i(10)}}}}}},
		{"raw rows from … to, without the end",
			store.Query{Measurement: "ping", Select: []store.Selector{{Field: "rtt_min_ms"}, {Field: "result"}}, From: start.Add(8 * time.Minute), To: start.Add(9 * time.Minute), Where: []store.Match{{Tag: "site", Values: []string{"bd-2"}}}, By: []string{"target"}},
			[]store.Series{
				{Tags: map[string]string{"target": "router"}, Rows: []store.Row{{start.Add(8 * time.Minute).UTC(), map[string]api.Value{"rtt_min_ms": f(8.5)}}}},
				{Tags: map[string]string{"target": "switch"}, Rows: []store.Row{{start.Add(8 * time.Minute).UTC(), map[string]api.Value{"rtt_min_ms": f(8.5)}}}}}},
		{"the first, over all series", store.Query{Measurement: "ping", Select: []store.Selector{{Func: "first", Field: "result"}}},
			[]store.Series{{Tags: map[string]string{}, Rows: []store.Row{{start.Add(9 * time.Minute).UTC(), map[string]api.Value{"result": text("timeout")}}}}}},
		{"a measurement that nobody wrote", store.Query{Measurement: "device", Select: []store.Selector{{Field: "up"}}}, nil},
		{"a field that nobody wrote", store.Query{Measurement: "ping", Select: []store.Selector{{Field: "late"}}}, nil},
		{"a condition that no series meets", store.Query{Measurement: "ping", Select: []store.Selector{{Field: "sent"}}, Where: []store.Match{{Tag: "site", Values: []string{".*"}}}}, nil},
		{"a condition that none can meet", store.Query{Measurement: "ping", Select: []store.Selector{{Field: "sent"}}, Where: []store.Match{{Tag: "site"}}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.q.From.IsZero() {
				c.q.From, c.q.To = start, start.Add(time.Hour)
			}
			got, err := s.Select(t.Context(), c.q)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 && len(c.want) == 0 {
				return
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestALongAnswerComesWholeAndInOrder(t *testing.T) {
	s := storetest.Open(t, storetest.Start(t))
	const rows = 25_000 // more than two chunks
	var block []byte
	for i := range rows {
		block = line(t, block, api.NewPoint("device", now.Add(-time.Duration(i)*time.Second)).Tag("site", "bd-1").Tag("target", "ups").Int("up", int64(i%2)))
	}
	if err := s.Write(t.Context(), api.Raw, block); err != nil {
		t.Fatal(err)
	}
	got := sel(t, s, store.Query{Measurement: "device", Select: []store.Selector{{Field: "up"}}, By: []string{"*"}})
	if len(got) != 1 || len(got[0].Rows) != rows {
		t.Fatalf("%d series, want 1 of %d rows", len(got), rows)
	}
	for i, row := range got[0].Rows {
		if want := now.Add(-time.Duration(rows-1-i) * time.Second); !row.Time.Equal(want) {
			t.Fatalf("row %d is of %s, want %s", i, row.Time, want)
		}
	}
}

func TestAConditionMayNameAProvinceOfSites(t *testing.T) {
	s, start := filled(t)
	sites := make([]string, 0, 500)
	for i := range cap(sites) {
		sites = append(sites, fmt.Sprintf("bd-%d", i))
	}
	got, err := s.Select(t.Context(), store.Query{Measurement: "ping", Select: []store.Selector{{Func: "last", Field: "sent"}}, From: start, To: start.Add(time.Hour),
		Where: []store.Match{{Tag: "site", Values: sites}}, By: []string{"site"}})
	if err != nil || len(got) != 3 {
		t.Errorf("%d series, %v; want 3", len(got), err)
	}
}

func TestFieldsAreThoseThatAMeasurementHoldsAndTheContractKnows(t *testing.T) {
	s := storetest.Open(t, storetest.Start(t))
	block := line(t, nil, api.NewPoint("device", now).Tag("site", "bd-1").Tag("agent", "a1").Tag("target", "ups").Int("up", 1).Float("battery_percent", 63))
	block = append(block, fmt.Sprintf("device,site=bd-1,agent=a1,target=ups stranger=1 %d\n", now.UnixNano())...)
	if err := s.Write(t.Context(), api.Raw, block); err != nil {
		t.Fatal(err)
	}
	got, err := s.Fields(t.Context(), "device")
	if d := cmp.Diff([]string{"battery_percent", "up"}, got); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
	if got, err := s.Fields(t.Context(), "ping"); len(got) > 0 || err != nil {
		t.Errorf("of what was never stored: %q, %v", got, err)
	}
	if _, err := s.Fields(t.Context(), "pong"); err == nil {
		t.Error("a measurement that the contract does not know")
	}
}
