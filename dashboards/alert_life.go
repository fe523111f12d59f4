package dashboards

import (
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/alerting"
	"github.com/grafana/grafana-foundation-sdk/go/expr"

	"communewatch/collector/say"
)

// lifeStatement counts judgements, minute by minute. The judge writes every site's
// state with each pass, so one pass in lifeWindow is life.
const (
	lifeStatement = `SELECT count("rank") AS "judged" FROM "site_state" WHERE $timeFilter GROUP BY time(1m) fill(0)`
	lifeWindow    = 5 * time.Minute
)

// collectorRule tells when nothing was judged for a while: collector, judge or
// InfluxDB is away. InfluxDB gives no row at all where nothing is, and an error where
// it is away: both are alarms here, and only here.
func collectorRule(lang say.Lang) *alerting.RuleBuilder {
	return lifeRule(lang, "cw-collector", "alert.collector", sortCollector).
		For(short(2 * time.Minute)).
		NoDataState(alerting.RuleNoDataStateAlerting).
		ExecErrState(alerting.RuleExecErrStateAlerting).
		Queries(condition(lifeStatement, lifeWindow, expr.TypeReduceReducerSum, expr.ExprTypeThresholdConditionsEvaluatorTypeLt, 1))
}

// watchdogRule fires as long as everything works: Grafana evaluates, InfluxDB
// answers, the judge writes. Somebody outside takes what it sends and raises the
// alarm when it stops. So no data and errors are silence here.
func watchdogRule(lang say.Lang) *alerting.RuleBuilder {
	return lifeRule(lang, "cw-watchdog", "alert.watchdog", sortWatchdog).
		For("0s").
		NoDataState(alerting.RuleNoDataStateOK).
		ExecErrState(alerting.RuleExecErrStateOK).
		Queries(condition(lifeStatement, lifeWindow, expr.TypeReduceReducerSum, expr.ExprTypeThresholdConditionsEvaluatorTypeGt, 0))
}

func lifeRule(lang say.Lang, uid string, title say.Key, sort string) *alerting.RuleBuilder {
	what := lang.Text(title)
	return rule(lang, uid, what, "alert.group_collector", what).
		Annotations(map[string]string{"summary": what, "description": lang.Text(title + "_about")}).
		Labels(map[string]string{AlertLabel: sort})
}
