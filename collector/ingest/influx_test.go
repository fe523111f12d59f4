//go:build integration

package ingest_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/ingest"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

func TestARequestIsReadBackFromInfluxDBAsItsCallers(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, storetest.Start(t))
	in := run(t, ingest.DefaultConfiguration(), db)
	batches := "aaaa0000/7,aaaa0000/3-5,bbbb1111/1-2"
	body := zip(t, ping(t, ping(t, nil, "Máy in – 'tầng 2' a b,c=d", 0), "old", time.Hour))
	a := send(t, in, post(body, zipped, header(api.HeaderBatches, batches), header(api.HeaderBacklog, "1"), header(api.HeaderClock, "corrected")))
	if a.Code != api.CodeStored || a.header.Get(api.HeaderStored) != batches {
		t.Fatalf("answered %v, stored %q", a.Error, a.header.Get(api.HeaderStored))
	}
	got := find(t, db, "ping", "sent")
	if len(got) != 2 || got[0].Tags["target"] != "Máy in – 'tầng 2' a b,c=d" || got[0].Tags["site"] != "bd-1" || got[0].Tags["agent"] != "a1" || !got[0].Rows[0].Time.Equal(now) {
		t.Errorf("read back %v", got)
	}
	receipt := find(t, db, "receipt", "batches", "session", "first_sequence", "last_sequence", "lines", "rejected", "wire_bytes", "backlog", "first_time_ms", "last_time_ms", "delay_ms", "clock", "goodbye")
	want := map[string]api.Value{
		"batches": api.IntegerValue(6), "session": api.TextValue("aaaa0000"), "first_sequence": api.IntegerValue(3), "last_sequence": api.IntegerValue(7),
		"lines": api.IntegerValue(2), "wire_bytes": api.IntegerValue(int64(len(body))), "backlog": api.BooleanValue(true), "clock": api.TextValue("corrected"),
		"first_time_ms": api.IntegerValue(now.Add(-time.Hour).UnixMilli()), "last_time_ms": api.IntegerValue(now.UnixMilli()), "delay_ms": api.IntegerValue(0),
	}
	if len(receipt) != 1 {
		t.Fatalf("receipts %v", receipt)
	}
	if d := cmp.Diff(want, receipt[0].Rows[0].Values); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]string{"site": "bd-1", "agent": "a1"}, receipt[0].Tags); d != "" {
		t.Error(d)
	}
}

func TestALookAtThePathIsStoredAndReadBackWithItsHops(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, storetest.Start(t))
	in := run(t, ingest.DefaultConfiguration(), db)
	var body []byte
	for _, p := range []*api.Point{
		api.NewPoint("path", now).Tag(api.TagTarget, "collector").Text("cause", api.CauseUplinkDown).Text("address", "198.18.3.2").Float("dns_ms", 2.5).
			Text("connect_error", api.PathTimeout).Int("reached", 0).Text("last_hop", "198.18.1.2").Int("last_hop_number", 2).Text("trace_error", api.PathNoAnswer),
		api.NewPoint("path_hop", now).Tag(api.TagTarget, "collector").Tag(api.TagHop, "1").Text("address", "198.18.0.2").Float("rtt_ms", 0.4),
		api.NewPoint("path_hop", now).Tag(api.TagTarget, "collector").Tag(api.TagHop, "2").Text("address", "198.18.1.2").Float("rtt_ms", 21.5),
	} {
		var err error
		if body, err = p.AppendLine(body); err != nil {
			t.Fatal(err)
		}
	}
	if a := send(t, in, post(body)); a.Code != api.CodeStored {
		t.Fatal(a.Error)
	}
	path := find(t, db, "path", "cause", "address", "dns_ms", "connect_error", "reached", "last_hop", "last_hop_number", "trace_error")
	want := map[string]api.Value{
		"cause": api.TextValue("uplink_down"), "address": api.TextValue("198.18.3.2"), "dns_ms": api.FloatValue(2.5), "connect_error": api.TextValue("timeout"),
		"reached": api.IntegerValue(0), "last_hop": api.TextValue("198.18.1.2"), "last_hop_number": api.IntegerValue(2), "trace_error": api.TextValue("no_answer"),
	}
	if len(path) != 1 || !path[0].Rows[0].Time.Equal(now) {
		t.Fatalf("read back %v", path)
	}
	if d := cmp.Diff(want, path[0].Rows[0].Values); d != "" {
		t.Error(d)
	}
	hops := map[string]string{}
	for _, s := range find(t, db, "path_hop", "address", "rtt_ms") {
		hops[s.Tags["hop"]] = s.Rows[0].Values["address"].Text() + " " + s.Rows[0].Values["rtt_ms"].String()
	}
	if d := cmp.Diff(map[string]string{"1": "198.18.0.2 0.4", "2": "198.18.1.2 21.5"}, hops); d != "" {
		t.Error(d)
	}
}

func TestTheSameBodyTwiceIsTheSamePointsAndTwoReceipts(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, storetest.Start(t))
	in := run(t, ingest.DefaultConfiguration(), db)
	for range 2 {
		if a := send(t, in, post(pings(t, 100))); a.Code != api.CodeStored {
			t.Fatal(a.Error)
		}
	}
	if n := rows(find(t, db, "ping", "sent")); n != 100 {
		t.Errorf("%d points, want 100", n)
	}
	if n := rows(find(t, db, "receipt", "lines")); n != 2 {
		t.Errorf("%d receipts, want 2", n)
	}
}

func TestOneSendersRefusedLineIsItsOwnAndAllOthersAreStored(t *testing.T) {
	t.Parallel()
	server := storetest.Start(t)
	db := storetest.OpenNamed(t, server, "conflict")
	in := run(t, ingest.DefaultConfiguration(), db)
	poison(t, server.URL(), server.Token(), fmt.Sprintf("ping,site=x late=1.5 %d\n", now.UnixNano()))
	const senders, lines = 40, 50
	answers := make([]answer, senders)
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() {
			body := pings(t, lines)
			if i == 17 {
				body = append([]byte(fmt.Sprintf("ping,target=late,role=lan sent=1i,received=0i,late=1i %d\n", now.UnixNano())), body...)
			}
			answers[i] = send(t, in, post(body, from(fmt.Sprintf("bd-%d", i))))
		})
	}
	all.Wait()
	for i, a := range answers {
		if i != 17 && a.Code != api.CodeStored {
			t.Errorf("sender %d is answered %v", i, a.Error)
		}
	}
	if a := answers[17]; a.Code != api.CodeInvalid || len(a.Lines) != 1 || a.Lines[0].Line != 1 || !strings.Contains(a.Lines[0].Reason, "field type conflict") {
		t.Errorf("the sender of the bad line is answered %v %v", a.Error, a.Lines)
	}
	if n := rows(find(t, db, "ping", "sent")); n != senders*lines {
		t.Errorf("%d points, want %d", n, senders*lines)
	}
	if n := rows(find(t, db, "receipt", "lines")); n != senders {
		t.Errorf("%d receipts, want %d", n, senders)
	}
}

func find(t *testing.T, db *store.Store, measurement string, fields ...string) []store.Series {
	t.Helper()
	q := store.Query{Measurement: measurement, From: now.Add(-24 * time.Hour), To: now.Add(time.Hour), By: []string{"*"}}
	for _, field := range fields {
		q.Select = append(q.Select, store.Selector{Field: field})
	}
	series, err := db.Select(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return series
}

func rows(series []store.Series) (n int) {
	for _, one := range series {
		n += len(one.Rows)
	}
	return n
}

// poison writes around the contract.
func poison(t *testing.T, url, token, lines string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url+"/api/v2/write?org=x&bucket=conflict/raw", strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Token "+token)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		t.Fatalf("writing around the contract: %s", response.Status)
	}
}
