//go:build integration

package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// Whatever Select reads raw, Scan hands on: times, types, and what there is none of.
func TestScanHandsOnWhatSelectReads(t *testing.T) {
	s, start := filled(t)
	q := store.Query{
		Measurement: "ping", From: start, To: start.Add(time.Hour), By: []string{"*"},
		Select: []store.Selector{{Field: "sent"}, {Field: "rtt_min_ms", As: "rtt"}, {Field: "result"}, {Field: "late"}},
	}
	want, err := s.Select(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	type key struct{ site, target string }
	got := map[key][]store.Row{}
	err = s.Scan(t.Context(), q, func(tags map[string]string, at time.Time, values []api.Value) {
		row := store.Row{Time: at, Values: map[string]api.Value{}}
		for i, name := range []string{"sent", "rtt", "result", "late"} {
			if values[i] != (api.Value{}) {
				row.Values[name] = values[i]
			}
		}
		k := key{tags[api.TagSite], tags[api.TagTarget]}
		got[k] = append(got[k], row)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != len(got) || len(want) != 5 {
		t.Errorf("%d series of %d", len(got), len(want))
	}
	for _, series := range want {
		k := key{series.Tags[api.TagSite], series.Tags[api.TagTarget]}
		if d := cmp.Diff(series.Rows, got[k]); d != "" {
			t.Errorf("%v: %s", k, d)
		}
	}
	none := store.Query{Measurement: "ping", From: start.Add(-time.Hour), To: start, Select: q.Select}
	if err := s.Scan(t.Context(), none, func(map[string]string, time.Time, []api.Value) { t.Error("a row of nothing") }); err != nil {
		t.Error(err)
	}
}

func TestScanFailsAsSelectDoes(t *testing.T) {
	s, start := filled(t)
	each := func(map[string]string, time.Time, []api.Value) {}
	q := store.Query{Measurement: "ping", From: start, To: start.Add(time.Hour), Select: []store.Selector{{Field: "no_such"}}}
	if err := s.Scan(t.Context(), q, each); err == nil {
		t.Error("a field that is none")
	}
	q.Select[0].Field = "sent"
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Scan(ended, q, each); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
