package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

// Engines write the same JSON in several ways.
func TestRowsAreReadHoweverTheirJSONIsWritten(t *testing.T) {
	read := func(values string) ([]string, error) {
		var got []string
		c := scanner{
			plan:  plan{kinds: map[string]api.Kind{"n": api.Integer, "f": api.Float, "s": api.Text, "b": api.Boolean}},
			names: []string{"s", "f", "n", "b"},
			each: func(tags map[string]string, at time.Time, values []api.Value) {
				row := tags["site"] + " " + at.Format(time.TimeOnly)
				for _, v := range values {
					row += " "
					if v != (api.Value{}) {
						row += v.String()
					}
				}
				got = append(got, row)
			},
		}
		_, err := c.table(tableOf[json.RawMessage]{
			Tags: map[string]string{"site": "a", "empty": ""}, Columns: []string{"time", "n", "tag", "s", "f", "b"}, Values: json.RawMessage(values),
		})
		return got, err
	}
	for values, want := range map[string][]string{
		`[]`:   nil,
		`null`: nil,
		`[[0,1,"x","y",2.5,true],[1000000000,-7,null,null,null,null]]`: {`a 00:00:00 y 2.5 1 true`, `a 00:00:01   -7 `},
		"[ [ 0 ,\n1 , \"x\" , \"y\" , 2.5 , false ] ,\t[ 0 ] ]":        {`a 00:00:00 y 2.5 1 false`},
		`[[0,3e3,"],[","a\"],[\\",1e-3,null]]`:                         {`a 00:00:00 a"],[\ 0.001 3000 `},
		`[[0,null,null,"\u00ea 😀",null,null]]`:                         {`a 00:00:00 ê 😀   `},
		`[[0,null,null,null,null,null]]`:                               nil, // no value, no row
	} {
		got, err := read(values)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s: %v %s", values, err, d)
		}
	}
	for _, values := range []string{
		`[["now",1,"x","y",2,true]]`, `[[0,1.5,"x","y",2,true]]`, `[[0,"1","x","y",2,true]]`, `[[0,1,"x",5,2,true]]`, `[[0,1,"x","y",2,true,9]]`, `[[0,1e17,"x","y",2,true]]`,
	} {
		if got, err := read(values); err == nil {
			t.Errorf("%s is read as %v", values, got)
		}
	}
}
