package dashboards

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"

	"communewatch/collector/api"
)

// Result formats of Grafana's InfluxDB data source.
const (
	asTable  = "table"
	asSeries = "time_series"
)

// influxQL is one raw query as Grafana's InfluxDB data source stores it in a
// panel. The Foundation SDK has no type for it. It builds itself.
//
// The retention policy is a field of its own and never part of the statement: as
// URL parameter "rp" it works on every engine, in the statement it does not
// (InfluxDB 2 reads only the parameter).
type influxQL struct {
	RefID      string               `json:"refId"`
	Datasource common.DataSourceRef `json:"datasource"`
	RawQuery   bool                 `json:"rawQuery"`
	Query      string               `json:"query"`
	Policy     string               `json:"policy"`
	Format     string               `json:"resultFormat"`
	Alias      string               `json:"alias,omitempty"`
}

var (
	_ variants.Dataquery              = influxQL{}
	_ cog.Builder[variants.Dataquery] = influxQL{}
)

var fromMeasurement = regexp.MustCompile(`FROM "([a-z_]+)"`)

// rows is the only query of a panel, whose answer is rows and columns.
func rows(statement string) influxQL { return rowsOf("A", statement) }

// rowsOf is one of several such.
func rowsOf(refID, statement string) influxQL {
	return ask(refID, asTable, "", statement).from(datasource())
}

// series is a query whose answer is lines over time, named by alias
// ($tag_<tag>, $col, text).
func series(refID, alias, statement string) influxQL {
	return ask(refID, asSeries, alias, statement).from(datasource())
}

// ask is a query of our own data source, wherever there are no variables.
func ask(refID, format, alias, statement string) influxQL {
	q := influxQL{RefID: refID, RawQuery: true, Query: statement, Format: format, Alias: alias}.from(influxDB(DatasourceUID))
	if found := fromMeasurement.FindStringSubmatch(statement); found != nil {
		if m := api.Lookup(found[1]); m != nil {
			q.Policy = string(m.Retention)
		}
	}
	return q
}

func (q influxQL) from(source common.DataSourceRef) influxQL {
	q.Datasource = source
	return q
}

// datasource is the one that a dashboard's variable names.
func datasource() common.DataSourceRef { return influxDB("${" + varDatasource + "}") }

func influxDB(uid string) common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("influxdb"), Uid: &uid}
}

// Build is the query itself.
func (q influxQL) Build() (variants.Dataquery, error) {
	if err := q.Validate(); err != nil {
		return nil, cog.MakeBuildErrors("query "+q.RefID, err)
	}
	return q, nil
}

// Validate wants a measurement of the contract.
func (q influxQL) Validate() error {
	if q.RefID == "" {
		return errors.New("query without refId")
	}
	if q.Policy == "" {
		return fmt.Errorf("no measurement of the contract in %q", q.Query)
	}
	return nil
}

// DataqueryType is the plugin that answers.
func (q influxQL) DataqueryType() string { return "influxdb" }

// ImplementsDataqueryVariant marks the type for the SDK.
func (q influxQL) ImplementsDataqueryVariant() {}

// Equals compares as the SDK asks.
func (q influxQL) Equals(other variants.Dataquery) bool {
	o, ok := other.(influxQL)
	return ok && q.RefID == o.RefID && q.Query == o.Query && q.Policy == o.Policy && q.Format == o.Format && q.Alias == o.Alias
}
