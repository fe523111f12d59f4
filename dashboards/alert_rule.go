package dashboards

import (
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/alerting"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/expr"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// The judge decides, Grafana tells: a rule asks for the newest word of every alarm
// of its kind, and every tag of it becomes a label.
//
//   - An alarm ends by an explicit 0. The query reaches back alarmWindow, so one whose
//     judge died says 1 for that long and stays firing. Measured on two busy cores:
//     2,100 alarms of one kind in that time are answered in 1.5 s, none in 2 ms.
//   - No data (nothing was alarmed in that time, or an answer that lacks everything)
//     and errors keep the last state: neither fires, neither resolves. That InfluxDB or
//     the collector is away is the business of one rule, in alert_life.go.
//   - A series that vanishes from among others is given up only after missingFor.
//   - At start-up, of Grafana or of the collector, nothing is told anew: Grafana
//     remembers what fires, and an alarm is the same series as before.
const (
	alarmWindow = 7 * 24 * time.Hour
	missingFor  = 60 // evaluations
	// EvaluateEvery is how often a group of rules is evaluated: Grafana's default, and
	// what every "for" is a multiple of.
	EvaluateEvery = time.Minute
)

// Mountainous sites and the others.
const (
	terrainMountain = "1"
	terrainPlain    = "0"
)

// waits are how long an alarm must last before it is told: mountainous sites, others.
// The judge has its own hysteresis before; this only keeps short ones from being told.
type waits struct{ mountain, plain time.Duration }

// What an office is lost by is told at once; what becomes a loss if nobody acts has time.
var (
	atOnce  = waits{0, 2 * time.Minute}
	patient = waits{5 * time.Minute, 15 * time.Minute}
)

var waitOf = map[string]waits{
	"loss": patient, "slow": patient, "disk_full": patient, "certificate": patient, "agent_outdated": patient, "clock_wrong": patient,
}

func alertRules(o AlertOptions) ([]alerting.Rule, error) {
	var rules []alerting.Rule
	add := func(b *alerting.RuleBuilder) error {
		rule, err := b.Build()
		if err != nil {
			return fmt.Errorf("build alert rule: %w", err)
		}
		rules = append(rules, rule)
		return nil
	}
	for _, terrain := range []string{terrainMountain, terrainPlain} {
		for kind := range strings.FieldsSeq(api.AlarmKinds) {
			if err := add(alarmRule(o.Lang, kind, terrain)); err != nil {
				return nil, err
			}
		}
	}
	if err := add(collectorRule(o.Lang)); err != nil {
		return nil, err
	}
	if o.Watchdog {
		if err := add(watchdogRule(o.Lang)); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

func alarmRule(lang say.Lang, kind, terrain string) *alerting.RuleBuilder {
	wait, ok := waitOf[kind]
	if !ok {
		wait = atOnce
	}
	group, uid, title, lasts := say.Key("alert.group_plain"), "cw-plain-", "", wait.plain
	if terrain == terrainMountain {
		group, uid, title, lasts = "alert.group_mountain", "cw-mountain-", peak, wait.mountain
	}
	what := lang.Text(say.Key("alarm." + kind))
	return rule(lang, uid+strings.ReplaceAll(kind, "_", "-"), title+what, group, what).
		Labels(map[string]string{AlertLabel: sortAlarm}).
		For(short(lasts)).
		NoDataState(alerting.RuleNoDataStateKeepLast).
		ExecErrState(alerting.RuleExecErrStateKeepLast).
		MissingSeriesEvalsToResolve(missingFor).
		Queries(condition(alarmStatement(kind, terrain), alarmWindow, expr.TypeReduceReducerLast,
			expr.ExprTypeThresholdConditionsEvaluatorTypeGt, 0))
}

// alarmStatement is the newest word of every alarm of a kind.
func alarmStatement(kind, terrain string) string {
	return `SELECT last("active") AS "active" FROM "alarm" WHERE "kind" = '` + kind + `' AND "mountain" = '` + terrain + `' AND $timeFilter GROUP BY *`
}

// rule starts a rule with what all share. Annotations hold no "$": Grafana's file
// provisioning would look for a variable of the environment.
func rule(lang say.Lang, uid, title string, group say.Key, summary string) *alerting.RuleBuilder {
	return alerting.NewRuleBuilder(title).
		Uid(uid).
		OrgID(1).
		FolderUID(FolderUID).
		RuleGroup(lang.Text(group)).
		Annotations(map[string]string{"summary": summary}).
		Condition("C").
		IsPaused(false)
}

// condition asks InfluxDB (A), makes one number of each series (B) and compares it (C).
func condition(statement string, reach time.Duration, reduce expr.TypeReduceReducer, compare expr.ExprTypeThresholdConditionsEvaluatorType, limit float64) []cog.Builder[alerting.Query] {
	number := expr.NewTypeReduce()
	number.RefId, number.Expression, number.Reducer, number.Datasource = cog.ToPtr("B"), "A", reduce, expressions()
	decision := expr.NewTypeThreshold()
	decision.RefId, decision.Expression, decision.Datasource = cog.ToPtr("C"), "B", expressions()
	decision.Conditions = []expr.ExprTypeThresholdConditions{{
		Evaluator: expr.ExprTypeThresholdConditionsEvaluator{Params: []float64{limit}, Type: compare},
	}}
	return []cog.Builder[alerting.Query]{
		alerting.NewQueryBuilder("A").DatasourceUid(DatasourceUID).RelativeTimeRange(alerting.Duration(reach/time.Second), 0).
			Model(ask("A", asSeries, "", statement)),
		step("B", expr.Expr{TypeReduce: number}),
		step("C", expr.Expr{TypeThreshold: decision}),
	}
}

const expressionUID = "__expr__"

func expressions() *common.DataSourceRef {
	return &common.DataSourceRef{Type: cog.ToPtr(expressionUID), Uid: cog.ToPtr(expressionUID)}
}

// step is a server-side expression.
func step(refID string, e expr.Expr) *alerting.QueryBuilder {
	return alerting.NewQueryBuilder(refID).DatasourceUid(expressionUID).RelativeTimeRange(0, 0).Model(ready[variants.Dataquery]{e})
}
