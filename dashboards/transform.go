package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// The transformations we use, with their options as Grafana documents and stores
// them (https://grafana.com/docs/grafana/latest/panels-visualizations/query-transform-data/transform-data/).
// A new one needs its interpreter in the tests.

type options = map[string]any

func transformation(id string, o options) dashboard.DataTransformerConfig {
	return dashboard.DataTransformerConfig{Id: id, Options: o}
}

// sortBy orders rows by a column, numbers by value and text as the reader's language does.
func sortBy(column string, descending bool) dashboard.DataTransformerConfig {
	return transformation("sortBy", options{"fields": options{}, "sort": []any{options{"field": column, "desc": descending}}})
}

// columns hides some and puts the others in this order; what is not named comes
// last. (To name only what is kept is younger than MinimumGrafana.)
func columns(hide []string, order ...string) dashboard.DataTransformerConfig {
	exclude, index := options{}, options{}
	for _, name := range hide {
		exclude[name] = true
	}
	for i, name := range order {
		index[name] = i
	}
	return transformation("organize", options{"excludeByName": exclude, "indexByName": index, "renameByName": options{}})
}

// groupBy folds rows with the same values in the key columns, each other column by one
// or more reducers, with spaces between; a folded column is then called "name (reducer)".
func groupBy(keys []string, fold map[string]string) dashboard.DataTransformerConfig {
	fields := options{}
	for _, k := range keys {
		fields[k] = options{"operation": "groupby", "aggregations": []string{}}
	}
	for name, reducers := range fold {
		fields[name] = options{"operation": "aggregate", "aggregations": strings.Fields(reducers)}
	}
	return transformation("groupBy", options{"fields": fields})
}

// matrix turns three columns into a table: one row and one column for each value.
func matrix(row, column, value string) dashboard.DataTransformerConfig {
	return transformation("groupingToMatrix", options{"rowField": row, "columnField": column, "valueField": value, "emptyValue": "null"})
}

// keep keeps the rows that hold against all conditions. It is for one table: of several
// Grafana compares the first rows with one another, the second rows, and so on.
func keep(conditions ...any) dashboard.DataTransformerConfig {
	return transformation("filterByValue", options{"type": "include", "match": "all", "filters": conditions})
}

func matches(column, pattern string) any {
	return options{"fieldName": column, "config": options{"id": "regex", "options": options{"value": pattern}}}
}

// known holds where a column has a value. (A pattern does not tell: to Grafana what is
// not there reads "null".)
func known(column string) any {
	return options{"fieldName": column, "config": options{"id": "isNotNull", "options": options{}}}
}

func greater(column string, than float64) any {
	return options{"fieldName": column, "config": options{"id": "greater", "options": options{"value": than}}}
}

// divide adds a column left/right.
func divide(left, right, name string) dashboard.DataTransformerConfig {
	return calculate(left, "/", right, name)
}

// calculate adds a column; left and right are a column or a number.
func calculate(left, operator, right, name string) dashboard.DataTransformerConfig {
	return transformation("calculateField", options{
		"mode": "binary", "alias": name, "binary": options{"left": left, "operator": operator, "right": right}, "replaceFields": false,
	})
}

// least adds a column with the smallest value of a row's columns; what is unknown does not count.
func least(name string, of ...string) dashboard.DataTransformerConfig {
	return transformation("calculateField", options{
		"mode": "reduceRow", "alias": name, "reduce": options{"reducer": "min", "include": of}, "replaceFields": false,
	})
}

// total adds a column with the sum of a row's columns; one that no answer has is 0.
func total(name string, of ...string) dashboard.DataTransformerConfig {
	return transformation("calculateField", options{
		"mode": "reduceRow", "alias": name, "reduce": options{"reducer": "sum", "include": of}, "replaceFields": false,
	})
}

// without takes columns out of every table.
func without(columns ...string) dashboard.DataTransformerConfig {
	return transformation("filterFieldsByName", options{"exclude": options{"names": columns}})
}

// asNumber makes numbers of a column of text, so that 10 comes after 9.
func asNumber(column string) dashboard.DataTransformerConfig {
	return transformation("convertFieldType", options{"fields": options{}, "conversions": []any{options{"targetField": column, "destinationType": "number"}}})
}

// partition makes a table for each value of a column, which becomes a label of the others.
func partition(column string) dashboard.DataTransformerConfig {
	return transformation("partitionByValues", options{"fields": []string{column}, "keepFields": false, "naming": options{"asLabels": true}})
}

// joinOn puts the answers of several queries into one table, also rows that only one of them has.
func joinOn(column string) dashboard.DataTransformerConfig {
	return transformation("joinByField", options{"byField": column, "mode": "outer"})
}

// first keeps the first n rows.
func first(n int) dashboard.DataTransformerConfig {
	return transformation("limit", options{"limitField": n})
}
