package dashboards

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

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

// groupBy folds rows with the same values in the key columns; a folded column is
// then called "name (reducer)".
func groupBy(keys []string, fold map[string]string) dashboard.DataTransformerConfig {
	fields := options{}
	for _, k := range keys {
		fields[k] = options{"operation": "groupby", "aggregations": []string{}}
	}
	for name, reducer := range fold {
		fields[name] = options{"operation": "aggregate", "aggregations": []string{reducer}}
	}
	return transformation("groupBy", options{"fields": fields})
}

// matrix turns three columns into a table: one row and one column for each value.
func matrix(row, column, value string) dashboard.DataTransformerConfig {
	return transformation("groupingToMatrix", options{"rowField": row, "columnField": column, "valueField": value, "emptyValue": "null"})
}

// keep keeps the rows that hold against all conditions.
func keep(conditions ...any) dashboard.DataTransformerConfig {
	return transformation("filterByValue", options{"type": "include", "match": "all", "filters": conditions})
}

func matches(column, pattern string) any {
	return options{"fieldName": column, "config": options{"id": "regex", "options": options{"value": pattern}}}
}

func greater(column string, than float64) any {
	return options{"fieldName": column, "config": options{"id": "greater", "options": options{"value": than}}}
}

// divide adds a column left/right.
func divide(left, right, name string) dashboard.DataTransformerConfig {
	return transformation("calculateField", options{
		"mode": "binary", "alias": name, "binary": options{"left": left, "operator": "/", "right": right}, "replaceFields": false,
	})
}

// joinOn puts the answers of several queries into one table, also rows that only one of them has.
func joinOn(column string) dashboard.DataTransformerConfig {
	return transformation("joinByField", options{"byField": column, "mode": "outer"})
}

// first keeps the first n rows.
func first(n int) dashboard.DataTransformerConfig {
	return transformation("limit", options{"limitField": n})
}
