//go:build integration

package store_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
	"communewatch/collector/store/embedded"
)

func ping(site, target string, at time.Time) *api.Point {
	return api.NewPoint("ping", at).Tag("site", site).Tag("target", target).Tag("role", "lan").Int("sent", 10).Int("received", 10)
}

func line(t testing.TB, block []byte, p *api.Point) []byte {
	t.Helper()
	block, err := p.AppendLine(block)
	if err != nil {
		t.Fatal(err)
	}
	return block
}

func lately(q store.Query) store.Query {
	q.From, q.To = now.Add(-24*time.Hour), now.Add(time.Hour)
	return q
}

func sel(t *testing.T, s *store.Store, q store.Query) []store.Series {
	t.Helper()
	series, err := s.Select(t.Context(), lately(q))
	if err != nil {
		t.Fatal(err)
	}
	return series
}

// count is how many ping points a site has of the last day.
func count(t *testing.T, s *store.Store, site string) (points int64) {
	t.Helper()
	for _, series := range sel(t, s, store.Query{Measurement: "ping", Select: []store.Selector{{Func: "count", Field: "sent"}},
		Where: []store.Match{{Tag: "site", Values: []string{site}}}, Every: time.Hour}) {
		for _, row := range series.Rows {
			points += row.Values["sent"].Integer()
		}
	}
	return points
}

// raw writes around the store.
func raw(t *testing.T, server *embedded.Server, bucket, lines string) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, server.URL()+"/api/v2/write?org=x&bucket="+url.QueryEscape(bucket), strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	status, _ := do(t, server, request)
	return status
}

func do(t *testing.T, server *embedded.Server, request *http.Request) (int, []byte) {
	t.Helper()
	request.Header.Set("Authorization", "Token "+server.Token())
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

// order gives InfluxDB a statement around the store.
func order(t *testing.T, server *embedded.Server, statement string) []byte {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, server.URL()+"/query?q="+url.QueryEscape(statement), nil)
	if err != nil {
		t.Fatal(err)
	}
	status, body := do(t, server, request)
	if status != http.StatusOK || bytes.Contains(body, []byte(`"error"`)) {
		t.Fatalf("%s: %d %s", statement, status, body)
	}
	return body
}

// policies gives name, duration, shard duration and whether it is the default, sorted.
func policies(t *testing.T, server *embedded.Server, database string) []string {
	t.Helper()
	var answer struct {
		Results []struct{ Series []struct{ Values [][]any } }
	}
	if err := json.Unmarshal(order(t, server, `SHOW RETENTION POLICIES ON "`+database+`"`), &answer); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, v := range answer.Results[0].Series[0].Values {
		all = append(all, fmt.Sprint(v[0], " ", v[1], " ", v[2], " ", v[4]))
	}
	slices.Sort(all)
	return all
}
