//go:build integration

package dashboards

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// This file does for the tests what Grafana's InfluxDB data source does with a
// query: interpolate, ask, and turn the answer into frames. Behaviour as in
// grafana/grafana pkg/tsdb/influxdb (models/query.go Build, influxql/influxql.go
// createRequest, influxql/buffered/response_parser.go, influxql/util/util.go) and
// public/app/plugins/datasource/influxdb/datasource.ts.

// frame is a Grafana data frame: named columns of equal length.
type frame struct {
	refID  string
	fields []field
}

// field is a column; its values are float64, string, bool or nil. Times are in ms.
type field struct {
	name   string
	labels map[string]string
	values []any
}

func (f frame) field(name string) *field {
	for i := range f.fields {
		if f.fields[i].name == name {
			return &f.fields[i]
		}
	}
	return nil
}

func (f frame) length() int {
	if len(f.fields) == 0 {
		return 0
	}
	return len(f.fields[0].values)
}

// window is what the dashboard shows: time and chosen variables.
type window struct {
	from, to  time.Time
	variables map[string]string
}

// everyValue is what a variable is when all is chosen and it has a value of its own for that.
const everyValue = ".*"

// interpolate fills in the macros and variables of a query. Format regex escapes, but
// for a value that stands for all.
// https://grafana.com/docs/grafana/latest/datasources/influxdb/template-variables/
// https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/
func (w window) interpolate(query string, interval time.Duration) string {
	for name, value := range w.variables {
		pattern := value
		if value != everyValue {
			pattern = escape(value)
		}
		query = strings.ReplaceAll(query, "${"+name+":regex}", pattern)
		query = regexp.MustCompile(`\$`+name+`\b`).ReplaceAllLiteralString(query, value)
	}
	query = strings.ReplaceAll(query, "$timeFilter", fmt.Sprintf("time >= %dms and time <= %dms", w.from.UnixMilli(), w.to.UnixMilli()))
	return strings.ReplaceAll(query, "$__interval", fmt.Sprintf("%ds", int(interval.Seconds())))
}

// over is what a panel shows that has a relative time of its own: from then to now.
// https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/#query-options
func (w window) over(t *testing.T, p panelJSON) window {
	t.Helper()
	if p.TimeFrom == "" {
		return w
	}
	var n int
	var unit string
	if _, err := fmt.Sscanf(p.TimeFrom, "%d%s", &n, &unit); err != nil || unit != "d" && unit != "h" {
		t.Fatalf("relative time %q has no interpreter here", p.TimeFrom)
	}
	hours := map[string]int{"h": 1, "d": 24}[unit]
	w.to = time.Now()
	w.from = w.to.Add(-time.Duration(n*hours) * time.Hour)
	return w
}

// escape is Grafana's escapeRegex.
func escape(s string) string {
	return regexp.MustCompile(`[\\^$*+?.()|\[\]{}/]`).ReplaceAllString(s, `\$0`)
}

// interval is $__interval: the time shown over the points wanted, rounded, and no
// less than the panel's minimum.
// https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#__interval
func (w window) interval(t *testing.T, p panelJSON) time.Duration {
	t.Helper()
	points := p.MaxDataPoints
	if points == 0 {
		points = 60
	}
	least := 5 * time.Second
	if p.Interval != "" {
		var err error
		if least, err = time.ParseDuration(strings.Replace(p.Interval, "1d", "24h", 1)); err != nil {
			t.Fatal(err)
		}
	}
	return max(least, rounded(w.to.Sub(w.from)/time.Duration(points)))
}

func rounded(d time.Duration) time.Duration {
	for _, step := range []struct{ below, is time.Duration }{
		{7500 * time.Millisecond, 5 * time.Second}, {45 * time.Second, 30 * time.Second}, {90 * time.Second, time.Minute},
		{210 * time.Second, 2 * time.Minute}, {450 * time.Second, 5 * time.Minute}, {750 * time.Second, 10 * time.Minute},
		{90 * time.Minute, time.Hour}, {150 * time.Minute, 2 * time.Hour}, {270 * time.Minute, 3 * time.Hour}, {9 * time.Hour, 6 * time.Hour}, {24 * time.Hour, 12 * time.Hour},
	} {
		if d < step.below {
			return step.is
		}
	}
	return 24 * time.Hour
}

// influx is a server, with who may do everything and who only reads, as Grafana does.
type influx struct{ url, admin, reader string }

type influxRow struct {
	Name    string
	Tags    map[string]string
	Columns []string
	Values  [][]any
}

// query asks as Grafana does; an empty policy is not sent.
func (db influx) query(t *testing.T, statement, policy string) []influxRow {
	t.Helper()
	params := url.Values{"db": {"communewatch"}, "epoch": {"ms"}, "q": {statement}}
	if policy != "" {
		params.Set("rp", policy)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, db.url+"/query?"+params.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Token "+db.reader)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Error   string
		Results []struct {
			Error  string
			Series []influxRow
		}
	}
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || answer.Error != "" || len(answer.Results) != 1 || answer.Results[0].Error != "" {
		t.Fatalf("InfluxDB refuses %s\nstatus %d, %+v", statement, response.StatusCode, answer)
	}
	return answer.Results[0].Series
}

// ask runs one query of a panel and gives its frames.
func (db influx) ask(t *testing.T, w window, p panelJSON, q targetJSON) []frame {
	t.Helper()
	series := db.query(t, w.interpolate(q.Query, w.interval(t, p)), q.Policy)
	if len(series) == 0 {
		return nil
	}
	if q.ResultFormat == asTable {
		return []frame{tableFrame(q.RefID, series)}
	}
	return seriesFrames(q, series)
}

// tableFrame puts all series below one another: Time, tags, columns.
func tableFrame(refID string, series []influxRow) frame {
	f := frame{refID: refID, fields: []field{{name: "Time"}}}
	var tags []string
	for name := range series[0].Tags {
		tags = append(tags, name)
	}
	slices.Sort(tags) // Grafana's order is random
	for _, name := range slices.Concat(tags, series[0].Columns[1:]) {
		f.fields = append(f.fields, field{name: name})
	}
	for _, s := range series {
		for _, values := range s.Values {
			row := []any{plain(values[0])}
			for _, name := range tags {
				row = append(row, s.Tags[name])
			}
			for _, v := range values[1:] {
				row = append(row, plain(v))
			}
			for i := range f.fields {
				f.fields[i].values = append(f.fields[i].values, row[i])
			}
		}
	}
	return f
}

// seriesFrames makes one frame of each series and column, named by the alias.
func seriesFrames(q targetJSON, series []influxRow) []frame {
	var frames []frame
	for _, s := range series {
		for c := 1; c < len(s.Columns); c++ {
			f := frame{refID: q.RefID, fields: []field{{name: "Time"}, {name: frameName(q.Alias, s, s.Columns[c])}}}
			for _, values := range s.Values {
				f.fields[0].values = append(f.fields[0].values, plain(values[0]))
				f.fields[1].values = append(f.fields[1].values, plain(values[c]))
			}
			frames = append(frames, f)
		}
	}
	return frames
}

func frameName(alias string, s influxRow, column string) string {
	return regexp.MustCompile(`\$(\w+)`).ReplaceAllStringFunc(alias, func(word string) string {
		if word == "$col" {
			return column
		}
		if value, ok := s.Tags[strings.TrimPrefix(word, "$tag_")]; ok {
			return value
		}
		return word
	})
}

func plain(v any) any {
	if n, ok := v.(json.Number); ok {
		f, _ := strconv.ParseFloat(n.String(), 64)
		return f
	}
	return v
}
