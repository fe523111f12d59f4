package dashboards

import (
	"encoding/json"
	"testing"

	"communewatch/collector/say"
)

// The tests read dashboards as Grafana does: from their JSON.

type boardJSON struct {
	UID        string
	Title      string
	Tags       []string
	Timezone   string
	Panels     []panelJSON
	Templating struct{ List []variableJSON }
	Links      []struct{ URL string }
}

type panelJSON struct {
	ID              uint32
	Type            string
	Title           string
	Description     string
	GridPos         struct{ X, Y, W, H int }
	Interval        string
	MaxDataPoints   float64
	Repeat          string
	Targets         []targetJSON
	Transformations []transformJSON
	Options         struct {
		ReduceOptions struct {
			Fields string
			Calcs  []string
			Values bool
		}
	}
	FieldConfig struct {
		Defaults  fieldJSON
		Overrides []struct {
			Matcher struct {
				ID      string
				Options any
			}
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
}

type fieldJSON struct {
	Unit     string
	NoValue  string
	Mappings []json.RawMessage
}

type targetJSON struct {
	RefID        string `json:"refId"`
	Datasource   struct{ Type, UID string }
	RawQuery     bool
	Query        string
	Policy       string
	ResultFormat string
	Alias        string
}

type transformJSON struct {
	ID      string
	Options json.RawMessage
}

type variableJSON struct {
	Name       string
	Type       string
	Query      string
	Multi      bool
	IncludeAll bool
}

func raw(t *testing.T, d Dashboard) []byte {
	t.Helper()
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func built(t *testing.T, lang say.Lang) []boardJSON {
	t.Helper()
	all, err := All(lang)
	if err != nil {
		t.Fatal(err)
	}
	var list []boardJSON
	for _, d := range all {
		var b boardJSON
		if err := json.Unmarshal(raw(t, d), &b); err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	return list
}

// panels are the panels that ask something: rows do not.
func (b boardJSON) panels() []panelJSON {
	var list []panelJSON
	for _, p := range b.Panels {
		if p.Type != "row" {
			list = append(list, p)
		}
	}
	return list
}
