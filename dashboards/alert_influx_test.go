//go:build integration

package dashboards

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/alerting"
	"github.com/grafana/grafana-foundation-sdk/go/expr"

	"communewatch/collector/api"
)

// This file does with a rule what Grafana does: ask, make a number of each series,
// compare. Behaviour as in
// https://grafana.com/docs/grafana/latest/alerting/fundamentals/alert-rule-evaluation/
// https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/expression-queries/

// instance is the labels of one alert and whether its condition holds.
type instance struct {
	labels map[string]string
	fires  bool
}

// evaluate gives every series of the answer; none is "no data".
func (db influx) evaluate(t *testing.T, r alerting.Rule, now time.Time) []instance {
	t.Helper()
	ask := r.Data[0]
	q := ask.Model.(influxQL)
	w := window{from: now.Add(-time.Duration(*ask.RelativeTimeRange.From) * time.Second), to: now}
	var list []instance
	for _, s := range db.query(t, w.interpolate(q.Query, time.Minute), q.Policy) {
		var values []float64
		for _, row := range s.Values {
			v, ok := plain(row[1]).(float64)
			if !ok {
				v = math.NaN() // one null makes the number of a strict reduction none
			}
			values = append(values, v)
		}
		list = append(list, instance{s.Tags, holdsFor(t, r, values)})
	}
	return list
}

func holdsFor(t *testing.T, r alerting.Rule, values []float64) bool {
	t.Helper()
	number := 0.0
	switch reduce := r.Data[1].Model.(expr.Expr).TypeReduce; reduce.Reducer {
	case expr.TypeReduceReducerLast:
		number = values[len(values)-1]
	case expr.TypeReduceReducerSum:
		for _, v := range values {
			number += v
		}
	default:
		t.Fatalf("no interpreter for %s", reduce.Reducer)
	}
	is := r.Data[2].Model.(expr.Expr).TypeThreshold.Conditions[0].Evaluator
	switch is.Type {
	case expr.ExprTypeThresholdConditionsEvaluatorTypeGt:
		return number > is.Params[0]
	case expr.ExprTypeThresholdConditionsEvaluatorTypeLt:
		return number < is.Params[0]
	}
	t.Fatalf("no interpreter for %s", is.Type)
	return false
}

// alarm is what the judge writes of one alarm: at each of these times, 1, or 0 from
// when it was over.
func alarm(kind, site, mountain, since string, active int64, times ...time.Time) []*api.Point {
	var points []*api.Point
	for _, at := range times {
		points = append(points, api.NewPoint("alarm", at).Tag(api.TagSite, site).Tag(api.TagKind, kind).Tag(api.TagIncident, "i-"+site).
			Tag("mountain", mountain).Tag("label", "Xã "+site).Tag("since", since).Tag("evidence", "isp 100 %, a=b").Tag("office", "Bà Hoa 0905").Tag("provider", "VNPT 1800").
			Int("active", active).Int("since_ms", at.UnixMilli()).Int("sites", 1))
	}
	return points
}

func TestEveryAlertRuleAsksInfluxDBAndDecidesAsTheJudgeSaid(t *testing.T) {
	db := startInflux(t)
	now := time.Now().Truncate(time.Second)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	empty := hour{now.Add(-240 * time.Hour)} // the database and its policies, and an hour long past
	db.fill(t, empty)
	rules := map[string]alerting.Rule{}
	for _, r := range mustAlerts(t, vietnamese).Rules {
		rules[*r.Uid] = r
	}

	t.Run("nobody ever judged: no data, not zero", func(t *testing.T) {
		for uid, r := range rules {
			if got := db.evaluate(t, r, now); got != nil {
				t.Errorf("%s: %v", uid, got)
			}
		}
	})

	var points []*api.Point
	for i, kind := range strings.Fields(api.AlarmKinds) {
		for _, mountain := range []string{"1", "0"} {
			site := "bd-" + kind[:3] + mountain + string(rune('a'+i))
			points = append(points, alarm(kind, site+"-lasts", mountain, "08:30 27/11/2026", 1, ago(10*time.Minute), ago(time.Minute))...)
			points = append(points, alarm(kind, site+"-over", mountain, "08:31 27/11/2026", 1, ago(2*time.Hour))...)
			points = append(points, alarm(kind, site+"-over", mountain, "08:31 27/11/2026", 0, ago(90*time.Minute), ago(80*time.Minute))...)
			points = append(points, alarm(kind, site+"-again", mountain, "08:32 27/11/2026", 0, ago(80*time.Minute))...)
			points = append(points, alarm(kind, site+"-again", mountain, "09:32 27/11/2026", 1, ago(time.Minute))...)
			points = append(points, alarm(kind, site+"-judge-died", mountain, "08:33 27/11/2026", 1, ago(6*24*time.Hour))...)
			points = append(points, alarm(kind, site+"-long-ago", mountain, "08:34 27/11/2026", 1, ago(8*24*time.Hour))...)
		}
	}
	db.write(t, points)

	for i, kind := range strings.Fields(api.AlarmKinds) {
		for mountain, prefix := range map[string]string{"1": "cw-mountain-", "0": "cw-plain-"} {
			uid := prefix + strings.ReplaceAll(kind, "_", "-")
			site := "bd-" + kind[:3] + mountain + string(rune('a'+i))
			got := map[string]bool{}
			for _, s := range db.evaluate(t, rules[uid], now) {
				got[s.labels["site"]+" "+s.labels["since"]] = s.fires
				for _, tag := range api.Lookup("alarm").Tags {
					if s.labels[tag.Name] == "" {
						t.Errorf("%s: no label %s", uid, tag.Name)
					}
				}
			}
			want := map[string]bool{
				site + "-lasts 08:30 27/11/2026": true, site + "-over 08:31 27/11/2026": false,
				site + "-again 08:32 27/11/2026": false, site + "-again 09:32 27/11/2026": true,
				site + "-judge-died 08:33 27/11/2026": true,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", uid, diff)
			}
		}
	}

	t.Run("the centre's life", func(t *testing.T) { db.life(t, rules, now) })
}

// life is judged at a time that the judge's last words are past: not yet, just, long.
func (db influx) life(t *testing.T, rules map[string]alerting.Rule, now time.Time) {
	died := now.Add(-20 * time.Minute)
	var beats []*api.Point
	for minute := range 30 {
		for _, site := range []string{vinhson, leloi} {
			beats = append(beats, api.NewPoint("site_state", died.Add(-time.Duration(minute)*time.Minute)).Tag(api.TagSite, site).Text("state", "ok").Int("rank", 3))
		}
	}
	db.write(t, beats)
	for _, c := range []struct {
		after           time.Duration
		collector, life []bool // nil is no data
	}{
		{0, []bool{false}, []bool{true}},
		{4 * time.Minute, []bool{false}, []bool{true}},
		{6 * time.Minute, nil, nil},
		{20 * time.Minute, nil, nil},
	} {
		at := died.Add(c.after)
		var collector, life []bool
		for _, s := range db.evaluate(t, rules["cw-collector"], at) {
			collector = append(collector, s.fires)
		}
		for _, s := range db.evaluate(t, rules["cw-watchdog"], at) {
			life = append(life, s.fires)
		}
		if !slices.Equal(collector, c.collector) || !slices.Equal(life, c.life) {
			t.Errorf("%s after the last word: collector %v, watchdog %v", c.after, collector, life)
		}
	}
	// What stands for no data and for an error decides these; a word of theirs is a decision.
	if r := rules["cw-collector"]; r.NoDataState != alerting.RuleNoDataStateAlerting || r.ExecErrState != alerting.RuleExecErrStateAlerting {
		t.Errorf("collector: no data %s, error %s", r.NoDataState, r.ExecErrState)
	}
	if r := rules["cw-watchdog"]; r.NoDataState != alerting.RuleNoDataStateOK || r.ExecErrState != alerting.RuleExecErrStateOK {
		t.Errorf("watchdog: no data %s, error %s", r.NoDataState, r.ExecErrState)
	}
	for uid, r := range rules {
		if r.Labels[AlertLabel] == sortAlarm && (r.NoDataState != alerting.RuleNoDataStateKeepLast || r.ExecErrState != alerting.RuleExecErrStateKeepLast) {
			t.Errorf("%s: no data %s, error %s", uid, r.NoDataState, r.ExecErrState)
		}
	}
}
