//go:build integration

package lab

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// received is one request, as the collector's receipt says.
type received struct {
	batches, lines, bytes int64
	news                  bool  // it began with the newest batch that the agent had
	sequence              int64 // of the newest session's newest batch
	delay                 int64 // ms from the newest point to the receipt
}

// receipts are all requests since the agent's start, in order.
func (o *remoteOffice) receipts() []received {
	o.t.Helper()
	query := store.Query{Measurement: "receipt", From: o.began, To: time.Now().Add(time.Minute), By: []string{api.TagSite}}
	for _, field := range []string{"batches", "lines", "wire_bytes", "backlog", "last_sequence", "delay_ms"} {
		query.Select = append(query.Select, store.Selector{Field: field})
	}
	series, err := o.collector.Store.Select(o.t.Context(), query)
	if err != nil {
		o.t.Fatal(err)
	}
	var all []received
	for _, s := range series {
		for _, row := range s.Rows {
			number := func(field string) int64 { return row.Values[field].Integer() }
			if number("batches") == 0 {
				continue // a goodbye alone
			}
			_, old := row.Values["backlog"]
			all = append(all, received{number("batches"), number("lines"), number("wire_bytes"), !old && number("last_sequence") > int64(o.last), number("last_sequence"), number("delay_ms")})
		}
	}
	return all
}

// backlogFiles is how many batches of the backlog are still on the agent's disk.
func (o *remoteOffice) backlogFiles() int {
	o.t.Helper()
	n := 0
	for _, path := range batchFiles(o.t, o.spool()) {
		seq, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(path), ".batch"), 10, 64)
		if err != nil {
			o.t.Fatal(err)
		}
		if seq <= o.last {
			n++
		}
	}
	return n
}

// awaitBacklog waits until the agent has deleted the backlog, because it was stored.
func (o *remoteOffice) awaitBacklog(within time.Duration) {
	o.t.Helper()
	for deadline := time.Now().Add(within); o.backlogFiles() > 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			o.t.Fatalf("%d batches of the backlog still wait after %s; the collector received %s", o.backlogFiles(), within, sizes(o.receipts()))
		}
	}
}

// drain waits for the backlog, says what it took, ends the agent, and holds what is
// stored against what was on its disk, point by point.
func (o *remoteOffice) drain(within time.Duration) []received {
	o.t.Helper()
	o.awaitBacklog(within)
	took, wire, all := time.Since(o.began), o.line.traffic(), o.receipts()
	o.t.Logf("%d points in %d batches drained in %s over %d requests: %s", len(o.backlog), o.last, took.Round(100*time.Millisecond), len(all), sizes(all))
	o.t.Logf("on the wire with TCP and IP %d bytes in %d packets up, %d in %d down; %d round trips; connections %d, segments that the agent sent again %d",
		wire.up.bytes, wire.up.packets, wire.down.bytes, wire.down.packets, wire.turns, o.tcp("ActiveOpens"), o.tcp("RetransSegs"))
	o.Stop()
	first, last := o.backlog.Span()
	got, err := StoredLedger(o.t.Context(), o.collector.Store, site, first, last.Add(1))
	if err != nil {
		o.t.Fatal(err)
	}
	if d := cmp.Diff(o.backlog, got); d != "" {
		o.t.Errorf("on disk (-) and stored (+) differ:\n%.2000s", d)
	}
	counts, err := (&Agent{o.Process, o.dir}).Counts()
	if err != nil {
		o.t.Fatal(err)
	}
	if counts.Rejected+counts.Dropped != 0 || counts.Measured+int64(len(o.backlog)) != counts.Stored+counts.Pending {
		o.t.Errorf("the agent's own books: %+v", counts)
	}
	return all
}

// sizes is how many batches the requests had, one after the other, and the largest body.
func sizes(all []received) string {
	var text strings.Builder
	largest := int64(0)
	for _, r := range all {
		fmt.Fprintf(&text, "%d ", r.batches)
		largest = max(largest, r.bytes)
	}
	return fmt.Sprintf("batches of %slargest body %d bytes", text.String(), largest)
}

// wantNews holds that what is measured is seen while the backlog drains: from one request
// that begins with the newest batch to the next, no more than so many rounds are measured.
func (o *remoteOffice) wantNews(all []received, most int64) {
	o.t.Helper()
	var delays []int64
	before, widest := int64(o.last), int64(0)
	for _, r := range all {
		if !r.news {
			continue
		}
		widest = max(widest, r.sequence-before)
		before = r.sequence
		delays = append(delays, r.delay)
	}
	if len(delays) == 0 {
		o.t.Fatal("while the backlog drained nothing live came through")
	}
	slices.Sort(delays)
	o.t.Logf("%d requests began with the newest batch, at most %d rounds apart; its newest point was %d to %d ms old, median %d",
		len(delays), widest, delays[0], delays[len(delays)-1], delays[len(delays)/2])
	if widest > most {
		o.t.Errorf("%d rounds were measured between two requests that began with the newest, want at most %d", widest, most)
	}
}

// atRest waits until no request is between its arrival and its receipt.
func (o *remoteOffice) atRest() (requests int, passed traffic) {
	o.t.Helper()
	until(o.t, "a line at rest", func() bool {
		passed, requests = o.line.traffic(), len(o.receipts())
		time.Sleep(200 * time.Millisecond)
		return o.line.traffic() == passed && len(o.receipts()) == requests
	})
	return requests, passed
}

// awaitRequests waits until the collector received so many in all.
func (o *remoteOffice) awaitRequests(all int, within time.Duration) {
	o.t.Helper()
	for deadline := time.Now().Add(within); len(o.receipts()) < all; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			o.t.Fatalf("%d requests after %s, want %d", len(o.receipts()), within, all)
		}
	}
}

// wantOneRoundTripEach waits for some more live batches; the backlog must be gone.
func (o *remoteOffice) wantOneRoundTripEach(batches int) {
	o.t.Helper()
	began, before := o.atRest()
	opened := o.tcp("ActiveOpens")
	o.awaitRequests(began+batches, time.Minute)
	ended, after := o.atRest()
	passed := after.minus(before)
	o.t.Logf("%d live requests on a kept connection: %d round trips, %d bytes in %d packets up, %d in %d down",
		ended-began, passed.turns, passed.up.bytes, passed.up.packets, passed.down.bytes, passed.down.packets)
	if passed.turns != ended-began || o.tcp("ActiveOpens") != opened {
		o.t.Errorf("%d live requests took %d round trips and %d new connections", ended-began, passed.turns, o.tcp("ActiveOpens")-opened)
	}
}

// wantUncertainty holds that each live round knows how unsure its clock is: half of the
// round trip at least. It also shows that the delay was there.
func (o *remoteOffice) wantUncertainty(least float64) {
	o.t.Helper()
	said := o.live("clock_uncertainty_ms")
	if len(said) == 0 {
		o.t.Error("no agent_health with a clock's uncertainty")
	}
	for _, ms := range said {
		if ms < least {
			o.t.Errorf("a live round's clock is said to be sure to %g ms, want no less than %g", ms, least)
		}
	}
}

// live is a field of agent_health in all rounds since the agent's start that have it.
func (o *remoteOffice) live(field string) []float64 {
	o.t.Helper()
	series, err := o.collector.Store.Select(o.t.Context(), store.Query{Measurement: "agent_health", From: o.began, To: time.Now().Add(time.Minute),
		By: []string{api.TagSite}, Select: []store.Selector{{Field: field}}})
	if err != nil {
		o.t.Fatal(err)
	}
	var values []float64
	for _, s := range series {
		for _, row := range s.Rows {
			if v, ok := row.Values[field]; ok {
				values = append(values, v.Float())
			}
		}
	}
	return values
}
